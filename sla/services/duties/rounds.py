"""A round: everything that is due, done once; the whole of it runs without a broker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from sla.models import Heartbeat
from sla.services.duties.holding import Clock
from sla.services.duties.planning import Planned, plan
from sla.services.duties.running import run_next
from sla.services.outbox.delivering import deliver_next, note_broken_off

logger = logging.getLogger(__name__)

SWEEP, WORK, DELIVER = "sweep", "work", "deliver"


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round did."""

    planned: Planned
    done: int
    delivered: int


def run_round(*, clock: Clock) -> Round:
    """Plan, do everything that is due, and hand over what waits, until nothing is left."""
    planned = sweep(clock=clock)
    done = work(clock=clock)
    return Round(planned=planned, done=done, delivered=deliver(clock=clock))


def sweep(*, clock: Clock) -> Planned:
    """Write down what is due; this is all that a schedule has to call."""
    begun = perf_counter()
    planned = plan(now=clock())
    beat(SWEEP, now=clock(), lasted=perf_counter() - begun)
    return planned


def work(*, clock: Clock, most: timedelta | None = None) -> int:
    """Do what is due, one run after the other, until nothing is or so much time has gone; return how many."""
    return _until_none(WORK, clock=clock, most=most, once=run_next)


def deliver(*, clock: Clock, most: timedelta | None = None) -> int:
    """Hand over what waits, one message after the other; return how many were tried."""
    note_broken_off(now=clock())
    return _until_none(DELIVER, clock=clock, most=most, once=deliver_next)


def _until_none(
    name: str, *, clock: Clock, most: timedelta | None, once: Callable[..., object | None]
) -> int:
    begun, count = perf_counter(), 0
    while most is None or perf_counter() - begun < most.total_seconds():
        if once(clock=clock) is None:
            break
        count += 1
    beat(name, now=clock(), lasted=perf_counter() - begun)
    return count


def beat(name: str, *, now: datetime, lasted: float) -> None:
    """Note that a part of the machinery worked, and for how long: its age tells of its silence."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": now, "lasted_us": int(lasted * 1_000_000)}
    )
