"""The base of a credit: which fees, of which dates, in exact minor units."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from sla.engine.credits.bases import BaseAmount, base_amount, base_span
from sla.engine.credits.waterfall import setting_of
from sla.engine.facts import Charge, ChargeKind, Every, MonthBy
from sla.engine.money import CurrencyMismatch
from sla.engine.periods import Period, PeriodKind, PeriodRule
from sla.engine.terms.credits import Base, BasePeriod, BaseSelect
from tests.engine.credit_builder import JUNE, D, at, facts, fee, one_time, period, schedule, terms

JULY = period("2025-07")


def found(
    *charges: Charge,
    base: Base | None = None,
    window: Period = JUNE,
    units: Sequence[str] = ("A",),
    services: Sequence[str] = (),
    billing_day: int = 1,
    **more: Any,
) -> BaseAmount:
    setting = setting_of(
        (),
        versions=(terms(),),
        schedule=schedule(billing_day=billing_day),
        facts=facts(*charges),
        period=window,
        history=(),
    )
    base = base or Base()
    span = base_span(base, window=window, rule=PeriodRule(), setting=setting, **more)
    return base_amount(base, units=units, services=services, span=span, setting=setting)


@pytest.mark.parametrize("label", ["2025-02", "2024-02", "2025-06", "2025-07"])
def test_whole_month_is_exactly_the_monthly_fee(label: str) -> None:
    assert found(fee(1_000_00, unit="A"), window=period(label)).amount == 1_000_00


def test_part_of_a_month_is_its_days() -> None:
    days = Period("part", JUNE.during, date(2025, 6, 1), date(2025, 6, 10))
    assert found(fee(3_000_00, unit="A"), window=days).amount == 1_000_00


def test_fee_changed_in_the_month_is_prorated_by_days() -> None:
    # 10 days at 3,000 and 20 days at 6,000 a month of 30 days; the next row ends the one before.
    assert found(fee(3_000_00, unit="A"), fee(6_000_00, unit="A", starts="2025-06-11")).amount == 5_000_00


def test_fee_months_begin_on_the_billing_day() -> None:
    # June has 14 days of the month 15 May - 14 June (31 days) and 16 of 15 June - 14 July (30 days).
    base = found(fee(31_000_00, unit="A"), billing_day=15)
    assert base.amount == Fraction(31_000_00 * 14, 31) + Fraction(31_000_00 * 16, 30)


@pytest.mark.parametrize(
    ("every", "by", "label", "cents"),
    [
        (Every.QUARTER, MonthBy.TWELFTH, "2025-06", Fraction(3_000_00)),
        (Every.QUARTER, MonthBy.DAYS, "2025-06", Fraction(9_000_00 * 30, 91)),
        (Every.YEAR, MonthBy.TWELFTH, "2025-02", Fraction(750_00)),
        (Every.YEAR, MonthBy.DAYS, "2025-02", Fraction(9_000_00 * 28, 365)),
    ],
)
def test_month_of_a_longer_fee_follows_its_rule(
    every: Every, by: MonthBy, label: str, cents: Fraction
) -> None:
    charge = fee(9_000_00, unit="A", every=every, month_by=by, starts="2025-01-01")
    assert found(charge, window=period(label)).amount == cents


def test_quarter_of_monthly_fees_is_three_of_them() -> None:
    quarter = period("2025-Q1", PeriodKind.QUARTER)
    assert found(fee(1_000_00, unit="A"), window=quarter).amount == 3_000_00


def test_invoice_replaces_the_estimate_of_its_dates() -> None:
    usage = fee(3_000_00, unit="A", code="use", kind=ChargeKind.USAGE)
    billed = fee(
        1_234_56, unit="A", code="use", kind=ChargeKind.BILLED, starts="2025-06-01", ends_on=date(2025, 7, 1)
    )
    other = fee(9_999_99, unit="B", code="use", kind=ChargeKind.BILLED, starts="2025-06-01")
    whole = found(usage, billed, other)
    assert (whole.amount, whole.provisional) == (1_234_56, ())


def test_estimate_that_is_not_billed_is_provisional() -> None:
    usage = fee(3_000_00, unit="A", code="use", kind=ChargeKind.USAGE)
    half = fee(
        1_000_00, unit="A", code="use", kind=ChargeKind.BILLED, starts="2025-06-01", ends_on=date(2025, 6, 16)
    )
    base = found(usage, half)
    assert base.amount == 1_000_00 + 1_500_00
    assert base.provisional == ("Fee use is an estimate until it is billed.",)


@pytest.mark.parametrize(("net", "cents"), [(True, 900_00), (False, 1_000_00)])
def test_discount_reduces_the_base_where_the_clause_says_net(net: bool, cents: int) -> None:
    discount = fee(100_00, unit="A", code="loyalty", kind=ChargeKind.DISCOUNT)
    assert found(fee(1_000_00, unit="A"), discount, base=Base(net_of_discounts=net)).amount == cents


def test_contract_wide_discount_is_named_where_it_cannot_be_laid_on_a_service() -> None:
    discount = fee(100_00, code="loyalty", kind=ChargeKind.DISCOUNT)
    base = found(fee(1_000_00, unit="A"), discount)
    assert base.amount == 1_000_00
    assert base.provisional == ("Discount loyalty names no service, so it is not taken off the fees of A.",)


def test_one_time_fee_counts_only_when_the_clause_names_it() -> None:
    fees = (fee(1_000_00, unit="A"), one_time(500_00, unit="A", code="install", starts="2025-06-05"))
    assert found(*fees).amount == 1_000_00
    assert found(*fees, base=Base(kinds=("recurring", "one_time"))).amount == 1_500_00
    assert found(*fees, base=Base(kinds=("recurring", "one_time")), window=JULY).amount == 1_000_00


@pytest.mark.parametrize(
    ("base", "cents"),
    [
        (Base(), 100_00),
        (Base(select=BaseSelect.SERVICES), 300_00),
        (Base(select=BaseSelect.CONTRACT), 1_300_00),
        (Base(select=BaseSelect.CHARGES, charges=("platform",)), 1_000_00),
        (Base(select=BaseSelect.CONTRACT, share=D(10)), 130_00),
    ],
    ids=["the unit that missed", "every service", "contract", "named fee", "a tenth of the contract"],
)
def test_selection_names_the_fees(base: Base, cents: int) -> None:
    fees = (fee(100_00, unit="A"), fee(200_00, unit="B"), fee(1_000_00, code="platform"))
    assert found(*fees, base=base).amount == cents


def test_services_of_the_level_are_the_base_where_it_names_them() -> None:
    fees = (fee(100_00, unit="A"), fee(200_00, unit="B"))
    assert found(*fees, base=Base(select=BaseSelect.SERVICES), services=("B",)).amount == 200_00


def test_contract_fee_stands_for_a_unit_where_no_unit_has_its_own() -> None:
    base = found(fee(1_000_00))
    assert base.amount == 1_000_00
    assert base.step.because == (
        "The base is USD 1,000.00: the fees of the whole contract, as none is recorded for A alone, "
        "2025-06-01 to 2025-06-30."
    )


def test_unit_without_a_fee_has_no_base_and_says_so() -> None:
    base = found(fee(1_000_00, unit="B"))
    assert base.amount == 0
    assert base.provisional == (
        "No fee is recorded for the base (fees of A, 2025-06-01 to 2025-06-30), so it is nothing.",
    )


def test_fee_outside_the_base_is_left_out() -> None:
    assert found(fee(1_000_00, unit="A"), fee(190_00, unit="A", code="tax", in_base=False)).amount == 1_000_00


@pytest.mark.parametrize(("usage", "cents"), [(800_00, 1_000_00), (1_200_00, 1_200_00)])
def test_greater_of_recurring_and_usage(usage: int, cents: int) -> None:
    actual = fee(usage, unit="A", code="use", kind=ChargeKind.BILLED, starts="2025-06-01")
    assert found(fee(1_000_00, unit="A"), actual, base=Base(greater_of=True)).amount == cents


@pytest.mark.parametrize(
    ("which", "cents"),
    [
        (BasePeriod.FAILURE, 600_00),
        (BasePeriod.STATEMENT, 600_00),
        (BasePeriod.PRECEDING, 500_00),
        (BasePeriod.FOLLOWING, 700_00),
    ],
)
def test_period_of_the_base(which: BasePeriod, cents: int) -> None:
    fees = (
        fee(500_00, unit="A"),
        fee(600_00, unit="A", starts="2025-06-01"),
        fee(700_00, unit="A", starts="2025-07-01"),
    )
    assert found(*fees, base=Base(period=which)).amount == cents


def test_month_in_which_service_came_back() -> None:
    fees = (fee(600_00, unit="A"), fee(700_00, unit="A", starts="2025-07-01"))
    base = Base(period=BasePeriod.RESTORATION)
    assert found(*fees, base=base, ended_at=at("2025-07-02T03:00")).amount == 700_00


@pytest.mark.parametrize(
    ("basis", "window", "cents"),
    [
        (None, JUNE, Fraction(100_00)),
        (30, JUNE, Fraction(100_00)),
        (None, JULY, Fraction(3_000_00, 31)),
        (30, JULY, Fraction(100_00)),
        (360, JULY, Fraction(3_000_00, 360)),
        (30, period("2025-Q1", PeriodKind.QUARTER), Fraction(100_00)),
    ],
    ids=["June by days", "June by 30", "July by days", "July by 30", "1/360 of a month", "quarter by 30"],
)
def test_day_of_the_fee(basis: int | None, window: Period, cents: Fraction) -> None:
    assert found(fee(3_000_00, unit="A"), base=Base(day_basis=basis), window=window).day == cents


def test_day_is_of_the_dates_on_which_the_fee_ran() -> None:
    base = found(fee(3_000_00, unit="A", starts="2025-06-16"))
    assert (base.amount, base.day) == (1_500_00, 100_00)


def test_hour_has_its_share_of_the_day() -> None:
    hour = Period("h", JUNE.during._replace(end=at("2025-06-01T01:00")), date(2025, 6, 1), date(2025, 6, 1))
    assert found(fee(720_00, unit="A"), window=hour).amount == 1_00


def test_fee_in_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch) as refused:
        found(fee(1_000_00, unit="A", currency="EUR"))
    assert str(refused.value) == (
        "Fee 'MRC' is in EUR, the SLA schedule pays in USD. "
        "Enter the fee in USD, or leave it out of the base."
    )


def test_every_discount_of_a_unit_is_taken_off() -> None:
    discounts = [fee(100_00, unit="A", code=code, kind=ChargeKind.DISCOUNT) for code in ("loyalty", "volume")]
    assert found(fee(1_000_00, unit="A"), *discounts, base=Base(net_of_discounts=True)).amount == 800_00


def test_a_base_says_which_fee_of_which_dates_makes_it() -> None:
    base = found(
        fee(1_000_00, unit="A"),
        fee(100_00, unit="A", code="loyalty", kind=ChargeKind.DISCOUNT),
        fee(300_00, unit="A", code="use", kind=ChargeKind.USAGE, starts="2025-06-11"),
        one_time(500_00, unit="A", code="install", starts="2025-06-05"),
        base=Base(kinds=("recurring", "usage", "one_time"), net_of_discounts=True, clause="§ 7"),
    )
    assert base.step.because == "The base is USD 1,600.00: fees of A, 2025-06-01 to 2025-06-30."
    assert base.step.clause == "§ 7"
    assert sorted(step.because for step in base.step.inputs) == [
        "Discount loyalty of A from 2025-06-01 to 2025-06-30: USD 100.00.",
        "Fee MRC of A from 2025-06-01 to 2025-06-30: USD 1,000.00.",
        "Fee install of A from 2025-06-01 to 2025-06-30: USD 500.00.",
        "Fee use of A from 2025-06-11 to 2025-06-30, estimated until billed: USD 200.00.",
    ]
    assert {(step.clause, step.unit) for step in base.step.inputs} == {("", "USD")}


SELECTED = [
    (
        Base(select=BaseSelect.CONTRACT, greater_of=True),
        "every fee of the contract",
        ["The greater of recurring fees and usage is the base."],
    ),
    (
        Base(select=BaseSelect.CHARGES, charges=("MRC", "platform"), share=D(10)),
        "fees MRC, platform",
        ["10 % of the fees are the base."],
    ),
    (
        Base(select=BaseSelect.SERVICES, slice_days=2),
        "fees of A, B",
        ["2 days of the fee are the base, a day being the fee by the days of the period."],
    ),
    (
        Base(select=BaseSelect.SERVICES, slice_days=2, day_basis=30),
        "fees of A, B",
        ["2 days of the fee are the base, a day being 1/30 of a month's fee."],
    ),
]


@pytest.mark.parametrize(("base", "what", "adjusted"), SELECTED)
def test_a_base_says_what_was_selected_and_how_it_was_adjusted(
    base: Base, what: str, adjusted: list[str]
) -> None:
    fees = (fee(100_00, unit="A"), fee(200_00, unit="B"), fee(1_000_00, code="platform"))
    made = found(*fees, base=base)
    assert f": {what}, 2025-06-01 to 2025-06-30." in made.step.because
    assert [s.because for s in made.step.inputs if not s.rule.endswith(("fee", "estimate"))] == adjusted


def test_a_fee_of_the_whole_contract_names_no_unit() -> None:
    base = found(fee(1_000_00, code="platform"), base=Base(select=BaseSelect.CONTRACT))
    assert [step.because for step in base.step.inputs] == [
        "Fee platform from 2025-06-01 to 2025-06-30: USD 1,000.00."
    ]


def test_a_day_of_a_window_of_one_day_is_the_window() -> None:
    day = Period("2025-06-10", JUNE.during, date(2025, 6, 10), date(2025, 6, 10))
    made = found(fee(3_000_00, unit="A"), base=Base(slice_days=1), window=day)
    assert (made.amount, made.day) == (100_00, 100_00)
