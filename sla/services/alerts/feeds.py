"""Feeds that we fetch and cannot read: what they tell meanwhile reaches nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from incidents.models import FeedPoll, FeedSource
from sla.models import Alert
from sla.services.alerts.found import Found, Look, lasting, subject_of
from vendors.models import zone_of

KIND = Alert.Kind.SILENT
# A feed that fails once is asked again; one that fails so many intervals long is a matter for a person.
INTERVALS = 12
FEWEST = 2


def fetched_feeds() -> QuerySet[FeedSource]:
    """Return the feeds that are fetched by themselves, of vendors in use."""
    rows = FeedSource.objects.filter(every_minutes__gt=0).exclude(url="")
    found: QuerySet[FeedSource] = rows.filter(Q(vendor=None) | Q(vendor__archived_at=None))
    return found


def unread_feeds(look: Look) -> Iterator[Found]:
    """Yield the feeds that could not be read for too long, worse after two and four times it.

    That is twelve of their intervals, or the hours of the rules where these are fewer; for feeds that are
    fetched more seldom than that, two intervals.
    """
    rows = FeedPoll.objects.filter(source__in=fetched_feeds().order_by()).select_related("source__vendor")
    for poll in rows.order_by("pk"):
        since = poll.heard_at or poll.failing_since
        if since is None:
            continue
        every = timedelta(minutes=poll.source.every_minutes or 0)
        limit = max(min(INTERVALS * every, timedelta(hours=look.policy.silent_hours)), FEWEST * every)
        rank = lasting(look.now - since, limit=limit)
        if rank:
            yield _found(poll, since=since, rank=rank, look=look)


def _found(poll: FeedPoll, *, since: datetime, rank: int, look: Look) -> Found:
    source = poll.source
    local = f"{since.astimezone(zone_of(look.policy.zone)):%Y-%m-%d %H:%M} ({look.policy.zone})"
    said = "has not been read" if poll.heard_at else "was never read; it has been asked"
    why = f" It says: {poll.error}" if poll.error else " No worker asked it since."
    return Found(
        kind=KIND,
        subject=subject_of("feed", source.pk),
        rank=rank,
        headline=f"The feed {source.code} {said} since {local}",
        detail=f"What it tells meanwhile reaches nobody, and nobody can say that nothing happened.{why}",
        vendor_id=source.vendor_id,
    )
