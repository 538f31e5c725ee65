"""Measurement periods: how time is cut, what a period is called, and which end in another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from sla.engine.intervals import Interval
from sla.engine.periods.zones import DAY, Zone


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
