"""Record an incident, say whose it was, and close it."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from incidents.models import Incident, IncidentStatus, Milestone, MilestoneKind
from incidents.selectors import next_reference
from vendors.models import Vendor
from vendors.services import Saved, save_record


@transaction.atomic
def record_incident(incident: Incident, *, by: User, reason: str) -> Saved:
    """Save an incident; one without a reference gets the next free number. Raises ValidationError."""
    if incident.reference:
        return save_record(incident, by=by, reason=reason)
    while True:
        incident.reference = next_reference()
        try:
            with transaction.atomic():
                return save_record(incident, by=by, reason=reason)
        except (IntegrityError, ValidationError):
            # Somebody else took the number between the look and the write: look again.
            if not Incident.objects.filter(reference=incident.reference).exists():
                raise


def attribute_incident(incident: Incident, *, vendor: Vendor | None, by: User, reason: str) -> Saved:
    """Say whose failure it was, or that this is open again (None). Raises ValidationError."""
    incident.vendor = vendor
    return save_record(incident, by=by, reason=reason)


@transaction.atomic
def resolve_incident(incident: Incident, *, at: datetime, by: User, reason: str) -> Saved:
    """Close an incident at a UTC instant and record the moment.

    Raises:
        ValidationError: a service is still out; nothing is changed.

    """
    still_out = incident.outages.standing().filter(ended_at=None).select_related("service")
    if still_out:
        names = ", ".join(str(outage.service) for outage in still_out)
        raise ValidationError(
            f"{incident.reference} cannot be resolved: still out: {names}. Enter first when each came back.",
            code="still_out",
        )
    incident.status = IncidentStatus.RESOLVED
    saved = save_record(incident, by=by, reason=reason)
    known = incident.milestones.filter(kind=MilestoneKind.RESOLVED, service=None)
    if not known.exists():
        save_record(Milestone(incident=incident, kind=MilestoneKind.RESOLVED, at=at), by=by, reason=reason)
    return saved


def reopen_incident(incident: Incident, *, by: User, reason: str) -> Saved:
    """Open a resolved incident again; its recorded moments stay. Raises ValidationError."""
    incident.status = IncidentStatus.OPEN
    return save_record(incident, by=by, reason=reason)
