"""What corrections changed: later revisions, lines about earlier periods, differences held for later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sla.engine.facts import Verdict
from sla.models import LineFigures, StatementLine, StatementRevision
from sla.reports.editions.edition import Edition
from sla.reports.vendor.data import CorrectionPart
from sla.reports.vendor.levels import line_name, numbered
from sla.reports.vendor.rows import Rows
from sla.reports.words import VERDICTS

Status = LineFigures.Status


def correction_parts(rows: Rows, *, edition: Edition) -> tuple[CorrectionPart, ...]:
    """Return all that corrections changed, the oldest first; the reason is ours to know."""
    found = [*_revised(rows, edition=edition), *earlier_parts(rows), *_held(rows, edition=edition)]
    found.sort(key=lambda each: (each.corrected_at is None, _day(each)))
    return tuple(found)


def _day(each: CorrectionPart) -> date:
    return date.max if each.corrected_at is None else each.corrected_at.date()


def earlier_parts(rows: Rows) -> tuple[CorrectionPart, ...]:
    """Return the lines of the statements that settle differences of other periods."""
    return tuple(
        CorrectionPart(
            statement=numbered(each, rows=rows),
            corrected_at=rows.revisions[each.pk].finalised_at if each.pk in rows.revisions else None,
            line=line.number,
            name=line_name(line),
            was="",
            is_now="",
            currency=line.currency,
            was_due_minor=None,
            due_minor=None,
            delta_minor=line.due_minor,
            cause="",
            finalised=each.pk in rows.revisions,
        )
        for each in rows.inside
        for line in rows.lines.get(each.pk, ())
        if line.status == Status.PRIOR_PERIOD
    )


def _held(rows: Rows, *, edition: Edition) -> Iterator[CorrectionPart]:
    for row in rows.held:
        yield CorrectionPart(
            statement=row.statement.number,
            corrected_at=row.noted_at,
            line=None,
            name=f"Held for {row.into.number}",
            was="",
            is_now="",
            currency=row.currency,
            was_due_minor=None,
            due_minor=None,
            delta_minor=row.delta_minor,
            cause=row.cause if edition is Edition.INTERNAL else "",
            finalised=False,
        )


def _revised(rows: Rows, *, edition: Edition) -> Iterator[CorrectionPart]:
    shown = {each.pk for each in rows.inside}
    for before, after in rows.corrected:
        old = {line.key: line for line in rows.corrected_lines.get(before.pk, ())}
        new = {line.key: line for line in rows.corrected_lines.get(after.pk, ())}
        for key in sorted({**old, **new}, key=lambda key: (new.get(key) or old[key]).number):
            was, now = old.get(key), new.get(key)
            line = now or was
            if line is None or _told(was) == _told(now):
                continue
            if line.status == Status.PRIOR_PERIOD and after.statement_id in shown:
                continue  # told by `earlier_parts`
            yield _changed(line, was=was, now=now, after=after, edition=edition)


def _changed(
    line: StatementLine,
    *,
    was: StatementLine | None,
    now: StatementLine | None,
    after: StatementRevision,
    edition: Edition,
) -> CorrectionPart:
    return CorrectionPart(
        statement=after.full_number,
        corrected_at=after.finalised_at,
        line=line.number,
        name=", ".join(filter(None, (line_name(line), line.services))),
        was=_said(was),
        is_now=_said(now),
        currency=line.currency,
        was_due_minor=_due(was),
        due_minor=_due(now),
        delta_minor=_due(now) - _due(was),
        cause=after.cause if edition is Edition.INTERNAL else "",
    )


def _told(line: StatementLine | None) -> tuple[object, ...]:
    if line is None or line.status == Status.REMOVED:
        return ()
    return (line.verdict, line.value, line.counted_us, line.due_minor, line.agreed_minor, line.quantity)


def _said(line: StatementLine | None) -> str:
    if line is None or line.status == Status.REMOVED:
        return "not part of it"
    if line.status == Status.PRIOR_PERIOD:
        return ""
    return ", ".join(filter(None, (line.value_printed, VERDICTS[Verdict(line.verdict)])))


def _due(line: StatementLine | None) -> int:
    return 0 if line is None or line.status == Status.REMOVED else line.due_minor
