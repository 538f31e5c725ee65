"""How far back a pattern looks, what lies on the edge, by when notice is due, and how it reads."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.claims.timeline import look_back_from, statement_on
from sla.engine.facts import Outcome, Verdict
from sla.engine.periods import PeriodKind, PeriodRule, period_named, period_on
from sla.engine.terms import Anchor, ChronicKind, ChronicRule, Offset, OffsetUnit, Pays
from tests.engine.chronic_builder import (
    MINUTE,
    SCHEDULE,
    ZONE,
    counter,
    counters,
    credit,
    now,
    past,
    rule,
    run,
)

DAILY = PeriodRule(kind=PeriodKind.DAY)
WEEKLY = PeriodRule(kind=PeriodKind.WEEK)
QUARTERLY = PeriodRule(kind=PeriodKind.QUARTER)
YEARLY = PeriodRule(kind=PeriodKind.YEAR)
LOOK_BACKS = [
    ("2025-06-14", DAILY, 3, date(2025, 6, 12)),
    ("2025-W24", WEEKLY, 3, date(2025, 5, 26)),
    ("2025-06", PeriodRule(), 4, date(2025, 3, 1)),
    ("2025-06", PeriodRule(anchor_day=15), 2, date(2025, 5, 15)),
    ("2025-Q2", QUARTERLY, 3, date(2024, 10, 1)),
    # 365 days before 1 January 2025 is 2 January 2024: 2024 has 366.
    ("2025", YEARLY, 2, date(2024, 1, 1)),
    ("2025-06", PeriodRule(), 1, date(2025, 6, 1)),
]


@pytest.mark.parametrize(("label", "cut", "count", "first"), LOOK_BACKS)
def test_the_last_periods_begin_where_the_calendar_says(
    label: str, cut: PeriodRule, count: int, first: date
) -> None:
    assert look_back_from(period_named(label, rule=cut, zone=ZONE), count=count) == first


def test_a_rolling_period_follows_no_grid() -> None:
    rolling = PeriodRule(kind=PeriodKind.ROLLING_DAYS, length=30)
    assert look_back_from(period_on(date(2025, 6, 14), rule=rolling, zone=ZONE), count=3) is None


def test_of_rolling_periods_the_last_rows_count() -> None:
    rolling = PeriodRule(kind=PeriodKind.ROLLING_DAYS, length=30)

    def window(day: int) -> Outcome:
        period = period_on(date(2025, 6, day), rule=rolling, zone=ZONE)
        bounds = {"period": period.label, "first_on": period.first_on, "last_on": period.last_on}
        return replace(past("2025-05", missed=True), **bounds)

    history = tuple(window(day) for day in (10, 11, 12, 13))
    newest = replace(
        now("2025-06", missed=True), window=period_on(date(2025, 6, 14), rule=rolling, zone=ZONE)
    )
    two = rule(ChronicKind.MISSES, 2, of_last=2)
    assert counter(two, newest, history=history).count == 2


@pytest.mark.parametrize(
    ("cut", "label"), [(PeriodRule(kind=PeriodKind.HOUR), "2025-06-14"), (PeriodRule(), "2025-06")]
)
def test_hourly_statements_are_told_by_their_day(cut: PeriodRule, label: str) -> None:
    assert statement_on(date(2025, 6, 14), schedule=replace(SCHEDULE, period=cut), zone=ZONE).label == label


# The 61 days that end with 30 June begin on 1 May; the 62nd is 30 April, the last of April's window.
DAYS = [(61, 2), (62, 3)]


@pytest.mark.parametrize(("days", "count"), DAYS)
def test_windows_that_end_in_the_last_days_count_for_each_service_level(days: int, count: int) -> None:
    spanned = rule(ChronicKind.MISSES, 3, span_days=days)
    history = (past("2025-04", missed=True), past("2025-05", missed=True))
    measured = (now("2025-06", missed=True), now("2025-06", missed=True, target="repair"))
    found = counters(spanned, *measured, history=history)
    assert [(one.target, one.count, one.reached) for one in found] == [
        ("repair", 1, False),
        ("uptime", count, count == 3),
    ]


@pytest.mark.parametrize(("days", "count"), DAYS)
def test_critical_levels_of_the_last_days_count(days: int, count: int) -> None:
    critical = rule(ChronicKind.BELOW, 3, level=Decimal(98), span_days=days)
    history = (past("2025-04", value=Fraction(97)), past("2025-05", value=Fraction(97)))
    found = counter(critical, now("2025-06", value=Fraction(97)), history=history)
    assert (found.count, found.reached) == (count, count == 3)


def test_critical_levels_of_the_last_periods_count() -> None:
    critical = rule(ChronicKind.BELOW, 2, level=Decimal(98), of_last=2)
    history = (past("2025-04", value=Fraction(97)), past("2025-05", value=Fraction(97)))
    assert counter(critical, now("2025-06", value=Fraction(97)), history=history).count == 2


@pytest.mark.parametrize(("span", "count"), [({"span_days": 61}, 7), ({"span_days": 62}, 57), ({}, 3)])
def test_points_of_the_last_days_or_of_this_period_alone(span: dict[str, int], count: int) -> None:
    many = rule(ChronicKind.POINTS, level=Decimal(100), **span)
    history = (past("2025-04", points=Fraction(50)), past("2025-05", points=Fraction(4)))
    points = credit(pays=Pays.POINTS, before_caps=Fraction(3), due=0)
    assert counter(many, now("2025-06", missed=True), history=history, credits=points).count == count


def test_caps_reached_are_counted_over_all_history_where_no_span_is_named() -> None:
    history = (past("2020-01", cap_reached=("month",)), past("2025-05", cap_reached=("month", "year")))
    found = counter(rule(ChronicKind.CAP_REACHED, 2), now("2025-06"), history=history)
    assert (found.reached, found.count) == (True, 2)
    assert [step.because for step in found.step.inputs] == [
        "uptime in 2020-01: cap month reached.",
        "uptime in 2025-05: cap month, year reached.",
    ]


def test_each_week_of_the_statement_looks_back_by_itself() -> None:
    def week(number: int, *, missed: bool) -> dict[str, object]:
        period = period_named(f"2025-W{number}", rule=WEEKLY, zone=ZONE)
        verdict = Verdict.MISSED if missed else Verdict.MET
        return {"window": period, "verdict": verdict}

    before = period_named("2025-W22", rule=WEEKLY, zone=ZONE)
    history = (
        replace(
            past("2025-05", missed=True),
            period="2025-W22",
            first_on=before.first_on,
            last_on=before.last_on,
        ),
    )
    measured = [
        replace(now("2025-06"), **week(23, missed=True)),
        replace(now("2025-06"), **week(24, missed=False)),
    ]
    period = period_named("2025-06", rule=PeriodRule(), zone=ZONE)
    two = rule(ChronicKind.MISSES, 2, of_last=2)
    found = counter(two, *measured, history=history, period=period)
    assert (found.reached, found.count) == (True, 2)


def test_rolling_downtime_of_two_service_levels_is_one_sum() -> None:
    runs = (run("2025-06-10T10:00", 60), run("2025-06-12T10:00", 60))
    limit = rule(ChronicKind.CUMULATIVE, level=timedelta(hours=3), span_days=30)
    found = counters(limit, now("2025-06", runs=runs), now("2025-06", runs=runs, target="repair"))
    assert [(one.target, one.units, one.count) for one in found] == [("", ("line",), 120 * MINUTE)]


def test_with_nothing_counted_one_empty_counter_stands_for_all() -> None:
    two = rule(ChronicKind.MISSES, 2, of_last=3)
    found = counters(two, now("2025-06"), now("2025-06", target="repair"))
    assert [(one.target, one.count) for one in found] == [("repair", 0)]


def test_the_counter_tells_the_span_that_held_most_not_the_latest() -> None:
    days = ("2025-05-20", "2025-05-21", "2025-05-22", "2025-05-23")
    history = (past("2025-05", runs=tuple(run(f"{day}T10:00", 60) for day in days)),)
    three = rule(ChronicKind.OUTAGES, 3, span_days=30)
    # 10 June looks back to 12 May and holds five; 21 June to 23 May and holds three.
    runs = (run("2025-06-10T10:00", 60), run("2025-06-21T10:00", 60))
    found = counter(three, now("2025-06", runs=runs), history=history)
    assert (found.reached, found.count) == (True, 5)


EDGES = [
    ("over at the first instant of June", "2025-05-31T22:00", 120, False),
    ("a minute into June", "2025-05-31T22:00", 121, True),
    ("begun at the first instant of July", "2025-07-01T00:00", 120, False),
    ("begun in the last minute of June", "2025-06-30T23:59", 120, True),
]


@pytest.mark.parametrize(
    ("start", "minutes", "reached"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES]
)
def test_a_single_failure_counts_in_a_period_that_it_is_part_of(
    start: str, minutes: int, reached: bool
) -> None:
    single = rule(ChronicKind.SINGLE, level=timedelta(hours=1))
    assert counter(single, now("2025-06", runs=(run(start, minutes),))).reached is reached


ON_THE_LEVEL = [
    (Decimal(98), False, True, Fraction(98), 1),
    (Decimal(98), False, True, Fraction("97.5"), 1),
    (Decimal(98), False, True, Fraction("98.01"), 0),
    (Decimal(2), True, True, Fraction(2), 1),
    (Decimal(2), True, True, Fraction("1.99"), 0),
    (Decimal(98), False, False, None, 0),
]


@pytest.mark.parametrize(("level", "over", "inclusive", "value", "count"), ON_THE_LEVEL)
def test_a_value_on_the_level_counts_where_the_clause_includes_it(
    level: Decimal, over: bool, inclusive: bool, value: Fraction | None, count: int
) -> None:
    critical = rule(ChronicKind.BELOW, level=level, over=over, inclusive=inclusive)
    assert counter(critical, now("2025-06", value=value)).count == count


OF_A_RUN = [
    (Anchor.INCIDENT_START, "2025-06-17T22:00"),
    (Anchor.REPORTED, "2025-06-17T22:00"),
    (Anchor.AWARE, "2025-06-17T22:00"),
    (Anchor.INCIDENT_END, "2025-06-18T04:00"),
    (Anchor.TICKET_CLOSED, "2025-06-18T04:00"),
    (Anchor.PERIOD_END, "2025-07-03T00:00"),
    (Anchor.MONTH_END, "2025-07-03T00:00"),
]


@pytest.mark.parametrize(("anchor", "until"), OF_A_RUN)
def test_notice_counts_from_the_run_as_the_only_report_of_it(anchor: Anchor, until: str) -> None:
    notice = Offset(n=Decimal(48), unit=OffsetUnit.HOURS, anchor=anchor)
    single = rule(ChronicKind.SINGLE, level=timedelta(hours=1), notice=notice)
    found = counter(single, now("2025-06", runs=(run("2025-06-15T22:00", 360),)))
    assert found.notice_by is not None
    assert f"{found.notice_by.due_until:%Y-%m-%dT%H:%M}" == until


def test_notice_of_eligibility_warns_by_the_end_of_the_run_before_the_end_of_the_period() -> None:
    notice = Offset(n=Decimal(2), anchor=Anchor.ELIGIBLE)
    single = rule(ChronicKind.SINGLE, level=timedelta(hours=1), notice=notice)
    found = counter(single, now("2025-06", runs=(run("2025-06-15T22:00", 360),)))
    assert found.notice_by is not None
    assert (found.notice_by.due_on, found.notice_by.reading) == (
        date(2025, 6, 18),
        "eligible when it happened",
    )


def test_no_notice_is_due_from_a_claim_that_nobody_made() -> None:
    notice = Offset(n=Decimal(2), anchor=Anchor.SUBMITTED)
    single = rule(ChronicKind.SINGLE, level=timedelta(hours=1), notice=notice)
    found = counter(single, now("2025-06", runs=(run("2025-06-15T22:00", 360),)))
    assert (found.reached, found.notice_by) == (True, None)


@pytest.mark.parametrize("anchor", [Anchor.INCIDENT_START, Anchor.REPORTED, Anchor.PERIOD_END])
def test_notice_of_missed_periods_counts_from_the_end_of_the_last(anchor: Anchor) -> None:
    three = rule(
        ChronicKind.CONSECUTIVE, 3, notice=Offset(n=Decimal(30), anchor=anchor), clause="§ 9", opens="exit"
    )
    history = (past("2025-03", missed=True), past("2025-04", missed=True))
    found = counter(three, now("2025-05", missed=True), history=history)
    notice = found.notice_by
    assert notice is not None
    assert notice.step is not None
    assert (notice.what, notice.due_on, notice.clause) == (
        "notice of Chronic failure",
        date(2025, 6, 30),
        "§ 9",
    )
    assert (notice.required, found.step.clause) == (False, "§ 9")
    assert notice.step.because == (
        "notice of Chronic failure: 30 days from the end of the period, 2025-06-01 00:00:00 UTC, "
        "last to the end of 2025-06-30."
    )


def test_a_rule_without_a_name_goes_by_its_code() -> None:
    nameless = ChronicRule(
        code="outages-3", kind=ChronicKind.SINGLE, level=timedelta(hours=1), notice=Offset(n=Decimal(1))
    )
    found = counter(nameless, now("2025-06", runs=(run("2025-06-15T22:00", 360),)))
    assert found.notice_by is not None
    assert (found.code, found.name, found.notice_by.what) == ("outages-3", "outages-3", "notice of outages-3")
    assert found.step.because == "outages-3: 1 of 1 single outages longer than 1 h of line: reached."


HOUR = timedelta(hours=1)
SENTENCES = [
    (rule(ChronicKind.MISSES, 2, of_last=6), "0 of 2 periods missed of uptime of line in the last 6 periods"),
    (
        rule(ChronicKind.MISSES, 2, expected=True),
        "0 of 2 periods short of the expected level of uptime of line",
    ),
    (rule(ChronicKind.CONSECUTIVE, 3), "0 of 3 consecutive periods missed of uptime of line"),
    (rule(ChronicKind.BELOW, level=Decimal(98)), "0 of 1 periods below 98 of uptime of line"),
    (
        rule(ChronicKind.BELOW, level=Decimal(98), inclusive=True),
        "0 of 1 periods at or below 98 of uptime of line",
    ),
    (
        rule(ChronicKind.BELOW, level=Decimal(2000), over=True),
        "0 of 1 periods above 2000 of uptime of line",
    ),
    (
        rule(ChronicKind.BELOW, level=Decimal(2000), over=True, inclusive=True),
        "0 of 1 periods at or above 2000 of uptime of line",
    ),
    (rule(ChronicKind.BELOW, level=HOUR), "0 of 1 periods above 1 h of uptime of line"),
    (rule(ChronicKind.OUTAGES, 3, longer_than=HOUR), "0 of 3 outages longer than 1 h of line"),
    (
        rule(ChronicKind.OUTAGES, 3, longer_than=HOUR, inclusive=True, span_days=30),
        "0 of 3 outages of at least 1 h of line in 30 days",
    ),
    (
        rule(ChronicKind.CUMULATIVE, level=HOUR, inclusive=True),
        "0 s of downtime where at least 1 h counts of uptime of line",
    ),
    (rule(ChronicKind.POINTS, level=Decimal(7)), "0 points where more than 7 points counts"),
    (
        rule(ChronicKind.POINTS, level=Decimal(7), inclusive=True),
        "0 points where at least 7 points counts",
    ),
    (
        rule(ChronicKind.CAP_REACHED, 3, of_last=6),
        "a cap was reached in 0 of 3 periods in the last 6 periods",
    ),
]


@pytest.mark.parametrize(("pattern", "sentence"), SENTENCES)
def test_a_pattern_says_what_it_counts(pattern: ChronicRule, sentence: str) -> None:
    found = counter(pattern, now("2025-06"))
    assert found.step.because == f"Chronic failure: {sentence}: not reached."


def test_what_counted_is_told_window_by_window() -> None:
    critical = rule(ChronicKind.BELOW, 2, level=Decimal(98), of_last=2)
    history = (past("2025-05", missed=True, value=Fraction("97.5"), counted_us=MINUTE),)
    found = counter(critical, now("2025-06", value=Fraction(97)), history=history)
    assert found.step.because == (
        "Chronic failure: 2 of 2 periods below 98 of uptime of line in the last 2 periods: reached."
    )
    assert [step.because for step in found.step.inputs] == [
        "uptime in 2025-05: missed, 97.5, 1 min counted.",
        "uptime in 2025-06: met, 97.",
    ]


def test_several_units_a_length_and_points_are_told_in_words() -> None:
    slow = rule(ChronicKind.BELOW, level=HOUR)
    found = counter(
        slow, now("2025-06", unit="us", units=("a", "b"), value=Fraction(90 * MINUTE), missed=True)
    )
    assert found.step.because == "Chronic failure: 1 of 1 periods above 1 h of uptime of a, b: reached."
    assert [step.because for step in found.step.inputs] == ["uptime in 2025-06: missed, 1 h 30 min."]
    points = counter(
        rule(ChronicKind.POINTS, level=Decimal(3)),
        now("2025-06"),
        credits=credit(pays=Pays.POINTS, before_caps=Fraction(5), due=0),
    )
    assert [step.because for step in points.step.inputs] == ["uptime in 2025-06: 5 points."]


def test_no_downtime_is_no_pattern_even_where_any_would_be() -> None:
    any_at_all = rule(ChronicKind.CUMULATIVE, level=timedelta(0), inclusive=True)
    found = counter(any_at_all, now("2025-06", units=()))
    assert (found.reached, found.count) == (False, 0)
    assert found.step.because == (
        "Chronic failure: 0 s of downtime where at least 0 s counts of uptime: not reached."
    )


def test_a_pattern_can_be_complete_on_the_first_day_of_the_period() -> None:
    # The 30 days that end with 1 June begin on 3 May; by 30 June two of the three lie too far back.
    history = (past("2025-05", runs=(run("2025-05-03T10:00", 60), run("2025-05-04T10:00", 60))),)
    three = rule(ChronicKind.OUTAGES, 3, span_days=30)
    found = counter(three, now("2025-06", runs=(run("2025-06-01T10:00", 60),)), history=history)
    assert (found.reached, found.count) == (True, 3)


def test_periods_with_too_much_downtime_are_counted_whatever_their_verdict() -> None:
    long = rule(ChronicKind.MISSES, 2, level=HOUR, of_last=2)
    unsure = {"verdict": Verdict.MET_UNCONFIRMED, "counted_us": 61 * MINUTE}
    history = (past("2025-05", **unsure, value=Fraction("99.9")),)
    found = counter(long, now("2025-06", counted_us=Fraction(60 * MINUTE)), history=history)
    assert (found.reached, found.count) == (False, 1)
    (step,) = found.step.inputs
    assert step.because == "uptime in 2025-05: met unconfirmed, 99.9, 1 h 1 min counted."
    assert dict(step.notes)["units"] == ("line",)
