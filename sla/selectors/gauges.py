"""What a monitor draws: everything that runs by itself in numbers, in as many queries as there are tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from sla.models import Alert, Duty, OutboxMessage, Statement
from sla.selectors.machinery import Beat, beats, oldest_message, oldest_runs
from sla.selectors.waiting import all_waiting_statements

# A period that is due closes within minutes; a day later somebody misses its figures.
OVERDUE_AFTER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Gauges:
    """Counts and ages at an instant; a key without a value is not there."""

    runs: Mapping[tuple[str, str], int]
    oldest_runs: Mapping[str, timedelta]
    beats: Mapping[str, Beat]
    messages: Mapping[tuple[str, str], int]
    oldest_message: timedelta
    stale_drafts: int
    waiting_statements: int
    overdue_periods: int
    warnings: Mapping[str, int]
    unacknowledged: Mapping[str, int]


def gauges(*, now: datetime) -> Gauges:
    """Return everything that a monitor draws, at a UTC instant."""
    warnings = _warnings()
    return Gauges(
        runs=_runs(),
        oldest_runs=oldest_runs(now=now),
        beats=beats(now=now),
        messages=_messages(),
        oldest_message=oldest_message(now=now),
        stale_drafts=Statement.objects.stale().count(),
        waiting_statements=all_waiting_statements().count(),
        overdue_periods=_overdue_periods(now=now),
        warnings={kind: standing for kind, standing, _ in warnings},
        unacknowledged={kind: loose for kind, _, loose in warnings},
    )


def _runs() -> dict[tuple[str, str], int]:
    rows = Duty.objects.order_by().values_list("kind", "state").annotate(Count("pk"))
    return {(kind, state): count for kind, state, count in rows}


def _messages() -> dict[tuple[str, str], int]:
    rows = OutboxMessage.objects.order_by().values_list("channel", "state").annotate(Count("pk"))
    return {(channel, state): count for channel, state, count in rows}


def _overdue_periods(*, now: datetime) -> int:
    late = Duty.objects.filter(kind=Duty.Kind.CLOSE, due_at__lt=now - OVERDUE_AFTER)
    return late.filter(state__in=(*Duty.OPEN, Duty.State.FAILED)).count()


def _warnings() -> list[tuple[str, int, int]]:
    """Return, by kind, how many stand, and how many of these nobody has acknowledged."""
    standing = Alert.objects.standing().order_by().values_list("kind")
    loose = Count("pk", filter=Q(acknowledged_rank__lt=F("rank")))
    return list(standing.annotate(standing=Count("pk"), loose=loose))
