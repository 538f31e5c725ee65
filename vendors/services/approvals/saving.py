"""Saving a guarded row, as an act: what changes is told field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import models

from vendors.models import Approval, Tracked, money_text
from vendors.services.approvals.registry import Ran
from vendors.services.records import remove_record, save_record

EMPTY = "nothing"


def save_row(
    row: Tracked,
    *,
    by: User,
    second: Approval,
    now: datetime,
    fields: Mapping[str, Any],
    links: Mapping[str, Iterable[models.Model]],
    reason: str,
    remove: bool = False,
    save: Callable[..., Any] = save_record,
) -> Ran:
    """Save a row with what was asked, by `save`, or remove it; tell what changed."""
    if remove:
        said = f"{_titled(row)} {row}: removed"
        remove_record(row, by=by, reason=reason, second=second)
        return Ran(effect=said)
    is_new = row.pk is None
    before = {} if is_new else dict(_told(row, names=[*fields, *links]))
    for name, value in fields.items():
        setattr(row, name, value)
    save(row, by=by, reason=reason, links=links, second=second)
    after = dict(_told(row, names=[*fields, *links]))
    lines = [f"{_titled(row)} {row}: added"] if is_new else [f"{_titled(row)} {row}:"]
    lines += [
        f"{label}: {before.get(label, EMPTY)} → {said}" if not is_new else f"{label}: {said}"
        for label, said in after.items()
    ]
    return Ran(effect="\n".join(lines))


def row_state(row: Tracked, **asked: Any) -> Any:
    """Return the newest entry of a row's history, which every change moves; None for a new row."""
    if row.pk is None:
        return None
    return type(row).history.filter(id=row.pk).order_by("-history_id").values_list("pk", flat=True).first()


def _told(row: Tracked, *, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    # In the model's order: the database keeps what was asked in an order of its own.
    fields: list[Any] = [*row._meta.concrete_fields, *row._meta.many_to_many]
    for field in (each for each in fields if each.name in set(names)):
        label = str(field.verbose_name)
        yield f"{label[:1].upper()}{label[1:]}", _value(row, field)


def _value(row: Tracked, field: Any) -> str:
    if field.many_to_many:
        return ", ".join(sorted(map(str, getattr(row, field.name).all()))) or EMPTY
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")()) or EMPTY
    value = getattr(row, field.name)
    currency = getattr(row, "currency", "") or getattr(row, "base_currency", "")
    if field.name.endswith("_minor") and value is not None and currency:
        return money_text(value, currency=currency)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if value in (None, "", []):
        return EMPTY
    return ", ".join(map(str, value) if isinstance(value, list) else str(value).split("\n"))


def _titled(row: Tracked) -> str:
    name = str(row._meta.verbose_name)
    return f"{name[:1].upper()}{name[1:]}"
