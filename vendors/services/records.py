"""Save and remove register rows: with a person, a reason, and a note for stale statements."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ProtectedError

from vendors import nudges
from vendors.models import ALL_TIME, Approval, Contract, FactChange, Span, Tracked
from vendors.models.tracked import unstorable
from vendors.services.approvals.checking import with_second
from vendors.services.approvals.rows import check_removal, check_row

Links = Mapping[str, Iterable[models.Model]]


class Saved(StrEnum):
    """What saving a row did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@transaction.atomic
def save_record(
    row: Tracked,
    *,
    by: User,
    reason: str,
    during: Span | None = None,
    links: Links | None = None,
    second: Approval | None = None,
) -> Saved:
    """Save a row with its history and note which contracts' figures it may move.

    `during` widens the noted span; `links` sets many-to-many fields by name. A row equal to the stored
    one writes nothing. Raises ValidationError for a blank reason or an invalid row, and
    SecondPersonNeeded for a change that another person has to approve.
    """
    reason = checked_reason(reason)
    row.full_clean()
    old = _stored(row)
    fields, linked = _changed_fields(row, old), _changed_links(row, links or {})
    if old is not None and not fields and not linked:
        return Saved.UNCHANGED
    check_row(row, old=old, fields=fields, links=linked, by=by, reason=reason, second=second)
    with accountable(row, by=by, reason=with_second(reason, second=second)):
        if old is None or fields:
            row.save()
        for name, targets in linked.items():
            getattr(row, name).set(targets)
    if old is None or not (fields | linked.keys()) <= row.quiet_fields:
        _note_row(row, old=old, during=during, subject=_subject(row, old=old, fields=fields | linked.keys()))
    return Saved.CREATED if old is None else Saved.UPDATED


@transaction.atomic
def remove_record(row: Tracked, *, by: User, reason: str, second: Approval | None = None) -> None:
    """Delete a row that was entered by mistake; its history stays. Refused where others depend on it.

    Raises SecondPersonNeeded where another person has to approve it.
    """
    reason = checked_reason(reason)
    contracts, subject = row.touched_contracts(), f"{_titled(row)} removed"
    span, case = row.touched_span(), row.touched_case()
    check_removal(row, by=by, reason=reason, second=second)
    with accountable(row, by=by, reason=with_second(reason, second=second)):
        try:
            row.delete()
        except ProtectedError as error:
            names = ", ".join(
                sorted({str(held._meta.verbose_name_plural) for held in error.protected_objects})
            )
            raise ValidationError(
                f"{_titled(row)} cannot be removed: {names} depend on it. Archive or end it instead.",
                code="protected",
            ) from error
    note_change(contracts, subject=subject, during=span, case=case)


def note_change(
    contracts: Iterable[Contract] | None,
    *,
    subject: str,
    during: Span | None = None,
    case: Span | None = None,
) -> None:
    """Write that facts of these contracts changed during a UTC span, once each.

    None stands for any contract, an empty collection for none; no span is all time. `case` is the wider time
    for terms that measure whole cases, by default the same.
    """
    span = Span(*during) if during is not None else ALL_TIME
    whole = span if case is None else span.union(Span(*case))
    concerned = [None] if contracts is None else list(dict.fromkeys(contracts))
    for contract in concerned:
        change = FactChange(
            contract=contract,
            subject=subject,
            during_from=span.start,
            during_until=span.end,
            case_from=whole.start,
            case_until=whole.end,
        )
        change.full_clean()
        change.save()
    if concerned:
        nudges.after_commit()


def note_changes(changes: Iterable[FactChange]) -> None:
    """Write many notes of changed facts at once, as `note_change` writes one."""
    rows = list(changes)
    for change in rows:
        change.clean_fields(exclude=["contract"])
    FactChange.objects.bulk_create(rows, batch_size=500)
    if rows:
        nudges.after_commit()


def checked_reason(reason: str) -> str:
    """Return the reason without outer blanks; raise ValidationError for a blank or unstorable one."""
    if not reason.strip():
        raise ValidationError("Say why: every change keeps a reason. Fill in the reason.", code="reason")
    if problem := unstorable(reason):
        raise ValidationError(f"Reason: {problem}", code="reason")
    return reason.strip()


@contextmanager
def accountable(row: Tracked, *, by: User, reason: str) -> Iterator[None]:
    """Lend a row the person and reason that its history asks for."""
    lent: dict[str, Any] = {"_history_user": by, "_change_reason": reason}
    vars(row).update(lent)
    try:
        yield
    finally:
        for name in lent:
            vars(row).pop(name, None)


def _stored(row: Tracked) -> Tracked | None:
    if row.pk is None or row._state.adding:
        return None
    return type(row)._base_manager.order_by().select_for_update().filter(pk=row.pk).first()


def _changed_fields(row: Tracked, old: Tracked | None) -> frozenset[str]:
    if old is None:
        return frozenset()
    return frozenset(field.name for field in row._meta.concrete_fields if _differs(field, row, old))


def _differs(field: "models.Field[Any, Any]", row: Tracked, old: Tracked) -> bool:
    new = getattr(row, field.attname)
    if isinstance(field, models.FileField):
        # A new upload may carry the name of the stored file.
        uploaded = bool(new) and not new._committed
        return uploaded or (new.name or "") != (getattr(old, field.attname).name or "")
    return bool(new != getattr(old, field.attname))


def _changed_links(row: Tracked, links: Links) -> dict[str, list[models.Model]]:
    wanted = {name: list(targets) for name, targets in links.items()}
    if row.pk is None or row._state.adding:
        return {name: targets for name, targets in wanted.items() if targets}
    return {
        name: targets
        for name, targets in wanted.items()
        if {target.pk for target in targets} != set(getattr(row, name).values_list("pk", flat=True))
    }


def _note_row(row: Tracked, *, old: Tracked | None, during: Span | None, subject: str) -> None:
    contracts, span, case = row.touched_contracts(), row.touched_span(), row.touched_case()
    if during is not None:
        span = span.union(Span(*during))
    if old is not None:
        before = old.touched_contracts()
        contracts = None if contracts is None or before is None else [*before, *contracts]
        span, case = span.union(old.touched_span()), case.union(old.touched_case())
    note_change(contracts, subject=subject, during=span, case=case)


def _subject(row: Tracked, *, old: Tracked | None, fields: Iterable[str]) -> str:
    if old is None:
        return f"{_titled(row)} added"
    names = sorted(str(row._meta.get_field(name).verbose_name) for name in fields)  # type: ignore[union-attr]
    return f"{_titled(row)} changed: {', '.join(names)}"


def _titled(row: Tracked) -> str:
    name = str(row._meta.verbose_name)
    return f"{name[:1].upper()}{name[1:]} {row}"
