"""How far the scheduled runs have come, and what of them and of the messages is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from sla.models import Duty, OutboxMessage, WebhookTarget
from vendors.models import Reader

State = Duty.State
# What was done longer ago says nothing about today.
SHOWN_FOR = timedelta(days=35)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The runs of one kind in the last weeks: how many stand where; `oldest_due_at` is UTC."""

    kind: str
    label: str
    due: int
    running: int
    done: int
    failed: int
    oldest_due_at: datetime | None

    @property
    def total(self) -> int:
        """Return all of them."""
        return self.due + self.running + self.done + self.failed

    @property
    def share_done(self) -> int:
        """Return how many percent are done, floored."""
        return 100 * self.done // self.total if self.total else 100


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """What a person has to look at: failed runs, messages that may not have arrived, webhooks that failed."""

    runs: int
    messages: int
    webhooks: int


def progress(user: Reader, *, now: datetime) -> list[Progress]:
    """Return how far the runs that a user may see have come, by kind, in one query."""
    recent = Q(finished_at=None) | Q(finished_at__gte=now - SHOWN_FOR)
    due = Q(state=State.DUE, next_at__lte=now)
    rows = (
        Duty.objects.visible_to(user)
        .filter(recent)
        .order_by()
        .values("kind")
        .annotate(
            due=Count("pk", filter=Q(state=State.DUE)),
            running=Count("pk", filter=Q(state=State.RUNNING)),
            done=Count("pk", filter=Q(state=State.DONE)),
            failed=Count("pk", filter=Q(state=State.FAILED)),
            oldest_due_at=Min("due_at", filter=due),
        )
    )
    found = {row["kind"]: row for row in rows}
    return [Progress(label=kind.label, **found[kind.value]) for kind in Duty.Kind if kind.value in found]


def stuck(user: Reader) -> Stuck:
    """Return how much is stuck of what a user may see."""
    return Stuck(
        runs=Duty.objects.visible_to(user).filter(state=State.FAILED).count(),
        messages=OutboxMessage.objects.visible_to(user).unsettled().count(),
        webhooks=WebhookTarget.objects.all().visible_to(user).switched_off().count(),
    )
