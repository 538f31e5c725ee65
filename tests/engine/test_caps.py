"""Limits: their order, what they share, what earlier periods used up, and what they take."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.facts import RoomLeft
from sla.engine.money import CurrencyMismatch
from sla.engine.results import Credits
from sla.engine.terms.credits import (
    Base,
    BaseSelect,
    Cap,
    CapPeriod,
    CapScope,
    Fixed,
    Minimum,
    MinimumKind,
    Overflow,
    Pays,
    Per,
)
from tests.engine.credit_builder import (
    HOUR,
    D,
    credit_of,
    down,
    fee,
    outcome,
    rule,
    run,
    sentences,
    settle,
    target,
    terms,
    usd,
)

FULL = Fixed(credit=D(100))
THREE = tuple(run(f"2025-06-0{day}T10:00", HOUR) for day in (3, 4, 5))


def taken(found: Credits) -> list[tuple[str, int]]:
    return [(item.code, int(item.amount)) for item in found.totals[0].removed]


def test_caps_bind_from_the_inside_out() -> None:
    caps = (
        Cap(code="all", limit=D(150), pays=Pays.MONEY, scope=CapScope.AGREEMENT),
        Cap(code="power", limit=D(180), pays=Pays.MONEY, scope=CapScope.CATEGORY, category="power"),
        Cap(code="level", limit=D(90), scope=CapScope.TARGET),
        Cap(code="unit", limit=D(95), scope=CapScope.UNIT),
        Cap(code="event", limit=D(98), scope=CapScope.EVENT),
    )
    given = terms(
        target(FULL, code="p", category="power"),
        target(FULL, code="q", category="power"),
        target(FULL, code="r"),
        caps=caps,
    )
    level = [down(HOUR, code="p"), down(HOUR, code="q", units=("B",)), down(HOUR, code="r", units=("C",))]
    fees = (fee(200_00, unit="A"), fee(100_00, unit="B"), fee(100_00, unit="C"))
    found = settle(level, given, *fees, units=("A", "B", "C"))
    # 400 before; 98 % of each, 95 % of each unit, 90 % of each level, power 270 to 180, all 270 to 150.
    assert taken(found) == [
        ("event", 8_00),
        ("unit", 12_00),
        ("level", 20_00),
        ("power", 90_00),
        ("all", 120_00),
    ]
    assert found.money == usd(150_00)
    # What the outer caps took is shared in proportion.
    assert [line.due_exact for line in found.lines] == [
        Fraction(200_00, 3),
        Fraction(100_00, 3),
        Fraction(50_00),
    ]
    assert "Cap all leaves USD 150.00 for the whole schedule in the period: USD 53.333333 less." in sentences(
        found
    )


def test_each_unit_has_its_own_share_of_its_own_fee() -> None:
    capped = rule(FULL, caps=(Cap(code="half", limit=D(50)),))
    level = [down(HOUR, units=("A",)), down(HOUR, units=("B",))]
    found = settle(level, terms(target(capped)), fee(100_00, unit="A"), fee(300_00, unit="B"))
    assert [line.due for line in found.lines] == [usd(50_00), usd(150_00)]


def test_stated_amount_is_shared_by_the_units_of_a_level() -> None:
    capped = rule(FULL, caps=(Cap(code="two hundred", limit=D(200), pays=Pays.MONEY),))
    level = [down(HOUR, units=("A",)), down(HOUR, units=("B",))]
    found = settle(level, terms(target(capped)), fee(100_00, unit="A"), fee(300_00, unit="B"))
    assert [line.due for line in found.lines] == [usd(50_00), usd(150_00)]


def test_one_day_of_fee_is_the_most_for_all_events_of_a_day() -> None:
    # D11: one day of the fee for each outage, at most one day in any day.
    day = Cap(code="day", limit=D(1), pays=Pays.DAYS, scope=CapScope.DAY)
    params = rule(Fixed(credit=D(1), pays=Pays.DAYS, per=Per.EVENT), caps=(day,))
    events = [run("2025-06-03T02:00", HOUR), run("2025-06-03T20:00", HOUR), run("2025-06-04T02:00", HOUR)]
    credit = credit_of(params, down(events=events), fee(3_000_00, unit="A"))
    assert (credit.before_caps, credit.due) == (300_00, usd(200_00))


def test_count_cap_keeps_the_earliest_credits() -> None:
    # S11 with two credits a month.
    two = Cap(code="two", limit=D(2), is_count=True)
    params = rule(Fixed(credit=D(10), pays=Pays.MONEY, per=Per.EVENT), caps=(two,))
    credit = credit_of(params, down(events=THREE))
    assert (credit.before_caps, credit.due) == (30_00, usd(20_00))
    assert "Cap two allows 2 credits for the service level in the period: USD 10.00 less." in [
        step.because for _, step in credit.step.walk()
    ]


@pytest.mark.parametrize(
    ("period", "earlier", "cents"),
    [
        (CapPeriod.WINDOW, "2025-05", 100_00),
        (CapPeriod.MONTH, "2025-05", 100_00),
        (CapPeriod.QUARTER, "2025-03", 100_00),
        (CapPeriod.QUARTER, "2025-04", 40_00),
        (CapPeriod.YEAR, "2025-01", 40_00),
        (CapPeriod.YEAR, "2024-12", 100_00),
        (CapPeriod.ROLLING_12, "2024-07", 40_00),
        (CapPeriod.ROLLING_12, "2024-06", 100_00),
        (CapPeriod.TERM, "2024-01", 40_00),
    ],
)
def test_earlier_credits_of_its_period_use_up_a_cap(period: CapPeriod, earlier: str, cents: int) -> None:
    params = rule(FULL, caps=(Cap(code="c", limit=D(100), pays=Pays.MONEY, period=period),))
    history = [outcome(earlier, credit=usd(60_00))]
    assert credit_of(params, down(HOUR), fee(100_00, unit="A"), history=history).due == usd(cents)


def test_cap_that_is_used_up_leaves_nothing() -> None:
    params = rule(FULL, caps=(Cap(code="c", limit=D(50), pays=Pays.MONEY, period=CapPeriod.YEAR),))
    history = [outcome("2025-01", credit=usd(60_00))]
    credit = credit_of(params, down(HOUR), fee(100_00, unit="A"), history=history)
    assert credit.due == usd(0)
    assert [(item.code, item.amount) for item in credit.removed] == [("c", 100_00)]


def test_yearly_share_is_of_the_fees_of_the_year() -> None:
    capped = rule(Fixed(credit=D(500)), caps=(Cap(code="year", limit=D(10), period=CapPeriod.YEAR),))
    assert credit_of(capped, down(HOUR), fee(100_00, unit="A")).due == usd(120_00)


def test_room_shared_with_other_schedules_is_a_line_of_its_own() -> None:
    room = RoomLeft(cap="master", room=usd(30_00))
    given = terms(
        target(FULL),
        caps=(
            Cap(code="master", limit=D(1), pays=Pays.MONEY, scope=CapScope.MASTER, clause="9.4"),
            Cap(code="mine", limit=D(80), scope=CapScope.AGREEMENT, base=Base(select=BaseSelect.CONTRACT)),
        ),
    )
    found = settle([down(HOUR)], given, fee(100_00, unit="A"), rooms=(room,))
    assert taken(found) == [("mine", 20_00), ("master", 50_00)]
    assert found.totals[0].removed[1].clause == "9.4"
    assert "Cap master, shared with other schedules, has USD 30.00 left: USD 50.00 less." in sentences(found)


def test_lost_overflow_is_not_carried() -> None:
    lost = Cap(code="c", limit=D(40), overflow=Overflow.LOST)
    found = settle([down(HOUR)], terms(target(rule(FULL, caps=(lost,)))), fee(100_00, unit="A"))
    assert found.carried is None
    assert not found.totals[0].removed[0].carried


def test_raised_minimum_does_not_pass_a_cap() -> None:
    params = rule(
        Fixed(credit=D("0.4"), pays=Pays.MONEY),
        caps=(Cap(code="c", limit=D("0.7"), pays=Pays.MONEY),),
        minimum=Minimum(amount=D(1), kind=MinimumKind.RAISE),
    )
    credit = credit_of(params, down(HOUR))
    assert credit.due == usd(70)
    assert [(item.code, item.amount) for item in credit.removed] == [("minimum", -60), ("c", 30)]


def test_raise_of_the_sum_is_shared_by_its_lines() -> None:
    given = terms(
        target(Fixed(credit=D("0.1"), pays=Pays.MONEY), code="p"),
        target(Fixed(credit=D("0.3"), pays=Pays.MONEY), code="q"),
        minimum=Minimum(amount=D(1), kind=MinimumKind.RAISE),
    )
    found = settle([down(HOUR, code="p"), down(HOUR, code="q")], given)
    assert [line.due for line in found.lines] == [usd(25), usd(75)]


def test_minimum_of_a_day_is_a_day_of_fee() -> None:
    params = rule(
        Fixed(credit=D("0.5")), minimum=Minimum(amount=D(1), pays=Pays.DAYS, kind=MinimumKind.RAISE)
    )
    assert credit_of(params, down(HOUR), fee(300_00, unit="A")).due == usd(10_00)


def test_minimum_that_is_reached_exactly_is_issued() -> None:
    given = terms(target(Fixed(credit=D(1), pays=Pays.MONEY)), minimum=Minimum(amount=D(1)))
    assert settle([down(HOUR)], given).money == usd(1_00)


def test_earlier_credit_in_another_currency_is_refused() -> None:
    params = rule(FULL, caps=(Cap(code="c", limit=D(100), pays=Pays.MONEY, period=CapPeriod.YEAR),))
    history = [outcome("2025-01", credit=usd(60_00)._replace(currency="EUR"))]
    with pytest.raises(CurrencyMismatch) as refused:
        credit_of(params, down(HOUR), fee(100_00, unit="A"), history=history)
    assert str(refused.value) == (
        "The credit of uptime in 2025-01 is in EUR, the schedule pays in USD. Bring it forward in USD."
    )


@pytest.mark.parametrize("limit", ["0", "33.3", "100", "150"])
def test_due_and_removed_are_what_was_before_caps(limit: str) -> None:
    params = rule(FULL, caps=(Cap(code="c", limit=Decimal(limit)),))
    credit = credit_of(params, down(HOUR), fee(99_99, unit="A"))
    assert credit.due_exact + sum(item.amount for item in credit.removed) == credit.before_caps == 99_99
