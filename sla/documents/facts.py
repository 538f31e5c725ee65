"""A document's entries as the engine's facts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from sla.documents.document import Document
from sla.documents.fees import charges_of
from sla.documents.happenings import Bearer, IncidentEntry, OutageEntry, PositionEntry, SampleEntry
from sla.documents.hours import weekly_hours
from sla.documents.register import CalendarEntry
from sla.documents.spans import table_of
from sla.engine.facts import (
    ClockStop,
    Condition,
    Delivery,
    Exclusion,
    Facts,
    Incident,
    Maintenance,
    MilestoneFact,
    Outage,
    Position,
    ReportedFigure,
    Responsible,
    RoomLeft,
    Sample,
    Unit,
    Watch,
)
from sla.engine.periods import BusinessCalendar, Zone


def facts_of(document: Document, *, zone: str, years: tuple[int, int]) -> Facts:
    """Return all that happened and what it costs, with tables of its zones over the given years."""
    incidents = document.incidents
    calendars = tuple(_calendar(entry, zone=document.contract.zone) for entry in document.calendars)
    names = sorted({calendar.zone for calendar in calendars} - {zone})
    return Facts(
        zone=table_of(zone, years=years),
        units=_units(document, zone=table_of(document.contract.zone, years=years)),
        incidents=tuple(_incident(entry) for entry in incidents),
        outages=tuple(outage for entry in incidents for outage in _outages(entry)),
        milestones=tuple(
            MilestoneFact(incident=entry.reference, kind=item.kind, at=item.at, unit=item.service)
            for entry in incidents
            for item in entry.milestones
        ),
        clock_stops=tuple(stop for entry in incidents for stop in _clock_stops(entry)),
        maintenance=_maintenance(document),
        exclusions=_exclusions(document),
        samples=tuple(sample for entry in document.samples for sample in _samples(entry)),
        figures=_figures(document),
        deliveries=_deliveries(document),
        conditions=_conditions(document),
        watches=_watches(document),
        charges=charges_of(document),
        rooms=tuple(RoomLeft(cap=entry.cap, room=entry.room) for entry in document.rooms),
        calendars=calendars,
        calendar_zones=tuple(table_of(name, years=years) for name in names),
    )


def _units(document: Document, *, zone: Zone) -> tuple[Unit, ...]:
    contract = document.contract
    begins = zone.midnight(contract.effective_from)
    ends = zone.midnight(contract.effective_until) if contract.effective_until else None
    return tuple(
        Unit(
            code=entry.code,
            name=entry.name or entry.code,
            vendor_identifier=entry.vendor_identifier,
            weight=Fraction(entry.weight),
            in_service_from=entry.in_service_from or begins,
            in_service_until=entry.in_service_until or ends,
        )
        for entry in document.services
    )


def _calendar(entry: CalendarEntry, *, zone: str) -> BusinessCalendar:
    return BusinessCalendar(
        code=entry.code,
        zone=entry.zone or zone,
        weekly=tuple(hours for text in entry.weekly for hours in weekly_hours(text)),
        special=entry.special_days,
    )


def _incident(entry: IncidentEntry) -> Incident:
    return Incident(
        reference=entry.reference,
        title=entry.title,
        severity=entry.severity,
        planned=entry.planned,
        root_event=entry.root_event,
    )


def _outages(entry: IncidentEntry) -> Iterator[Outage]:
    for item in entry.outages:
        yield Outage(
            incident=entry.reference,
            unit=item.service,
            started_at=item.started_at,
            # A backward end is kept in the document and flagged; it counts no time.
            ended_at=max(item.started_at, item.ended_at) if item.ended_at else None,
            kind=item.kind,
            affected=item.affected,
            measured_by=item.measured_by,
            responsible=_responsible(item),
            share=item.share,
            positions=tuple(_position(said) for said in (*entry.positions, *item.positions)),
        )


def _responsible(item: OutageEntry) -> Responsible | None:
    return None if item.responsible is Bearer.UNCONFIRMED else Responsible(item.responsible.value)


def _position(said: PositionEntry) -> Position:
    return Position(
        party=said.party,
        started_at=said.started_at,
        ended_at=said.ended_at,
        responsible=said.responsible,
        share=said.share,
        exclusion=said.exclusion,
        clause=said.clause,
        by=said.by,
        why=said.why,
    )


def _clock_stops(entry: IncidentEntry) -> Iterator[ClockStop]:
    for item in entry.clock_stops:
        yield ClockStop(
            incident=entry.reference,
            started_at=item.started_at,
            ended_at=item.ended_at,
            reason=item.reason,
            cause=item.cause,
            unit=item.service,
        )


def _maintenance(document: Document) -> tuple[Maintenance, ...]:
    return tuple(
        Maintenance(
            reference=entry.reference,
            units=entry.services,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
            noticed_at=entry.noticed_at,
            stated_at=entry.stated_at,
            received_at=entry.received_at,
            emergency=entry.emergency,
            cancelled=entry.cancelled_at is not None,
            work_ended_at=entry.work_ended_at,
        )
        for entry in document.maintenance
    )


def _exclusions(document: Document) -> tuple[Exclusion, ...]:
    return tuple(
        Exclusion(
            rule=entry.rule,
            incident=entry.incident,
            units=entry.services,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
            party=entry.party,
            by=entry.by,
            why=entry.why,
        )
        for entry in document.exclusions
    )


def _samples(entry: SampleEntry) -> Iterator[Sample]:
    if entry.value is not None:
        yield Sample(
            series=entry.series, unit=entry.service, at=entry.at, value=entry.value, volume=entry.volume
        )
    for index, value in enumerate(entry.values):
        assert entry.every is not None
        yield Sample(
            series=entry.series,
            unit=entry.service,
            at=entry.at + index * entry.every,
            value=value,
            volume=entry.volumes[index] if entry.volumes else entry.volume,
        )


def _figures(document: Document) -> tuple[ReportedFigure, ...]:
    return tuple(
        ReportedFigure(
            figure=entry.figure,
            period=entry.period,
            unit=entry.service,
            value=entry.value,
            numerator=entry.numerator,
            denominator=entry.denominator,
            by=entry.by,
            document=entry.document,
        )
        for entry in document.figures
    )


def _deliveries(document: Document) -> tuple[Delivery, ...]:
    return tuple(
        Delivery(
            what=entry.what,
            subject=entry.subject,
            due_at=entry.due_at,
            delivered_at=entry.delivered_at,
            document=entry.document,
        )
        for entry in document.deliveries
    )


def _conditions(document: Document) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            code=entry.code,
            met=entry.met,
            unit=entry.service,
            incident=entry.incident,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
            by=entry.by,
            evidence=entry.evidence,
        )
        for entry in document.conditions
    )


def _watches(document: Document) -> tuple[Watch, ...]:
    return tuple(
        Watch(
            source=entry.source,
            unit=entry.service,
            last_heard_at=entry.last_heard_at,
            confirmed_by=entry.confirmed_by,
            confirmed_until=entry.confirmed_until,
        )
        for entry in document.watches
    )
