"""Which periods are due at an instant: asked of the calendar alone, never of what ran before.

A period closes so many days after its end, at the first instant of a local day of its SLA schedule; a report
leaves so many days after its period, at an hour of its own zone. An hour that a clock change skips is the
instant of the change; one that comes twice is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sla.engine.periods import DAY, Period, PeriodKind, PeriodRule, Zone, period_on, zone_table

# Rolling periods end every day, and hours every hour: these are read, never closed.
CLOSING_KINDS = frozenset(
    {PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR}
)
MARGIN_YEARS = 3


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """How something is due: the periods that end on `since` or later and begin before `until`.

    Each is due `days` after its last day, at `hour`, in `zone`. `known` are the first and last of the last
    days that are planned already: what lies between them is not asked again.
    """

    zone: str
    rule: PeriodRule
    since: date
    until: date | None = None
    days: int = 0
    hour: int = 0
    known: tuple[date, date] | None = None


class DuePeriod(NamedTuple):
    """A period, and since when (UTC) it has been due."""

    period: Period
    due_at: datetime


def due_periods(calendar: Calendar, *, at: datetime) -> Iterator[DuePeriod]:
    """Yield the periods that are due at a UTC instant and not planned, the earliest first."""
    if calendar.rule.kind not in CLOSING_KINDS:
        return
    zone = zone_table(
        calendar.zone,
        first_year=min(calendar.since.year, at.year) - MARGIN_YEARS,
        last_year=at.year + MARGIN_YEARS,
    )
    on, horizon = calendar.since, zone.date_of(at)
    while on <= horizon and (calendar.until is None or on < calendar.until):
        period = period_on(on, rule=calendar.rule, zone=zone)
        if calendar.known is not None and calendar.known[0] <= period.last_on <= calendar.known[1]:
            on = calendar.known[1] + DAY
            continue
        due_at = due_after(period, days=calendar.days, hour=calendar.hour, zone=zone)
        if due_at > at:
            return
        if calendar.until is None or period.first_on < calendar.until:
            yield DuePeriod(period, due_at)
        on = period.last_on + DAY


def due_after(period: Period, *, days: int, hour: int, zone: Zone) -> datetime:
    """Return the UTC instant so many days after a period's last day, at a local hour."""
    return local_instant(period.last_on + DAY * (days + 1), hour=hour, zone=zone)


def local_instant(on: date, *, hour: int, zone: Zone) -> datetime:
    """Return the first UTC instant at which a local clock shows this hour, or has passed over it."""
    if hour == 0:
        return zone.midnight(on)
    wall = datetime.combine(on, time(hour))
    found = zone.readings(wall)
    if found:
        return found[0]
    # Put forward over it: the change itself, the first instant that shows a later time.
    return next(at for at, _ in zone.offsets if zone.local(at) >= wall)


def hour_slot(at: datetime) -> str:
    """Return the name of the UTC hour that an instant belongs to, such as 2026-06-30T23."""
    return f"{at:%Y-%m-%dT%H}"


def next_hour(at: datetime) -> datetime:
    """Return the first instant of the next UTC hour."""
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
