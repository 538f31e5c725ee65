"""The runs that bring facts in: a feed fetched from its address, a file imported that a person brought."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from incidents.models import FeedSource, FeedUpload, ImportState
from incidents.services.feeds.fetching import fetch_feed
from incidents.services.feeds.uploads import import_upload

if TYPE_CHECKING:
    from sla.services.duties.holding import Held

GONE = "It is not there any more."
A_MOMENT = timedelta(minutes=1)


def fetch(held: Held) -> None:
    """Fetch a feed; that it could not be read is what came of the run, not a failure of it."""
    source = FeedSource.objects.filter(pk=_key(held)).select_related("vendor").first()
    if source is None or not source.url:
        said = GONE
    else:
        said = str(fetch_feed(source, clock=held.clock, progress=lambda done, total: held.renew()))
    with held.done() as done:
        done.outcome = said


def import_file(held: Held) -> None:
    """Import a file that waits for its turn."""
    upload = FeedUpload.objects.filter(pk=_key(held)).select_related("source__vendor", "by").first()
    if upload is None:
        said = GONE
    else:
        import_upload(upload, clock=held.clock, progress=lambda done, total: held.renew())
        if upload.state == ImportState.RUNNING:
            held.postpone(until=held.clock() + A_MOMENT, why="Somebody else imports it at this moment.")
            return
        said = upload.error or f"{upload.total} records."
    with held.done() as done:
        done.outcome = said


def _key(held: Held) -> int:
    return int(held.duty.subject.partition("/")[2])
