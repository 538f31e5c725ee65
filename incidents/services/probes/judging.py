"""What the results of a probe mean, one after the other: pure, so that every order of them can be tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

# One failure may be ours or the network's; it is an outage once the next probe fails too.
FAILURES = 2
# So many intervals without a result are a gap: nobody knows what was then.
GAP = 3


class Verdict(StrEnum):
    """What one probe says: answered as expected, or not, or nothing about the service at all."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Tale(StrEnum):
    """What is told of a probe."""

    DOWN = "down"
    OVER = "over"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a probe stands: its last result, since when it fails, and since when it is out (all UTC)."""

    probed_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    out_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A stretch `[start, end)` in UTC that is to be told; one that goes on has no end."""

    tale: Tale
    start: datetime
    end: datetime | None = None


def judged(
    standing: Standing, *, verdict: Verdict, at: datetime, every: timedelta
) -> tuple[Standing, tuple[Told, ...]]:
    """Return where a probe stands after one more result at a UTC instant, and what is to be told of it.

    An outage begins with the first of two failures in a row and ends with the next good answer. Across a gap
    nothing is joined: what was out is over with its last failure, the gap itself is nobody's.
    """
    told: list[Told] = []
    gap = GAP * every
    if standing.probed_at is not None and at - standing.probed_at > gap:
        standing, over = ended(standing)
        told += over
        if verdict is not Verdict.UNKNOWN and standing.probed_at is not None:
            told.append(Told(tale=Tale.GAP, start=standing.probed_at, end=at))
    if verdict is Verdict.UNKNOWN:
        return standing, tuple(told)
    if verdict is Verdict.UP:
        if standing.out_since is not None:
            told.append(Told(tale=Tale.OVER, start=standing.out_since, end=at))
        return Standing(probed_at=at), tuple(told)
    since = standing.failing_since or at
    failures = standing.failures + 1
    out_since = standing.out_since
    if failures >= FAILURES and out_since is None:
        out_since = since
        told.append(Told(tale=Tale.DOWN, start=since))
    now = Standing(probed_at=at, failing_since=since, failures=failures, out_since=out_since)
    return now, tuple(told)


def ended(standing: Standing) -> tuple[Standing, tuple[Told, ...]]:
    """Return a probe that is asked no more: what was out is known to be so until its last failure."""
    over: tuple[Told, ...] = ()
    if standing.out_since is not None:
        over = (Told(tale=Tale.OVER, start=standing.out_since, end=standing.probed_at),)
    return replace(standing, failing_since=None, failures=0, out_since=None), over


def missed(start: datetime, end: datetime, *, every: timedelta) -> dict[date, int]:
    """Return how many probes were left out between two results, by the UTC day on which they would be."""
    found: dict[date, int] = {}
    at, day = start + every, timedelta(days=1)
    while at < end:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0) + day
        count = -((at - min(midnight, end)) // every)
        found[at.date()] = count
        at += count * every
    return found
