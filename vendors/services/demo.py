"""Remove demo data in one step, with everything that hangs on it."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.fields.reverse_related import ForeignObjectRel
from simple_history.models import HistoricalChanges

from vendors import guards
from vendors.models import BusinessCalendar, CalendarDay, LegalEntity, Tracked, Vendor, WeeklyHours
from vendors.services.records import checked_reason

logger = logging.getLogger(__name__)

Model = type[models.Model]
Rows = dict[Model, set[int]]

# SQLite takes a limited number of values in one statement.
BATCH = 500
# What is part of a shared row; anything else that hangs on one is a use of it.
PARTS: dict[type[Tracked], set[Model]] = {
    BusinessCalendar: {BusinessCalendar, WeeklyHours, CalendarDay},
    LegalEntity: {LegalEntity},
}


@transaction.atomic
def remove_demo(*, by: User, reason: str) -> Counter[str]:
    """Delete the demo vendors and every row of any app that hangs on one; return counts by model label.

    Frozen rows and history go too: the guards are lifted for this transaction. Demo entities and
    calendars go unless something else uses them. Notes that concern any contract stay. Raises
    ValidationError, and deletes nothing, where a row that would go belongs to a real vendor as well.
    """
    reason = checked_reason(reason)
    removed: Counter[str] = Counter()
    with guards.lifted():
        rows = _hanging_on(Vendor, keys=_demo_keys(Vendor))
        _refuse_real(rows)
        removed += _erase(rows)
        for model, parts in PARTS.items():
            for key in _demo_keys(model):
                own = _hanging_on(model, keys={key})
                if {found for found in own if not issubclass(found, HistoricalChanges)} <= parts:
                    removed += _erase(own)
    logger.info("Demo data removed by %s (%s): %s rows", by, reason, removed.total())
    return removed


def _demo_keys(model: type[Tracked]) -> set[int]:
    return set(model.objects.filter(is_demo=True).values_list("pk", flat=True))


def _hanging_on(model: Model, *, keys: set[int]) -> Rows:
    """Return these rows, all rows that refer to them, directly or not, and the history of each."""
    found: Rows = {}
    waiting: list[tuple[Model, set[int]]] = [(model, keys)]
    while waiting:
        current, reached = waiting.pop()
        fresh = reached - found.get(current, set())
        if fresh:
            found.setdefault(current, set()).update(fresh)
            waiting += [
                (child, _keys(child, path=path, targets=fresh)) for child, path in _referrers(current)
            ]
    return found


def _referrers(model: Model) -> Iterator[tuple[Model, str]]:
    """Yield which models refer to a model, by which field."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
            continue
        child = relation.related_model
        # History repeats the references of its row. It goes with that row, not with what it names.
        if issubclass(child, HistoricalChanges) <= issubclass(model, HistoricalChanges):
            yield child, relation.field.name
    history = getattr(model._meta, "simple_history_manager_attribute", None)
    if history:
        yield getattr(model, history).model, model._meta.pk.name


def _keys(model: Model, *, path: str, targets: set[int]) -> set[int]:
    return {
        key
        for batch in _batches(targets)
        for key in model._base_manager.filter(**{f"{path}__in": batch}).values_list("pk", flat=True)
    }


def _batches(keys: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _refuse_real(rows: Rows) -> None:
    for model, keys in rows.items():
        for path in _vendor_paths(model):
            for batch in _batches(keys):
                real = model._base_manager.filter(**{"pk__in": batch, f"{path}__is_demo": False}).first()
                if real is not None:
                    raise ValidationError(
                        f"{model._meta.verbose_name} {real} hangs on demo data and on a real vendor."
                        " Detach it from one of them, then remove the demo data again.",
                        code="demo",
                    )


def _vendor_paths(model: Model) -> Iterator[str]:
    """Yield the paths from a row, over one reference, to a vendor."""
    if issubclass(model, HistoricalChanges):
        return
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            beyond = getattr(field.related_model, "visible_through", "")
            if field.related_model is Vendor:
                yield field.name
            elif isinstance(beyond, str) and beyond:
                yield f"{field.name}__{beyond}"


def _erase(rows: Rows) -> Counter[str]:
    erased: Counter[str] = Counter()
    for model, keys in rows.items():
        for batch in _batches(keys):
            queryset = model._base_manager.filter(pk__in=batch)
            # References are checked at the end of the transaction, so the order does not matter.
            erased[model._meta.label] += queryset._raw_delete(queryset.db)
    return erased
