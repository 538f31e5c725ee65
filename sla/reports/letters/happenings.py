"""What happened, for a letter: the stretches and cases that counted, from the facts that were frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from incidents.models import Incident, Outage
from sla.engine.intervals import micro
from sla.engine.results import Case, LedgerLine, Measured, TimeClass
from sla.engine.trace import written_instant, written_length
from sla.models import StatementLine
from sla.reports.editions.incidents import vendor_tickets
from sla.reports.letters.letter import LetterIncident
from vendors.models import Contract

Names = Mapping[str, str]
Moments = Callable[[datetime], str]


def counted_incidents(
    measured: Iterable[Measured], *, lines: Iterable[StatementLine], services: Names, instant: Moments
) -> tuple[LetterIncident, ...]:
    """Return what counted on the claimed lines, each stretch and each case once, in order of time."""
    wanted = {(line.target, line.window, tuple(sorted(line.units))) for line in lines}
    levels = [one for one in measured if (one.target, one.window.label, tuple(sorted(one.units))) in wanted]
    found: dict[tuple[object, ...], LetterIncident] = {}
    for one in levels:
        for at, told in _of_level(one, services=services, instant=instant):
            found.setdefault((at, told.reference, told.services, told.told), told)
    tickets = vendor_tickets({each.reference for each in found.values()})
    ordered = sorted(found.items(), key=lambda item: (item[0][0] is None, str(item[0][0]), item[1].reference))
    return tuple(_with_ticket(told, tickets=tickets) for _, told in ordered)


def _with_ticket(told: LetterIncident, *, tickets: Mapping[str, tuple[str, str]]) -> LetterIncident:
    ticket, _ = tickets.get(told.reference, ("", ""))
    return LetterIncident(**{**_fields(told), "ticket": ticket})


def _fields(told: LetterIncident) -> dict[str, str]:
    return {name: getattr(told, name) for name in LetterIncident.__dataclass_fields__}


def _of_level(
    one: Measured, *, services: Names, instant: Moments
) -> Iterator[tuple[datetime | None, LetterIncident]]:
    for line in one.ledger.lines if one.ledger is not None else ():
        if line.time_class is TimeClass.DOWN:
            yield line.during.start, _of_line(line, services=services, instant=instant)
    for case in one.cases:
        if case.late:
            yield (
                case.due_at or case.done_at,
                _of_case(case, units=one.units, services=services, instant=instant),
            )


def _of_line(line: LedgerLine, *, services: Names, instant: Moments) -> LetterIncident:
    start, end = line.during.start, line.during.end
    return LetterIncident(
        reference=", ".join(line.incidents),
        ticket="",
        services=_named(line.units, services=services),
        starts=instant(start),
        starts_utc=written_instant(start),
        ends=instant(end),
        ends_utc=written_instant(end),
        told=written_length(micro(end - start)),
    )


def _of_case(case: Case, *, units: Iterable[str], services: Names, instant: Moments) -> LetterIncident:
    due, done = case.due_at, case.done_at
    return LetterIncident(
        reference=case.subject,
        ticket="",
        services=_named(units, services=services),
        starts=f"due {instant(due)}" if due else "",
        starts_utc=written_instant(due) if due else "",
        ends=f"done {instant(done)}" if done else "not done",
        ends_utc=written_instant(done) if done else "",
        told=f"late by {written_length(case.lateness_us)}",
    )


def recorded_outages(
    incidents: Iterable[Incident], *, contract: Contract, instant: Moments
) -> tuple[LetterIncident, ...]:
    """Return the outages on file of incidents, for a claim whose figures are not known yet."""
    rows = (
        Outage.objects.standing()
        .filter(incident__in=list(incidents), service__contract=contract)
        .select_related("incident", "service")
        .order_by("started_at", "pk")
    )
    return tuple(_of_row(row, instant=instant) for row in rows)


def _of_row(row: Outage, *, instant: Moments) -> LetterIncident:
    ended = row.counted_until
    return LetterIncident(
        reference=row.incident.reference,
        ticket=row.incident.external_id,
        services=named_service(row.service.name or row.service.code, row.service.vendor_identifier),
        starts=instant(row.started_at),
        starts_utc=written_instant(row.started_at),
        ends=instant(ended) if ended else "still open",
        ends_utc=written_instant(ended) if ended else "",
        told=written_length(micro(ended - row.started_at)) if ended else "",
    )


def _named(codes: Iterable[str], *, services: Names) -> str:
    return ", ".join(services.get(code) or code for code in codes)


def named_service(name: str, identifier: str) -> str:
    """Return a service with the vendor's identifier of it."""
    return f"{name} ({identifier})" if identifier else name
