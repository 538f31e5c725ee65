"""What need not be kept: hourly runs that are done, and the bytes of files that were sent long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from sla.models import Duty, OutboxFile, OutboxMessage

# A look or a digest that is done says nothing any more; what was sent stands among the messages.
HOURLY_RUNS = timedelta(days=30)
# Long enough for the books of a year to be closed with the files at hand.
FILES = timedelta(days=400)
OVER = (OutboxMessage.State.SENT, OutboxMessage.State.CANCELLED)


def forget(*, now: datetime) -> None:
    """Delete hourly runs that are done for 30 days, and the bytes of files whose mail is 400 days old.

    A mail that waits, is in doubt or was given up keeps its files. Name, size and fingerprint of every
    file stay, and so do the figures that it showed. `now` is UTC.
    """
    hourly = Duty.objects.filter(kind__in=(Duty.Kind.LOOK, Duty.Kind.DIGEST), state=Duty.State.DONE)
    hourly.filter(finished_at__lt=now - HOURLY_RUNS).delete()
    sent = OutboxFile.objects.filter(message__created_at__lt=now - FILES, message__state__in=OVER)
    sent.filter(content__isnull=False).update(content=None)
