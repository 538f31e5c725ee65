"""Record what a service did not deliver, and let a person vouch for the times."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.models import Outage
from vendors.services import Saved, save_record

# What a confirmation vouches for.
VOUCHED = ("service_id", "kind", "started_at", "ended_at", "affected_numerator", "affected_denominator")


@transaction.atomic
def record_outage(outage: Outage, *, by: User, reason: str) -> Saved:
    """Save an outage; a change of what somebody confirmed takes the confirmation away.

    Zero length and an end before the start are accepted: they count no time and ask for better times.
    Raises ValidationError.
    """
    stored = Outage.objects.filter(pk=outage.pk).first() if outage.pk else None
    if stored and any(getattr(stored, name) != getattr(outage, name) for name in VOUCHED):
        outage.confirmed_at = outage.confirmed_by = None
    return save_record(outage, by=by, reason=reason)


def end_outage(outage: Outage, *, ended_at: datetime, by: User, reason: str) -> Saved:
    """Say when the service came back (UTC). Raises ValidationError."""
    outage.ended_at = ended_at
    return record_outage(outage, by=by, reason=reason)


def confirm_outage(outage: Outage, *, at: datetime, by: User, reason: str) -> Saved:
    """Vouch for the times as they stand, at a UTC instant.

    Raises:
        ValidationError: it is still open, was withdrawn, or ends before it begins; nothing is changed.

    """
    if outage.withdrawn_at is not None:
        raise ValidationError(f"{outage} was withdrawn. Record a new one if it did happen.", code="withdrawn")
    if outage.ended_at is None:
        raise ValidationError(f"{outage}. Enter when the service came back, then confirm.", code="open")
    if outage.ended_at < outage.started_at:
        raise ValidationError(
            f"{outage} ends before it begins. Correct one of the two times, then confirm.", code="backward"
        )
    outage.confirmed_by, outage.confirmed_at = by, at
    return save_record(outage, by=by, reason=reason)


def withdraw_outage(outage: Outage, *, at: datetime, by: User, reason: str) -> Saved:
    """Take out an outage that was recorded by mistake: it stays on file and no longer counts.

    Raises:
        ValidationError: it is withdrawn already.

    """
    if outage.withdrawn_at is not None:
        raise ValidationError(f"{outage} was withdrawn before. Nothing is left to do.", code="withdrawn")
    outage.withdrawn_at = at
    return save_record(outage, by=by, reason=reason)
