"""Which state of a record a page showed, so that saving it puts nobody's later change back unseen.

A page is saved with all that it showed, its child rows too, and not only with what its reader changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Max, Model

from vendors.models import Tracked
from vendors.services.approvals import names_of

MOST_NAMED = 3


class Children(NamedTuple):
    """Rows that stand on the page of another one: their kind, and the field that names it."""

    model: type[Tracked]
    key: str


def state_of(model: type[Model], pk: int, *, children: Sequence[Children]) -> str:
    """Return what tells a state of a record and its child rows from every other: their newest history."""
    newest = (
        rows.aggregate(newest=Max("history_id"))["newest"] or 0
        for _, rows in _histories(model, pk, children=children)
    )
    return ".".join(map(str, newest))


def refuse_overtaken(row: Tracked, *, children: Sequence[Children], shown: str) -> None:
    """Hold a record and its child rows; raise ValidationError where they are no longer what a page showed."""
    for model, key in (Children(type(row), "pk"), *children):
        held = model._base_manager.select_for_update(no_key=True).filter(**{key: row.pk})
        list(held.order_by("pk").values_list("pk"))
    if state_of(type(row), row.pk, children=children) == shown:
        return
    told = "; ".join(_changes(row, children, shown=shown)) or "somebody changed it"
    raise ValidationError(
        f"Nothing was saved, since this page is no longer what you opened: {told}. Open it again and make"
        " your change there; what you typed stands here until you leave.",
        code="overtaken",
    )


def _histories(model: Any, pk: int, *, children: Sequence[Children]) -> Iterator[tuple[Any, Any]]:
    """Yield each kind of row on a page, with the histories of those that stand there."""
    for kind, key in (Children(model, model._meta.pk.attname), *children):
        yield kind._meta, kind.history.filter(**{key: pk}).order_by()


def _changes(row: Tracked, children: Sequence[Children], *, shown: str) -> Iterator[str]:
    """Yield who changed what since a state, the last first, a few of each kind."""
    known = [int(each) if each.isascii() and each.isdigit() else 0 for each in shown.split(".")]
    for (named, rows), seen in zip(_histories(type(row), row.pk, children=children), known, strict=False):
        for past in (
            rows.filter(history_id__gt=seen)
            .select_related("history_user")
            .order_by("-history_id")[:MOST_NAMED]
        ):
            who = names_of([past.history_user])
            yield f"{who} changed {named.verbose_name} at {past.history_date:%Y-%m-%d %H:%M:%S} UTC"
