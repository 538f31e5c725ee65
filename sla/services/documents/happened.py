"""What happened: the incidents of a document with all that belongs to them, works and readings."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from django.core.exceptions import ValidationError

from incidents.models import (
    ClockStop,
    Delivery,
    Impact,
    Incident,
    IncidentStatus,
    MaintenanceWindow,
    Milestone,
    MilestoneKind,
    Outage,
    Party,
    Position,
    Sample,
    StopReason,
    Subject,
)
from incidents.services import confirm_outage, record_maintenance, record_row, record_samples
from sla.documents.happenings import (
    Bearer,
    ClockStopEntry,
    DeliveryEntry,
    IncidentEntry,
    MaintenanceEntry,
    OutageEntry,
    PositionEntry,
    SampleEntry,
)
from sla.services.documents.loading import Loading, placed
from vendors.services import Saved

ENDED = (MilestoneKind.RESTORED, MilestoneKind.RESOLVED, MilestoneKind.CLOSED)
NOT_STATED = "not stated"


def load_happenings(loading: Loading) -> None:
    """Load incidents, maintenance, samples and deliveries."""
    document = loading.document
    for i, incident in enumerate(document.incidents):
        with placed(f"incidents[{i}]"):
            _incident(loading, entry=incident)
    for i, maintenance in enumerate(document.maintenance):
        with placed(f"maintenance[{i}]"):
            _maintenance(loading, entry=maintenance)
    for i, sample in enumerate(document.samples):
        with placed(f"samples[{i}]"):
            _samples(loading, entry=sample)
    for i, delivery in enumerate(document.deliveries):
        with placed(f"deliveries[{i}]"):
            _delivery(loading, entry=delivery)


def _incident(loading: Loading, *, entry: IncidentEntry) -> None:
    row = Incident.objects.filter(reference=entry.reference).first()
    if row is not None and row.vendor_id not in (None, loading.vendor.pk):
        raise ValidationError(
            {
                "reference": f"{entry.reference} is an incident of {row.vendor}."
                " Give this one another reference."
            }
        )
    row = row or Incident(reference=entry.reference)
    values = {
        "vendor": loading.vendor,
        "title": entry.title or entry.reference,
        "narrative": entry.narrative,
        "severity": entry.severity,
        "planned": entry.planned,
        "root_cause_event": entry.root_event,
        "root_cause": entry.root_cause,
        "source": entry.source,
        "external_id": entry.external_id,
        "status": _status(entry),
    }
    loading.put(row, values, key=entry.reference, save=record_row)
    outages = {}
    for i, outage in enumerate(entry.outages):
        with placed(f".outages[{i}]"):
            outages[i] = _outage(loading, entry=outage, incident=row)
    loading.miss(
        row.outages.standing().filter(service__contract=loading.contract),
        kept={outage.pk for outage in outages.values()},
    )
    _moments(loading, entry=entry, incident=row)
    for said in entry.positions:
        _positions(loading, entry=said, incident=row, outage=None)


def _status(entry: IncidentEntry) -> str:
    open_outage = any(outage.ended_at is None for outage in entry.outages)
    ended = any(moment.kind.value in ENDED for moment in entry.milestones)
    is_open = open_outage or (not entry.outages and not ended)
    return IncidentStatus.OPEN.value if is_open else IncidentStatus.RESOLVED.value


def _moments(loading: Loading, *, entry: IncidentEntry, incident: Incident) -> None:
    for i, moment in enumerate(entry.milestones):
        with placed(f".milestones[{i}]"):
            service = loading.service(moment.service)
            found = incident.milestones.filter(kind=moment.kind.value, service=service).first()
            found = found or Milestone(incident=incident, kind=moment.kind.value, service=service)
            values = {"at": moment.at, "evidence": moment.evidence}
            loading.put(found, values, key=f"{incident.reference} {moment.kind.value}")
    for i, stop in enumerate(entry.clock_stops):
        with placed(f".clock_stops[{i}]"):
            _clock_stop(loading, entry=stop, incident=incident)
    for i, impact in enumerate(entry.impacts):
        with placed(f".impacts[{i}]"):
            present = incident.impacts.filter(
                what_we_lost=impact.what_we_lost, started_at=impact.started_at
            ).first()
            present = present or Impact(
                incident=incident, what_we_lost=impact.what_we_lost, started_at=impact.started_at
            )
            values = {
                "ended_at": impact.ended_at,
                "cost_minor": impact.cost.minor if impact.cost else None,
                "currency": impact.cost.currency if impact.cost else "",
                "evidence": impact.evidence,
            }
            loading.put(present, values, key=f"{incident.reference} {impact.what_we_lost}")


def _clock_stop(loading: Loading, *, entry: ClockStopEntry, incident: Incident) -> None:
    service = loading.service(entry.service)
    row = incident.clock_stops.filter(service=service, stopped_at=entry.started_at).first()
    row = row or ClockStop(incident=incident, service=service, stopped_at=entry.started_at)
    known = entry.reason in StopReason.values
    why = entry.why or ("" if known else entry.reason)
    values = {
        "resumed_at": entry.ended_at,
        "reason": entry.reason if known else StopReason.OTHER.value,
        "why": why or ("" if known and entry.reason != StopReason.OTHER else NOT_STATED),
        "cause": entry.cause.value if entry.cause else "",
    }
    loading.put(row, values, key=f"{incident.reference} {entry.started_at:%Y-%m-%d %H:%M}", save=record_row)


def _outage(loading: Loading, *, entry: OutageEntry, incident: Incident) -> Outage:
    service = loading.services[entry.service]
    found = incident.outages.standing().filter(
        service=service, measured_by=entry.measured_by.value, started_at=entry.started_at
    )
    row = found.first() or Outage(
        incident=incident, service=service, measured_by=entry.measured_by.value, started_at=entry.started_at
    )
    whole = entry.affected == 1
    values = {
        "ended_at": entry.ended_at,
        "kind": entry.kind.value,
        "affected_numerator": None if whole else entry.affected.numerator,
        "affected_denominator": None if whole else entry.affected.denominator,
        "evidence": entry.evidence,
    }
    loading.put(row, values, key=f"{incident.reference} {entry.service}", save=record_row)
    _responsibility(loading, entry=entry, row=row)
    for said in entry.positions:
        _positions(loading, entry=said, incident=row.incident, outage=row)
    return row


def _responsibility(loading: Loading, *, entry: OutageEntry, row: Outage) -> None:
    """Keep who bears an outage: the vendor by a confirmation, anybody else by what both agree on."""
    if entry.responsible is Bearer.UNCONFIRMED:
        return
    if entry.responsible is Bearer.VENDOR and entry.share == 1:
        if row.confirmed_at is not None:
            return
        if row.ended_at is not None and row.ended_at >= row.started_at:
            confirm_outage(row, at=loading.at, by=loading.by, reason=loading.reason)
            return
    said: dict[str, Any] = {"about": Subject.RESPONSIBILITY, "responsible": entry.responsible.value}
    if entry.share != 1:
        said |= {"share_numerator": entry.share.numerator, "share_denominator": entry.share.denominator}
    said |= {"incident": row.incident, "outage": row, "party": Party.AGREED, "stated_by": NOT_STATED}
    _position(loading, values=said, entry=None)


def _positions(loading: Loading, *, entry: PositionEntry, **on: Any) -> None:
    """Keep what a party says as one row for each thing that it speaks about."""
    party = Party(entry.party.value)
    whole = {
        **on,
        "party": party,
        "stated_by": entry.by or NOT_STATED,
        "why": entry.why,
        "clause": entry.clause,
    }
    if party is Party.DETERMINED and not entry.clause:
        whole["clause"] = NOT_STATED
    for said in _said(entry, started_at=_start_of(entry, **on)):
        _position(loading, values={**whole, **said}, entry=entry)


def _said(entry: PositionEntry, *, started_at: Any) -> Iterator[dict[str, Any]]:
    if entry.started_at is not None or entry.ended_at is not None:
        yield {"about": Subject.TIMES, "started_at": started_at, "ended_at": entry.ended_at}
    if entry.responsible is not None or entry.share is not None:
        share = entry.share if entry.share is not None else Fraction(1)
        parts = (
            {} if share == 1 else {"share_numerator": share.numerator, "share_denominator": share.denominator}
        )
        responsible = entry.responsible.value if entry.responsible else Bearer.VENDOR.value
        yield {"about": Subject.RESPONSIBILITY, "responsible": responsible, **parts}
    if entry.exclusion:
        yield {"about": Subject.EXCLUSION, "exclusion": entry.exclusion}


def _start_of(entry: PositionEntry, **on: Any) -> Any:
    if entry.started_at is not None or entry.ended_at is None:
        return entry.started_at
    if on["outage"] is not None:
        return on["outage"].started_at
    return on["incident"].outages.order_by("started_at").values_list("started_at", flat=True).first()


def _position(loading: Loading, *, values: dict[str, Any], entry: PositionEntry | None) -> None:
    """Record a statement once; one on file that says the same stays."""
    stated_at = entry.stated_at if entry is not None else None
    same = {name: value for name, value in values.items() if name not in ("why", "clause")}
    found = Position.objects.filter(**same)
    for name in ("responsible", "exclusion"):
        found = found if name in values else found.filter(**{name: ""})
    for name in ("started_at", "ended_at", "share_numerator"):
        found = found if name in values else found.filter(**{name: None})
    row = (found.filter(stated_at=stated_at) if stated_at else found).first()
    row = row or Position(**same, stated_at=stated_at or loading.at)
    rest: dict[str, Any] = {name: values[name] for name in ("why", "clause") if name in values}
    loading.put(row, rest, key=row.incident.reference, save=record_row)


def _maintenance(loading: Loading, *, entry: MaintenanceEntry) -> None:
    row = MaintenanceWindow.objects.filter(vendor=loading.vendor, reference=entry.reference).first()
    row = row or MaintenanceWindow(vendor=loading.vendor, reference=entry.reference)
    values = {
        "title": entry.title,
        "starts_at": entry.started_at,
        "ends_at": entry.ended_at,
        "noticed_at": entry.noticed_at,
        "stated_at": entry.stated_at,
        "received_at": entry.received_at,
        "emergency": entry.emergency,
        "cancelled_at": entry.cancelled_at,
        "actual_started_at": entry.work_started_at,
        "actual_ended_at": entry.work_ended_at,
        "evidence": entry.evidence,
    }
    for name, value in values.items():
        setattr(row, name, value)
    services = [loading.services[code] for code in entry.services]
    saved = record_maintenance(row, services=services, by=loading.by, reason=loading.reason)
    loading.note(row, saved=saved, key=entry.reference)
    touched = row.services.filter(service__contract=loading.contract)
    loading.miss(touched.exclude(service__in=services), kept=set())


def _samples(loading: Loading, *, entry: SampleEntry) -> None:
    service = loading.services[entry.service]
    values = [entry.value] if entry.value is not None else list(entry.values)
    rows = [
        Sample(
            service=service,
            metric=entry.series,
            at=entry.at + i * entry.every if entry.every is not None else entry.at,
            value=value,
            volume=entry.volumes[i] if entry.volumes else entry.volume,
        )
        for i, value in enumerate(values)
    ]
    new = record_samples(rows, by=loading.by, reason=loading.reason)
    saved = Saved.CREATED if new == len(rows) else Saved.UPDATED if new else Saved.UNCHANGED
    loading.note(Sample, saved=saved, key=f"{entry.series} {entry.at:%Y-%m-%d %H:%M}")


def _delivery(loading: Loading, *, entry: DeliveryEntry) -> None:
    incident = Incident.objects.filter(reference=entry.subject).first() if entry.subject else None
    label = "" if incident is not None else entry.subject
    found = loading.contract.deliveries.filter(obligation=entry.what, incident=incident, period_label=label)
    row = found.first() or Delivery(
        contract=loading.contract, obligation=entry.what, incident=incident, period_label=label
    )
    values = {
        "due_at": entry.due_at,
        "delivered_at": entry.delivered_at,
        "evidence": entry.evidence or entry.document,
    }
    loading.put(row, values, key=f"{entry.what} {entry.subject}".strip())
