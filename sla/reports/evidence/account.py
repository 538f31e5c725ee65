"""The time account and what happened, as CSV: one row for each stretch, case or moment."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO

from sla.engine.facts import Inputs
from sla.engine.intervals import micro
from sla.engine.results import Measured, Result, TimeClass
from sla.reports.editions.incidents import CLOCKS, PARTIES
from sla.reports.editions.names import Names
from sla.reports.statement.levels import CASES
from sla.reports.tables.cells import seconds_text, utc_text
from sla.reports.words import TIME_CLASSES, account_reason
from vendors.files.spreadsheets import guarded

ACCOUNT = [
    "level",
    "name",
    "window",
    "services",
    "class",
    "meaning",
    "from_local",
    "to_local",
    "from_utc",
    "to_utc",
    "unit_seconds",
    "incidents",
    "reason",
    "clause",
    "by",
    "why",
]
CLASSES = ["level", "name", "window", "services", "class", "meaning", "unit_seconds"]
CASE_ROWS = (
    "level,name,window,subject,state,took_seconds,due_local,done_local,due_utc,done_utc,late_seconds,why"
)
MOMENTS = ["incident", "what", "services", "local", "utc", "by", "detail"]

Row = Sequence[str]


def csv_bytes(head: Row, rows: Iterable[Row]) -> bytes:
    """Return rows as CSV in UTF-8; a cell that a spreadsheet would read as a formula is guarded."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def account_csv(result: Result, *, names: Names) -> bytes:
    """Return every stretch of the time accounts that is not plainly delivered."""
    return csv_bytes(ACCOUNT, _stretches(result, names=names))


def _stretches(result: Result, *, names: Names) -> Iterator[Row]:
    for one in result.measured:
        for line in one.ledger.lines if one.ledger is not None else ():
            start, end = line.during.start, line.during.end
            yield (
                *_about(one, names=names),
                names.units(line.units or one.units),
                line.time_class.value,
                TIME_CLASSES[line.time_class],
                names.instant(start),
                names.instant(end),
                utc_text(start),
                utc_text(end),
                seconds_text(line.unit_us),
                ", ".join(line.incidents),
                account_reason(line.rule),
                line.clause,
                line.by,
                line.why,
            )


def classes_csv(result: Result, *, names: Names) -> bytes:
    """Return what each class of each account comes to; the classes of a level sum to its whole time."""
    return csv_bytes(CLASSES, _sums(result, names=names))


def _sums(result: Result, *, names: Names) -> Iterator[Row]:
    for one in result.measured:
        if one.ledger is None:
            continue
        about = (*_about(one, names=names), names.units(one.units))
        for time_class in TimeClass:
            length = seconds_text(one.ledger.us(time_class))
            yield (*about, time_class.value, TIME_CLASSES[time_class], length)
        yield (*about, "all", "The whole time", seconds_text(one.ledger.total_us))


def cases_csv(result: Result, *, names: Names) -> bytes:
    """Return the cases of the levels that are not time."""
    return csv_bytes(CASE_ROWS.split(","), _cases(result, names=names))


def _cases(result: Result, *, names: Names) -> Iterator[Row]:
    for one in result.measured:
        for case in one.cases:
            yield (
                *_about(one, names=names),
                case.subject,
                CASES[case.state],
                "" if case.elapsed_us is None else seconds_text(case.elapsed_us),
                _local(case.due_at, names=names),
                _local(case.done_at, names=names),
                _utc(case.due_at),
                _utc(case.done_at),
                seconds_text(case.lateness_us) if case.late else "",
                case.why,
            )


def _about(one: Measured, *, names: Names) -> tuple[str, str, str]:
    return one.target, names.levels.get(one.target) or one.target, one.window.label


def incidents_csv(inputs: Inputs, *, names: Names) -> bytes:
    """Return the timeline of every incident that the statement looked at, in order of time."""
    rows = sorted(_moments(inputs, names=names), key=lambda row: (row[1] is None, row[1], row[0], row[2]))
    return csv_bytes(
        MOMENTS,
        (
            (incident, what, services, _local(at, names=names), _utc(at), by, detail)
            for incident, at, what, services, by, detail in rows
        ),
    )


def _moments(inputs: Inputs, *, names: Names) -> Iterator[tuple[str, datetime | None, str, str, str, str]]:
    facts = inputs.facts
    for outage in facts.outages:
        about, clock = names.units([outage.unit]), CLOCKS[outage.measured_by]
        yield outage.incident, outage.started_at, "outage begins", about, clock, outage.kind.value
        if outage.ended_at is not None:
            length = seconds_text(micro(outage.ended_at - outage.started_at))
            yield outage.incident, outage.ended_at, "outage ends", about, clock, f"{length} seconds"
        for said in outage.positions:
            detail = " ".join(filter(None, (said.exclusion, said.clause, said.why)))
            who = f"{PARTIES[said.party]} {said.by}".strip()
            for at, what in ((said.started_at, "said to begin"), (said.ended_at, "said to end")):
                if at is not None:
                    yield outage.incident, at, what, about, who, detail
            if said.responsible is not None:
                bears = f"responsible: {said.responsible.value.replace('_', ' ')}"
                yield outage.incident, outage.started_at, bears, about, who, detail
    for one in facts.milestones:
        where = names.units([one.unit]) if one.unit else ""
        yield one.incident, one.at, one.kind.value.replace("_", " "), where, "", ""
    for stop in facts.clock_stops:
        where = names.units([stop.unit]) if stop.unit else ""
        yield stop.incident, stop.started_at, "waiting on us begins", where, "", stop.reason
        if stop.ended_at is not None:
            yield stop.incident, stop.ended_at, "waiting on us ends", where, "", ""


def _local(at: datetime | None, *, names: Names) -> str:
    return "" if at is None else names.instant(at)


def _utc(at: datetime | None) -> str:
    return "" if at is None else utc_text(at)
