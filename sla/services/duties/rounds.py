"""A round: everything that is due, done once; the whole of it runs without a broker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from time import perf_counter

from sla.models import Heartbeat
from sla.services.duties.forgetting import forget
from sla.services.duties.holding import Clock
from sla.services.duties.planning import Planned, plan
from sla.services.duties.running import run_next
from sla.services.mailings.defaults import make_default_schedules
from sla.services.outbox.delivering import deliver_next, note_broken_off
from sla.services.seconded.telling import tell_of_requests

logger = logging.getLogger(__name__)

Part = Heartbeat.Part
# What goes on and on stops after so long and begins again, so that what became due meanwhile is not late.
AT_ONCE = timedelta(seconds=20)
# Two are enough for what a run asks for; more come only where the clock goes on meanwhile.
MOST_ROUNDS = 10


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round did."""

    planned: Planned
    done: int
    delivered: int


def run_round(*, clock: Clock, most: timedelta | None = None) -> Round:
    """Plan, do everything that is due, and hand over what waits, until nothing is left or time has gone."""
    planned = sweep(clock=clock)
    done = work(clock=clock, most=most)
    return Round(planned=planned, done=done, delivered=deliver(clock=clock, most=most))


def run_all(*, clock: Clock) -> Round:
    """Run rounds until one finds nothing to do; return what all of them did.

    What a run asks for, such as drafts for a look, becomes due only when it is planned again.
    """
    rounds = [run_round(clock=clock)]
    while (rounds[-1].planned.count or rounds[-1].done) and len(rounds) < MOST_ROUNDS:
        rounds.append(run_round(clock=clock))
    names = [field.name for field in fields(Planned)]
    return Round(
        planned=Planned(**{name: sum(getattr(each.planned, name) for each in rounds) for name in names}),
        done=sum(each.done for each in rounds),
        delivered=sum(each.delivered for each in rounds),
    )


def sweep(*, clock: Clock) -> Planned:
    """Write down what is due; this is all that a schedule has to call."""
    begun = perf_counter()
    make_default_schedules(now=clock())
    planned = plan(now=clock())
    tell_of_requests(now=clock())
    if planned.looks:  # once an hour
        forget(now=clock())
    lasted = perf_counter() - begun
    beat(Part.SWEEP, now=clock(), lasted=lasted)
    if planned.touched or planned.count:
        found = {"touched": planned.touched, "runs": planned.count, "seconds": round(lasted, 3)}
        logger.info("planned", extra=found)
    return planned


def work(*, clock: Clock, most: timedelta | None = None) -> int:
    """Do what is due, one run after the other, until nothing is or so much time has gone; return how many."""
    return _until_none(Part.WORK, clock=clock, most=most, once=run_next)


def deliver(*, clock: Clock, most: timedelta | None = None) -> int:
    """Hand over what waits, one message after the other; return how many were tried."""
    note_broken_off(now=clock())
    return _until_none(Part.DELIVER, clock=clock, most=most, once=deliver_next)


def _until_none(
    part: Heartbeat.Part, *, clock: Clock, most: timedelta | None, once: Callable[..., object | None]
) -> int:
    begun, count = perf_counter(), 0
    while most is None or perf_counter() - begun < most.total_seconds():
        if once(clock=clock) is None:
            break
        count += 1
    beat(part, now=clock(), lasted=perf_counter() - begun)
    return count


def beat(part: Heartbeat.Part, *, now: datetime, lasted: float) -> None:
    """Note that a part of the machinery worked, and for how long: its age tells of its silence."""
    Heartbeat.objects.update_or_create(
        name=part, defaults={"beat_at": now, "lasted_us": int(lasted * 1_000_000)}
    )
