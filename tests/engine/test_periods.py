"""Zones, periods, business calendars and working days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from sla.engine.intervals import Interval, total
from sla.engine.periods import (
    BusinessCalendar,
    LocalTimeError,
    PeriodKind,
    PeriodRule,
    SpecialDay,
    WeeklyHours,
    Zone,
    add_months,
    add_working_days,
    closed_time,
    days_of,
    open_time,
    period_named,
    period_on,
    periods_ending_in,
    zone_info,
    zone_table,
)

BERLIN = zone_table("Europe/Berlin", first_year=2018, last_year=2027)
NEW_YORK = zone_table("America/New_York", first_year=2018, last_year=2027)
LONDON = zone_table("Europe/London", first_year=2018, last_year=2027)
PACIFIC = zone_table("America/Los_Angeles", first_year=2018, last_year=2027)
UTC_TABLE = zone_table("UTC", first_year=2018, last_year=2027)
MONTH = PeriodRule()


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LENGTHS = [
    (UTC_TABLE, "2025-02", 40_320),
    (UTC_TABLE, "2024-02", 41_760),
    (UTC_TABLE, "2025-04", 43_200),
    (UTC_TABLE, "2025-03", 44_640),
    (BERLIN, "2025-03", 44_580),
    (BERLIN, "2025-10", 44_700),
    (NEW_YORK, "2025-03", 44_580),
    (NEW_YORK, "2025-11", 43_260),
    (LONDON, "2025-03", 44_580),
    (LONDON, "2025-10", 44_700),
]


@pytest.mark.parametrize(("zone", "label", "minutes"), LENGTHS)
def test_a_month_has_its_elapsed_minutes(zone: Zone, label: str, minutes: int) -> None:
    period = period_named(label, rule=MONTH, zone=zone)
    assert period.during.length == timedelta(minutes=minutes)
    assert (
        sum((day.length for _, day in days_of(period.during, zone=zone)), timedelta()) == period.during.length
    )


PERIODS = [
    ("week", PeriodRule(kind=PeriodKind.WEEK), "2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
    ("day", PeriodRule(kind=PeriodKind.DAY), "2025-06-25", date(2025, 6, 25), date(2025, 6, 25)),
    ("billing month", PeriodRule(anchor_day=15), "2025-01", date(2025, 1, 15), date(2025, 2, 14)),
    ("quarter", PeriodRule(kind=PeriodKind.QUARTER), "2025-Q2", date(2025, 4, 1), date(2025, 6, 30)),
    (
        "fiscal quarter",
        PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2),
        "2025-Q1",
        date(2025, 2, 1),
        date(2025, 4, 30),
    ),
    (
        "fiscal quarter in the next year",
        PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2),
        "2025-Q4",
        date(2025, 11, 1),
        date(2026, 1, 31),
    ),
    ("year", PeriodRule(kind=PeriodKind.YEAR), "2024", date(2024, 1, 1), date(2024, 12, 31)),
    (
        "service year",
        PeriodRule(kind=PeriodKind.YEAR, anchor_month=7, anchor_day=10),
        "2024",
        date(2024, 7, 10),
        date(2025, 7, 9),
    ),
    (
        "rolling 30 days",
        PeriodRule(kind=PeriodKind.ROLLING_DAYS, length=30),
        "2025-06-15",
        date(2025, 5, 17),
        date(2025, 6, 15),
    ),
    (
        "rolling 12 months",
        PeriodRule(kind=PeriodKind.ROLLING_MONTHS, length=12),
        "2025-02-28",
        date(2024, 3, 1),
        date(2025, 2, 28),
    ),
]


@pytest.mark.parametrize(
    ("rule", "label", "first_on", "last_on"), [row[1:] for row in PERIODS], ids=[row[0] for row in PERIODS]
)
def test_a_label_names_a_period_and_each_of_its_dates_leads_back_to_it(
    rule: PeriodRule, label: str, first_on: date, last_on: date
) -> None:
    period = period_named(label, rule=rule, zone=UTC_TABLE)
    assert (period.label, period.first_on, period.last_on) == (label, first_on, last_on)
    assert period.during == Interval(
        UTC_TABLE.midnight(first_on), UTC_TABLE.midnight(last_on + timedelta(days=1))
    )
    if rule.length == 1:
        for on in (first_on, last_on):
            assert period_on(on, rule=rule, zone=UTC_TABLE) == period


@pytest.mark.parametrize("label", ["2025-13", "2025-Q5", "2025-6", "June", "2025-02-30", "2025-W54", ""])
def test_a_label_that_names_nothing_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match=r"names no period"):
        period_named(label, rule=MONTH, zone=UTC_TABLE)


def test_a_label_of_another_kind_is_refused_with_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"'2025-06-25' is no month\. The month of that date is 2025-06\."):
        period_named("2025-06-25", rule=MONTH, zone=UTC_TABLE)


def test_hours_and_days_end_in_their_period() -> None:
    day = period_named("2025-10-26", rule=PeriodRule(kind=PeriodKind.DAY), zone=BERLIN)
    hours = periods_ending_in(day, rule=PeriodRule(kind=PeriodKind.HOUR), zone=BERLIN)
    assert [hour.label[-5:] for hour in hours[:4]] == ["00:00", "01:00", "02:00", "02:00"]
    assert len(hours) == 25


def test_weeks_belong_to_the_month_they_end_in() -> None:
    june = period_named("2025-06", rule=MONTH, zone=UTC_TABLE)
    weeks = periods_ending_in(june, rule=PeriodRule(kind=PeriodKind.WEEK), zone=UTC_TABLE)
    assert [week.label for week in weeks] == ["2025-W22", "2025-W23", "2025-W24", "2025-W25", "2025-W26"]


def test_a_rolling_period_is_judged_once_at_the_end() -> None:
    june = period_named("2025-06", rule=MONTH, zone=UTC_TABLE)
    rolling = periods_ending_in(
        june, rule=PeriodRule(kind=PeriodKind.ROLLING_DAYS, length=90), zone=UTC_TABLE
    )
    assert [(one.first_on, one.last_on) for one in rolling] == [(date(2025, 4, 2), date(2025, 6, 30))]


MONTHS = [
    (date(2025, 1, 31), 1, date(2025, 2, 28)),
    (date(2024, 1, 31), 1, date(2024, 2, 29)),
    (date(2025, 12, 15), 1, date(2026, 1, 15)),
    (date(2025, 3, 31), 3, date(2025, 6, 30)),
    (date(2025, 1, 31), -2, date(2024, 11, 30)),
    (date(2025, 10, 31), 2, date(2025, 12, 31)),
]


@pytest.mark.parametrize(("on", "months", "found"), MONTHS)
def test_adding_months_ends_at_the_last_day_of_a_shorter_one(on: date, months: int, found: date) -> None:
    assert add_months(on, months) == found


def test_a_local_time_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LocalTimeError, match=r"2025-03-30 02:30:00 does not exist in Europe/Berlin"):
        BERLIN.instant(wall("2025-03-30T02:30"))


def test_a_local_time_that_occurs_twice_is_refused_with_both_readings() -> None:
    with pytest.raises(
        LocalTimeError, match=r"twice in Europe/Berlin: .* Add the offset, \+02:00 or \+01:00\."
    ):
        BERLIN.instant(wall("2025-10-26T02:30"))


def test_a_local_time_has_its_own_offset_whenever_it_is_asked() -> None:
    assert BERLIN.instant(wall("2025-01-15T09:00")) == at("2025-01-15T08:00")
    assert BERLIN.instant(wall("2025-07-15T09:00")) == at("2025-07-15T07:00")


def test_a_skipped_midnight_begins_the_day_at_the_change() -> None:
    cairo = zone_table("Africa/Cairo", first_year=2024, last_year=2025)
    assert cairo.midnight(date(2024, 4, 26)) == at("2024-04-25T22:00")
    assert cairo.local(cairo.midnight(date(2024, 4, 26))) == wall("2024-04-26T01:00")


def test_the_date_of_an_event_is_that_of_its_zone() -> None:
    assert PACIFIC.date_of(at("2025-02-01T01:00")) == date(2025, 1, 31)


def test_fixed_offsets_ignore_summer() -> None:
    eastern = zone_table("UTC-05:00", first_year=2025, last_year=2025)
    assert eastern.local(at("2025-07-01T12:00")) == wall("2025-07-01T07:00")


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'Mars/Olympus' is no time zone\. Give an IANA name"):
        zone_info("Mars/Olympus")


def hours(*rows: tuple[int, int, int], special: tuple[SpecialDay, ...] = ()) -> BusinessCalendar:
    weekly = tuple(WeeklyHours(weekday=day, opens=opens, closes=closes) for day, opens, closes in rows)
    return BusinessCalendar(code="office", zone="Europe/Berlin", weekly=weekly, special=special)


OFFICE = hours(*((day, 540, 1020) for day in range(5)))


def test_office_hours_keep_their_local_time_all_year() -> None:
    year = period_named("2025", rule=PeriodRule(kind=PeriodKind.YEAR), zone=BERLIN)
    slots = open_time(OFFICE, BERLIN, year.during)
    assert len(slots) == 261
    assert {BERLIN.local(slot.start).hour for slot in slots} == {9}
    assert total(slots) == timedelta(hours=2088)


def test_around_the_clock_loses_no_minute() -> None:
    june = period_named("2025-06", rule=MONTH, zone=BERLIN)
    always = hours(*((day, 0, 1440) for day in range(7)))
    assert open_time(always, BERLIN, june.during) == (june.during,)
    assert closed_time(always, zone=BERLIN, during=june.during) == []


def test_hours_over_midnight_and_over_the_end_of_the_week_join() -> None:
    weekend = hours((6, 1320, 1440), (0, 0, 360))
    week = period_named("2025-W23", rule=PeriodRule(kind=PeriodKind.WEEK), zone=BERLIN)
    both = Interval(week.during.start, week.during.end + timedelta(days=1))
    slots = open_time(weekend, BERLIN, both)
    assert [(BERLIN.local(s.start), BERLIN.local(s.end)) for s in slots] == [
        (wall("2025-06-02T00:00"), wall("2025-06-02T06:00")),
        (wall("2025-06-08T22:00"), wall("2025-06-09T06:00")),
    ]


CHANGES = [
    ("hours in the gap", date(2025, 3, 30), (120, 180), 0),
    ("hours over the gap", date(2025, 3, 30), (60, 240), 120),
    ("hours that begin in the gap", date(2025, 3, 30), (150, 240), 60),
    ("hours in the fold come twice", date(2025, 10, 26), (120, 180), 120),
    ("half of the fold comes twice", date(2025, 10, 26), (150, 180), 60),
    ("hours over the fold", date(2025, 10, 26), (60, 240), 240),
    ("local hours before the change", date(2025, 10, 26), (60, 120), 60),
]


@pytest.mark.parametrize(
    ("on", "span", "minutes"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_open_hours_are_what_the_wall_clock_shows(on: date, span: tuple[int, int], minutes: int) -> None:
    calendar = hours((6, *span))
    day = period_on(on, rule=PeriodRule(kind=PeriodKind.DAY), zone=BERLIN)
    assert total(open_time(calendar, BERLIN, day.during)) == timedelta(minutes=minutes)


def test_special_days_take_the_place_of_their_weekday() -> None:
    special = (SpecialDay(on=date(2025, 6, 9)), SpecialDay(on=date(2025, 6, 14), opens=600, closes=720))
    calendar = hours(*((day, 540, 1020) for day in range(5)), special=special)
    week = period_named("2025-W24", rule=PeriodRule(kind=PeriodKind.WEEK), zone=BERLIN)
    slots = open_time(calendar, BERLIN, week.during)
    assert [BERLIN.local(slot.start).isoformat(timespec="minutes") for slot in slots] == [
        "2025-06-10T09:00",
        "2025-06-11T09:00",
        "2025-06-12T09:00",
        "2025-06-13T09:00",
        "2025-06-14T10:00",
    ]


def test_working_days_skip_closed_days_both_ways() -> None:
    calendar = hours(*((day, 540, 1020) for day in range(5)), special=(SpecialDay(on=date(2025, 5, 1)),))
    assert add_working_days(date(2025, 4, 30), 1, calendar=calendar) == date(2025, 5, 2)
    assert add_working_days(date(2025, 5, 2), -1, calendar=calendar) == date(2025, 4, 30)
    assert add_working_days(date(2025, 5, 3), 0, calendar=calendar) == date(2025, 5, 3)
    assert add_working_days(date(2025, 5, 9), 1, calendar=calendar) == date(2025, 5, 12)


REFUSED = [
    (lambda: PeriodRule(anchor_day=31), r"anchor_day is 31\. Every month must have it: use 1 to 28\."),
    (lambda: PeriodRule(anchor_month=13), r"anchor_month is 13\. Use 1 \(January\) to 12\."),
    (lambda: PeriodRule(length=0), r"length is 0\. A rolling period has at least 1 day or month\."),
    (lambda: WeeklyHours(weekday=7, opens=0, closes=1), r"weekday is 7\. Monday is 0, Sunday is 6\."),
    (
        lambda: WeeklyHours(weekday=0, opens=1320, closes=360),
        r"Write two rows for hours that cross",
    ),
]


@pytest.mark.parametrize(("made", "message"), REFUSED)
def test_impossible_rules_are_refused(made: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made()


def test_a_calendar_of_special_days_alone_is_open_around_every_other_clock() -> None:
    half = SpecialDay(on=date(2025, 3, 5), opens=0, closes=720)
    calendar = BusinessCalendar(code="c", zone="UTC", special=(half, SpecialDay(on=date(2025, 3, 6))))
    during = Interval(at("2025-03-04T00:00"), at("2025-03-08T00:00"))
    assert open_time(calendar, UTC_TABLE, during) == (
        Interval(at("2025-03-04T00:00"), at("2025-03-05T12:00")),
        Interval(at("2025-03-07T00:00"), at("2025-03-08T00:00")),
    )


def test_no_working_days_later_is_the_same_day_and_one_is_the_next() -> None:
    calendar = BusinessCalendar(code="c", zone="UTC")
    days = [add_working_days(date(2025, 3, 5), days, calendar=calendar).day for days in (-1, 0, 1)]
    assert days == [4, 5, 6]


@pytest.mark.parametrize(
    ("rule", "on", "label"),
    [
        (PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2), date(2025, 1, 31), "2024-Q4"),
        (PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2), date(2025, 2, 1), "2025-Q1"),
        (PeriodRule(kind=PeriodKind.QUARTER, anchor_month=12), date(2025, 3, 1), "2024-Q2"),
        (PeriodRule(kind=PeriodKind.MONTH, anchor_day=28), date(2025, 3, 27), "2025-02"),
        (PeriodRule(kind=PeriodKind.MONTH, anchor_day=28), date(2025, 3, 28), "2025-03"),
        (PeriodRule(kind=PeriodKind.YEAR, anchor_month=12), date(2025, 11, 30), "2024"),
    ],
)
def test_fiscal_periods_are_named_by_the_year_they_begin_in(rule: PeriodRule, on: date, label: str) -> None:
    assert period_on(on, rule=rule, zone=UTC_TABLE).label == label


@pytest.mark.parametrize("anchor", [{"anchor_day": 29}, {"anchor_month": 13}])
def test_an_anchor_that_not_every_period_has_is_refused(anchor: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"anchor_(day|month) is (29|13)\."):
        PeriodRule(**anchor)


def test_an_hour_is_not_found_by_a_date() -> None:
    with pytest.raises(ValueError, match=r"^An hour is not found by a date\. Use periods_ending_in\.$"):
        period_on(date(2025, 3, 5), rule=PeriodRule(kind=PeriodKind.HOUR), zone=UTC_TABLE)


def test_hours_of_a_day_are_named_by_the_clock_and_lie_on_its_date() -> None:
    day = period_named("2025-03-05", rule=PeriodRule(kind=PeriodKind.DAY), zone=NEW_YORK)
    hours = periods_ending_in(day, rule=PeriodRule(kind=PeriodKind.HOUR), zone=NEW_YORK)
    assert (len(hours), hours[0].label, hours[-1].label) == (24, "2025-03-05T00:00", "2025-03-05T23:00")
    assert hours[-1].during == Interval(at("2025-03-06T04:00"), at("2025-03-06T05:00"))
    assert {(hour.first_on, hour.last_on) for hour in hours} == {(date(2025, 3, 5), date(2025, 3, 5))}


@pytest.mark.parametrize(
    ("name", "hours"),
    [("UTC-05:30", -5.5), ("UTC+05:30", 5.5), ("UTC+00:00", 0), ("UTC-00:30", -0.5)],
)
def test_a_fixed_offset_is_east_or_west(name: str, hours: float) -> None:
    table = zone_table(name, first_year=2024, last_year=2024)
    assert [seconds for _, seconds in table.offsets] == [hours * 3600]


def test_a_time_that_occurs_twice_is_refused_with_offsets_west_and_none() -> None:
    with pytest.raises(LocalTimeError, match=r"Add the offset, -04:00 or -05:00\.$"):
        NEW_YORK.instant(wall("2025-11-02T01:30"))
    with pytest.raises(LocalTimeError, match=r"Add the offset, \+01:00 or \+00:00\.$"):
        LONDON.instant(wall("2025-10-26T01:30"))


def test_the_clock_changes_at_its_exact_second_and_each_stretch_has_one_offset() -> None:
    change = at("2025-03-30T01:00")
    assert (change, 7200) in BERLIN.offsets
    day = Interval(at("2025-03-29T23:00"), at("2025-03-30T22:00"))
    assert list(BERLIN.stretches(day)) == [
        (Interval(day.start, change), 3600),
        (Interval(change, day.end), 7200),
    ]
    assert list(BERLIN.stretches(Interval(change, day.end))) == [(Interval(change, day.end), 7200)]
    assert list(BERLIN.stretches(Interval(day.start, change))) == [(Interval(day.start, change), 3600)]


@pytest.mark.parametrize(
    ("outer", "kind", "inner", "labels"),
    [
        ("2025-02", PeriodKind.MONTH, PeriodKind.DAY, [f"2025-02-{day:02d}" for day in range(1, 29)]),
        ("2025-Q1", PeriodKind.QUARTER, PeriodKind.MONTH, ["2025-01", "2025-02", "2025-03"]),
        ("2025", PeriodKind.YEAR, PeriodKind.QUARTER, ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]),
        ("2025-02", PeriodKind.MONTH, PeriodKind.QUARTER, []),
    ],
)
def test_every_period_that_ends_in_another_is_found_the_last_too(
    outer: str, kind: PeriodKind, inner: PeriodKind, labels: list[str]
) -> None:
    whole = period_named(outer, rule=PeriodRule(kind=kind), zone=UTC_TABLE)
    found = periods_ending_in(whole, rule=PeriodRule(kind=inner), zone=UTC_TABLE)
    assert [period.label for period in found] == labels


def test_the_last_anchors_and_hours_that_exist_are_taken() -> None:
    assert PeriodRule(anchor_day=28, anchor_month=12).anchor_month == 12
    assert WeeklyHours(weekday=6, opens=0, closes=1440).closes == 1440
    for opens, closes in ((540, 540), (0, 1441)):
        with pytest.raises(ValueError, match=str(closes)):
            WeeklyHours(weekday=0, opens=opens, closes=closes)
