"""Worked examples of published clauses, with the amounts that their texts or arithmetic give."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from sla.engine.facts import Every
from sla.engine.intervals import micro
from sla.engine.periods import PeriodKind
from sla.engine.results import CreditState
from sla.engine.terms.counting import Counting, Metric
from sla.engine.terms.credits import (
    Band,
    Base,
    BasePeriod,
    BaseSelect,
    Cap,
    CapScope,
    Fixed,
    IncrementOn,
    Increments,
    Minimum,
    MinimumKind,
    Overflow,
    Pays,
    Per,
    Pick,
    Points,
    Pooled,
    Prorated,
    Repeat,
    Retroactive,
    Rounding,
    Tier,
    Tiered,
    TierGap,
    TierOn,
)
from sla.engine.terms.targets import Op
from sla.engine.terms.versions import PointsRule, Stacking
from tests.engine.credit_builder import (
    DAY,
    HOUR,
    MINUTE,
    D,
    credit_of,
    down,
    fee,
    late,
    late_cases,
    outcome,
    period,
    rows,
    rule,
    run,
    sentences,
    settle,
    target,
    terms,
    usd,
)

JULY = period("2025-07")
EC2 = rows(("99.99", 10), ("99.0", 25), ("95.0", 100))


def test_at_risk_pool_is_amount_times_pool_times_allocation() -> None:
    # Example 3, G3: 10 % of 100,000 at risk, pool 50 %, allocation 40 %.
    pool = Pooled(at_risk_percent=D(10), pool_percent=D(50), allocation_percent=D(40))
    assert credit_of(pool, down(HOUR), fee(100_000_00, unit="A")).due == usd(2_000_00)


KPI = Points(
    tiers=(
        Tier(at_least=D("98.0"), at_most=D("98.9"), credit=D(1)),
        Tier(at_least=D("97.0"), at_most=D("97.9"), credit=D(2)),
        Tier(at_least=D("96.0"), at_most=D("96.9"), credit=D(3)),
        Tier(below=D("96.0"), credit=D(4)),
    ),
    row_decimals=1,
)


@pytest.mark.parametrize(
    ("value", "missed_before", "points"),
    [("98.5", 0, 1), ("96.5", 1, 6), ("96.5", 0, 3), ("98.5", 1, 2), ("98.5", 2, 2)],
    ids=["A1", "A2 severe again", "B1", "B2 minor again", "third time keeps the factor"],
)
def test_repeat_doubles_the_points_of_the_present_failure(
    value: str, missed_before: int, points: int
) -> None:
    # Examples 4 and 5, G1.
    history = [outcome(label) for label in ("2025-04", "2025-05")[2 - missed_before :]]
    kpi = rule(KPI, repeat=Repeat(factors=(D(2),)))
    found = settle([down(level="99", value=value)], terms(target(kpi)), history=history)
    assert found.points == points
    assert found.lines[0].state is CreditState.POINTS
    assert found.lines[0].due is None


def test_service_hours_are_a_hundred_times_the_failure() -> None:
    # Example 6, D4.
    params = Increments(size=HOUR, credit=D(100), pays=Pays.SERVICE_HOURS, rounding=Rounding.PRORATA)
    credit = credit_of(params, down(7 * HOUR))
    assert (credit.pays, credit.due_exact, credit.due) == (Pays.SERVICE_HOURS, 700, None)


def test_points_are_paid_in_marginal_bands() -> None:
    # Example 7, G7: the first 20 are free, 80 at GBP 3, 20 at GBP 3.60.
    bands = (
        Band(rate=D(0), up_to=D(20)),
        Band(rate=D(3), up_to=D(100)),
        Band(rate=D("3.6"), up_to=D(200)),
        Band(rate=D("4.5")),
    )
    given = terms(
        target(Fixed(credit=D(120), pays=Pays.POINTS)), points=PointsRule(bands=bands, pays=Pays.MONEY)
    )
    found = settle([down(HOUR)], given, currency="GBP")
    assert found.money is not None
    assert found.money.minor == 312_00
    assert found.points == 120


@pytest.mark.parametrize(("days", "pounds"), [(3, 6), (7, 28)])
def test_rate_becomes_retroactive_beyond_its_limit(days: int, pounds: int) -> None:
    # Example 8, N12: GBP 2 a day, beyond three days GBP 4 for all of them.
    params = Increments(
        size=DAY, credit=D(2), pays=Pays.MONEY, on=IncrementOn.LATENESS, per=Per.EVENT,
        retroactive=Retroactive(beyond=D(3), credit=D(4)),
    )  # fmt: skip
    credit = credit_of(params, late_cases(late("2025-06-20T00:00", days * DAY)), currency="GBP")
    assert credit.due is not None
    assert credit.due.minor == pounds * 100


@pytest.mark.parametrize(("days", "pence"), [(1, 6_10), (2, 12_20)])
def test_late_activation_pays_each_day(days: int, pence: int) -> None:
    # Example 9, N12.
    params = Increments(size=DAY, credit=D("6.10"), pays=Pays.MONEY, on=IncrementOn.LATENESS, per=Per.EVENT)
    credit = credit_of(params, late_cases(late("2025-06-04T00:00", days * DAY)), currency="GBP")
    assert credit.due is not None
    assert credit.due.minor == pence


def test_shortfall_in_points_is_a_percentage_of_the_charges() -> None:
    # Example 10, G2: 98 - 75 = 23 %.
    params = Increments(size=D(1), credit=D(1), on=IncrementOn.SHORTFALL, rounding=Rounding.PRORATA)
    credit = credit_of(params, down(level="98", value="75"), fee(1_000_00, unit="A"))
    assert credit.due == usd(230_00)


def test_affected_accounts_share_the_base() -> None:
    # Example 11, S10: 2 of 200 accounts, 50 % credited.
    params = rule(Fixed(credit=D(50)), base=Base(by_affected=True))
    credit = credit_of(params, down(HOUR, affected=Fraction(2, 200)), fee(20_000_00, unit="A"))
    assert credit.due == usd(100_00)


@pytest.mark.parametrize(
    ("length", "hours"), [(135 * MINUTE, "2.25"), (90 * MINUTE, "1"), (59 * MINUTE, "0"), (2 * HOUR, "2")]
)
def test_hours_count_in_proportion_after_the_first_two(length: timedelta, hours: str) -> None:
    # Example 13, N11.
    params = Increments(size=HOUR, credit=D(1), pays=Pays.SERVICE_HOURS, prorata_from=D(2))
    assert credit_of(params, down(length)).due_exact == Fraction(hours)


def test_standard_storage_below_99_pays_a_quarter() -> None:
    # Example 17.
    standard = rows(("99.9", 10), ("99.0", 25), ("95.0", 100))
    assert credit_of(standard, down(value="98"), fee(100_00, unit="A")).due == usd(25_00)


def test_caps_bind_on_two_levels() -> None:
    # Example 19, G8: a service element of 1.0 m loses at most 0.2 m, all of them 10 % of 8.3 m.
    own = Cap(code="element", limit=D(20))
    elements = Base(select=BaseSelect.CHARGES, charges=("element",))
    given = terms(
        target(rule(Fixed(credit=D(50)), caps=(own,)), code="catering"),
        target(rule(Fixed(credit=D(50)), caps=(own,)), code="estate"),
        caps=(Cap(code="aggregate", limit=D(10), scope=CapScope.AGREEMENT, base=elements),),
    )
    fees = (fee(100_000_000, unit="A", code="element"), fee(730_000_000, unit="B", code="element"))
    one = settle([down(HOUR, code="catering")], given, *fees)
    assert one.money == usd(20_000_000)
    assert [(item.code, item.amount) for item in one.totals[0].removed] == [("element", 30_000_000)]
    both = settle([down(HOUR, code="catering"), down(HOUR, code="estate", units=("B",))], given, *fees)
    assert both.money == usd(83_000_000)
    assert [item.code for item in both.totals[0].removed] == ["element", "aggregate"]


def test_region_down_50_minutes_pays_a_tenth_of_its_charges() -> None:
    # Example 21, H1.
    credit = credit_of(
        EC2, down(50 * MINUTE, window=JULY, level="99.99"), fee(4_321_00, unit="A"), period=JULY
    )
    assert credit.due == usd(432_10)


def test_printed_durations_pay_where_the_value_does_not() -> None:
    # Example 32, D7: 4 min 25 s in 31 days is 99.990106 %, yet more than the printed 4 min 23 s.
    month = down(timedelta(minutes=4, seconds=25), window=JULY, level="99.99")
    given = {"level": D("99.99")}
    by_value = rows(("99.99", 10), ("99.90", 25))
    fees = fee(1_000_00, unit="A")
    assert settle([month], terms(target(by_value, **given)), fees, period=JULY).money == usd(0)
    durations = Tiered(
        tiers=(
            Tier(above=timedelta(minutes=4, seconds=23), credit=D(10)),
            Tier(above=timedelta(minutes=43, seconds=50), credit=D(25)),
        ),
        on=TierOn.COUNTED,
    )
    by_time = rule(durations, only_if_missed=False)
    assert settle([month], terms(target(by_time, **given)), fees, period=JULY).money == usd(100_00)


@pytest.mark.parametrize(("minutes", "cents"), [(5, 50), (15, 1_50), (9, 90)])
def test_lost_time_is_paid_at_the_hourly_rate(minutes: int, cents: int) -> None:
    # Example 34, D6: wholly failed intervals, touched intervals, elapsed minutes; 31 days at 4,464.
    lost = down(minutes * MINUTE, window=JULY, level="99.99")
    credit = credit_of(Prorated(), lost, fee(4_464_00, unit="A"), period=JULY)
    assert credit.due == usd(cents)


@pytest.mark.parametrize(
    ("rounding", "dollars"), [(Rounding.FLOOR, 60), (Rounding.CEIL, 120), (Rounding.PRORATA, 100)]
)
def test_broken_increment_follows_its_reading(rounding: Rounding, dollars: int) -> None:
    # Example 37, D1 and D2.
    params = Increments(size=30 * MINUTE, credit=D(5), rounding=rounding)
    assert credit_of(params, down(50 * MINUTE), fee(1_200_00, unit="A")).due == usd(dollars * 100)


def test_cap_takes_what_is_above_the_fee() -> None:
    # Example 38, D1: 110 % of 2,000.
    params = rule(Increments(size=30 * MINUTE, credit=D(5)), caps=(Cap(code="month", limit=D(100)),))
    credit = credit_of(params, down(11 * HOUR), fee(2_000_00, unit="A"))
    assert (credit.before_caps, credit.due) == (2_200_00, usd(2_000_00))
    assert [(item.code, item.amount) for item in credit.removed] == [("month", 200_00)]


def test_two_events_share_the_monthly_cap() -> None:
    # Example 38: 60 % + 60 %.
    per_event = Increments(size=30 * MINUTE, credit=D(5), per=Per.EVENT)
    params = rule(per_event, caps=(Cap(code="month", limit=D(100)),))
    events = [run("2025-06-03T00:00", 6 * HOUR), run("2025-06-20T00:00", 6 * HOUR)]
    credit = credit_of(params, down(events=events), fee(2_000_00, unit="A"))
    assert (credit.before_caps, credit.due) == (2_400_00, usd(2_000_00))


@pytest.mark.parametrize(("rounding", "dollars"), [(Rounding.FLOOR, 360), (Rounding.CEIL, 480)])
def test_lump_is_due_at_once_and_increments_follow(rounding: Rounding, dollars: int) -> None:
    # Example 40, D12.
    params = Increments(size=HOUR, credit=D(3), initial=D(3), rounding=rounding)
    assert credit_of(params, down(150 * MINUTE), fee(4_000_00, unit="A")).due == usd(dollars * 100)


def test_complete_hours_count_beyond_the_maximum() -> None:
    # Example 42: 6 h 50 is 4 h 50 over a maximum of 2 h.
    params = Increments(size=HOUR, credit=D(10), per=Per.EVENT, after=2 * HOUR)
    credit = credit_of(params, down(events=[run("2025-06-03T00:00", 410 * MINUTE)]), fee(100_00, unit="A"))
    assert credit.due == usd(40_00)


A_DAY = rule(Fixed(credit=D(1), pays=Pays.DAYS, per=Per.DAY), base=Base(day_basis=30))
OVER_A_MINUTE = {"counting": Counting(min_run=MINUTE)}


def test_day_is_paid_once_however_many_runs_it_has() -> None:
    # Example 44, N6: the runs under a minute of day 2 never reach the credit.
    events = [
        run("2025-06-01T10:00", 2 * MINUTE),
        run("2025-06-03T10:00", 5 * MINUTE),
        run("2025-06-03T15:00", 3 * HOUR),
    ]
    credit = credit_of(
        A_DAY, down(level="100", events=events), fee(1_500_00, unit="A"), of_target=OVER_A_MINUTE
    )
    assert credit.due == usd(100_00)


def test_run_cut_by_midnight_counts_on_the_day_it_began() -> None:
    # Example 44: 80 seconds, of which neither day has more than a minute.
    events = [run("2025-06-10T23:59:30", timedelta(seconds=80))]
    credit = credit_of(
        A_DAY, down(level="100", events=events), fee(1_500_00, unit="A"), of_target=OVER_A_MINUTE
    )
    assert credit.due == usd(50_00)
    assert "For 2025-06-10: USD 50.00." in [step.because for _, step in credit.step.walk()]


def test_run_over_midnight_counts_on_each_day_that_passes_the_minimum() -> None:
    events = [run("2025-06-10T23:50", 20 * MINUTE)]
    credit = credit_of(
        A_DAY, down(level="100", events=events), fee(1_500_00, unit="A"), of_target=OVER_A_MINUTE
    )
    assert credit.due == usd(100_00)


@pytest.mark.parametrize(
    ("label", "first_month", "multiplier", "cents"),
    [("2025-Q1", 1, 100, 694_44), ("2025-Q1", 1, 10, 69_44), ("2025-Q1", 2, 100, 702_25)],
    ids=["calendar quarter x100", "x10", "fiscal quarter from February"],
)
def test_multiple_of_the_fee_paid_while_down(
    label: str, first_month: int, multiplier: int, cents: int
) -> None:
    # Example 46, S1: 30 minutes, 30,000 a quarter.
    quarter = period(label, PeriodKind.QUARTER, anchor_month=first_month)
    fees = fee(30_000_00, unit="A", every=Every.QUARTER)
    lost = down(30 * MINUTE, window=quarter, level="99.99")
    credit = credit_of(Prorated(multiplier=D(multiplier)), lost, fees, period=quarter)
    assert credit.due == usd(cents)


@pytest.mark.parametrize(("minutes", "cents"), [(60, 138_89), (120, 250_00)])
def test_acceleration_meets_the_monthly_cap(minutes: int, cents: int) -> None:
    # Example 47, S8.
    params = rule(Prorated(multiplier=D(100)), caps=(Cap(code="month", limit=D(25)),))
    credit = credit_of(params, down(minutes * MINUTE, level="99.99"), fee(1_000_00, unit="A"))
    assert credit.due == usd(cents)


USER_ROWS = rows(("99.9", 25), ("99.0", 50), ("95.0", 100))


@pytest.mark.parametrize(("lost", "cents"), [(36_000, 25_00), (3_000, 0)])
def test_user_minutes_choose_the_row(lost: int, cents: int) -> None:
    # Example 50, H9: 500 users x 44,640 minutes.
    whole = Fraction(micro(500 * 44_640 * MINUTE))
    level = down(lost * MINUTE, window=JULY, whole=whole)
    assert settle([level], terms(target(USER_ROWS)), fee(100_00, unit="A"), period=JULY).money == usd(cents)


TELUS = (
    Tier(at_least=D("97.9"), at_most=D("99.69"), credit=D(10)),
    Tier(at_least=D("95.9"), at_most=D("96.89"), credit=D(20)),
    Tier(at_least=D("93.9"), at_most=D("95.89"), credit=D(30)),
    Tier(below=D("93.9"), credit=D(40)),
)


@pytest.mark.parametrize(
    ("gap", "dollars"), [(TierGap.NOTHING, 0), (TierGap.HIGHER, 10), (TierGap.LOWER, 20)]
)
def test_value_between_two_rows_follows_the_stored_reading(gap: TierGap, dollars: int) -> None:
    # Example 53 (a), N10: 97.50 %.
    credit = credit_of(Tiered(tiers=TELUS, gap=gap), down(level="99.7", value="97.5"), fee(100_00, unit="A"))
    assert credit.due == usd(dollars * 100)
    warned = ("97.5 % lies between two rows of the credit table, which pays nothing there.",)
    assert credit.provisional == (warned if gap is TierGap.NOTHING else ())


GITHUB = (Tier(at_most=D("99.9"), above=D("99.0"), credit=D(10)), Tier(below=D("99.0"), credit=D(25)))


@pytest.mark.parametrize(("minutes", "dollars"), [(1295, 10), (1296, 0), (1297, 25)])
def test_edge_that_no_row_holds_pays_nothing(minutes: int, dollars: int) -> None:
    # Example 53 (b), S3: a quarter of 90 days.
    quarter = period("2025-Q1", PeriodKind.QUARTER)
    level = down(minutes * MINUTE, window=quarter)
    credit = credit_of(
        Tiered(tiers=GITHUB), level, fee(100_00, unit="A", every=Every.QUARTER), period=quarter
    )
    assert credit.due == usd(dollars * 100)


def test_met_level_pays_where_a_row_begins_at_it() -> None:
    # Example 53 (b): exactly 99.9 % meets the level, and the row says "less than or equal to".
    rows_decide = rule(Tiered(tiers=GITHUB), only_if_missed=False)
    assert credit_of(rows_decide, down(value="99.9"), fee(100_00, unit="A")).due == usd(10_00)
    level_decides = terms(target(Tiered(tiers=GITHUB)))
    assert settle([down(value="99.9")], level_decides, fee(100_00, unit="A")).lines == ()


@pytest.mark.parametrize(("pick", "dollars"), [(Pick.CUSTOMER, 25), (Pick.VENDOR, 10), (Pick.FIRST, 10)])
def test_value_in_two_rows_follows_the_pick(pick: Pick, dollars: int) -> None:
    # Example 53 (c), H13: 99.0 % is in both rows.
    both = (
        Tier(at_least=D("99.0"), at_most=D("99.9"), credit=D(10)),
        Tier(at_least=D("95.0"), at_most=D("99.0"), credit=D(25)),
    )
    credit = credit_of(Tiered(tiers=both, pick=pick), down(value="99.0"), fee(100_00, unit="A"))
    assert credit.due == usd(dollars * 100)


@pytest.mark.parametrize(("pick", "dollars"), [(Pick.CUSTOMER, 70), (Pick.VENDOR, 40)])
def test_rows_that_share_an_edge_follow_the_pick(pick: Pick, dollars: int) -> None:
    # Example 53 (d), N3.
    both = (
        Tier(at_least=D("99.0"), at_most=D("99.5"), credit=D(40)),
        Tier(at_least=D("98.5"), at_most=D("99.0"), credit=D(70)),
    )
    credit = credit_of(Tiered(tiers=both, pick=pick), down(value="99.0"), fee(100_00, unit="A"))
    assert credit.due == usd(dollars * 100)


def test_service_points_of_a_month_end_at_their_cap() -> None:
    # Example 57, G1: 6 + 1 points, 1 % each, cap 5 % of 200,000.
    kpi = rule(KPI, repeat=Repeat())
    given = terms(
        target(kpi, code="kpi-a"), target(kpi, code="kpi-b"), target(kpi, code="kpi-c"),
        points=PointsRule(bands=(Band(rate=D(1)),), base=Base(select=BaseSelect.CONTRACT), cap=D(5)),
    )  # fmt: skip
    level = [
        down(code="kpi-a", level="99", value="96.5"),
        down(code="kpi-b", level="99", value="98.2"),
        down(code="kpi-c", level="99", value="99.2"),
    ]
    history = [outcome("2025-05", code="kpi-a")]
    found = settle(level, given, fee(200_000_00), history=history, currency="USD")
    assert found.points == 7
    assert found.money == usd(10_000_00)
    paid = next(line for line in found.lines if line.target == "")
    assert (paid.before_caps, paid.removed[0].code, paid.removed[0].amount) == (14_000_00, "points", 4_000_00)
    assert "Points pay at most 5 %: USD 4,000.00 less." in sentences(found)


def test_week_is_abated_once_for_the_affected_area() -> None:
    # Example 65, D10: 31,000 in 31 days, 200 of 1,000 square feet.
    week = rule(Fixed(credit=D(100), per=Per.WEEK), base=Base(slice_days=7, by_affected=True))
    share = Fraction(200, 1000)
    first = run("2025-07-08T10:00", HOUR, affected=share)
    same_week = run("2025-07-10T10:00", HOUR, affected=share)
    next_week = run("2025-07-15T10:00", HOUR, affected=share)
    fees = fee(31_000_00, unit="A")

    def paid(*events: object) -> object:
        return credit_of(week, down(window=JULY, events=events), fees, period=JULY).due  # type: ignore[arg-type]

    assert paid(first) == usd(1_400_00)
    assert paid(first, same_week) == usd(1_400_00)
    assert paid(first, same_week, next_week) == usd(2_800_00)


@pytest.mark.parametrize(("fee_cents", "cents"), [(10_00, 0), (10_10, 1_01)])
def test_only_credits_greater_than_a_dollar_are_issued(fee_cents: int, cents: int) -> None:
    # Example 67, H1: 10 % is 1.00 and 1.01.
    given = terms(target(EC2), minimum=Minimum(amount=D(1), inclusive=False))
    found = settle([down(HOUR, level="99.99")], given, fee(fee_cents, unit="A"))
    assert found.money == usd(cents)
    assert found.lines[0].state is (CreditState.DUE if cents else CreditState.NOT_ISSUED)


def test_small_credit_is_raised_to_the_minimum() -> None:
    # Example 67, N11: 0.40 becomes 1.00.
    raised = rule(EC2, minimum=Minimum(amount=D(1), kind=MinimumKind.RAISE))
    credit = credit_of(raised, down(HOUR, level="99.99"), fee(4_00, unit="A"))
    assert (credit.before_caps, credit.due) == (40, usd(1_00))
    assert [(item.code, item.amount) for item in credit.removed] == [("minimum", -60)]


@pytest.mark.parametrize(("overflow", "carried"), [(Overflow.CARRIED, usd(200_00)), (Overflow.LOST, None)])
def test_credit_is_capped_by_the_invoice_it_lands_on(overflow: Overflow, carried: object) -> None:
    # Example 68, S2: 10 % of 5,000 in June, the next invoice is 300.
    cap = Cap(
        code="invoice", limit=D(100), scope=CapScope.AGREEMENT, overflow=overflow,
        base=Base(period=BasePeriod.FOLLOWING),
    )  # fmt: skip
    fees = (fee(5_000_00, unit="A"), fee(300_00, unit="A", starts="2025-07-01"))
    found = settle([down(HOUR, level="99.99")], terms(target(EC2), caps=(cap,)), *fees)
    assert found.money == usd(300_00)
    assert found.carried == carried
    # The month after, what stood over is paid on its own invoice.
    history = [outcome("2025-06", credit=usd(300_00), carried=found.carried)]
    after = settle([down(window=JULY)], terms(target(EC2), caps=(cap,)), *fees, period=JULY, history=history)
    assert after.money == (usd(200_00) if carried else usd(0))


def test_days_of_service_have_no_money() -> None:
    # Example 69, H12: below 99.9 % three days, at most 15 a month.
    days = rows(("99.9", 3), ("99.0", 7), ("95.0", 15), pays=Pays.SERVICE_DAYS)
    cap = Cap(code="month", limit=D(15), pays=Pays.DAYS, scope=CapScope.AGREEMENT)
    given = terms(target(days, code="mail"), target(days, code="files"), caps=(cap,))
    one = settle([down(code="mail", value="99.5")], given, fee(100_00, unit="A"))
    assert [(total.pays, total.due_exact) for total in one.totals] == [(Pays.SERVICE_DAYS, 3)]
    assert one.money is None
    two = settle(
        [down(code="mail", value="90"), down(code="files", value="98")], given, fee(100_00, unit="A")
    )
    assert two.totals[0].before_caps == 22
    assert two.totals[0].due_exact == 15


@pytest.mark.parametrize(("day_basis", "cents"), [(None, 300_00), (30, 310_00)])
def test_days_of_service_for_a_monthly_payer_are_money(day_basis: int | None, cents: int) -> None:
    # Example 69: 3 days of 3,100 in July.
    days = rule(rows(("99.9", 3), pays=Pays.DAYS), base=Base(day_basis=day_basis))
    credit = credit_of(days, down(window=JULY, value="99.5"), fee(3_100_00, unit="A"), period=JULY)
    assert credit.due == usd(cents)


def test_more_favourable_credit_pays_for_one_event() -> None:
    # Example 72, D8: 30 and 45.
    given = terms(
        target(Fixed(credit=D(30), pays=Pays.MONEY), code="vrack"),
        target(Fixed(credit=D(45), pays=Pays.MONEY), code="attached"),
        stacking=Stacking.BEST,
    )
    event = [run("2025-06-03T10:00", HOUR, incidents=("INC-1",))]
    level = [down(code="vrack", events=event), down(code="attached", events=event)]
    found = settle(level, given, currency="EUR")
    assert found.money is not None
    assert found.money.minor == 45_00
    states = {line.target: line.state for line in found.lines}
    assert states == {"vrack": CreditState.NOT_SELECTED, "attached": CreditState.DUE}
    assert "attached pays more for the same event (INC-1), so EUR 30.00 of this credit is not paid." in (
        sentences(found)
    )


def test_customer_selects_and_until_then_the_highest_pays() -> None:
    # Example 72, G5: 3 % of the fee against 8 % of a tenth of it.
    given = terms(
        target(Fixed(credit=D(3)), code="sl-a"),
        target(rule(Fixed(credit=D(8)), base=Base(share=D(10))), code="portal"),
        stacking=Stacking.SELECT,
    )
    event = [run("2025-06-03T10:00", HOUR, incidents=("INC-1",))]
    level = [down(code="sl-a", events=event), down(code="portal", events=event)]
    found = settle(level, given, fee(1_000_000_00, unit="A"))
    assert [(line.target, line.before_caps) for line in found.lines] == [
        ("portal", 8_000_00),
        ("sl-a", 30_000_00),
    ]
    assert found.money == usd(30_000_00)


def test_first_step_of_increments_may_differ() -> None:
    # N11: the first two hours or part 10 %, each further hour or part 5 %.
    params = Increments(
        size=HOUR,
        credit=D(5),
        first_size=2 * HOUR,
        first_credit=D(10),
        rounding=Rounding.CEIL,
        after=44 * MINUTE,
    )
    for length, dollars in ((44 * MINUTE, 0), (45 * MINUTE, 10), (164 * MINUTE, 10), (165 * MINUTE, 15)):
        found = settle([down(length, level="100")], terms(target(params)), fee(100_00, unit="A"))
        assert found.money == usd(dollars * 100)


def test_cumulative_time_selects_the_row() -> None:
    # R2, N1 and example 29: 150 minutes pay 15 %, 210 pay 35 %.
    lumen = Tiered(
        tiers=(
            Tier(at_least=5 * MINUTE, credit=D(5)),
            Tier(at_least=HOUR, credit=D(15)),
            Tier(at_least=3 * HOUR, credit=D(35)),
            Tier(at_least=6 * HOUR, credit=D(50)),
        ),
        on=TierOn.COUNTED,
    )
    for minutes, percent in ((4, 0), (5, 5), (59, 5), (60, 15), (150, 15), (210, 35), (360, 50), (9_000, 50)):
        credit = credit_of(lumen, down(minutes * MINUTE, level="99.999"), fee(100_00, unit="A"))
        assert credit.due == usd(percent * 100)


def test_each_event_selects_its_own_row() -> None:
    # R3: two events of 2 h and 5 h.
    by_event = Tiered(
        tiers=(Tier(at_least=2 * HOUR, credit=D(5)), Tier(at_least=4 * HOUR, credit=D(20))),
        on=TierOn.COUNTED,
        per=Per.EVENT,
    )
    events = [run("2025-06-03T00:00", 2 * HOUR), run("2025-06-05T00:00", 5 * HOUR)]
    assert credit_of(by_event, down(events=events), fee(100_00, unit="A")).due == usd(25_00)


def test_named_fee_is_not_charged() -> None:
    # R12: the cross-connect of the month.
    waiver = rule(Fixed(credit=D(1), pays=Pays.CHARGE), waives="cross-connect")
    fees = (fee(500_00, unit="A"), fee(250_00, unit="A", code="cross-connect"))
    credit = credit_of(waiver, down(HOUR), *fees)
    assert (credit.pays, credit.waives, credit.due) == (Pays.CHARGE, "cross-connect", usd(250_00))


def test_whole_fee_of_the_period_is_retained() -> None:
    # R14.
    assert credit_of(Fixed(credit=D(100)), down(HOUR), fee(777_77, unit="A")).due == usd(777_77)


def test_fixed_amount_is_paid_for_each_amp() -> None:
    # R7, D13: USD 30 an amp, 16 amps.
    params = Fixed(credit=D(30), pays=Pays.MONEY, times=D(16))
    assert credit_of(params, down(HOUR)).due == usd(480_00)


def test_points_table_pays_the_row_reached() -> None:
    # G9: up to 9 points nothing, 10 to 14 two percent.
    steps = (
        Band(rate=D(0), up_to=D(9)),
        Band(rate=D(2), up_to=D(14)),
        Band(rate=D(4), up_to=D(19)),
        Band(rate=D(6)),
    )
    for points, dollars in ((9, 0), (10, 2), (14, 2), (15, 4), (40, 6)):
        given = terms(
            target(Fixed(credit=D(points), pays=Pays.POINTS)),
            points=PointsRule(steps=steps, base=Base(select=BaseSelect.CONTRACT)),
        )
        assert settle([down(HOUR)], given, fee(100_00)).money == usd(dollars * 100)


def test_late_cases_are_counted_for_a_low_is_better_level() -> None:
    params = Increments(size=D(1), credit=D(2), on=IncrementOn.CASES, per=Per.WINDOW)
    level = late_cases(late("2025-06-03T00:00", HOUR), late("2025-06-04T00:00", HOUR))
    given = terms(target(params, metric=Metric.COUNT, op=Op.AT_MOST, level=D(0)))
    assert settle([level], given, fee(100_00, unit="A")).money == usd(4_00)
