"""Rows as the plain values of a summary: statements, and what is to do about them and about claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sla.engine.money import Money
from sla.reports.mails.summary import LevelMissed, StatementTold, ToDo
from sla.selectors.judged import Judged, MissedLevel
from sla.services.claims import desk_rows
from sla.services.claims.desk import Work
from sla.services.claims.desk_rows import DeskRow
from sla.services.deadlines import due_words

FINALISE = "Finalise the service level statement"
LATEST = datetime.max.replace(tzinfo=UTC)
CORRECT = "Look at what the records changed, and finalise it again"


def statement_told(each: Judged) -> StatementTold:
    """Return a statement as a summary tells it."""
    head, figures = each.head, each.figures
    contract = head.agreement.contract
    contested = figures.contested_minor
    return StatementTold(
        number=each.number,
        vendor=contract.vendor.name,
        schedule=head.agreement.name or head.agreement.code,
        period=head.period,
        last_on=head.last_on,
        state=figures.state,
        revision=each.revision.number if each.revision is not None else None,
        missed=tuple(_level(one, period=head.period) for one in each.missed),
        credit=figures.shown,
        contested=str(Money(contested, figures.currency)) if contested else "",
        claim_by=figures.claim_by,
        automatic=figures.automatic,
        questions=len(head.provisional) if each.revision is None else 0,
        correction=correction_words(each),
        error=head.error,
    )


def _level(one: MissedLevel, *, period: str) -> LevelMissed:
    return LevelMissed(
        name=one.name,
        services=one.services,
        window="" if one.window == period else one.window,
        target=one.level_printed,
        achieved=one.value_printed,
        credit=Money(one.due_minor, one.currency),
    )


def correction_words(each: Judged) -> str:
    """Return what today's records would make of a finalised statement, empty where it stands."""
    if each.revision is None or not each.needs_correction:
        return ""
    was, now = each.revision.shown or "no credit", each.head.shown or "no credit"
    return f"other figures, the same credit of {was}" if was == now else f"{was} -> {now}"


def claims_to_do(work: Work, *, now: datetime) -> Iterator[ToDo]:
    """Yield what is to do about credits and claims: overdue, then by date, then without one."""
    for row in sorted(work.rows, key=_pressing):
        yield ToDo(
            what=f"{row.what[:1].upper()}{row.what[1:]}",
            about=_about(row),
            vendor=row.vendor.name,
            by=_by(row),
            note="; ".join(_notes(row)),
            amount=str(row.money) if row.money is not None else row.shown,
            is_vendors=row.is_vendors,
            is_overdue=row.is_overdue,
            is_lost=row.is_lost,
        )


def _pressing(row: DeskRow) -> tuple[int, datetime]:
    if row.is_overdue or row.is_lost:
        return 0, row.due_until or LATEST
    return (1, row.due_until) if row.due_until is not None else (2, LATEST)


def _about(row: DeskRow) -> str:
    told = str(row.claim) if row.claim is not None else row.statement.number if row.statement else ""
    return f"{told}, {row.incident}" if row.incident else told


def _by(row: DeskRow) -> str:
    if row.todo is not None:
        return due_words(row.todo)
    return f"{row.due_on}" if row.due_on is not None else ""


def _notes(row: DeskRow) -> Iterator[str]:
    if row.reading:
        yield row.reading
    if row.passed and not row.is_lost:
        yield f"late already by {', '.join(row.passed)}"
    if row.latest_on is not None and row.latest_on != row.due_on:
        yield f"the last reading ends on {row.latest_on}"


def statements_to_do(waiting: Iterable[Judged], *, work: Work) -> Iterator[ToDo]:
    """Yield the statements that wait for a person, but for those that a claim already asks for."""
    told = {row.statement.pk for row in work.rows if row.statement is not None and _finalises(row)}
    for each in waiting:
        correction = correction_words(each)
        if not correction and each.head.pk in told:
            continue
        questions = len(each.head.provisional)
        asked = f"{questions} open question{'s' * (questions != 1)}" if questions else "no question open"
        yield ToDo(
            what=CORRECT if correction else FINALISE,
            about=each.number,
            vendor=each.head.agreement.contract.vendor.name,
            note=correction or each.head.error or asked,
            amount="" if correction else each.head.shown,
        )


def _finalises(row: DeskRow) -> bool:
    """Say whether a row asks for a statement to be finalised: a dated step of an incident does not."""
    return row.claim is None and row.what in (desk_rows.FINALISE, desk_rows.FINALISE_LATE)
