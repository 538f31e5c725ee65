"""What changes a credit before its caps: repeats, conditions, critical failures, stacking, rounding."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.facts import Condition, Verdict
from sla.engine.intervals import micro
from sla.engine.money import CurrencyMismatch, RoundingMode
from sla.engine.periods import Period
from sla.engine.results import CreditState
from sla.engine.terms.credits import (
    Base,
    CapPeriod,
    Deductible,
    Fixed,
    Increments,
    Pays,
    Per,
    Prorated,
    Repeat,
)
from sla.engine.terms.versions import MoneyRounding, Stacking, Suppression
from tests.engine.credit_builder import (
    HOUR,
    JUNE,
    MINUTE,
    D,
    at,
    credit_of,
    down,
    fee,
    one_time,
    outcome,
    rows,
    rule,
    run,
    sentences,
    settle,
    target,
    terms,
    usd,
)

TEN = Fixed(credit=D(10), pays=Pays.MONEY)


@pytest.mark.parametrize(
    ("verdicts", "breaks", "dollars"),
    [
        ("", False, 10),
        ("missed", False, 20),
        ("missed missed", False, 30),
        ("missed missed missed", False, 30),
        ("missed met", False, 10),
        ("met missed", False, 20),
        ("missed not_measurable", False, 20),
        ("missed not_measurable", True, 10),
        ("missed met_unconfirmed", False, 10),
    ],
)
def test_factor_follows_the_misses_right_before(verdicts: str, breaks: bool, dollars: int) -> None:
    named = [Verdict(word) for word in verdicts.split()]
    labels = ("2025-03", "2025-04", "2025-05")[3 - len(named) :]
    history = [outcome(label, verdict=verdict) for label, verdict in zip(labels, named, strict=True)]
    params = rule(TEN, repeat=Repeat(factors=(D(2), D(3)), no_data_breaks=breaks))
    assert credit_of(params, down(HOUR), history=history).due == usd(dollars * 100)


def test_period_without_any_outcome_breaks_the_chain_only_where_the_clause_says() -> None:
    history = [outcome("2025-04")]
    for breaks, dollars in ((False, 20), (True, 10)):
        params = rule(TEN, repeat=Repeat(no_data_breaks=breaks))
        assert credit_of(params, down(HOUR), history=history).due == usd(dollars * 100)


def test_misses_of_another_unit_are_no_repeat() -> None:
    history = [outcome("2025-05", units=("B",))]
    assert credit_of(rule(TEN, repeat=Repeat()), down(HOUR), history=history).due == usd(10_00)


def test_windows_of_one_statement_repeat_one_another() -> None:
    days = [
        Period(f"2025-06-0{n}", JUNE.during, date(2025, 6, n), date(2025, 6, n)) for n in (1, 2, 3)
    ]  # fmt: skip
    level = [down(HOUR, window=day) for day in days]
    found = settle(level, terms(target(rule(TEN, repeat=Repeat(factors=(D(2), D(3)))))))
    assert [line.due for line in found.lines] == [usd(10_00), usd(20_00), usd(30_00)]


def test_multiplier_comes_before_the_caps() -> None:
    assert credit_of(rule(TEN, multiplier=D("2.5")), down(HOUR)).before_caps == 25_00


@pytest.mark.parametrize(
    ("facts", "state", "due", "doubts"),
    [
        ((), CreditState.PENDING, 0, ("Condition redundant of uptime is not confirmed yet.",)),
        ((Condition(code="redundant", met=True),), CreditState.DUE, 10_00, ()),
        ((Condition(code="redundant", met=False),), CreditState.REFUSED, 0, ()),
        (
            (Condition(code="redundant", met=True, unit="B"),),
            CreditState.PENDING,
            0,
            ("Condition redundant of uptime is not confirmed yet.",),
        ),
        (
            (
                Condition(code="redundant", met=False, ended_at=at("2025-06-01T00:00")),
                Condition(code="redundant", met=True),
            ),
            CreditState.DUE,
            10_00,
            (),
        ),
    ],
    ids=["nobody has said", "confirmed", "denied", "said of another unit", "denied before the window"],
)
def test_condition_decides_whether_a_credit_is_due(
    facts: tuple[Condition, ...], state: CreditState, due: int, doubts: tuple[str, ...]
) -> None:
    wants = {"conditions": ("redundant",)}
    credit = credit_of(TEN, down(HOUR), of_target=wants, conditions=facts)
    assert (credit.state, credit.due, credit.provisional) == (state, usd(due), doubts)
    assert credit.before_caps == 10_00


def test_condition_said_of_one_incident_holds_for_its_event_only() -> None:
    params = Fixed(credit=D(10), pays=Pays.MONEY, per=Per.EVENT)
    events = [
        run("2025-06-03T10:00", HOUR, incidents=("INC-1",)),
        run("2025-06-04T10:00", HOUR, incidents=("INC-2",)),
    ]
    said = (
        Condition(code="harmed", met=True, incident="INC-1"),
        Condition(code="harmed", met=False, incident="INC-2"),
    )
    wants = {"conditions": ("harmed",)}
    credit = credit_of(params, down(events=events), of_target=wants, conditions=said)
    assert (credit.state, credit.due) == (CreditState.DUE, usd(10_00))
    assert [(item.code, item.amount) for item in credit.removed] == [("condition:harmed", 10_00)]


def test_critical_failure_takes_the_place_of_ordinary_credits() -> None:
    given = terms(
        target(TEN, code="core", is_critical=True),
        target(TEN, code="desk"),
        target(TEN, code="report"),
        suppression=(Suppression(target="core", keeps=("report",), clause="7.2"),),
    )
    level = [down(HOUR, code=code) for code in ("core", "desk", "report")]
    found = settle(level, given)
    assert found.money == usd(20_00)
    assert {line.target: line.state.value for line in found.lines} == {
        "core": "due",
        "desk": "suppressed",
        "report": "due",
    }
    assert found.totals[0].removed == (("suppression", 10_00, "7.2", False),)
    assert settle([down(code="core"), *level[1:]], given).money == usd(20_00)


def test_each_level_pays_by_default() -> None:
    event = [run("2025-06-03T10:00", HOUR, root_events=("cut",))]
    given = terms(target(TEN, code="p"), target(TEN, code="q"))
    assert settle([down(code="p", events=event), down(code="q", events=event)], given).money == usd(20_00)


def test_best_of_one_cause_leaves_other_causes_alone() -> None:
    per_event = Fixed(credit=D(10), pays=Pays.MONEY, per=Per.EVENT)
    given = terms(
        target(per_event, code="p"),
        target(Fixed(credit=D(12), pays=Pays.MONEY, per=Per.EVENT), code="q"),
        stacking=Stacking.BEST,
    )
    both, alone = (run(f"2025-06-0{n}T10:00", HOUR, root_events=(f"R{n}",)) for n in (3, 5))
    found = settle([down(code="p", events=[both, alone]), down(code="q", events=[both])], given)
    assert [(line.target, line.due, line.state.value) for line in found.lines] == [
        ("p", usd(10_00), "due"),
        ("q", usd(12_00), "due"),
    ]


def test_alternatives_exclude_one_another_without_a_stacking_rule() -> None:
    given = terms(
        target(rule(TEN, alternatives=("q",)), code="p"), target(TEN, code="q"), target(TEN, code="r")
    )
    event = [run("2025-06-03T10:00", HOUR, root_events=("cut",))]
    found = settle([down(code=code, events=event) for code in ("p", "q", "r")], given)
    assert [line.state.value for line in found.lines] == ["due", "not_selected", "due"]


def test_units_of_one_level_do_not_stack_against_each_other() -> None:
    event = [run("2025-06-03T10:00", HOUR, root_events=("cut",))]
    given = terms(target(TEN), stacking=Stacking.BEST)
    found = settle([down(units=(unit,), events=event) for unit in ("A", "B")], given)
    assert found.money == usd(20_00)


def test_most_points_count_for_one_event() -> None:
    three, one = (Fixed(credit=D(n), pays=Pays.POINTS) for n in (3, 1))
    given = terms(
        target(three, code="p"), target(one, code="q"), target(TEN, code="r"), stacking=Stacking.MAX_POINTS
    )
    event = [run("2025-06-03T10:00", HOUR, root_events=("cut",))]
    found = settle([down(code=code, events=event) for code in ("p", "q", "r")], given)
    assert found.points == 3
    assert found.money == usd(10_00)


def test_yearly_deductible_is_used_up_by_earlier_downtime() -> None:
    # D14: 48 h a year are free; 40 h were used, so of 20 h twelve count. USD 312 an hour.
    hourly = Increments(size=HOUR, credit=D(312), pays=Pays.MONEY)
    free = Deductible(amount=48 * HOUR, period=CapPeriod.YEAR, clause="4")
    history = [
        outcome("2025-02", counted_us=micro(40 * HOUR)),
        outcome("2024-12", counted_us=micro(90 * HOUR)),
    ]
    credit = credit_of(rule(hourly, deductible=free), down(20 * HOUR), history=history)
    assert (credit.before_caps, credit.due) == (20 * 312_00, usd(12 * 312_00))
    assert "8 h are free (40 h used before): USD 2,496.00 less." in [s.because for _, s in credit.step.walk()]


def test_deductible_takes_the_earliest_events() -> None:
    per_event = Fixed(credit=D(10), pays=Pays.MONEY, per=Per.EVENT)
    events = [run(f"2025-06-0{n}T10:00", HOUR) for n in (3, 4, 5)]
    free = Deductible(amount=90 * MINUTE)
    credit = credit_of(rule(per_event, deductible=free), down(events=events))
    assert credit.due == usd(20_00)


def test_whole_miss_is_free_within_the_deductible() -> None:
    credit = credit_of(rule(TEN, deductible=Deductible(amount=48 * HOUR)), down(20 * HOUR))
    assert credit.due == usd(0)


def test_free_points_are_used_up_first() -> None:
    twenty = rule(Fixed(credit=D(50), pays=Pays.POINTS), deductible=Deductible(amount=D(20)))
    history = [outcome("2025-05", points=Fraction(5))]
    assert settle([down(HOUR)], terms(target(twenty)), history=history).points == 35


@pytest.mark.parametrize(
    ("where", "cents"),
    [(MoneyRounding.TOTAL, 20_01), (MoneyRounding.LINE, 20_02), (MoneyRounding.RATE, 20_02)],
)
def test_two_credits_round_where_the_clause_says(where: MoneyRounding, cents: int) -> None:
    # Two credits of 10.005 each.
    half = Fixed(credit=D("10.005"), pays=Pays.MONEY)
    given = terms(target(half, code="p"), target(half, code="q"), money_rounding=where)
    found = settle([down(HOUR, code="p"), down(HOUR, code="q")], given)
    assert found.money == usd(cents)
    assert sum(line.due.minor for line in found.lines if line.due) == cents


def test_hourly_rate_is_rounded_before_it_is_multiplied() -> None:
    # D14: 224,848 / 30 / 24 = 312.29 an hour, and 100 hours are 31,229.00 rather than 31,228.89.
    hours = rule(Increments(size=HOUR, credit=D(1), pays=Pays.HOURS), base=Base(day_basis=30))
    for where, cents in ((MoneyRounding.RATE, 31_229_00), (MoneyRounding.TOTAL, 31_228_89)):
        found = settle(
            [down(100 * HOUR)], terms(target(hours), money_rounding=where), fee(224_848_00, unit="A")
        )
        assert found.money == usd(cents)


def test_lost_time_at_a_rounded_hourly_rate() -> None:
    # 1,000 / 720 h = 1.3889, rounded 1.39; 10 hours pay 13.90 rather than 13.89.
    for where, cents in ((MoneyRounding.RATE, 13_90), (MoneyRounding.TOTAL, 13_89)):
        found = settle(
            [down(10 * HOUR)], terms(target(Prorated()), money_rounding=where), fee(1_000_00, unit="A")
        )
        assert found.money == usd(cents)


@pytest.mark.parametrize(
    ("mode", "cents"),
    [
        (RoundingMode.HALF_UP, 11),
        (RoundingMode.HALF_EVEN, 10),
        (RoundingMode.DOWN, 10),
        (RoundingMode.UP, 11),
    ],
)
def test_half_a_cent_follows_the_mode(mode: RoundingMode, cents: int) -> None:
    given = terms(target(Fixed(credit=Decimal("0.105"), pays=Pays.MONEY)), rounding_mode=mode)
    assert settle([down(HOUR)], given).money == usd(cents)


def test_only_what_exceeds_the_allowance_is_paid_for() -> None:
    # D5-pattern: 99.9 % of 30 days allows 43.2 min; of 103.2 min one hour is paid, ten times over.
    params = Prorated(multiplier=D(10), excess_only=True)
    credit = credit_of(params, down(timedelta(minutes=103, seconds=12)), fee(720_00, unit="A"))
    assert credit.due == usd(10_00)


def test_each_unit_is_paid_its_own_fee() -> None:
    params = rule(Fixed(credit=D(10), per=Per.UNIT))
    events = [run("2025-06-03T10:00", HOUR, units=("A",)), run("2025-06-04T10:00", HOUR, units=("A", "B"))]
    level = down(units=("A", "B", "C"), events=events)
    fees = (fee(100_00, unit="A"), fee(300_00, unit="B"), fee(900_00, unit="C"))
    credit = credit_of(params, level, *fees, units=("A", "B", "C"))
    assert (credit.due, credit.base) == (usd(40_00), usd(400_00))


def test_installation_fee_is_waived_at_its_face_value() -> None:
    waiver = rule(Fixed(credit=D(50), pays=Pays.PERCENT), base=Base(kinds=("one_time",)))
    whole = rule(Fixed(credit=D(1), pays=Pays.CHARGE), waives="install")
    late_by_a_month = one_time(500_00, unit="A", code="install", starts="2025-07-03")
    assert credit_of(whole, down(HOUR), late_by_a_month).due == usd(500_00)
    assert credit_of(waiver, down(HOUR), late_by_a_month).due == usd(0)


def test_period_split_by_an_amendment_is_paid_in_proportion() -> None:
    # 10 % of ten days by the first terms, 20 % of twenty days by the second.
    first = terms(target(Fixed(credit=D(10))))
    second = terms(target(Fixed(credit=D(20))), effective_from=date(2025, 6, 11))
    parts = (
        Period(
            "2025-06", JUNE.during._replace(end=at("2025-06-11T00:00")), date(2025, 6, 1), date(2025, 6, 10)
        ),
        Period(
            "2025-06",
            JUNE.during._replace(start=at("2025-06-11T00:00")),
            date(2025, 6, 11),
            date(2025, 6, 30),
        ),
    )
    level = [down(HOUR, window=parts[0]), down(HOUR, window=parts[1], version=1)]
    found = settle(level, (first, second), fee(3_000_00, unit="A"))
    assert [line.due for line in found.lines] == [usd(100_00), usd(400_00)]
    assert found.money == usd(500_00)


def test_parts_of_one_split_period_do_not_repeat_each_other() -> None:
    params = rule(TEN, repeat=Repeat())
    second = terms(target(params), effective_from=date(2025, 6, 11))
    parts = [
        JUNE._replace(last_on=date(2025, 6, 10)),
        JUNE._replace(first_on=date(2025, 6, 11)),
    ]
    level = [down(HOUR, window=part, version=n) for n, part in enumerate(parts)]
    found = settle(level, (terms(target(params)), second))
    assert [line.due for line in found.lines] == [usd(10_00), usd(10_00)]


def test_doubt_about_the_level_stays_with_the_credit() -> None:
    level = down(HOUR, provisional=("Who is responsible for INC-1 is not confirmed.",))
    assert credit_of(TEN, level).provisional == ("Who is responsible for INC-1 is not confirmed.",)


def test_level_that_was_met_has_no_line_and_the_total_is_zero() -> None:
    found = settle([down()], terms(target(TEN)))
    assert found.lines == ()
    assert found.money == usd(0)


def test_schedule_that_pays_no_money_has_no_money_total() -> None:
    found = settle([down()], terms(target(Fixed(credit=D(3), pays=Pays.SERVICE_DAYS))))
    assert found.totals == ()
    assert found.money is None


def test_level_without_a_credit_or_a_value_pays_nothing() -> None:
    assert settle([down(HOUR)], terms(target())).lines == ()


def test_miss_outside_every_row_is_a_line_that_pays_nothing() -> None:
    found = settle([down(HOUR, level="99.99")], terms(target(rows(("99.0", 10)))), fee(100_00, unit="A"))
    assert [(line.state, line.due) for line in found.lines] == [(CreditState.NOTHING, usd(0))]
    assert "99.861111 % lies in no row, so nothing is paid." in sentences(found)


def test_carried_amount_in_another_currency_is_refused() -> None:
    history = [outcome("2025-05", carried=usd(5_00)._replace(currency="EUR"))]
    with pytest.raises(CurrencyMismatch) as refused:
        settle([down()], terms(target(TEN)), history=history)
    assert str(refused.value) == (
        "EUR 5.00 stands over from 2025-05, the SLA schedule pays in USD. Bring it forward in USD."
    )


def test_days_of_a_rule_that_counts_by_day_split_the_run() -> None:
    # Each local day's part of the run is what its row sees.
    per_day = Increments(size=HOUR, credit=D(1), pays=Pays.MONEY, per=Per.DAY)
    credit = credit_of(per_day, down(events=[run("2025-06-03T22:30", 5 * HOUR)]))
    assert credit.due == usd((1 + 3) * 100)
