"""Zone tables: the offsets of a zone as a value, and local time read from it.

The zone database is asked in one place only, `zone_table`. Its answer, a short list of UTC offsets,
is frozen with the inputs, so that a later edition of the zone data cannot move a period that was
already judged.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sla.engine.intervals import Interval

DAY = timedelta(days=1)
_FIXED = re.compile(r"UTC([+-])(\d\d):(\d\d)")


class LocalTimeError(ValueError):
    """A local time that does not exist, or exists twice, in its zone."""


@dataclass(frozen=True)
class Zone:
    """The UTC offsets of one zone over a stretch of years.

    ``offsets`` are (first UTC instant, seconds east of UTC), ascending; the first entry also holds
    for everything before it, the last for everything after.
    """

    name: str
    offsets: tuple[tuple[datetime, int], ...]

    def local(self, instant: datetime) -> datetime:
        """Return the wall-clock time, naive, at a UTC instant."""
        index = bisect_right(self.offsets, instant, key=lambda entry: entry[0])
        seconds = self.offsets[max(index - 1, 0)][1]
        return (instant + timedelta(seconds=seconds)).replace(tzinfo=None)

    def date_of(self, instant: datetime) -> date:
        """Return the local calendar date at a UTC instant."""
        return self.local(instant).date()

    def stretches(self, during: Interval) -> Iterator[tuple[Interval, int]]:
        """Yield the parts of ``during`` that share one offset, with its seconds east of UTC."""
        changes = [at for at, _ in self.offsets if during.start < at < during.end]
        for start, end in pairwise([during.start, *changes, during.end]):
            index = bisect_right(self.offsets, start, key=lambda entry: entry[0])
            yield Interval(start, end), self.offsets[max(index - 1, 0)][1]

    def readings(self, wall: datetime) -> list[datetime]:
        """Return the UTC instants at which this wall-clock time is shown: none, one or two."""
        naive = wall.replace(tzinfo=UTC)
        seen = {naive - timedelta(seconds=seconds) for seconds in {seconds for _, seconds in self.offsets}}
        return sorted(at for at in seen if self.local(at) == wall)

    def instant(self, wall: datetime) -> datetime:
        """Return the one UTC instant of a wall-clock time; refuse what is missing or ambiguous."""
        found = self.readings(wall)
        if len(found) == 1:
            return found[0]
        if not found:
            raise LocalTimeError(
                f"{wall} does not exist in {self.name}: the clock is put forward over it. "
                f"Give the time with its UTC offset."
            )
        offsets = " or ".join(_offset_text(wall.replace(tzinfo=UTC) - at) for at in found)
        raise LocalTimeError(
            f"{wall} occurs twice in {self.name}: the clock is put back. Add the offset, {offsets}."
        )

    def midnight(self, on: date) -> datetime:
        """Return the first UTC instant of a local date, also where midnight is skipped."""
        return _midnight(self, on)


@lru_cache(maxsize=4096)
def _midnight(zone: Zone, on: date) -> datetime:
    wall = datetime.combine(on, time())
    found = zone.readings(wall)
    if found:
        return found[0]
    # The clock jumps over midnight: the day begins at the change itself.
    return next(at for at, _ in zone.offsets if zone.local(at) >= wall)


def _offset_text(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def zone_info(name: str) -> tzinfo:
    """Return the zone of an IANA name or a fixed offset such as ``UTC-05:00``."""
    if fixed := _FIXED.fullmatch(name):
        sign = -1 if fixed[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(fixed[2]), minutes=int(fixed[3])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone. Give an IANA name such as America/Los_Angeles, or UTC-05:00."
        ) from error


@lru_cache(maxsize=512)
def zone_table(name: str, *, first_year: int, last_year: int) -> Zone:
    """Return the offsets of a zone from ``first_year`` to the end of ``last_year``."""
    info = zone_info(name)
    start, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 2, tzinfo=UTC)
    offsets = [(start, _seconds(info, start))]
    at = start
    while at < end:
        after = at + DAY
        if _seconds(info, after) != offsets[-1][1]:
            offsets.append(_change(info, at, after))
        at = after
    return Zone(name=name, offsets=tuple(offsets))


def _seconds(info: tzinfo, at: datetime) -> int:
    offset = info.utcoffset(at.astimezone(info))
    assert offset is not None
    return int(offset.total_seconds())


def _change(info: tzinfo, before: datetime, after: datetime) -> tuple[datetime, int]:
    """Return the first whole second in (before, after] that shows the offset of ``after``."""
    goal = _seconds(info, after)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (before, middle) if _seconds(info, middle) == goal else (middle, after)
    return after, goal


def days_of(during: Interval, *, zone: Zone) -> Iterator[tuple[date, Interval]]:
    """Yield each local date that ``during`` touches with its 23, 24 or 25 hours."""
    on = zone.date_of(during.start)
    start = zone.midnight(on)
    while start < during.end:
        end = zone.midnight(on + DAY)
        yield on, Interval(start, end)
        on, start = on + DAY, end
