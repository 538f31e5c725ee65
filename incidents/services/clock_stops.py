"""Stop and resume the vendor's clock."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from incidents.models import ClockStop
from vendors.services import Saved, save_record


def stop_clock(stop: ClockStop, *, by: User, reason: str) -> Saved:
    """Record that the vendor had to wait for us. Raises ValidationError."""
    return save_record(stop, by=by, reason=reason)


def resume_clock(stop: ClockStop, *, at: datetime, by: User, reason: str) -> Saved:
    """End the waiting at a UTC instant.

    Raises:
        ValidationError: it has ended already, or would end before it began; nothing is changed.

    """
    if stop.resumed_at is not None:
        raise ValidationError(
            f"The waiting ended at {stop.resumed_at:%Y-%m-%d %H:%M} UTC already. Correct that time instead.",
            code="resumed",
        )
    stop.resumed_at = at
    return save_record(stop, by=by, reason=reason)
