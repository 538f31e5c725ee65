"""When an address is asked again: on its own grid of instants, later and later while it fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256

LATEST = timedelta(hours=6)
# What a server asks for is kept to, but one that asks for years is asked again the next day.
MOST_PATIENCE = timedelta(days=1)
NOTHING = timedelta()


def next_instant(
    planned: datetime,
    *,
    now: datetime,
    every: timedelta,
    failures: int = 0,
    patience: timedelta = NOTHING,
    name: str = "",
) -> datetime:
    """Return when to ask again, in UTC and after `now`: reckoned from the instant that was planned.

    Without failures it is the next instant of the grid, so that an interval keeps its length; what was
    missed is not made up. From the second failure in a row on the wait doubles, to six hours or the interval
    if that is longer; up to a tenth more, by `name`, keeps feeds that failed together apart. `patience` is
    how long the server asked to be left alone.
    """
    late = max(now - planned, NOTHING)
    base = planned + (late // every) * every
    wait = every
    if failures > 1:
        wait = max(every, min(every * 2 ** min(failures - 1, 20), LATEST))
        wait += _share(f"{name}/{failures}") * wait / 10
    return max(base + wait, now + min(patience, MOST_PATIENCE))


def patience_of(said: str, *, now: datetime) -> timedelta:
    """Return how long a `Retry-After` header (RFC 9110) asks to wait: seconds or a date; zero if odd."""
    if said.strip().isdecimal():
        return timedelta(seconds=min(int(said.strip()[:9]), 10**8))
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return NOTHING
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(until - now, NOTHING)


def _share(name: str) -> float:
    """Return a share from 0 to 1 that is the same for a name, always and everywhere."""
    return int.from_bytes(sha256(name.encode()).digest()[:4]) / 2**32
