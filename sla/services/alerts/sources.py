"""Sources that were heard before and have gone silent: nothing recorded may mean that nobody looked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from incidents.models import SourceWatch
from sla.models import Alert
from sla.services.alerts.feeds import fetched_feeds, unread_feeds
from sla.services.alerts.found import Found, Look, lasting, subject_of
from vendors.models import zone_of

KIND = Alert.Kind.SILENT
MOST_NAMED = 8


def silent_sources(look: Look) -> Iterator[Found]:
    """Yield the watched sources and feeds that are silent for too long, worse after two and four times it.

    A feed falls silent for all its services at once: what was last heard in the same hour is one warning. Of
    one that we fetch its own row says more, with the error.
    """
    yield from unread_feeds(look)
    limit = timedelta(hours=look.policy.silent_hours)
    groups: dict[tuple[int, str, str], list[SourceWatch]] = defaultdict(list)
    for row in _watches(look, before=look.now - limit):
        assert row.last_heard_at is not None
        vendor = row.service.contract.vendor_id
        groups[vendor, row.source, f"{row.last_heard_at:%Y-%m-%dT%H}"].append(row)
    for key, rows in groups.items():
        heard = max(row.last_heard_at for row in rows if row.last_heard_at is not None)
        rank = lasting(look.now - heard, limit=limit)
        if rank:
            yield _found(rows, subject=subject_of(*key), heard=heard, rank=rank, look=look)


def _watches(look: Look, *, before: datetime) -> Iterator[SourceWatch]:
    """Return the silent watches of services that are delivered now."""
    today = look.now.date()
    runs = Q(service__contract__effective_until=None) | Q(service__contract__effective_until__gt=today)
    begun = Q(service__in_service_from=None) | Q(service__in_service_from__lte=look.now)
    goes_on = Q(service__in_service_until=None) | Q(service__in_service_until__gt=look.now)
    rows = SourceWatch.objects.filter(runs, begun, goes_on, last_heard_at__lt=before)
    rows = rows.filter(service__contract__vendor__archived_at=None)
    rows = rows.exclude(source__in=fetched_feeds().order_by().values("code"))
    return iter(rows.select_related("service__contract").order_by("service__name", "pk"))


def _found(rows: Sequence[SourceWatch], *, subject: str, heard: datetime, rank: int, look: Look) -> Found:
    local = heard.astimezone(zone_of(look.policy.zone))
    names = [row.service.name for row in rows]
    shown = ", ".join(names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    contract = rows[0].service.contract
    return Found(
        kind=KIND,
        subject=subject,
        rank=rank,
        headline=f"Nothing heard from {rows[0].source} since {local:%Y-%m-%d %H:%M} ({look.policy.zone})",
        detail=f"It is watched for {shown}{more}. While it is silent, nobody can say that nothing happened.",
        vendor_id=contract.vendor_id,
        contract_id=contract.pk if len({row.service.contract_id for row in rows}) == 1 else None,
    )
