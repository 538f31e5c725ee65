"""What is due at an instant: each period once, at its own hour, whatever the clocks of its zone do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from sla.engine.periods import PeriodKind, PeriodRule, zone_table
from sla.services.duties.periods import Calendar, due_periods, hour_slot, local_instant
from tests.builders import at

MINUTE = timedelta(minutes=1)
# Zone, and the two days of 2026 on which its clocks change.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29), date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8), date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 10, 4), date(2026, 4, 5)),
]
# Where an hour of these days is skipped, the clock shows this at the change.
JUMPS = {(3, 0), (2, 30)}
DAYS = [(zone, day) for zone, spring, autumn in CHANGES for day in (spring, autumn)]


def labels(calendar: Calendar, when: datetime) -> list[str]:
    return [found.period.label for found in due_periods(calendar, at=when)]


def due_at(calendar: Calendar, when: datetime) -> list[tuple[str, datetime]]:
    return [(found.period.label, found.due_at) for found in due_periods(calendar, at=when)]


def minutes_of(day: date, *, zone: str) -> Iterator[datetime]:
    """Yield each minute from three hours before a local day to three hours after it."""
    table = zone_table(zone, first_year=2025, last_year=2027)
    when, end = table.midnight(day) - 180 * MINUTE, table.midnight(day + timedelta(days=1)) + 180 * MINUTE
    while when <= end:
        yield when
        when += MINUTE


@pytest.mark.parametrize(("zone", "day"), DAYS, ids=[f"{zone} {day}" for zone, day in DAYS])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 8])
def test_walked_minute_by_minute_over_a_change_of_clocks_each_day_comes_due_once(
    zone: str, day: date, hour: int
) -> None:
    calendar = Calendar(
        zone=zone, rule=PeriodRule(kind=PeriodKind.DAY), since=day - timedelta(days=2), hour=hour
    )
    table = zone_table(zone, first_year=2025, last_year=2027)
    seen: dict[str, datetime] = {}
    for when in minutes_of(day, zone=zone):
        for label, first in due_at(calendar, when):
            assert seen.setdefault(label, first) == first
            assert first <= when
    before = day - timedelta(days=1)
    # The day before the change is due on it, at this hour of its clock, or where the clock jumps over it.
    assert seen[before.isoformat()] == local_instant(day, hour=hour, zone=table)
    shown = table.local(seen[before.isoformat()])
    assert shown.date() == day
    assert (shown.hour, shown.minute) in {(hour, 0), *JUMPS}


@pytest.mark.parametrize(
    ("zone", "on", "hour", "instant"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 2, "2026-03-29 01:00"),  # skipped: the change itself
        ("Europe/Berlin", date(2026, 10, 25), 2, "2026-10-25 00:00"),  # twice: the first
        ("America/New_York", date(2026, 3, 8), 2, "2026-03-08 07:00"),
        ("America/New_York", date(2026, 11, 1), 1, "2026-11-01 05:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), 2, "2026-10-03 15:30"),  # to half past two
        (
            "Australia/Lord_Howe",
            date(2026, 4, 5),
            2,
            "2026-04-04 15:30",
        ),  # half an hour twice, from half past one
        ("America/Havana", date(2026, 3, 8), 0, "2026-03-08 05:00"),  # midnight is skipped
        ("Pacific/Apia", date(2011, 12, 31), 0, "2011-12-30 10:00"),  # the day before never was
    ],
)
def test_an_hour_that_is_skipped_or_comes_twice_is_one_instant(
    zone: str, on: date, hour: int, instant: str
) -> None:
    table = zone_table(zone, first_year=on.year - 1, last_year=on.year + 1)
    assert local_instant(on, hour=hour, zone=table) == at(instant)


@pytest.mark.parametrize(
    ("when", "due"),
    [
        ("2019-07-05 06:59", []),  # a minute before the sixth of July begins in Los Angeles
        ("2019-07-06 06:59", []),
        ("2019-07-06 07:00", ["2019-06"]),
        ("2019-08-06 07:00", ["2019-06", "2019-07"]),
        ("2019-12-31 12:00", ["2019-06", "2019-07", "2019-08", "2019-09", "2019-10", "2019-11"]),
    ],
)
def test_a_month_is_due_when_its_days_to_settle_are_over_where_it_was_agreed(
    when: str, due: list[str]
) -> None:
    calendar = Calendar(zone="America/Los_Angeles", rule=PeriodRule(), since=date(2019, 6, 12), days=5)
    assert labels(calendar, at(when)) == due


def test_periods_that_are_planned_are_not_asked_again_and_earlier_ones_still_are() -> None:
    calendar = Calendar(
        zone="UTC",
        rule=PeriodRule(),
        since=date(2019, 1, 1),
        known=(date(2019, 3, 31), date(2019, 5, 31)),
    )
    assert labels(calendar, at("2019-08-01 00:00")) == ["2019-01", "2019-02", "2019-06", "2019-07"]


def test_nothing_is_due_after_the_contract() -> None:
    calendar = Calendar(zone="UTC", rule=PeriodRule(), since=date(2019, 1, 1), until=date(2019, 3, 1))
    assert labels(calendar, at("2020-01-01 00:00")) == ["2019-01", "2019-02"]
    within = Calendar(zone="UTC", rule=PeriodRule(), since=date(2019, 1, 1), until=date(2019, 3, 2))
    assert labels(within, at("2020-01-01 00:00"))[-1] == "2019-03"


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        (PeriodRule(kind=PeriodKind.WEEK), "2019-W01"),
        (PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2), "2018-Q4"),  # a fiscal year from February
        (PeriodRule(kind=PeriodKind.YEAR, anchor_month=2), "2018"),
        (PeriodRule(anchor_day=15), "2018-12"),  # a billing month
    ],
)
def test_each_kind_of_period_ends_by_its_own_calendar(rule: PeriodRule, first: str) -> None:
    calendar = Calendar(zone="UTC", rule=rule, since=date(2019, 1, 3))
    assert labels(calendar, at("2020-03-01 00:00"))[0] == first


@pytest.mark.parametrize("kind", [PeriodKind.ROLLING_DAYS, PeriodKind.ROLLING_MONTHS, PeriodKind.HOUR])
def test_rolling_periods_and_hours_are_read_and_never_closed(kind: PeriodKind) -> None:
    calendar = Calendar(zone="UTC", rule=PeriodRule(kind=kind, length=30), since=date(2019, 1, 1))
    assert labels(calendar, at("2020-03-01 00:00")) == []


def test_a_slot_is_an_hour_of_utc() -> None:
    assert hour_slot(datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)) == "2026-10-25T00"
