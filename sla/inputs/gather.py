"""All rows that a chunk of SLA schedules needs, in a number of queries that does not grow with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import (
    ClockStop,
    Delivery,
    Incident,
    IncidentStatus,
    MaintenanceService,
    Milestone,
    Outage,
    Position,
    ReportedFigure,
    Sample,
    SourceWatch,
)
from sla.engine.intervals import Interval
from sla.engine.periods import BusinessCalendar
from sla.inputs.register import calendar_value
from sla.models import AgreementVersion, BroughtForward, Condition, Exclusion, ServiceLevelAgreement
from vendors.models import BusinessCalendar as CalendarRow
from vendors.models import Charge, Service

Row = TypeVar("Row")
Groups = Mapping[int, list[Row]]


@dataclass(frozen=True, kw_only=True)
class Promised:
    """The versions of a chunk's SLA schedules and the calendars of the house."""

    versions: Groups[AgreementVersion]  # by schedule
    brought_forward: Groups[BroughtForward]  # by schedule
    calendars: Mapping[str, BusinessCalendar]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What happened under the contracts of a chunk, and what they cost."""

    services: Groups[Service]  # by contract, as all down to `watches`
    charges: Groups[Charge]
    incidents: Groups[Incident]
    outages: Groups[Outage]
    outages_of: Groups[Outage]  # the same by incident
    maintenance: Groups[MaintenanceService]
    samples: Groups[Sample]
    figures: Groups[ReportedFigure]
    deliveries: Groups[Delivery]
    watches: Groups[SourceWatch]
    milestones: Groups[Milestone]  # by incident, as the next two
    clock_stops: Groups[ClockStop]
    positions: Groups[Position]
    exclusions: Groups[Exclusion]  # by schedule, as the next
    conditions: Groups[Condition]


@dataclass
class _Known:
    services: dict[int, Service] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)


def promised(agreements: Sequence[ServiceLevelAgreement]) -> Promised:
    """Return terms, brought-forward rows and calendars of a chunk."""
    versions = AgreementVersion.objects.with_terms().filter(agreement__in=agreements)
    calendars = CalendarRow.objects.prefetch_related("weekly_hours", "days").order_by("code")
    return Promised(
        versions=_by(versions.order_by("effective_from"), name="agreement_id"),
        brought_forward=_by(BroughtForward.objects.filter(agreement__in=agreements), name="agreement_id"),
        calendars={row.code: calendar_value(row) for row in calendars},
    )


def happened(agreements: Sequence[ServiceLevelAgreement], *, span: Interval) -> Rows:
    """Return the rows of a chunk's contracts that touch a span of time, UTC."""
    contracts = sorted({agreement.contract_id for agreement in agreements})
    services = Service.objects.filter(contract__in=contracts).order_by("pk")
    known = _Known(services={service.pk: service for service in services})
    touched = _incidents(agreements, contracts=contracts, span=span)
    known.incidents = {incident.pk: incident for incident in touched.order_by("pk")}
    ids = touched.values("pk")
    outages = _attached(
        Outage.objects.standing().filter(incident__in=ids, service__contract__in=contracts).order_by("pk"),
        known=known,
    )
    return Rows(
        incidents=_incidents_by_contract(agreements, outages=outages, known=known),
        outages=_by_contract(outages),
        outages_of=_by(outages, name="incident_id"),
        positions=_positions(ids, outages=outages, known=known),
        exclusions=_exclusions(agreements),
        conditions=_conditions(agreements),
        **_of_contracts(contracts, span=span, known=known),
        **_of_incidents(ids, known=known),
    )


def _of_contracts(contracts: Sequence[int], *, span: Interval, known: _Known) -> dict[str, Groups[Any]]:
    """Return what belongs to services and contracts, by contract."""
    of_contract, of_service = {"contract__in": contracts}, {"service__contract__in": contracts}
    charges = Charge.objects.filter(**of_contract).order_by("pk")
    deliveries = Delivery.objects.filter(**of_contract).select_related("incident").order_by("pk")
    watches = SourceWatch.objects.filter(**of_service).select_related("confirmed_by").order_by("pk")
    return {
        "services": _by(known.services.values(), name="contract_id"),
        "charges": _by(_attached(charges, known=known), name="contract_id"),
        "maintenance": _by_contract(_attached(_maintenance(contracts, span=span), known=known)),
        "samples": _by_contract(_attached(_samples(contracts, span=span), known=known)),
        "figures": _by(_attached(_figures(contracts, span=span), known=known), name="contract_id"),
        "deliveries": _by(deliveries, name="contract_id"),
        "watches": _by_contract(_attached(watches, known=known)),
    }


def _of_incidents(ids: Any, *, known: _Known) -> dict[str, Groups[Any]]:
    """Return the moments and waiting spans of incidents, by incident."""
    moments = Milestone.objects.filter(incident__in=ids).order_by("at", "pk")
    stops = ClockStop.objects.filter(incident__in=ids).order_by("stopped_at", "pk")
    return {
        "milestones": _by(_attached(moments, known=known), name="incident_id"),
        "clock_stops": _by(_attached(stops, known=known), name="incident_id"),
    }


def _conditions(agreements: Sequence[ServiceLevelAgreement]) -> Groups[Condition]:
    rows = Condition.objects.filter(agreement__in=agreements).select_related("service", "incident")
    return _by(rows.order_by("position", "pk"), name="agreement_id")


def _incidents(
    agreements: Sequence[ServiceLevelAgreement], *, contracts: Sequence[int], span: Interval
) -> QuerySet[Incident]:
    """Return incidents that hit a service of these contracts, or whose vendor's services none hit."""
    vendors = {agreement.contract.vendor_id for agreement in agreements}
    own = Outage.objects.standing().filter(incident=OuterRef("pk"))
    here = own.filter(service__contract__in=contracts)
    begun = Milestone.objects.filter(incident=OuterRef("pk"), at__lt=span.end)
    moments = begun.filter(at__gte=span.start)
    during = (
        Exists(here.overlapping(span.start, span.end))
        | Exists(here.filter(started_at__gte=span.start, started_at__lt=span.end))
        | Exists(moments)
        | (Q(status=IncidentStatus.OPEN) & ~Exists(own) & Exists(begun))
    )
    return Incident.objects.filter(Exists(here) | (Q(vendor__in=vendors) & ~Exists(own))).filter(during)


def _incidents_by_contract(
    agreements: Sequence[ServiceLevelAgreement], *, outages: Sequence[Outage], known: _Known
) -> Groups[Incident]:
    hit: dict[int, set[int]] = defaultdict(set)
    for outage in outages:
        hit[outage.incident_id].add(outage.service.contract_id)
    of_vendor: dict[int, set[int]] = defaultdict(set)
    for agreement in agreements:
        of_vendor[agreement.contract.vendor_id].add(agreement.contract_id)
    found: dict[int, list[Incident]] = defaultdict(list)
    for incident in known.incidents.values():
        contracts = hit.get(incident.pk) or of_vendor.get(incident.vendor_id or 0) or set()
        for contract in contracts:
            found[contract].append(incident)
    return found


def _maintenance(contracts: Sequence[int], *, span: Interval) -> QuerySet[MaintenanceService]:
    rows = MaintenanceService.objects.filter(service__contract__in=contracts)
    inside = rows.filter(window__starts_at__lt=span.end, window__ends_at__gt=span.start)
    return inside.select_related("window").order_by("window_id", "pk")


def _samples(contracts: Sequence[int], *, span: Interval) -> QuerySet[Sample]:
    return (
        Sample.objects.filter(service__contract__in=contracts)
        .within(span.start, span.end)
        .order_by("at", "pk")
    )


def _figures(contracts: Sequence[int], *, span: Interval) -> QuerySet[ReportedFigure]:
    rows = ReportedFigure.objects.filter(contract__in=contracts, period_from__lt=span.end.date())
    return rows.filter(period_until__gt=span.start.date()).order_by("pk")


def _positions(ids: Any, *, outages: Sequence[Outage], known: _Known) -> Groups[Position]:
    """Return what was said, by the incident that it is about, directly or through an outage."""
    by_pk = {outage.pk: outage for outage in outages}
    found: dict[int, list[Position]] = defaultdict(list)
    for row in Position.objects.filter(incident__in=ids).order_by("stated_at", "pk"):
        row.incident = known.incidents[row.incident_id]
        if row.outage_id is not None:
            if row.outage_id not in by_pk:
                continue  # on an outage of another contract, or a withdrawn one
            row.outage = by_pk[row.outage_id]
        found[row.incident_id].append(row)
    return found


def _exclusions(agreements: Sequence[ServiceLevelAgreement]) -> Groups[Exclusion]:
    rows = Exclusion.objects.filter(rule__version__agreement__in=agreements)
    found: dict[int, list[Exclusion]] = defaultdict(list)
    for row in (
        rows.select_related("rule__version", "incident")
        .prefetch_related("services")
        .order_by("position", "pk")
    ):
        found[row.rule.version.agreement_id].append(row)
    return found


def _attached(rows: Iterable[Row], *, known: _Known) -> list[Row]:
    """Give rows the services and incidents that are loaded already, instead of joining them again."""
    found = list(rows)
    for row in found:
        for name, loaded in (("service", known.services), ("incident", known.incidents)):
            key = getattr(row, f"{name}_id", None)
            if key is not None and key in loaded:
                setattr(row, name, loaded[key])
    return found


def _by(rows: Iterable[Row], *, name: str) -> Groups[Row]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return groups


def _by_contract(rows: Iterable[Any]) -> Groups[Any]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.service.contract_id].append(row)
    return groups


def widest(spans: Iterable[Interval]) -> Interval:
    """Return the smallest span that holds all."""
    every = list(spans)
    return Interval(min(span.start for span in every), max(span.end for span in every))
