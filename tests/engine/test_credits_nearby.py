"""How much further downtime a level bears, and what the next row pays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from sla.engine.credits import next_tier, setting_of
from sla.engine.facts import Charge
from sla.engine.intervals import micro
from sla.engine.money import Money
from sla.engine.results import Measured, NextTier
from sla.engine.terms.counting import Counting, Metric
from sla.engine.terms.credits import Fixed, Increments, Pays, Per, Rounding, Tier, Tiered, TierOn
from sla.engine.terms.targets import Op
from tests.engine.credit_builder import (
    HOUR,
    JUNE,
    MINUTE,
    D,
    down,
    facts,
    fee,
    rows,
    schedule,
    target,
    terms,
    usd,
)

AWS = rows(("99.9", 10), ("99.0", 25), ("95.0", 100))
FEE = fee(1_000_00, unit="A")


def nearby(params: Any, measured: Measured, /, *charges: Charge, **of_target: Any) -> NextTier:
    setting = setting_of(
        (),
        versions=(terms(target(params, **of_target)),),
        schedule=schedule(),
        facts=facts(*charges or (FEE,)),
        period=JUNE,
        history=(),
    )
    return next_tier(measured, setting=setting)


@pytest.mark.parametrize(
    ("length", "room", "credit"),
    [
        (timedelta(0), timedelta(minutes=43, seconds=12), usd(100_00)),
        (40 * MINUTE, timedelta(minutes=3, seconds=12), usd(100_00)),
        (timedelta(minutes=43, seconds=12), timedelta(0), usd(100_00)),
        (44 * MINUTE, 388 * MINUTE, usd(250_00)),
        (432 * MINUTE, timedelta(0), usd(250_00)),
        (433 * MINUTE, 1727 * MINUTE, usd(1_000_00)),
    ],
)
def test_room_to_the_level_and_then_to_each_row(length: timedelta, room: timedelta, credit: Money) -> None:
    near = nearby(AWS, down(length))
    assert (near.room_us, near.credit) == (micro(room), credit)
    assert near.irreversible is (length > timedelta(minutes=43, seconds=12))


def test_worst_row_has_none_beyond_it() -> None:
    near = nearby(AWS, down(60 * HOUR))
    assert (near.room_us, near.credit) == (None, None)
    assert near.step.because == "More downtime does not move the credit to another row."


def test_sentence_names_time_and_money() -> None:
    assert nearby(AWS, down(40 * MINUTE)).step.because == (
        "3 min 12 s more downtime is still within the level; beyond it a credit of USD 100.00 follows."
    )


def test_unknown_time_leaves_the_miss_open() -> None:
    level = replace(down(44 * MINUTE), best=Fraction("99.95"))
    assert not nearby(AWS, level).irreversible


def test_level_judged_on_a_rounded_value_bears_half_a_digit_more() -> None:
    # 99.895 rounds to 99.90, so 0.105 % of 30 days: 45 min 21.6 s.
    near = nearby(AWS, down(), counting=Counting(value_decimals=2))
    assert near.room_us == micro(timedelta(minutes=45, seconds=21.6))


def test_next_increment() -> None:
    per_half_hour = Increments(size=30 * MINUTE, credit=D(5))
    near = nearby(per_half_hour, down(50 * MINUTE))
    assert (near.room_us, near.credit) == (micro(10 * MINUTE) - 1, usd(100_00))
    begun = Increments(size=30 * MINUTE, credit=D(5), rounding=Rounding.CEIL)
    near = nearby(begun, down(50 * MINUTE))
    assert (near.room_us, near.credit) == (micro(10 * MINUTE), usd(150_00))


def test_rows_on_counted_time_lie_apart_from_the_level() -> None:
    by_time = Tiered(
        tiers=(Tier(at_least=5 * MINUTE, credit=D(5)), Tier(at_least=HOUR, credit=D(15))), on=TierOn.COUNTED
    )
    near = nearby(by_time, down(MINUTE, level="100"), level=D(100))
    assert (near.room_us, near.credit) == (micro(4 * MINUTE) - 1, usd(50_00))


def test_perfect_level_bears_nothing() -> None:
    a_day = Fixed(credit=D(1), pays=Pays.DAYS, per=Per.DAY)
    near = nearby(a_day, down(level="100"), fee(3_000_00, unit="A"), level=D(100))
    assert (near.room_us, near.credit, near.irreversible) == (0, usd(100_00), False)


def test_longest_outage_is_measured_by_the_next_run() -> None:
    level = down(HOUR, unit="us", level=str(micro(4 * HOUR)), value=Fraction(micro(HOUR)))
    near = nearby(Fixed(credit=D(10)), level, metric=Metric.LONGEST_OUTAGE, op=Op.AT_MOST, level=4 * HOUR)
    assert (near.room_us, near.credit) == (micro(4 * HOUR), usd(100_00))


def test_cumulative_downtime_has_the_rest() -> None:
    level = down(HOUR, unit="us", level=str(micro(4 * HOUR)), value=Fraction(micro(HOUR)))
    near = nearby(Fixed(credit=D(10)), level, metric=Metric.DOWNTIME, op=Op.AT_MOST, level=4 * HOUR)
    assert near.room_us == micro(3 * HOUR)


def test_count_has_no_time_left_to_name() -> None:
    level = down(unit="count", level="2", value=Fraction(1))
    near = nearby(Fixed(credit=D(10)), level, metric=Metric.COUNT, op=Op.AT_MOST, level=D(2))
    assert (near.room_us, near.credit) == (None, None)
    assert near.step.because == "The level is no matter of downtime, so no time is left to name."


def test_credit_that_is_no_money_is_not_named() -> None:
    near = nearby(rows(("99.9", 3), pays=Pays.SERVICE_DAYS), down())
    assert near.credit is None
    assert near.room_us == micro(timedelta(minutes=43, seconds=12))
