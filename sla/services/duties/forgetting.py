"""What need not be kept: runs that are done, files that nobody imported, bytes that were sent long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.services.feeds.uploads import forget_uploads
from sla.models import Duty, OutboxFile, OutboxMessage
from sla.services.links.drafting import KEPT, forget_drafts
from sla.services.register_uploads import forget_files
from vendors.services import forget_answers

# A look or a digest that is done says nothing any more; what was sent stands among the messages.
HOURLY = (Duty.Kind.LOOK, Duty.Kind.DIGEST, Duty.Kind.IMPORT)
HOURLY_RUNS = timedelta(days=30)
# How a feed answered stands beside it; of one that is fetched every minute there are 1,440 runs a day.
FETCHES = timedelta(days=1)
UPLOADS = timedelta(days=30)
# Long enough for the books of a year to be closed with the files at hand.
FILES = timedelta(days=400)
OVER = (OutboxMessage.State.SENT, OutboxMessage.State.CANCELLED)


def forget(*, now: datetime) -> None:
    """Delete runs that are done, uploads that nobody imported, and the bytes of files that were sent.

    Looks, digests and imports go 30 days after they are done, fetchings and probes after one; uploads 30
    days after they were shown; vendors' answers that nobody confirmed, and answers of the API that may be
    asked for again, after a day; the bytes of files when their mail is 400 days old.
    A mail that waits, is in doubt or was given up keeps its files. Name, size and fingerprint of every
    file stay, and so do the figures that it showed. `now` is UTC.
    """
    done = Duty.objects.filter(state=Duty.State.DONE)
    done.filter(kind__in=HOURLY, finished_at__lt=now - HOURLY_RUNS).delete()
    done.filter(kind__in=(Duty.Kind.FETCH, Duty.Kind.PROBE), finished_at__lt=now - FETCHES).delete()
    forget_uploads(before=now - UPLOADS)
    forget_files(before=now - UPLOADS)
    forget_drafts(before=now - KEPT)
    forget_answers(now=now)
    sent = OutboxFile.objects.filter(message__created_at__lt=now - FILES, message__state__in=OVER)
    sent.filter(content__isnull=False).update(content=None)
