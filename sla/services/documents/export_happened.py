"""What happened under a contract as entries of a document."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from django.db.models import Exists, OuterRef, Q

from incidents.models import (
    ClockStop,
    Delivery,
    Impact,
    Incident,
    MaintenanceWindow,
    Milestone,
    Outage,
    Position,
    ReportedFigure,
    Sample,
    SourceWatch,
    StopReason,
    Subject,
)
from sla.documents.happenings import (
    Bearer,
    ClockStopEntry,
    DeliveryEntry,
    FigureEntry,
    ImpactEntry,
    IncidentEntry,
    MaintenanceEntry,
    MilestoneEntry,
    OutageEntry,
    PositionEntry,
    SampleEntry,
    WatchEntry,
)
from sla.engine.facts import ONE, Party, Responsible
from sla.engine.money import Money
from sla.engine.terms import Measurer, OutageKind
from sla.engine.terms import Milestone as MilestoneKind
from sla.models.columns import tidy
from vendors.models import Contract


def incidents_of(contract: Contract) -> tuple[IncidentEntry, ...]:
    """Return the incidents that hit a service of the contract, and those of its vendor that hit none."""
    own = Outage.objects.standing().filter(incident=OuterRef("pk"))
    rows = Incident.objects.filter(
        Exists(own.filter(service__contract=contract)) | (Q(vendor=contract.vendor) & ~Exists(own))
    )
    related = (
        *("outages__service", "outages__positions", "positions", "impacts"),
        *("milestones__service", "clock_stops__service"),
    )
    return tuple(_incident(row, contract=contract) for row in rows.prefetch_related(*related).order_by("pk"))


def _incident(row: Incident, *, contract: Contract) -> IncidentEntry:
    outages = sorted(
        (o for o in row.outages.all() if o.withdrawn_at is None and o.service.contract_id == contract.pk),
        key=lambda outage: outage.pk,
    )
    return IncidentEntry(
        reference=row.reference,
        title=row.title,
        narrative=row.narrative,
        severity=row.severity,
        planned=row.planned,
        root_event=row.root_cause_event,
        root_cause=row.root_cause,
        source=row.source,
        external_id=row.external_id,
        outages=tuple(_outage(outage) for outage in outages),
        milestones=tuple(_milestone(m) for m in row.milestones.all() if _here(m, contract=contract)),
        clock_stops=tuple(_clock_stop(s) for s in row.clock_stops.all() if _here(s, contract=contract)),
        positions=_positions(said for said in row.positions.all() if said.outage_id is None),
        impacts=tuple(_impact(impact) for impact in row.impacts.all()),
    )


def _here(row: Milestone | ClockStop, *, contract: Contract) -> bool:
    return row.service is None or row.service.contract_id == contract.pk


def _outage(row: Outage) -> OutageEntry:
    affected = _share(row.affected_numerator, row.affected_denominator)
    return OutageEntry(
        service=row.service.code,
        started_at=row.started_at,
        ended_at=row.ended_at,
        kind=OutageKind(row.kind),
        affected=ONE if affected is None else affected,
        measured_by=Measurer(row.measured_by),
        responsible=Bearer.VENDOR if row.confirmed_at is not None else Bearer.UNCONFIRMED,
        positions=_positions(row.positions.all()),
        evidence=row.evidence,
    )


def _share(numerator: int | None, denominator: int | None) -> Fraction | None:
    return None if numerator is None or not denominator else Fraction(numerator, denominator)


def _positions(rows: Iterable[Position]) -> tuple[PositionEntry, ...]:
    ordered = sorted(rows, key=lambda row: (row.stated_at, row.pk))
    return tuple(_position(row) for row in ordered)


def _position(row: Position) -> PositionEntry:
    times = row.about == Subject.TIMES
    return PositionEntry(
        party=Party(row.party),
        started_at=row.started_at if times else None,
        ended_at=row.ended_at if times else None,
        responsible=Responsible(row.responsible) if row.responsible else None,
        share=_share(row.share_numerator, row.share_denominator),
        exclusion=row.exclusion,
        clause=row.clause,
        by=row.stated_by,
        why=row.why,
        stated_at=row.stated_at,
    )


def _milestone(row: Milestone) -> MilestoneEntry:
    return MilestoneEntry(
        kind=MilestoneKind(row.kind),
        at=row.at,
        service=row.service.code if row.service else "",
        evidence=row.evidence,
    )


def _clock_stop(row: ClockStop) -> ClockStopEntry:
    return ClockStopEntry(
        started_at=row.stopped_at,
        ended_at=row.resumed_at,
        reason=StopReason(row.reason).value,
        why=row.why,
        cause=Responsible(row.cause) if row.cause else None,
        service=row.service.code if row.service else "",
    )


def _impact(row: Impact) -> ImpactEntry:
    return ImpactEntry(
        what_we_lost=row.what_we_lost,
        started_at=row.started_at,
        ended_at=row.ended_at,
        cost=None if row.cost_minor is None else Money(row.cost_minor, row.currency),
        evidence=row.evidence,
    )


def maintenance_of(contract: Contract) -> tuple[MaintenanceEntry, ...]:
    """Return the notices of work that touch a service of the contract."""
    rows = MaintenanceWindow.objects.filter(services__service__contract=contract).distinct()
    return tuple(
        MaintenanceEntry(
            reference=row.reference,
            title=row.title,
            services=tuple(
                touched.service.code
                for touched in row.services.all()
                if touched.service.contract_id == contract.pk
            ),
            started_at=row.starts_at,
            ended_at=row.ends_at,
            noticed_at=row.noticed_at,
            stated_at=row.stated_at,
            received_at=row.received_at,
            emergency=row.emergency,
            cancelled_at=row.cancelled_at,
            work_started_at=row.actual_started_at,
            work_ended_at=row.actual_ended_at,
            evidence=row.evidence,
        )
        for row in rows.prefetch_related("services__service").order_by("pk")
    )


def samples_of(contract: Contract) -> tuple[SampleEntry, ...]:
    """Return the measured values, those that follow each other at one pace as one series."""
    rows = Sample.objects.filter(service__contract=contract).select_related("service")
    ordered = rows.order_by("service_id", "metric", "at", "pk")
    found: list[SampleEntry] = []
    for _, group in groupby(ordered, key=lambda row: (row.service_id, row.metric)):
        found += _series(list(group))
    return tuple(found)


def _series(rows: list[Sample]) -> list[SampleEntry]:
    """Cut the values of one series into stretches of one pace."""
    found, start = [], 0
    while start < len(rows):
        stop = start + 1
        every = rows[stop].at - rows[start].at if stop < len(rows) else None
        while every and stop < len(rows) and rows[stop].at - rows[stop - 1].at == every:
            stop += 1
        found.append(_stretch(rows[start:stop]))
        start = stop
    return found


def _stretch(rows: list[Sample]) -> SampleEntry:
    first = rows[0]
    if len(rows) == 1:
        return SampleEntry(
            series=first.metric,
            service=first.service.code,
            at=first.at,
            value=tidy(first.value),
            volume=first.volume,
        )
    same = len({row.volume for row in rows}) == 1
    return SampleEntry(
        series=first.metric,
        service=first.service.code,
        at=first.at,
        every=rows[1].at - first.at,
        values=tuple(tidy(row.value) for row in rows),
        volume=first.volume if same else 1,
        volumes=() if same else tuple(row.volume for row in rows),
    )


def figures_of(contract: Contract) -> tuple[FigureEntry, ...]:
    """Return the figures that somebody reported for a period."""
    rows: Iterable[ReportedFigure] = contract.reported_figures.select_related("service").order_by("pk")
    return tuple(
        FigureEntry(
            figure=row.figure,
            period=row.period_label,
            service=row.service.code if row.service else "",
            value=None if row.value is None else tidy(row.value),
            numerator=None if row.numerator is None else Decimal(row.numerator),
            denominator=None if row.denominator is None else Decimal(row.denominator),
            by=row.reported_by,
            document=row.document.name or row.evidence,
        )
        for row in rows
    )


def deliveries_of(contract: Contract) -> tuple[DeliveryEntry, ...]:
    """Return what was owed by a date."""
    rows: Iterable[Delivery] = contract.deliveries.select_related("incident").order_by("pk")
    return tuple(
        DeliveryEntry(
            what=row.obligation,
            subject=row.incident.reference if row.incident else row.period_label,
            due_at=row.due_at,
            delivered_at=row.delivered_at,
            document=row.document.name or "",
            evidence=row.evidence,
        )
        for row in rows
    )


def watches_of(contract: Contract) -> tuple[WatchEntry, ...]:
    """Return the sources that would have told of an outage."""
    rows = SourceWatch.objects.filter(service__contract=contract).select_related("service", "confirmed_by")
    return tuple(
        WatchEntry(
            source=row.source,
            service=row.service.code,
            watched_from=row.watched_from,
            last_heard_at=row.last_heard_at,
            confirmed_by=row.confirmed_by.get_username() if row.confirmed_by else "",
            confirmed_until=row.confirmed_through,
        )
        for row in rows.order_by("pk")
    )
