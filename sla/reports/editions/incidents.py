"""The incidents and exclusions behind a statement, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from incidents.models import Incident as IncidentRow
from sla.engine.facts import Incident, Inputs, MilestoneFact, Outage, Party, Position, Responsible
from sla.engine.intervals import micro
from sla.engine.results import Result, TimeClass
from sla.engine.terms import Measurer
from sla.engine.trace import written_length
from sla.reports.editions.edition import Edition
from sla.reports.editions.names import Names
from sla.reports.words import account_reason

NOT_COUNTED = (TimeClass.EXCLUDED, TimeClass.STOPPED, TimeClass.NOT_ATTRIBUTED, TimeClass.UNCOUNTED)


CLOCKS = {
    Measurer.US: "by our records",
    Measurer.VENDOR_TICKET: "by the vendor's ticket",
    Measurer.VENDOR_STATUS_PAGE: "by the vendor's status page",
    Measurer.THIRD_PARTY: "by a third party",
}


@dataclass(frozen=True, kw_only=True)
class IncidentLine:
    """One service disturbed by one incident; moments in the contract's zone."""

    reference: str
    title: str
    vendor_ticket: str
    severity: str
    services: str
    by_clock: str
    starts: str
    ends: str
    length: str
    moments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NotCounted:
    """Disturbed time that does not count against the vendor, by reason and clause."""

    reason: str
    clause: str
    length: str
    incidents: str
    by: str
    why: str


def incident_lines(
    result: Result, *, inputs: Inputs, edition: Edition, names: Names
) -> tuple[IncidentLine, ...]:
    """Return the incidents that the account of a result names, in order of time."""
    named = _named(result)
    tickets = vendor_tickets(named)
    facts = {each.reference: each for each in inputs.facts.incidents}
    moments = _moments(inputs.facts.milestones, named=named)
    rows = [
        _line(fact, outages=outages, tickets=tickets, moments=moments, edition=edition, names=names)
        for fact, outages in _grouped(inputs.facts.outages, facts=facts, named=named)
    ]
    timeless = [
        _line(facts[reference], outages=[], tickets=tickets, moments=moments, edition=edition, names=names)
        for reference in sorted(named - {each.incident for each in inputs.facts.outages})
        if reference in facts
    ]
    return tuple(_told_once([*rows, *timeless]))


def _told_once(lines: Iterable[IncidentLine]) -> Iterator[IncidentLine]:
    """Yield lines; title and moments of an incident stand with its first."""
    seen: set[str] = set()
    for line in lines:
        yield replace(line, title="", moments=()) if line.reference in seen else line
        seen.add(line.reference)


def _named(result: Result) -> set[str]:
    lines = (line for one in result.measured if one.ledger is not None for line in one.ledger.lines)
    found = {reference for line in lines for reference in line.incidents}
    found |= {case.subject for one in result.measured for case in one.cases}
    return found | {name for one in result.measured for event in one.events for name in event.incidents}


def vendor_tickets(references: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the number at the vendor's source, and its own title there, by our reference."""
    rows = IncidentRow.objects.filter(reference__in=list(references)).exclude(external_id="")
    return {
        row.reference: (row.external_id, str(row.feed_said.get("title", "")) if row.source else "")
        for row in rows
    }


def _grouped(
    outages: Sequence[Outage], *, facts: Mapping[str, Incident], named: set[str]
) -> list[tuple[Incident, list[Outage]]]:
    """Return outages with the same incident and times together: one line for all their services."""
    groups: dict[tuple[datetime, str, datetime | None, Measurer], list[Outage]] = {}
    for outage in outages:
        if outage.incident in named and outage.incident in facts:
            key = (outage.started_at, outage.incident, outage.ended_at, outage.measured_by)
            groups.setdefault(key, []).append(outage)
    ordered = sorted(groups.items(), key=lambda item: item[0][:2])
    return [(facts[key[1]], found) for key, found in ordered]


def _moments(
    milestones: Iterable[MilestoneFact], *, named: set[str]
) -> dict[str, list[tuple[str, datetime]]]:
    found: dict[str, list[tuple[str, datetime]]] = {}
    for each in sorted(milestones, key=lambda one: (one.at, one.kind)):
        if each.incident in named:
            found.setdefault(each.incident, []).append((each.kind.value.replace("_", " "), each.at))
    return found


def _line(
    fact: Incident,
    *,
    outages: Sequence[Outage],
    tickets: Mapping[str, tuple[str, str]],
    moments: Mapping[str, list[tuple[str, datetime]]],
    edition: Edition,
    names: Names,
) -> IncidentLine:
    ticket, theirs = tickets.get(fact.reference, ("", ""))
    first = outages[0] if outages else None
    ended = first.ended_at if first is not None else None
    return IncidentLine(
        reference=fact.reference,
        title=theirs if edition is Edition.VENDOR else fact.title,
        vendor_ticket=ticket,
        severity=fact.severity,
        services=names.units(sorted({outage.unit for outage in outages})),
        by_clock="" if first is None else CLOCKS[first.measured_by],
        starts="" if first is None else names.instant(first.started_at),
        ends=("still open" if ended is None else names.instant(ended)) if first is not None else "",
        length=written_length(micro(ended - first.started_at)) if first is not None and ended else "",
        moments=tuple(f"{kind} {names.instant(at)}" for kind, at in moments.get(fact.reference, [])),
    )


@dataclass(frozen=True, kw_only=True)
class PositionLine:
    """What one party says of an incident's times, of who is responsible, or of an exclusion."""

    incident: str
    services: str
    party: str
    by: str
    says: tuple[str, ...]
    why: str


PARTIES = {
    Party.OURS: "We",
    Party.VENDORS: "The vendor",
    Party.AGREED: "Both agree",
    Party.DETERMINED: "Decided under the contract",
}
RESPONSIBLE = {
    Responsible.VENDOR: "the vendor is responsible",
    Responsible.US: "the customer is responsible",
    Responsible.THIRD_PARTY: "a third party is responsible",
}


def position_lines(result: Result, *, inputs: Inputs, names: Names) -> tuple[PositionLine, ...]:
    """Return what the parties say of the incidents that a result names; the same said twice stands once."""
    named = _named(result)
    units: dict[tuple[str, Position], list[str]] = {}
    for outage in inputs.facts.outages:
        if outage.incident in named:
            for position in outage.positions:
                units.setdefault((outage.incident, position), []).append(outage.unit)
    return tuple(
        PositionLine(
            incident=incident,
            services=names.units(dict.fromkeys(codes)),
            party=PARTIES[position.party],
            by=position.by,
            says=tuple(_says(position, names=names)),
            why=position.why,
        )
        for (incident, position), codes in units.items()
    )


def _says(position: Position, *, names: Names) -> Iterator[str]:
    if position.started_at is not None:
        yield f"from {names.instant(position.started_at)}"
    if position.ended_at is not None:
        yield f"to {names.instant(position.ended_at)}"
    if position.responsible is not None:
        share = f" for {position.share}" if position.share is not None else ""
        yield f"{RESPONSIBLE[position.responsible]}{share}"
    if position.exclusion:
        yield f"excluded as {position.exclusion}" + (f" ({position.clause})" if position.clause else "")


def not_counted(result: Result, *, names: Names) -> tuple[NotCounted, ...]:
    """Return disturbed time that does not count, each reason of each level once with what it comes to."""
    sums: dict[tuple[str, str, str, str, str], int] = {}
    seen: set[tuple[object, ...]] = set()
    for one in result.measured:
        for line in one.ledger.lines if one.ledger is not None else ():
            if line.time_class not in NOT_COUNTED or (line.time_class, line.during, line.units) in seen:
                continue
            # The same stretch under two levels is one stretch.
            seen.add((line.time_class, line.during, line.units))
            reason = account_reason(line.rule) or line.time_class.value.replace("_", " ")
            key = (reason, line.clause, ", ".join(line.incidents), line.by, line.why)
            sums[key] = sums.get(key, 0) + line.unit_us
    return tuple(
        NotCounted(reason=reason, clause=clause, length=written_length(length), incidents=on, by=by, why=why)
        for (reason, clause, on, by, why), length in sums.items()
    )
