"""Earn-back: clauses.md example 56 and its readings."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.claims import earned_back, offset_balances, with_balances
from sla.engine.facts import Outcome, Verdict
from sla.engine.money import Money
from sla.engine.outcomes import outcomes_of
from sla.engine.periods import PeriodRule, period_named, zone_table
from sla.engine.results import Credit, Credits, CreditState, EarnedBack, Measured
from sla.engine.terms import EarnBack, EarnBackForm, EarnBackWhen, Pays
from sla.engine.trace import Step, notes

ZONE = zone_table("UTC", first_year=2023, last_year=2028)
NO_CREDITS = Credits(lines=(), totals=())
HALF_AFTER_SIX = EarnBack(periods=6, when=EarnBackWhen.MET, share=Decimal(50), clause="9.4")
OFFSET_AFTER_THREE = EarnBack(periods=3, when=EarnBackWhen.NO_CREDITS, form=EarnBackForm.OFFSET)
EXCEEDED_AFTER_THREE = EarnBack(periods=3, when=EarnBackWhen.EXCEEDED)


def past(
    label: str, *, target: str = "uptime", credit: int | None = None, value: str = "99.95", **more: object
) -> Outcome:
    period = period_named(label, rule=PeriodRule(), zone=ZONE)
    values: dict[str, object] = {
        "verdict": Verdict.MISSED if credit else Verdict.MET,
        "credit": None if credit is None else Money(credit, "USD"),
        "value": Fraction(value),
        **more,
    }
    return Outcome(target=target, period=label, first_on=period.first_on, last_on=period.last_on, **values)


def now(
    label: str, *, target: str = "uptime", value: str = "99.95", verdict: Verdict = Verdict.MET
) -> Measured:
    return Measured(
        target=target,
        window=period_named(label, rule=PeriodRule(), zone=ZONE),
        units=(),
        unit="%",
        level=Fraction("99.9"),
        expected=None,
        value=Fraction(value),
        best=None,
        worst=None,
        verdict=verdict,
        step=Step("verdict", verdict.value, notes=notes(misses=verdict is Verdict.MISSED)),
    )


def owed(label: str, *, minor: int, target: str = "uptime") -> Credits:
    line = Credit(
        target=target,
        window=label,
        units=(),
        pays=Pays.MONEY,
        state=CreditState.DUE,
        base=None,
        before_caps=Fraction(minor),
        removed=(),
        due_exact=Fraction(minor),
        due=Money(minor, "USD"),
        step=Step("credit", minor),
    )
    return Credits(lines=(line,), totals=())


def earned(
    rule: EarnBack, *measured: Measured, history: tuple[Outcome, ...], credits: Credits | None = None
) -> list[tuple[str, str, int, str]]:
    return [
        (line.target, line.period, line.amount.minor, line.form)
        for line in lines(rule, *measured, history=history, credits=credits)
    ]


def lines(
    rule: EarnBack, *measured: Measured, history: tuple[Outcome, ...], credits: Credits | None = None
) -> tuple[EarnedBack, ...]:
    outcomes = outcomes_of(measured, credits=credits or NO_CREDITS, versions=())
    return earned_back((rule,), outcomes=outcomes, history=history, period=measured[0].window)


def months(first: int, last: int) -> tuple[Outcome, ...]:
    return tuple(past(f"2025-{month:02d}") for month in range(first, last + 1))


JANUARY = past("2025-01", credit=200_000, value="99.0")


def test_half_of_a_credit_goes_back_after_six_good_months() -> None:
    history = (JANUARY, *months(2, 6))
    (line,) = lines(HALF_AFTER_SIX, now("2025-07"), history=history)
    assert (line.target, line.period, line.amount, line.form) == (
        "uptime",
        "2025-01",
        Money(100_000, "USD"),
        "returned",
    )
    assert line.step.because == (
        "50 % of the credit of 2025-01 for uptime goes back, USD 1,000.00: "
        "the level was met in each of the 6 periods after it."
    )
    assert line.step.clause == "9.4"


NOT_EARNED = [
    ("missed in June", (JANUARY, *months(2, 5), past("2025-06", credit=5)), now("2025-07")),
    ("missed at last", (JANUARY, *months(2, 6)), now("2025-07", verdict=Verdict.MISSED, value="99.8")),
    ("a month too early", (JANUARY, *months(2, 5)), now("2025-06")),
    ("a month too late", (JANUARY, *months(2, 7)), now("2025-08")),
    ("a month nobody judged", (JANUARY, *months(2, 4), *months(6, 6)), now("2025-07")),
    (
        "a month without data",
        (JANUARY, *months(2, 5), past("2025-06", verdict=Verdict.NOT_MEASURABLE)),
        now("2025-07"),
    ),
    ("still provisional", (JANUARY, *months(2, 6)), now("2025-07", verdict=Verdict.PROVISIONAL)),
    ("another service level", (JANUARY, *months(2, 6)), now("2025-07", target="repair")),
    ("no credit to give back", (past("2025-01"), *months(2, 6)), now("2025-07")),
]


@pytest.mark.parametrize(
    ("history", "measured"), [row[1:] for row in NOT_EARNED], ids=[row[0] for row in NOT_EARNED]
)
def test_nothing_goes_back(history: tuple[Outcome, ...], measured: Measured) -> None:
    assert earned(HALF_AFTER_SIX, measured, history=history) == []


def test_met_without_confirmation_is_good_enough() -> None:
    history = (JANUARY, *months(2, 5), past("2025-06", verdict=Verdict.MET_UNCONFIRMED))
    found = earned(HALF_AFTER_SIX, now("2025-07", verdict=Verdict.MET_UNCONFIRMED), history=history)
    assert found == [("uptime", "2025-01", 100_000, "returned")]


def test_months_without_credits_make_a_balance_that_later_credits_use_up() -> None:
    history = (JANUARY, *months(2, 3))
    april = lines(OFFSET_AFTER_THREE, now("2025-04"), history=history)
    assert [(line.period, line.amount.minor, line.form) for line in april] == [("2025-01", 200_000, "offset")]
    assert offset_balances(history, earned=april) == {("uptime", ()): Money(200_000, "USD")}

    history += with_balances((past("2025-04"),), history=history, earned=april)
    assert (history[-1].offset_balance, history[-1].earned_back) == (Money(200_000, "USD"), None)
    miss = now("2025-05", value="99.0", verdict=Verdict.MISSED)
    may = lines(OFFSET_AFTER_THREE, miss, history=history, credits=owed("2025-05", minor=150_000))
    assert [(line.period, line.amount.minor, line.form) for line in may] == [
        ("2025-05", 150_000, "offset_used")
    ]
    assert may[0].step.because == (
        "USD 1,500.00 of the balance of uptime is set off against credits; USD 500.00 is left."
    )
    assert offset_balances(history, earned=may) == {("uptime", ()): Money(50_000, "USD")}


def test_a_balance_is_never_paid_out() -> None:
    history = (past("2025-04", offset_balance=Money(50_000, "USD")),)
    assert earned(OFFSET_AFTER_THREE, now("2025-05"), history=history) == []
    assert offset_balances(history) == {("uptime", ()): Money(50_000, "USD")}


def test_a_credit_above_the_balance_uses_it_up() -> None:
    history = (past("2025-04", offset_balance=Money(50_000, "USD")),)
    miss = now("2025-05", value="99.0", verdict=Verdict.MISSED)
    found = lines(OFFSET_AFTER_THREE, miss, history=history, credits=owed("2025-05", minor=150_000))
    assert [line.amount.minor for line in found] == [50_000]
    assert offset_balances(history, earned=found) == {("uptime", ()): Money(0, "USD")}


def test_service_levels_that_one_rule_names_share_their_balance() -> None:
    history = (past("2025-04", offset_balance=Money(50_000, "USD")),)
    miss = now("2025-05", target="repair", value="99.0", verdict=Verdict.MISSED)
    credits = owed("2025-05", minor=20_000, target="repair")
    shared = replace(OFFSET_AFTER_THREE, targets=("uptime", "repair"))
    assert earned(shared, miss, history=history, credits=credits) == [
        ("uptime", "2025-05", 20_000, "offset_used")
    ]
    assert earned(OFFSET_AFTER_THREE, miss, history=history, credits=credits) == []


def test_any_credit_of_the_schedule_spoils_months_without_credits() -> None:
    history = (JANUARY, *months(2, 3), past("2025-03", target="repair", credit=1))
    assert earned(OFFSET_AFTER_THREE, now("2025-04"), history=history) == []
    missed = now("2025-04", verdict=Verdict.MISSED, value="99.0")
    credits = owed("2025-04", minor=1)
    assert earned(OFFSET_AFTER_THREE, missed, history=(JANUARY, *months(2, 3)), credits=credits) == []


def test_a_missed_month_without_credit_does_not_spoil_months_without_credits() -> None:
    history = (JANUARY, past("2025-02", verdict=Verdict.MISSED, value="99.8"), *months(3, 3))
    assert earned(OFFSET_AFTER_THREE, now("2025-04"), history=history) == [
        ("uptime", "2025-01", 200_000, "offset")
    ]


EXCEEDED = [("99.95", [("uptime", "2025-01", 200_000, "returned")]), ("99.90", [])]


@pytest.mark.parametrize(("march", "found"), EXCEEDED)
def test_a_level_only_equalled_is_not_exceeded(march: str, found: list[tuple[str, str, int, str]]) -> None:
    history = (JANUARY, past("2025-02", value="99.95"), past("2025-03", value=march))
    assert earned(EXCEEDED_AFTER_THREE, now("2025-04", value="99.97"), history=history) == found


def test_an_exceeded_level_is_the_level_of_its_own_period() -> None:
    history = (JANUARY, past("2025-02"), past("2025-03", value="99.90", level=Fraction("99.5")))
    assert earned(EXCEEDED_AFTER_THREE, now("2025-04", value="99.97"), history=history) == [
        ("uptime", "2025-01", 200_000, "returned")
    ]


def test_half_a_cent_is_rounded_up_once() -> None:
    history = (past("2025-01", credit=5), *months(2, 6))
    assert earned(HALF_AFTER_SIX, now("2025-07"), history=history) == [("uptime", "2025-01", 3, "returned")]


def test_a_rule_for_other_service_levels_gives_nothing_back() -> None:
    other = replace(HALF_AFTER_SIX, targets=("repair",))
    assert earned(other, now("2025-07"), history=(JANUARY, *months(2, 6))) == []


def test_earlier_credits_stay_as_they_were() -> None:
    history = (JANUARY, *months(2, 6))
    lines(HALF_AFTER_SIX, now("2025-07"), history=history)
    assert history[0].credit == Money(200_000, "USD")


def test_what_went_back_is_kept_with_the_period_it_went_back_in() -> None:
    history = (JANUARY, *months(2, 6))
    found = lines(HALF_AFTER_SIX, now("2025-07"), history=history)
    (july,) = with_balances((past("2025-07"),), history=history, earned=found)
    assert (july.earned_back, july.offset_balance) == (Money(100_000, "USD"), None)


def test_what_a_later_window_of_the_period_did_does_not_spoil_what_an_earlier_one_earned() -> None:
    history = (JANUARY, *months(2, 6))
    august = now("2025-08", verdict=Verdict.MISSED, value="99.0")
    assert earned(HALF_AFTER_SIX, now("2025-07"), august, history=history) == [
        ("uptime", "2025-01", 100_000, "returned")
    ]


@pytest.mark.parametrize(("credit", "found"), [(0, []), (2, [("uptime", "2025-01", 1, "returned")])])
def test_a_cent_goes_back_but_nothing_does_not(credit: int, found: list[tuple[str, str, int, str]]) -> None:
    history = (past("2025-01", credit=credit), *months(2, 6))
    assert earned(HALF_AFTER_SIX, now("2025-07"), history=history) == found


def daily(on: date, *, credit: int) -> Outcome:
    row = past("2025-01", target="repair", credit=credit)
    return replace(row, period=on.isoformat(), first_on=on, last_on=on)


SPOILT = [
    (date(2025, 1, 31), True),
    (date(2025, 2, 1), False),
    (date(2025, 2, 2), False),
    (date(2025, 4, 30), False),
]


@pytest.mark.parametrize(("on", "earns"), SPOILT)
def test_months_without_credits_begin_with_the_first_day_after_the_credited_one(
    on: date, earns: bool
) -> None:
    history = (JANUARY, *months(2, 3), daily(on, credit=1))
    assert bool(earned(OFFSET_AFTER_THREE, now("2025-04"), history=history)) is earns


def test_months_without_credits_are_not_over_while_the_last_is_provisional() -> None:
    history = (JANUARY, *months(2, 3))
    assert earned(OFFSET_AFTER_THREE, now("2025-04", verdict=Verdict.PROVISIONAL), history=history) == []


def test_what_is_earned_back_keeps_the_units_it_was_credited_for() -> None:
    units = ("a", "b")
    history = tuple(replace(row, units=units) for row in (JANUARY, *months(2, 6)))
    (line,) = lines(HALF_AFTER_SIX, replace(now("2025-07"), units=units), history=history)
    assert line.units == units
    (left,) = with_balances((replace(past("2025-07"), units=units),), history=history, earned=(line, line))
    assert left.earned_back == Money(200_000, "USD")


def test_a_return_does_not_hide_the_balance_that_another_rule_makes() -> None:
    history = (JANUARY, *months(2, 6))
    returned = lines(HALF_AFTER_SIX, now("2025-07"), history=history)
    offset = lines(OFFSET_AFTER_THREE, now("2025-04"), history=history[:3])
    assert offset_balances(history, earned=(*returned, *offset)) == {("uptime", ()): Money(200_000, "USD")}


def credited(target: str, *, label: str, minor: int) -> Outcome:
    return past(label, target=target, credit=minor, value="99.0")


def used(
    rule: EarnBack, *outcomes: Outcome, balances: dict[str, int]
) -> list[tuple[str, tuple[str, ...], int]]:
    history = tuple(
        past("2025-04", target=target, offset_balance=Money(minor, "USD"), units=("line",))
        for target, minor in balances.items()
    )
    period = period_named("2025-05", rule=PeriodRule(), zone=ZONE)
    found = earned_back((rule,), outcomes=outcomes, history=history, period=period)
    return [(line.target, line.units, line.amount.minor) for line in found]


def test_credits_of_every_window_of_the_period_are_set_off() -> None:
    credits = [credited("uptime", label="2025-04", minor=60), credited("uptime", label="2025-05", minor=50)]
    assert used(OFFSET_AFTER_THREE, *credits, balances={"uptime": 1000}) == [("uptime", ("line",), 110)]


def test_a_balance_that_no_rule_names_any_more_is_left_alone() -> None:
    named = replace(OFFSET_AFTER_THREE, targets=("uptime",))
    may = [credited(target, label="2025-05", minor=70) for target in ("repair", "uptime")]
    assert used(named, *may, balances={"repair": 1000, "uptime": 1000}) == [("uptime", ("line",), 70)]


def test_what_one_balance_took_of_a_credit_the_next_cannot_take_again() -> None:
    shared = replace(OFFSET_AFTER_THREE, targets=("uptime", "repair"))
    may = credited("uptime", label="2025-05", minor=120)
    assert used(shared, may, balances={"repair": 100, "uptime": 100}) == [
        ("repair", ("line",), 100),
        ("uptime", ("line",), 20),
    ]
