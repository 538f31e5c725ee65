"""What a person does about a warning: takes it on, so that nobody is told again until it gets worse."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import Alert

LONGEST_NOTE = 500


@transaction.atomic
def acknowledge_alert(alert: Alert, *, by: User, note: str, now: datetime) -> Alert:
    """Note that somebody takes on a warning, as bad as it is now; `now` is UTC, the note may be empty.

    Raises ValidationError where it has cleared, or somebody took it on already.
    """
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise ValidationError(
            f"The note has {len(note)} characters. Write at most {LONGEST_NOTE}.", code="note"
        )
    row: Alert = Alert.objects.select_for_update(no_key=True).get(pk=alert.pk)
    if row.cleared_at is not None:
        raise ValidationError(
            f"“{row}” has cleared on {row.cleared_at:%Y-%m-%d}: there is nothing to acknowledge.",
            code="cleared",
        )
    if row.is_acknowledged:
        raise ValidationError(
            f"“{row}” is acknowledged already, by {row.acknowledged_by} on {row.acknowledged_at:%Y-%m-%d}.",
            code="acknowledged",
        )
    row.acknowledged_rank, row.acknowledged_note = row.rank, note
    row.acknowledged_by, row.acknowledged_at = by, now
    row.save(update_fields=["acknowledged_rank", "acknowledged_note", "acknowledged_by", "acknowledged_at"])
    return row
