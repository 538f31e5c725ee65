"""Calendars without a clock: zone tables, measurement periods, business hours, dates by offset.

The zone database is asked in one place only, `zone_table`. Its answer, a short list of UTC offsets,
is a value that is frozen with the inputs, so that a later edition of the zone data cannot move a
period that was already judged.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sla.engine.intervals import Interval, clip, intersect, subtract, union

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

    def readings(self, wall: datetime) -> list[datetime]:
        """Return the UTC instants at which this wall-clock time is shown: none, one or two."""
        naive = wall.replace(tzinfo=UTC)
        seen = {naive - timedelta(seconds=seconds) for _, seconds in self.offsets}
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
        wall = datetime.combine(on, time())
        found = self.readings(wall)
        if found:
            return found[0]
        # The clock jumps over midnight: the day begins at the change itself.
        return next(at for at, _ in self.offsets if self.local(at) >= wall)


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


class PeriodKind(StrEnum):
    """The stretches of time that clauses measure over (clauses.md F30)."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ROLLING_DAYS = "rolling_days"
    ROLLING_MONTHS = "rolling_months"


@dataclass(frozen=True, kw_only=True)
class PeriodRule:
    """How time is cut into periods.

    ``anchor_day`` (1-28) starts a billing month; ``anchor_month`` starts a fiscal year or quarter
    (2 means February); ``length`` is the n of a rolling n days or months. A rolling period is named
    by the last local date in it.
    """

    kind: PeriodKind = PeriodKind.MONTH
    anchor_day: int = 1
    anchor_month: int = 1
    length: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.anchor_day <= 28:
            raise ValueError(f"anchor_day is {self.anchor_day}. Every month must have it: use 1 to 28.")
        if not 1 <= self.anchor_month <= 12:
            raise ValueError(f"anchor_month is {self.anchor_month}. Use 1 (January) to 12.")
        if self.length < 1:
            raise ValueError(f"length is {self.length}. A rolling period has at least 1 day or month.")


class Period(NamedTuple):
    """A labelled stretch of time; ``first_on`` and ``last_on`` are local dates, both included."""

    label: str
    during: Interval
    first_on: date
    last_on: date


def add_months(on: date, months: int) -> date:
    """Return the same day ``months`` later, or the month's last day where it has no such day."""
    index = on.year * 12 + on.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - DAY).day
    return date(year, month + 1, min(on.day, last))


def period_on(on: date, *, rule: PeriodRule, zone: Zone) -> Period:
    """Return the day, week, month, quarter, year or rolling period that holds a local date.

    A rolling period is the one whose last date is ``on``.
    """
    first, after, label = _bounds(on, rule=rule)
    during = Interval(zone.midnight(first), zone.midnight(after))
    return Period(label=label, during=during, first_on=first, last_on=after - DAY)


def _bounds(on: date, *, rule: PeriodRule) -> tuple[date, date, str]:
    """Return first date, date after the last, and label of the period that holds ``on``."""
    kind = rule.kind
    if kind is PeriodKind.DAY:
        return on, on + DAY, on.isoformat()
    if kind is PeriodKind.WEEK:
        first = on - timedelta(days=on.weekday())
        year, week, _ = first.isocalendar()
        return first, first + timedelta(days=7), f"{year}-W{week:02d}"
    if kind is PeriodKind.ROLLING_DAYS:
        return on - timedelta(days=rule.length - 1), on + DAY, on.isoformat()
    if kind is PeriodKind.ROLLING_MONTHS:
        return add_months(on + DAY, -rule.length), on + DAY, on.isoformat()
    if kind is PeriodKind.HOUR:
        raise ValueError("An hour is not found by a date. Use periods_ending_in.")
    return _month_bounds(on, rule=rule)


def _month_bounds(on: date, *, rule: PeriodRule) -> tuple[date, date, str]:
    span = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}[rule.kind]
    month = add_months(on.replace(day=1), 0 if on.day >= rule.anchor_day else -1)
    offset = (month.year * 12 + month.month - rule.anchor_month) % span
    first = add_months(month, -offset).replace(day=rule.anchor_day)
    after = add_months(first, span)
    if rule.kind is PeriodKind.MONTH:
        return first, after, f"{first.year}-{first.month:02d}"
    if rule.kind is PeriodKind.YEAR:
        return first, after, f"{first.year}"
    turn = ((first.month - rule.anchor_month) % 12) // 3
    year = first.year if first.month >= rule.anchor_month else first.year - 1
    return first, after, f"{year}-Q{turn + 1}"


_LABEL = re.compile(r"(\d{4})(?:-(?:Q([1-4])|W(\d\d)|(\d\d)(?:-(\d\d))?))?")


def period_named(label: str, *, rule: PeriodRule, zone: Zone) -> Period:
    """Return the period a label such as 2019, 2019-Q2, 2019-06, 2019-W23 or 2019-06-25 names."""
    parts = _LABEL.fullmatch(label)
    if not parts:
        raise ValueError(f"{label!r} names no period. Write 2019, 2019-Q2, 2019-06, 2019-W23 or 2019-06-25.")
    year, quarter, week, month, day = (int(p) if p else None for p in parts.groups())
    assert year is not None
    try:
        if week:
            on = date.fromisocalendar(year, week, 1)
        elif quarter:
            on = add_months(date(year, rule.anchor_month, rule.anchor_day), 3 * (quarter - 1))
        elif month:
            on = date(year, month, day or rule.anchor_day)
        else:
            on = date(year, rule.anchor_month, rule.anchor_day)
    except ValueError as error:
        raise ValueError(f"{label!r} names no period: {error}.") from error
    found = period_on(on, rule=rule, zone=zone)
    if found.label != label:
        raise ValueError(
            f"{label!r} is no {rule.kind.value}. The {rule.kind.value} of that date is {found.label}."
        )
    return found


def periods_ending_in(outer: Period, *, rule: PeriodRule, zone: Zone) -> list[Period]:
    """Return the periods of ``rule`` whose last instant lies in ``outer``, in order.

    A rolling period is judged once, at the end of ``outer``.
    """
    if rule.kind in (PeriodKind.ROLLING_DAYS, PeriodKind.ROLLING_MONTHS):
        return [period_on(outer.last_on, rule=rule, zone=zone)]
    if rule.kind is PeriodKind.HOUR:
        return list(_hours(outer, zone=zone))
    found = []
    on = outer.first_on
    while on <= outer.last_on:
        inner = period_on(on, rule=rule, zone=zone)
        if inner.last_on <= outer.last_on:
            found.append(inner)
        on = inner.last_on + DAY
    return found


def _hours(outer: Period, *, zone: Zone) -> Iterator[Period]:
    at = outer.during.start
    while at < outer.during.end:
        after = at + timedelta(hours=1)
        local = zone.local(at)
        yield Period(f"{local:%Y-%m-%dT%H:%M}", Interval(at, after), local.date(), local.date())
        at = after


def days_of(during: Interval, *, zone: Zone) -> Iterator[tuple[date, Interval]]:
    """Yield each local date that ``during`` touches with its 23, 24 or 25 hours."""
    on = zone.date_of(during.start)
    start = zone.midnight(on)
    while start < during.end:
        end = zone.midnight(on + DAY)
        yield on, Interval(start, end)
        on, start = on + DAY, end


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
        for on, _ in days_of(during, zone=zone)
        for piece in _open_on(on, calendar=calendar, special=special.get(on), zone=zone)
    ]
    return tuple(clip(union(pieces), to=during))


def _open_on(
    on: date, *, calendar: BusinessCalendar, special: SpecialDay | None, zone: Zone
) -> Iterator[Interval]:
    if special is not None:
        if special.opens is not None and special.closes is not None:
            yield Interval(_at(on, special.opens, zone=zone), _at(on, special.closes, zone=zone))
        return
    if not calendar.weekly:
        yield Interval(zone.midnight(on), zone.midnight(on + DAY))
    for hours in calendar.weekly:
        if hours.weekday == on.weekday():
            yield Interval(_at(on, hours.opens, zone=zone), _at(on, hours.closes, zone=zone))


def _at(on: date, minutes: int, *, zone: Zone) -> datetime:
    """Return the instant of a local time of day: an edge in a clock change moves to the change."""
    if minutes == 1440:
        return zone.midnight(on + DAY)
    wall = datetime.combine(on, time(minutes // 60, minutes % 60))
    found = zone.readings(wall)
    if found:
        return found[0]
    return next(at for at, _ in zone.offsets if zone.local(at) >= wall)


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


def open_length(calendar: BusinessCalendar, *, zone: Zone, during: Interval) -> list[Interval]:
    """Return the open pieces of a stretch of any length, for clocks that run in business hours."""
    return intersect([during], list(open_time(calendar, zone, during))) if during.start < during.end else []


def closed_time(calendar: BusinessCalendar, *, zone: Zone, during: Interval) -> list[Interval]:
    """Return what is left of ``during`` when the open hours are taken out."""
    return subtract([during], list(open_time(calendar, zone, during)))
