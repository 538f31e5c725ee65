"""Business calendars: open time, working days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from sla.engine.intervals import Interval, clip, subtract, union
from sla.engine.periods.zones import DAY, Zone, days_of


@dataclass(frozen=True, kw_only=True)
class WeeklyHours:
    """Open time on one weekday (0 is Monday), in minutes since local midnight; 1440 is midnight."""

    weekday: int
    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(f"weekday is {self.weekday}. Monday is 0, Sunday is 6.")
        if not 0 <= self.opens < self.closes <= 1440:
            raise ValueError(
                f"Hours from minute {self.opens} to {self.closes} are no open time. "
                f"Write two rows for hours that cross midnight."
            )


@dataclass(frozen=True, kw_only=True)
class SpecialDay:
    """A date that is closed, or open at other hours than its weekday."""

    on: date
    opens: int | None = None
    closes: int | None = None
    name: str = ""

    @property
    def is_closed(self) -> bool:
        return self.opens is None or self.closes is None


@dataclass(frozen=True, kw_only=True)
class BusinessCalendar:
    """Weekly open hours of a zone with its closed and specially open days.

    Without weekly rows it is open around the clock.
    """

    code: str
    zone: str
    weekly: tuple[WeeklyHours, ...] = ()
    special: tuple[SpecialDay, ...] = ()


@lru_cache(maxsize=4096)
def open_time(calendar: BusinessCalendar, zone: Zone, during: Interval) -> tuple[Interval, ...]:
    """Return the open time of a calendar inside ``during``; always the same local hours."""
    if not calendar.weekly and not calendar.special:
        return (during,)
    special = {day.on: day for day in calendar.special}
    pieces = [
        piece
        for on, day in days_of(during, zone=zone)
        for piece in _open_on(on, day=day, calendar=calendar, special=special.get(on), zone=zone)
    ]
    return tuple(clip(union(pieces), to=during))


def _open_on(
    on: date, *, day: Interval, calendar: BusinessCalendar, special: SpecialDay | None, zone: Zone
) -> Iterator[Interval]:
    """Yield when the wall clock shows open hours: twice where it is put back over them, never in a gap."""
    for stretch, seconds in zone.stretches(day):
        midnight = datetime.combine(on, time(), UTC) - timedelta(seconds=seconds)
        for opens, closes in _hours_on(on, calendar=calendar, special=special):
            start = max(stretch.start, midnight + timedelta(minutes=opens))
            end = min(stretch.end, midnight + timedelta(minutes=closes))
            if start < end:
                yield Interval(start, end)


def _hours_on(on: date, *, calendar: BusinessCalendar, special: SpecialDay | None) -> list[tuple[int, int]]:
    if special is not None:
        closed = special.opens is None or special.closes is None
        return [] if closed else [(special.opens or 0, special.closes or 0)]
    if not calendar.weekly:
        return [(0, 1440)]
    return [(hours.opens, hours.closes) for hours in calendar.weekly if hours.weekday == on.weekday()]


def is_working_day(on: date, *, calendar: BusinessCalendar) -> bool:
    """Return whether the calendar opens on this date."""
    for day in calendar.special:
        if day.on == on:
            return not day.is_closed
    return not calendar.weekly or any(hours.weekday == on.weekday() for hours in calendar.weekly)


def add_working_days(on: date, days: int, *, calendar: BusinessCalendar) -> date:
    """Return the date ``days`` working days later (earlier when negative)."""
    step = DAY if days >= 0 else -DAY
    left = abs(days)
    while left:
        on += step
        left -= is_working_day(on, calendar=calendar)
    return on


def closed_time(calendar: BusinessCalendar, *, zone: Zone, during: Interval) -> list[Interval]:
    """Return what is left of ``during`` when the open hours are taken out."""
    return subtract([during], list(open_time(calendar, zone, during)))
