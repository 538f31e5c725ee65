"""The records of one incident side by side, and joining and taking them apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from incidents.feeds.values import FeedIncident
from incidents.models import FeedRecord, Incident, clock_named
from incidents.services.feeds.conflicts import Conflict, conflicts_of
from incidents.services.feeds.joining import join_incidents, split_record
from incidents.services.feeds.records import said_last
from vendors.admin import signed_in


@dataclass(frozen=True, kw_only=True)
class View:
    """What one feed says of an incident; all times UTC."""

    record: FeedRecord
    clock: str
    said: FeedIncident
    conflicts: list[Conflict]


def views_of(incident: Incident) -> list[View]:
    """Return what each feed says of an incident, in the order in which they came."""
    records = incident.records.select_related("source").order_by("pk")
    told = ((record, said_last(record)) for record in records)
    return [
        View(
            record=record,
            clock=clock_named(record.source.measured_by),
            said=said,
            conflicts=list(conflicts_of(record)) if record.conflicts else [],
        )
        for record, said in told
        if isinstance(said, FeedIncident)
    ]


def said_of_join(incident: Incident) -> str:
    """Say what stands on an incident after another was joined to it."""
    clocks = sorted({row.measured_by for row in incident.outages.standing()})
    if len(clocks) > 1:
        whose = ", ".join(map(clock_named, clocks))
        return f"{incident} shows the outages by each clock side by side, as alternatives: {whose}."
    if clocks:
        return (
            f"{incident} keeps its own outages: both go by one clock ({clock_named(clocks[0])}). "
            "What the other feed says stands beside them, and counts nothing."
        )
    return f"{incident} has both as views; no outage is recorded yet."


def join_view(request: HttpRequest, *, incidents: QuerySet[Incident], incident: Incident) -> HttpResponse:
    """Join the incident of a typed reference, of those the reader may see, to this one."""
    reference = request.POST.get("other", "").strip()
    other = incidents.filter(reference=reference).first() if reference.isprintable() else None
    if other is None:
        messages.error(request, f"No incident that you may see has the reference {reference[:80]!r}.")
    else:
        try:
            join_incidents(incident, other, by=signed_in(request), at=_now(), reason=_why(request))
            messages.success(request, said_of_join(incident))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return _back(incident)


def split_view(request: HttpRequest, *, incident: Incident, record_pk: int) -> HttpResponse:
    """Make one view an incident of its own."""
    record = incident.records.select_related("source", "incident").filter(pk=record_pk).first()
    if record is None:
        raise Http404("That view is not of this incident any more.")
    try:
        own = split_record(record, by=signed_in(request), at=_now(), reason=_why(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _back(incident)
    messages.success(request, f"{own} is an incident of its own.")
    return _back(own)


def require_change(request: HttpRequest) -> None:
    """Raise PermissionDenied for a reader who may only look."""
    if request.method != "POST" or not request.user.has_perm("incidents.change_incident"):
        raise PermissionDenied


def _why(request: HttpRequest) -> str:
    return request.POST.get("why", "").strip()


def _now() -> datetime:
    return timezone.now()


def _back(incident: Incident) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:incidents_incident_change", args=[incident.pk]))
