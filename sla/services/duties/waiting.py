"""How much waits to be done now, counted no further than anybody needs."""

from __future__ import annotations

from datetime import datetime

from sla.models import Duty, OutboxMessage

ENOUGH = 20


def runs(*, now: datetime) -> int:
    """Return how many runs may be begun at a UTC instant, at most `ENOUGH`."""
    return len(Duty.objects.claimable(now=now).order_by().values_list("pk")[:ENOUGH])


def messages(*, now: datetime) -> int:
    """Return how many messages may leave at a UTC instant, at most `ENOUGH`."""
    rows = OutboxMessage.objects.filter(state=OutboxMessage.State.WAITING, next_at__lte=now)
    return len(rows.order_by().values_list("pk")[:ENOUGH])
