"""What a revision changed against the one before, and what it brings in from earlier periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sla.engine.money import Money
from sla.models import StatementLine, StatementRevision
from sla.reports.words import VERDICTS

Status = StatementLine.Status


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One line that another revision told otherwise."""

    line: int
    name: str
    services: str
    window: str
    was: str
    is_now: str
    was_due: str
    due: str
    difference: str


@dataclass(frozen=True, kw_only=True)
class PriorLine:
    """A small correction of an earlier period that is settled here."""

    line: int
    name: str
    due: str


def previous_of(revision: StatementRevision) -> StatementRevision | None:
    """Return the revision right before."""
    earlier = StatementRevision.objects.filter(statement=revision.statement, number__lt=revision.number)
    return earlier.order_by("-number").first()


def corrections_of(revision: StatementRevision) -> tuple[Correction, ...]:
    """Return the lines in which a revision differs from the one before, by line number."""
    before = previous_of(revision)
    if before is None:
        return ()
    old = {line.key: line for line in before.lines.all()}
    new = {line.key: line for line in revision.lines.all()}
    keys = sorted({**old, **new}, key=lambda key: (new.get(key) or old[key]).number)
    return tuple(_corrections(keys, old=old, new=new))


def _corrections(
    keys: list[str], *, old: dict[str, StatementLine], new: dict[str, StatementLine]
) -> Iterator[Correction]:
    for key in keys:
        was, now = old.get(key), new.get(key)
        if _told(was) == _told(now):
            continue
        line = now or was
        assert line is not None
        yield Correction(
            line=line.number,
            name=line.name or line.target,
            services=line.services,
            window=line.window,
            was=_said(was),
            is_now=_said(now),
            was_due=str(Money(_due(was), line.currency)),
            due=str(Money(_due(now), line.currency)),
            difference=signed(Money(_due(now) - _due(was), line.currency)),
        )


def _told(line: StatementLine | None) -> tuple[object, ...]:
    if line is None or line.status == Status.REMOVED:
        return ()
    return (line.verdict, line.value, line.counted_us, line.due_minor, line.agreed_minor, line.quantity)


def _said(line: StatementLine | None) -> str:
    if line is None or line.status == Status.REMOVED:
        return "not part of it"
    return ", ".join(filter(None, (line.value_printed, VERDICTS[line.verdict])))


def _due(line: StatementLine | None) -> int:
    return 0 if line is None or line.status == Status.REMOVED else line.due_minor


def signed(money: Money) -> str:
    """Return an amount with its sign, also above zero."""
    return f"+{money}" if money.minor > 0 else str(money)


def prior_lines(revision: StatementRevision) -> tuple[PriorLine, ...]:
    """Return what a revision settles of earlier periods."""
    rows = revision.lines.filter(status=Status.PRIOR_PERIOD)
    return tuple(
        PriorLine(
            line=row.number,
            name=row.name,
            due=signed(Money(row.due_minor, row.currency)),
        )
        for row in rows
    )


def prior_total(revision: StatementRevision) -> Money | None:
    """Return what the lines of earlier periods come to, None where there are none."""
    rows = list(revision.lines.filter(status=Status.PRIOR_PERIOD))
    return Money(sum(row.due_minor for row in rows), rows[0].currency) if rows else None
