"""The rows of one contract as the facts of one SLA schedule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from incidents.models import ClockStop, Incident, IncidentStatus, Milestone, Outage, Position, Subject
from sla.engine import facts
from sla.engine.intervals import Interval
from sla.engine.periods import BusinessCalendar, Zone, zone_table
from sla.engine.terms import Offset, Terms
from sla.inputs.gather import Groups, Rows
from sla.inputs.happened import (
    clock_stop_value,
    condition_value,
    delivery_value,
    excluded_stretch,
    exclusion_value,
    figure_value,
    incident_value,
    maintenance_value,
    milestone_value,
    outage_value,
    sample_value,
    watch_value,
)
from sla.inputs.register import charge_values, unit_of
from sla.models import ServiceLevelAgreement
from vendors.models import midnight

Moment = TypeVar("Moment", Milestone, ClockStop)


def facts_of(
    agreement: ServiceLevelAgreement,
    *,
    rows: Rows,
    span: Interval,
    zone: Zone,
    calendars: Sequence[BusinessCalendar],
    years: tuple[int, int],
) -> facts.Facts:
    """Return all that an SLA schedule is judged by in a span of time, whoever else was gathered."""
    contract = agreement.contract
    incidents = [row for row in rows.incidents.get(contract.pk, ()) if _concerns(row, rows=rows, span=span)]
    within = {row.pk for row in incidents}
    outages = [row for row in rows.outages.get(contract.pk, ()) if row.incident_id in within]
    names = sorted({calendar.zone for calendar in calendars} - {zone.name})
    here = partial(_here, incidents=incidents, agreement=agreement)
    return facts.Facts(
        zone=zone,
        units=_units(agreement, rows=rows),
        incidents=tuple(incident_value(row) for row in incidents),
        outages=tuple(_outage(row, rows=rows) for row in outages),
        milestones=tuple(milestone_value(row) for row in here(rows.milestones)),
        clock_stops=tuple(clock_stop_value(row) for row in here(rows.clock_stops)),
        maintenance=_maintenance(agreement, rows=rows, span=span),
        exclusions=(
            *(exclusion_value(row) for row in rows.exclusions.get(agreement.pk, ())),
            *_excluded_stretches(outages, rows=rows),
        ),
        samples=tuple(
            sample_value(row) for row in rows.samples.get(contract.pk, ()) if _inside(row.at, span=span)
        ),
        figures=_figures(agreement, rows=rows, span=span),
        deliveries=tuple(delivery_value(row) for row in rows.deliveries.get(contract.pk, ())),
        conditions=tuple(condition_value(row) for row in rows.conditions.get(agreement.pk, ())),
        watches=tuple(watch_value(row) for row in rows.watches.get(contract.pk, ())),
        charges=charge_values(contract, rows=rows.charges.get(contract.pk, ())),
        calendars=tuple(calendars),
        calendar_zones=tuple(zone_table(name, first_year=years[0], last_year=years[1]) for name in names),
    )


def _units(agreement: ServiceLevelAgreement, *, rows: Rows) -> tuple[facts.Unit, ...]:
    """Return the services; one without dates is in service for the contract's term."""
    contract = agreement.contract
    begins = midnight(contract.effective_from, zone=contract.zone)
    ends = midnight(contract.effective_until, zone=contract.zone) if contract.effective_until else None
    return tuple(unit_of(row, begins=begins, ends=ends) for row in rows.services.get(contract.pk, ()))


def _concerns(incident: Incident, *, rows: Rows, span: Interval) -> bool:
    """Return whether an incident touches the span: by an outage, a moment, or as a ticket still open.

    A ticket of which no time is known yet touches none: it waits for its times.
    """
    outages, moments = rows.outages_of.get(incident.pk, ()), rows.milestones.get(incident.pk, ())
    if incident.status == IncidentStatus.OPEN and not outages:
        return any(moment.at < span.end for moment in moments)
    if any(_inside(moment.at, span=span) for moment in moments):
        return True
    return any(_touches(outage, span=span) for outage in outages)


def _touches(outage: Outage, *, span: Interval) -> bool:
    ended = outage.counted_until
    if outage.started_at >= span.end:
        return False
    return ended is None or ended > span.start or outage.started_at >= span.start


def _outage(row: Outage, *, rows: Rows) -> facts.Outage:
    said = [
        position
        for position in rows.positions.get(row.incident_id, ())
        if position.outage_id in (None, row.pk) and not _is_stretch(position)
    ]
    return outage_value(row, positions=said)


def _excluded_stretches(outages: Iterable[Outage], *, rows: Rows) -> Iterator[facts.Exclusion]:
    units: dict[int, set[str]] = defaultdict(set)
    for row in outages:
        units[row.incident_id].add(row.service.code)
    for incident, codes in units.items():
        for position in rows.positions.get(incident, ()):
            if _is_stretch(position):
                on = {position.outage.service.code} if position.outage else codes
                yield excluded_stretch(position, units=sorted(on))


def _is_stretch(position: Position) -> bool:
    return position.about == Subject.EXCLUSION and position.started_at is not None


def _here(
    rows: Groups[Moment], *, incidents: Iterable[Incident], agreement: ServiceLevelAgreement
) -> Iterator[Moment]:
    """Yield what belongs to whole incidents, or to services of this contract."""
    for incident in incidents:
        for row in rows.get(incident.pk, ()):
            if row.service is None or row.service.contract_id == agreement.contract_id:
                yield row


def _inside(at: datetime, *, span: Interval) -> bool:
    return span.start <= at < span.end


def _figures(
    agreement: ServiceLevelAgreement, *, rows: Rows, span: Interval
) -> tuple[facts.ReportedFigure, ...]:
    first, last = span.start.date(), span.end.date()
    return tuple(
        figure_value(row)
        for row in rows.figures.get(agreement.contract_id, ())
        if row.period_from < last and row.period_until > first
    )


def _maintenance(
    agreement: ServiceLevelAgreement, *, rows: Rows, span: Interval
) -> tuple[facts.Maintenance, ...]:
    units: dict[int, list[str]] = defaultdict(list)
    windows = {}
    for row in rows.maintenance.get(agreement.contract_id, ()):
        if row.window.starts_at < span.end and row.window.ends_at > span.start:
            windows[row.window_id] = row.window
            units[row.window_id].append(row.service.code)
    return tuple(maintenance_value(window, units=units[pk]) for pk, window in windows.items())


def calendars_named(
    versions: Iterable[Terms], *, known: Mapping[str, BusinessCalendar]
) -> tuple[BusinessCalendar, ...]:
    """Return the calendars that terms name, by code; raise ValueError for one that is not there."""
    codes = calendar_codes(versions)
    missing = [code for code in codes if code not in known]
    if missing:
        raise ValueError(
            f"The terms name calendar {missing[0]!r}, which does not exist. Add it to the calendars."
        )
    return tuple(known[code] for code in codes)


def calendar_codes(versions: Iterable[Terms]) -> list[str]:
    """Return the codes of the calendars that terms name."""
    return sorted({code for terms in versions for code in _codes(terms) if code})


def _codes(terms: Terms) -> Iterator[str]:
    for target in terms.targets:
        yield target.calendar
        yield getattr(target.params, "calendar", "")
    for rule in terms.exclusions:
        yield rule.within
        yield rule.notice_calendar
    for offset in _offsets(terms):
        yield offset.calendar
        yield from offset.more_calendars


def _offsets(terms: Terms) -> Iterator[Offset]:
    claim = terms.claim
    if claim is not None:
        yield from claim.deadlines
        yield from (step.due for step in claim.steps)
        yield from filter(None, (claim.decide_within, claim.issue_within))
    yield from (rule.notice for rule in terms.chronic if rule.notice is not None)
