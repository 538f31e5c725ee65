"""Fees: dated rows, billed amounts, cost centres, and what a contract costs in a year."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.vendors.rows import REASON, a_charge, a_contract, a_service, a_vendor, person, saved
from vendors.models import Account, Charge, Contract, CostShare
from vendors.selectors import annual_fee, fees_in_force
from vendors.services import change_fee, record_billed, record_charge, save_record, split_cost

pytestmark = pytest.mark.django_db


def billed(contract: Contract, **fields: Any) -> Charge:
    stated = {
        "code": "power",
        "amount_minor": 31_415,
        "period_from": date(2019, 6, 1),
        "period_until": date(2019, 7, 1),
        "invoice_number": "R-77",
    }
    return record_billed(contract, by=person(), reason=REASON, **{**stated, **fields})


def test_a_fee_change_is_a_new_row_with_the_old_split() -> None:
    charge = a_charge(a_contract())
    split_cost(charge, shares={"IT": Decimal(60), "Ops": Decimal(40)}, by=person(), reason=REASON)
    later = change_fee(
        charge, amount_minor=210_000, effective_from=date(2019, 7, 1), by=person(), reason="uplift"
    )
    assert [(row.amount_minor, row.effective_from) for row in Charge.objects.all()] == [
        (200_000, date(2018, 1, 1)),
        (210_000, date(2019, 7, 1)),
    ]
    assert [(share.cost_centre, share.percent) for share in later.cost_shares.all()] == [
        ("IT", 60),
        ("Ops", 40),
    ]
    assert later.history.get().history_change_reason == "uplift"


@pytest.mark.parametrize("day", [date(2018, 1, 1), date(2017, 12, 31)])
def test_a_new_price_must_start_after_the_present_one(day: date) -> None:
    charge = a_charge(a_contract())
    with pytest.raises(
        ValidationError, match=r"not after the present one \(2018-01-01\). Choose a later day"
    ):
        change_fee(charge, amount_minor=1, effective_from=day, by=person(), reason="uplift")
    assert Charge.objects.count() == 1


def test_a_billed_amount_has_no_later_price() -> None:
    charge = billed(a_contract())
    with pytest.raises(ValidationError, match="power is of kind billed, which has no later price"):
        change_fee(charge, amount_minor=1, effective_from=date(2020, 1, 1), by=person(), reason="uplift")


def test_a_billed_amount_stands_beside_the_usage_it_settles() -> None:
    contract = a_contract()
    a_charge(contract, code="power", kind="usage", amount_minor=30_000, effective_from=date(2019, 6, 1))
    charge = billed(contract)
    assert (charge.effective_from, charge.amount_text()) == (date(2019, 6, 1), "USD 314.15")
    assert charge.touched_span() == (datetime(2019, 6, 1, 7, tzinfo=UTC), datetime(2019, 7, 1, 7, tzinfo=UTC))


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"amount_minor": -1}, "An amount is never negative. A discount is a fee of kind Discount."),
    ({"kind": "one_time"}, "A one-time fee is due once;"),
    ({"every": "once"}, "A one-time fee is due once;"),
    ({"kind": "billed"}, "A billed amount needs its invoice number and its period;"),
    ({"invoice_number": "R-1"}, "other fees have neither."),
    ({"period_from": date(2019, 1, 1)}, "other fees have neither."),
    ({"kind": "rent"}, "Value 'rent' is not a valid choice."),
    ({"effective_from": None}, "Enter the first day of this price."),
    ({"code": "cage fee"}, "Use letters, digits, dots, hyphens and underscores only"),
]


@pytest.mark.parametrize(("fields", "message"), CONTRADICTIONS)
def test_a_contradictory_fee_is_refused(fields: dict[str, Any], message: str) -> None:
    contract = a_contract()
    with pytest.raises(ValidationError) as refused:
        a_charge(contract, **fields)
    assert message in str(refused.value)
    assert not Charge.objects.exists()


BAD_ROWS: list[dict[str, Any]] = [
    {"amount_minor": -1},
    {"kind": "billed", "every": "once"},
    {"kind": "billed", "every": "once", "invoice_number": "R-1", "period_from": date(2018, 1, 1)},
    {"every": "once"},
]


@pytest.mark.parametrize("fields", BAD_ROWS)
def test_the_database_refuses_it_too(fields: dict[str, Any]) -> None:
    charge = a_charge(a_contract())
    vars(charge).update(fields, _change_reason="past the services", _history_user=person())
    with pytest.raises(IntegrityError), transaction.atomic():
        charge.save()
    assert Charge.objects.get().amount_minor == 200_000


@pytest.mark.parametrize("of_service", [True, False])
def test_a_fee_has_one_price_from_a_day(of_service: bool) -> None:
    contract = a_contract()
    service = a_service(contract) if of_service else None
    a_charge(contract, service=service)
    with pytest.raises(ValidationError, match="This fee already has a price from that day"):
        a_charge(contract, service=service, amount_minor=1)
    assert Charge.objects.get().amount_minor == 200_000


def test_one_code_may_be_charged_for_the_contract_and_for_a_service() -> None:
    contract = a_contract()
    a_charge(contract)
    a_charge(contract, service=a_service(contract))
    assert Charge.objects.count() == 2


def test_a_fee_takes_service_and_account_of_its_own_contract_only() -> None:
    contract, other = a_contract(), a_contract("EL-1", vendor=a_vendor("elsewhere"))
    foreign = saved(Account(vendor=other.vendor, number="77"))
    with pytest.raises(ValidationError) as refused:
        a_charge(contract, service=a_service(other), account=foreign)
    assert refused.value.message_dict == {
        "service": ["Service cage-7 belongs to another contract. Choose one of this contract."],
        "account": ["Account 77 belongs to another vendor. Choose one of this vendor."],
    }


def test_a_split_replaces_the_one_before() -> None:
    charge = a_charge(a_contract())
    split_cost(charge, shares={"IT": Decimal(60), "Ops": Decimal(40)}, by=person(), reason=REASON)
    split_cost(charge, shares={"IT": Decimal(100)}, by=person(), reason="Ops closed")
    assert [(share.cost_centre, share.percent) for share in charge.cost_shares.all()] == [("IT", 100)]
    gone = CostShare.history.filter(history_type="-").get()
    assert (gone.cost_centre, gone.history_change_reason) == ("Ops", "Ops closed")


def test_shares_that_do_not_sum_to_a_hundred_change_nothing() -> None:
    charge = a_charge(a_contract())
    with pytest.raises(
        ValidationError, match=r"The shares of cage sum to 99.9 percent. Make them sum to 100."
    ):
        split_cost(charge, shares={"IT": Decimal("99.9")}, by=person(), reason=REASON)
    assert not CostShare.objects.exists()


def test_the_annual_fee_takes_the_newest_prices_less_discounts() -> None:
    contract = a_contract()
    a_charge(contract, amount_minor=100)
    a_charge(contract, amount_minor=110, effective_from=date(2019, 1, 1))
    a_charge(contract, amount_minor=999, effective_from=date(2020, 1, 1))
    a_charge(contract, code="remote-hands", amount_minor=30, every="quarter")
    a_charge(contract, code="licence", amount_minor=7, every="year")
    a_charge(contract, code="loyalty", kind="discount", amount_minor=10)
    a_charge(contract, code="power", kind="usage", amount_minor=5000)
    a_charge(contract, code="setup", kind="one_time", every="once", amount_minor=50_000)
    billed(contract)
    assert annual_fee(contract, on=date(2018, 12, 31)) == 12 * 100 + 4 * 30 + 7 - 12 * 10
    assert annual_fee(contract, on=date(2019, 6, 30)) == 12 * 110 + 4 * 30 + 7 - 12 * 10
    assert annual_fee(contract, on=date(2017, 12, 31)) == 0


def test_a_fee_ends_with_its_service_and_with_the_contract() -> None:
    contract = a_contract(effective_until=date(2020, 1, 1))
    # Midnight of 1 July in Los Angeles.
    service = a_service(contract, in_service_until=datetime(2019, 7, 1, 7, tzinfo=UTC))
    a_charge(contract, service=service)
    a_charge(contract, code="support", amount_minor=10)
    codes = {
        day: [fee.code for fee in fees_in_force(contract, on=day)]
        for day in (date(2019, 6, 30), date(2019, 7, 1), date(2019, 12, 31), date(2020, 1, 1))
    }
    assert [sorted(found) for found in codes.values()] == [["cage", "support"], ["support"], ["support"], []]


def test_the_currency_stays_once_fees_are_recorded() -> None:
    contract = a_contract()
    a_charge(contract)
    contract.currency = "JPY"
    with pytest.raises(
        ValidationError, match=r"Fees are recorded in USD. Keep it, or enter a new contract in JPY."
    ):
        save_record(contract, by=person(), reason="typed wrongly")
    assert Contract.objects.get().currency == "USD"


def test_a_recorded_fee_is_stored_as_stated() -> None:
    charge = record_charge(
        a_contract(),
        code="licence",
        kind="recurring",
        amount_minor=120_000,
        every="year",
        month_by="days",
        effective_from=date(2018, 4, 1),
        by=person(),
        reason=REASON,
    )
    stored = Charge.objects.get()
    assert stored == charge
    assert (stored.amount_minor, stored.every, stored.month_by) == (120_000, "year", "days")
