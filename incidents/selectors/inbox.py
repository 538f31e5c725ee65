"""What feeds leave to a person: names, start times, who was responsible, times that texts tell of, twins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Q, QuerySet

from incidents.models import (
    Decision,
    FeedLetter,
    FeedRecord,
    Incident,
    Outage,
    ProposedWindow,
    UnmatchedName,
)
from vendors.models import Reader, Service, ServiceNeed, Vendor

# Two tellings of one outage rarely agree to the minute.
NEARLY = timedelta(minutes=15)
# The inbox looks at what is recent; the page of an incident at any age.
LOOK_BACK = timedelta(days=92)
MOST_LOOKED_AT = 50


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Whose failure an incident seems to have been, and why it seems so."""

    vendor: Vendor
    why: str


@dataclass(frozen=True, kw_only=True)
class Twin:
    """Two incidents that may be one: a service of both was out at about the same time, or a person asks."""

    kept: Incident
    other: Incident
    service: Service | None


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """What waits for one reader; each part is a query or a list, the newest first."""

    names: QuerySet[UnmatchedName]
    without_start: QuerySet[FeedRecord]
    unattributed: QuerySet[Incident]
    windows: QuerySet[ProposedWindow]
    unconfirmed: QuerySet[Outage]
    letters: QuerySet[FeedLetter]
    twins: Sequence[Twin]


def inbox_of(reader: Reader, *, now: datetime) -> Inbox:
    """Return what feeds left to a person, of what the reader may see; `now` is the present in UTC."""
    records = FeedRecord.objects.needing_start().visible_to(reader)
    incidents = Incident.objects.visible_to(reader)
    windows = ProposedWindow.objects.all().visible_to(reader).filter(decision=Decision.OPEN)
    unconfirmed = Outage.objects.visible_to(reader).needing_times().exclude(incident__source="")
    return Inbox(
        names=UnmatchedName.objects.all().visible_to(reader).select_related("source__vendor"),
        without_start=records.select_related("source", "incident__vendor"),
        unattributed=incidents.unattributed().exclude(source="").order_by("-pk"),
        windows=windows.select_related("record__source", "record__incident").order_by("-starts_at"),
        unconfirmed=unconfirmed.select_related("incident", "service").order_by("-started_at"),
        letters=FeedLetter.objects.all().visible_to(reader).filter(done_at=None).select_related("source"),
        twins=twins(incidents, since=now - LOOK_BACK),
    )


def twins(incidents: QuerySet[Incident], *, since: datetime) -> list[Twin]:
    """Return the pairs of incidents that may be one, at least one of them from a feed; the newest first.

    Only outages that began at `since` (UTC) or later are looked at. Two records of one feed are never
    taken for one incident: the feed tells them apart.
    """
    rows = Outage.objects.standing().filter(started_at__gte=since, incident__in=incidents)
    ordered = rows.select_related("incident", "service__contract").order_by("service", "started_at", "pk")
    pairs: dict[tuple[int, int], Twin] = {}
    for _, group in groupby(ordered.iterator(chunk_size=2_000), key=lambda row: row.service_id):
        for kept, other in _close(group):
            pairs.setdefault(
                (kept.incident_id, other.incident_id),
                Twin(kept=kept.incident, other=other.incident, service=kept.service),
            )
    return list(reversed(pairs.values()))


def twins_of(incident: Incident, *, among: QuerySet[Incident]) -> list[Twin]:
    """Return the incidents that may be one with this, whatever their age, by when they began."""
    found: dict[int, Twin] = {}
    others = Outage.objects.standing().filter(incident__in=among).exclude(incident=incident)
    for outage in incident.outages.standing().select_related("service__contract")[:MOST_LOOKED_AT]:
        near = others.filter(service=outage.service_id).filter(
            Q(ended_at=None) | Q(ended_at__gt=outage.started_at - NEARLY)
        )
        if outage.counted_until is not None:
            near = near.filter(started_at__lt=outage.counted_until + NEARLY)
        for other in near.select_related("incident").order_by("started_at", "pk"):
            if _may_be_one(incident, other.incident):
                twin = Twin(kept=incident, other=other.incident, service=outage.service)
                found.setdefault(other.incident_id, twin)
    return list(found.values())


def _close(outages: Iterable[Outage]) -> list[tuple[Outage, Outage]]:
    """Return the pairs of different incidents among the outages of one service, in order of their start."""
    running: list[Outage] = []
    found = []
    for outage in outages:
        running = [one for one in running if _reaches(one, outage.started_at)]
        found += [(one, outage) for one in running if _may_be_one(one.incident, outage.incident)]
        running.append(outage)
    return found


def _reaches(outage: Outage, start: datetime) -> bool:
    end = outage.counted_until
    return end is None or end + NEARLY > start


def _may_be_one(one: Incident, other: Incident) -> bool:
    return one.pk != other.pk and one.source != other.source


def attributions(incident: Incident) -> list[Proposal]:
    """Return whose failure an incident seems to have been: of what it hit, or of what that needs.

    What a service needs is proposed first where it was out at the time, as its failure explains the other.
    """
    outages = [row for row in incident.outages.all() if row.withdrawn_at is None]
    hit = {row.service_id: row for row in outages}
    found: dict[int, Proposal] = {}
    needs = ServiceNeed.objects.filter(service__in=hit).select_related("needs__contract__vendor", "service")
    for need in needs:
        if _was_out(need.needs, during=hit[need.service_id]):
            why = f"{need.service} needs {need.needs}, which was out at the time"
            found.setdefault(
                need.needs.contract.vendor_id, Proposal(vendor=need.needs.contract.vendor, why=why)
            )
    for row in outages:
        vendor = row.service.contract.vendor
        found.setdefault(vendor.pk, Proposal(vendor=vendor, why=f"{row.service} is delivered by it"))
    return list(found.values())


def _was_out(service: Service, *, during: Outage) -> bool:
    end = during.counted_until
    began = Q(started_at__lt=end) if end is not None and end > during.started_at else Q()
    rows = Outage.objects.standing().filter(began, service=service)
    return rows.filter(Q(ended_at=None) | Q(ended_at__gt=during.started_at - NEARLY)).exists()
