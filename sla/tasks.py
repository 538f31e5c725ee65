"""What Celery calls: nudges without arguments. What is due stands in the database, never in a message.

Any of these may be lost, doubled or late, and no figure changes: the next one finds the same rows.
"""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from sla.services.duties import rounds, waiting

# So many workers are woken for what one sweep finds; each wakes another while there is more.
MOST_NUDGES = 16


@shared_task(name="sla.sweep")
def sweep() -> None:
    """Write down what is due and wake workers for it."""
    rounds.sweep(clock=timezone.now)
    _wake()


@shared_task(name="sla.work")
def work() -> None:
    """Do what is due."""
    rounds.work(clock=timezone.now, most=rounds.AT_ONCE)
    _wake(most=1)


@shared_task(name="sla.deliver")
def deliver() -> None:
    """Hand over what waits to leave."""
    rounds.deliver(clock=timezone.now, most=rounds.AT_ONCE)
    if waiting.messages(now=timezone.now()):
        transaction.on_commit(deliver.delay)


def _wake(*, most: int = MOST_NUDGES) -> None:
    """Send as many nudges as there is work, after what they are about is committed."""
    now = timezone.now()
    for _ in range(min(waiting.runs(now=now), most)):
        transaction.on_commit(work.delay)
    if waiting.messages(now=now):
        transaction.on_commit(deliver.delay)
