"""Incidents that stay open, or without a vendor, for longer than the house allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from incidents.models import Incident, Outage
from sla.models import Alert
from sla.services.alerts.found import Found, Look, lasting, subject_of
from vendors.models import zone_of

KIND = Alert.Kind.INCIDENT
OPEN, NO_VENDOR = "open", "vendor"


def neglected_incidents(look: Look) -> Iterator[Found]:
    """Yield the incidents that are open, or whose vendor is unknown, for too long; announced work apart."""
    limits = (
        (OPEN, Incident.objects.open(), timedelta(days=look.policy.open_days)),
        (NO_VENDOR, Incident.objects.unattributed(), timedelta(days=look.policy.unattributed_days)),
    )
    for reason, rows, limit in limits:
        for row in _since(rows, before=look.now - limit):
            begun: datetime = vars(row)["begun_at"]
            rank = lasting(look.now - begun, limit=limit)
            if rank:
                yield _found(row, reason=reason, begun=begun, rank=rank, look=look)


def _since(rows: QuerySet[Incident], *, before: datetime) -> QuerySet[Incident]:
    """Return incidents with when they began: their first outage, else when they were entered."""
    outages = Outage.objects.standing().filter(incident=OuterRef("pk")).order_by("started_at")
    entered = Incident.history.filter(id=OuterRef("pk")).order_by("history_date")
    begun = Coalesce(Subquery(outages.values("started_at")[:1]), Subquery(entered.values("history_date")[:1]))
    found: QuerySet[Incident] = (
        rows.filter(planned=False)
        .filter(Q(vendor=None) | Q(vendor__archived_at=None))
        .annotate(begun_at=begun)
        .filter(begun_at__lt=before)
        .order_by("pk")
    )
    return found


def _found(row: Incident, *, reason: str, begun: datetime, rank: int, look: Look) -> Found:
    on = begun.astimezone(zone_of(look.policy.zone)).date()
    what = "is still open" if reason == OPEN else "has no vendor yet"
    return Found(
        kind=KIND,
        subject=subject_of(row.pk, reason),
        rank=rank,
        headline=f"{row.reference} {what}, since {on}: {row.title}",
        detail="Close it, or say why it goes on." if reason == OPEN else "Until then no contract counts it.",
        vendor_id=row.vendor_id,
        incident_id=row.pk,
    )
