"""Chronic patterns: clauses.md 2.9, examples 59 and N7, readings A36, A39, A40."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.facts import Outcome, Verdict
from sla.engine.periods import PeriodKind, PeriodRule, period_named
from sla.engine.results import Removed
from sla.engine.terms import Anchor, ChronicKind, Offset, OffsetUnit, Pays
from tests.engine.chronic_builder import (
    FACTS,
    MINUTE,
    NEW_YORK,
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

THREE_IN_30_DAYS = rule(
    ChronicKind.OUTAGES,
    3,
    longer_than=timedelta(minutes=30),
    span_days=30,
    notice=Offset(n=Decimal(30), anchor=Anchor.INCIDENT_START),
    opens="termination of the circuit",
    ends="circuit",
    waived_if_late=True,
)


def test_three_long_outages_in_any_thirty_days_are_chronic() -> None:
    history = (past("2025-05", runs=(run("2025-05-17T10:00", 31), run("2025-05-20T10:00", 45))),)
    found = counter(THREE_IN_30_DAYS, now("2025-06", runs=(run("2025-06-15T10:00", 60),)), history=history)
    assert (found.reached, found.count, found.needed, found.missing) == (True, 3, 3, 0)
    assert found.notice_by is not None
    assert (found.notice_by.due_on, found.notice_by.required) == (date(2025, 7, 15), True)
    assert (found.opens, found.ends, found.units) == ("termination of the circuit", "circuit", ("line",))
    assert found.step.because == (
        "Chronic failure: 3 of 3 outages longer than 30 min of line in 30 days: "
        "reached, opens termination of the circuit."
    )
    assert [step.because for step in found.step.inputs] == [
        "An outage of 31 min, from 2025-05-17 10:00:00 UTC to 2025-05-17 10:31:00 UTC.",
        "An outage of 45 min, from 2025-05-20 10:00:00 UTC to 2025-05-20 10:45:00 UTC.",
        "An outage of 1 h, from 2025-06-15 10:00:00 UTC to 2025-06-15 11:00:00 UTC.",
    ]


SPANS = [
    ("first and last date included", "2025-05-17T23:59", True),
    ("a day too early", "2025-05-16T23:59", False),
]


@pytest.mark.parametrize(("first", "reached"), [row[1:] for row in SPANS], ids=[row[0] for row in SPANS])
def test_thirty_days_are_calendar_dates_inclusive_by_the_start_of_the_run(first: str, reached: bool) -> None:
    # 17 May to 15 June are 30 dates, though 15 June 23:59 is more than 29 x 24 hours later.
    history = (past("2025-05", runs=(run(first, 31), run("2025-05-20T10:00", 45))),)
    found = counter(THREE_IN_30_DAYS, now("2025-06", runs=(run("2025-06-15T00:00", 60),)), history=history)
    assert found.reached is reached


def test_spans_are_cut_by_local_dates() -> None:
    # 02:00 UTC on the 17th is still the 16th in New York.
    facts = replace(FACTS, zone=NEW_YORK)
    history = (past("2025-05", runs=(run("2025-05-17T02:00", 31), run("2025-05-20T10:00", 45))),)
    measured = now("2025-06", runs=(run("2025-06-15T12:00", 60),))
    assert counter(THREE_IN_30_DAYS, measured, history=history, facts=facts).reached is False


def test_a_run_of_exactly_the_limit_counts_only_where_at_least_is_enough() -> None:
    runs = tuple(run(f"2025-06-0{day}T10:00", 30) for day in (1, 2, 3))
    assert counter(THREE_IN_30_DAYS, now("2025-06", runs=runs)).count == 0
    assert counter(replace(THREE_IN_30_DAYS, inclusive=True), now("2025-06", runs=runs)).reached is True


def test_a_run_over_the_edge_of_two_windows_is_one_run() -> None:
    over = run("2025-05-31T23:00", 120)
    history = (past("2025-05", runs=(over, run("2025-05-20T10:00", 45))),)
    found = counter(THREE_IN_30_DAYS, now("2025-06", runs=(over,)), history=history)
    assert (found.count, found.missing) == (0, 3)


def test_the_same_run_seen_by_two_service_levels_is_one_run() -> None:
    runs = (run("2025-06-10T10:00", 60), run("2025-06-12T10:00", 60))
    found = counter(THREE_IN_30_DAYS, now("2025-06", runs=runs), now("2025-06", runs=runs, target="repair"))
    assert (found.count, found.missing) == (2, 1)


def test_outages_of_different_circuits_are_counted_apart() -> None:
    other = ("other",)
    runs = tuple(run(f"2025-06-1{day}T10:00", 60) for day in (1, 2, 3))
    elsewhere = tuple(replace(one, units=other) for one in runs[:2])
    found = counters(THREE_IN_30_DAYS, now("2025-06", runs=runs), now("2025-06", runs=elsewhere, units=other))
    assert [(one.units, one.reached, one.count) for one in found] == [(("line",), True, 3), (other, False, 2)]


def test_until_it_is_reached_the_counter_tells_the_span_that_ends_with_the_period() -> None:
    history = (past("2025-05", runs=(run("2025-05-17T10:00", 60), run("2025-05-20T10:00", 60))),)
    found = counter(THREE_IN_30_DAYS, now("2025-06"), history=history)
    assert (found.reached, found.count, found.missing, found.notice_by) == (False, 0, 3, None)
    assert (
        found.step.because
        == "Chronic failure: 0 of 3 outages longer than 30 min of line in 30 days: not reached."
    )


def test_notice_counts_from_the_run_that_completed_the_pattern_not_from_a_later_one() -> None:
    runs = tuple(run(f"2025-06-{day:02d}T10:00", 60) for day in (1, 2, 3, 25))
    found = counter(THREE_IN_30_DAYS, now("2025-06", runs=runs))
    assert found.notice_by is not None
    assert (found.count, found.notice_by.due_on) == (4, date(2025, 7, 3))


def test_outages_of_the_last_months_count_where_the_span_is_in_periods() -> None:
    two_months = rule(ChronicKind.OUTAGES, 2, of_last=2)
    history = (
        past("2025-04", runs=(run("2025-04-30T10:00", 5),)),
        past("2025-05", runs=(run("2025-05-01T10:00", 5),)),
    )
    assert counter(two_months, now("2025-06"), history=history).count == 1
    assert counter(replace(two_months, of_last=3), now("2025-06"), history=history).count == 2


def test_more_than_24_hours_in_the_month_is_cumulative() -> None:
    day = rule(ChronicKind.CUMULATIVE, level=timedelta(hours=24))
    history = (past("2025-05", counted_us=30 * 60 * MINUTE),)
    exact = counter(day, now("2025-06", counted_us=Fraction(24 * 60 * MINUTE)), history=history)
    assert (exact.reached, exact.count, exact.needed, exact.unit) == (
        False,
        24 * 60 * MINUTE,
        24 * 60 * MINUTE,
        "us",
    )
    beyond = counter(day, now("2025-06", counted_us=Fraction(24 * 60 * MINUTE + 1)), history=history)
    assert (beyond.reached, beyond.count) == (True, 24 * 60 * MINUTE + 1)
    assert exact.step.because == (
        "Chronic failure: 24 h of downtime where more than 24 h counts of uptime of line: not reached."
    )


def test_cumulative_time_reaches_over_periods_or_rolling_days() -> None:
    history = (past("2025-05", counted_us=60 * MINUTE, runs=(run("2025-05-20T10:00", 60),)),)
    measured = now("2025-06", runs=(run("2025-06-18T10:00", 61),))
    two_hours = timedelta(hours=2)
    periods = counter(rule(ChronicKind.CUMULATIVE, level=two_hours, of_last=2), measured, history=history)
    rolling = counter(rule(ChronicKind.CUMULATIVE, level=two_hours, span_days=30), measured, history=history)
    short = counter(rule(ChronicKind.CUMULATIVE, level=two_hours, span_days=29), measured, history=history)
    assert [(one.reached, one.count) for one in (periods, rolling, short)] == [
        (True, 121 * MINUTE),
        (True, 121 * MINUTE),
        (False, 61 * MINUTE),
    ]


def test_one_outage_past_the_limit_is_enough_for_a_single_failure() -> None:
    single = rule(ChronicKind.SINGLE, level=timedelta(hours=72))
    history = (past("2025-05", runs=(run("2025-05-01T00:00", 100 * 60),)),)
    assert (
        counter(single, now("2025-06", runs=(run("2025-06-01T00:00", 72 * 60),)), history=history).reached
        is False
    )
    found = counter(single, now("2025-06", runs=(run("2025-05-31T00:00", 72 * 60 + 1),)), history=history)
    assert (found.reached, found.count, found.missing) == (True, 1, 0)


def test_three_consecutive_months_missed() -> None:
    three = rule(ChronicKind.CONSECUTIVE, 3, notice=Offset(n=Decimal(30), anchor=Anchor.PERIOD_END))
    history = (past("2025-03", missed=True), past("2025-04", missed=True), past("2025-05", missed=True))
    found = counter(three, now("2025-06", missed=True), history=history)
    assert (found.reached, found.count, found.target) == (True, 4, "uptime")
    # The third month in a row was May: the notice runs from its end, not from the end of June.
    assert found.notice_by is not None
    assert found.notice_by.due_on == date(2025, 6, 30)


CHAINS = [
    ("met in between", (past("2025-04", missed=True), past("2025-05")), 1),
    (
        "no data in between",
        (past("2025-04", missed=True), past("2025-05", verdict=Verdict.NOT_MEASURABLE)),
        2,
    ),
    ("a month nobody judged", (past("2025-04", missed=True),), 1),
    ("unbroken", (past("2025-04", missed=True), past("2025-05", missed=True)), 3),
]


@pytest.mark.parametrize(("history", "count"), [row[1:] for row in CHAINS], ids=[row[0] for row in CHAINS])
def test_a_chain_is_broken_by_a_good_or_absent_month_but_not_by_one_without_data(
    history: tuple[Outcome, ...], count: int
) -> None:
    three = rule(ChronicKind.CONSECUTIVE, 3)
    assert counter(three, now("2025-06", missed=True), history=history).count == count


def test_a_literal_limit_does_not_follow_the_length_of_the_month() -> None:
    # 43.8 minutes are 0.1 % of an average month; February's own 0.1 % would be 40.32 minutes.
    limit = timedelta(minutes=43, seconds=48)
    three = rule(ChronicKind.CONSECUTIVE, 3, level=limit)
    minutes = {"2025-01": 44, "2025-02": 43}
    history = tuple(past(label, missed=True, counted_us=count * MINUTE) for label, count in minutes.items())
    assert (
        counter(three, now("2025-03", missed=True, counted_us=Fraction(50 * MINUTE)), history=history).count
        == 1
    )
    longer = (history[0], replace(history[1], counted_us=44 * MINUTE))
    found = counter(three, now("2025-03", counted_us=Fraction(50 * MINUTE)), history=longer)
    assert (found.reached, found.count) == (True, 3)


EXPECTED = rule(ChronicKind.MISSES, 4, of_last=12, expected=True)


@pytest.mark.parametrize(("first", "reached", "count"), [("2024-03", True, 4), ("2024-02", False, 3)])
def test_four_misses_of_the_expected_level_in_rolling_twelve_months(
    first: str, reached: bool, count: int
) -> None:
    short = (first, "2024-07", "2024-11")
    labels = [f"2024-{month:02d}" for month in range(1, 13)] + ["2025-01"]
    history = tuple(past(label, expected_missed=label in short) for label in labels)
    found = counter(EXPECTED, now("2025-02", expected_missed=True), history=history)
    assert (found.reached, found.count, found.needed, found.missing) == (reached, count, 4, 4 - count)


def test_the_last_twelve_months_do_not_reach_further_back_where_rows_are_missing() -> None:
    history = tuple(past(label, missed=True) for label in ("2024-02", "2024-07", "2024-11"))
    found = counter(rule(ChronicKind.MISSES, 4, of_last=12), now("2025-02", missed=True), history=history)
    assert (found.reached, found.count) == (False, 3)


def test_misses_without_a_span_are_counted_over_the_whole_history() -> None:
    history = (past("2020-01", missed=True), past("2024-07", missed=True))
    assert counter(rule(ChronicKind.MISSES, 3), now("2025-02", missed=True), history=history).reached is True


def test_misses_are_counted_by_service_level() -> None:
    history = (past("2025-05", missed=True), past("2025-05", missed=True, target="repair"))
    two = rule(ChronicKind.MISSES, 2, of_last=3)
    found = counters(two, now("2025-06", missed=True), now("2025-06", target="repair"), history=history)
    assert [(one.target, one.reached, one.count) for one in found] == [
        ("repair", False, 1),
        ("uptime", True, 2),
    ]
    only = counters(replace(two, targets=("repair",)), now("2025-06", missed=True), history=history)
    assert only == ()


def test_a_cap_reached_in_three_of_six_months() -> None:
    three = rule(ChronicKind.CAP_REACHED, 3, of_last=6)
    history = tuple(
        past(label, cap_reached=("month",) if label in ("2024-12", "2025-01", "2025-04") else ())
        for label in ("2024-12", "2025-01", "2025-02", "2025-03", "2025-04", "2025-05")
    )
    capped = credit(due=1000, removed=(Removed("month", Fraction(500)),))
    found = counter(three, now("2025-06", missed=True), history=history, credits=capped)
    assert (found.reached, found.count) == (True, 3)
    small = credit(due=0, removed=(Removed("minimum", Fraction(500)),))
    free = counter(three, now("2025-06", missed=True), history=history, credits=small)
    assert (free.reached, free.count) == (False, 2)


def test_points_of_all_service_levels_add_up_over_the_span() -> None:
    seven = rule(ChronicKind.POINTS, level=Decimal(7), of_last=2)
    history = (past("2025-04", points=Fraction(50)), past("2025-05", points=Fraction(4)))
    points = credit(pays=Pays.POINTS, before_caps=Fraction(3), due=0)
    found = counter(seven, now("2025-06", missed=True), history=history, credits=points)
    assert (found.reached, found.count, found.needed, found.unit) == (False, 7, 7, "points")
    assert counter(
        replace(seven, inclusive=True), now("2025-06", missed=True), history=history, credits=points
    ).reached


BELOW = [
    (Decimal(98), False, "97.99", True),
    (Decimal(98), False, "98", False),
    (Decimal(2), True, "2.01", True),
    (Decimal(2), True, "2", False),
]


@pytest.mark.parametrize(("level", "over", "value", "reached"), BELOW)
def test_once_past_the_critical_level(level: Decimal, over: bool, value: str, reached: bool) -> None:
    critical = rule(ChronicKind.BELOW, level=level, over=over)
    history = (past("2025-05", missed=True, value=Fraction(0)),)
    found = counter(critical, now("2025-06", missed=True, value=Fraction(value)), history=history)
    assert (found.reached, found.count) == (reached, int(reached))


def test_a_critical_length_is_read_from_the_value_of_a_measure_of_time() -> None:
    critical = rule(ChronicKind.BELOW, level=timedelta(hours=8))
    mean = now("2025-06", unit="us", value=Fraction(9 * 60 * MINUTE), counted_us=Fraction(0))
    assert counter(critical, mean).reached is True
    assert counter(critical, now("2025-06", counted_us=Fraction(9 * 60 * MINUTE))).reached is True
    assert counter(critical, now("2025-06", counted_us=Fraction(0))).reached is False


def test_quarters_look_back_by_quarters() -> None:
    quarter = PeriodRule(kind=PeriodKind.QUARTER)
    rows = {
        label: period_named(label, rule=quarter, zone=ZONE) for label in ("2024-Q2", "2024-Q4", "2025-Q1")
    }
    history = tuple(
        replace(
            past("2024-04", missed=True),
            period=label,
            first_on=rows[label].first_on,
            last_on=rows[label].last_on,
        )
        for label in ("2024-Q2", "2024-Q4")
    )
    measured = replace(now("2025-03", missed=True), window=rows["2025-Q1"])
    schedule = replace(SCHEDULE, period=quarter)
    found = counter(rule(ChronicKind.MISSES, 3, of_last=4), measured, history=history, schedule=schedule)
    assert found.count == 3
    found = counter(rule(ChronicKind.MISSES, 3, of_last=3), measured, history=history, schedule=schedule)
    assert found.count == 2


def test_the_order_of_history_does_not_matter() -> None:
    history = tuple(past(label, missed=True) for label in ("2025-03", "2025-04", "2025-05"))
    three = rule(ChronicKind.CONSECUTIVE, 3)
    measured = now("2025-06", missed=True)
    assert counters(three, measured, history=history) == counters(three, measured, history=history[::-1])


def test_a_pattern_of_nothing_or_with_two_spans_is_refused() -> None:
    with pytest.raises(ValueError, match=r"count is 0\. A pattern is made of at least 1\."):
        rule(ChronicKind.MISSES, 0)
    with pytest.raises(ValueError, match=r"A pattern has one span: keep one of them\."):
        rule(ChronicKind.OUTAGES, 3, span_days=30, of_last=2)


def test_hours_of_notice_run_from_the_end_of_the_run() -> None:
    quick = replace(
        THREE_IN_30_DAYS,
        count=1,
        notice=Offset(n=Decimal(48), unit=OffsetUnit.HOURS, anchor=Anchor.INCIDENT_END),
    )
    found = counter(quick, now("2025-06", runs=(run("2025-06-15T10:00", 60),)))
    assert found.notice_by is not None
    assert found.notice_by.due_until == datetime(2025, 6, 17, 11, tzinfo=UTC)
