"""What vendors gave: recorded as it came, matched before tax, settled, exchanged, undone."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from sla.engine.claims.moves import ClaimState
from sla.engine.terms import ClaimRule
from sla.models import Claim, CreditMatch, CreditReceived, ExchangeRate, RegisterEntry
from sla.services import claims, register
from sla.services.receipts import (
    exchanged,
    match_credit,
    may_set_off,
    record_rate,
    record_receipt,
    unmatch_credit,
    unmatched,
)
from sla.services.register.recognition import Position
from tests.builders import (
    a_contract_with_power,
    a_schedule,
    a_vendor,
    an_entity,
    person,
    saved,
    some_terms,
)
from tests.sla.money_rows import JULY, a_claim, a_claim_of, a_credit_row, a_policy, attach, moved, rows_of
from vendors.models import Account, Vendor

S = ClaimState
AUGUST = datetime(2019, 8, 20, 9, tzinfo=UTC)


def a_receipt(net: int | None = 20_000, **fields: Any) -> CreditReceived:
    vendor = fields.pop("vendor", None) or Vendor.objects.filter(slug="northrack").first() or a_vendor()
    defaults = {
        "entity": an_entity(),
        "kind": "credit_note",
        "document": f"CN-{CreditReceived.objects.count() + 1}",
        "received_on": date(2019, 8, 5),
        "currency": "USD",
        "net_minor": net,
        "by": person(),
        "now": AUGUST,
    }
    return record_receipt(vendor, **{**defaults, **fields})


def match(received: CreditReceived, claim: Claim, amount: int | None = None, **fields: Any) -> CreditMatch:
    return match_credit(received, claim=claim, received_minor=amount, by=person(), now=AUGUST, **fields)


def unmatch(row: CreditMatch) -> CreditMatch:
    return unmatch_credit(row, by=person(), why="wrong claim", now=AUGUST)


def left() -> list[tuple[str, int, Fraction]]:
    me = person("root", is_superuser=True)
    return [(each.received.document, each.left_minor, each.left_quantity) for each in unmatched(me)]


def state_of(claim: Claim) -> str:
    return Claim.objects.get(pk=claim.pk).state


@pytest.mark.django_db
def test_a_document_is_kept_with_its_tax_and_total_and_waits_until_it_is_matched() -> None:
    a_contract_with_power()
    received = a_receipt(10_000, tax_minor=1_900, tax_point=date(2019, 7, 31))
    assert (received.total_minor, received.tax_point) == (11_900, date(2019, 7, 31))
    assert left() == [("CN-1", 10_000, 0)]
    assert RegisterEntry.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"tax_minor": 1_900, "total_minor": 11_000},
            "USD 110.00 is not USD 100.00 before tax plus USD 19.00",
        ),
        ({"net_minor": 0}, "brings nothing"),
        ({"kind": "term_extended"}, "brings no money"),
        ({"kind": "term_extended", "net_minor": 0, "quantity": Fraction(-3)}, "-3 is no length"),
        ({"quantity": Fraction(3)}, "brings money. Leave out 3 days"),
        ({"kind": "fee_not_charged", "quantity": Fraction(1)}, "either in money or by number"),
        ({"currency": "USX"}, "is not a currency code"),
        ({"document": " "}, "cannot be blank"),
        ({"received_on": date(2019, 8, 22)}, "2019-08-22 lies in the future"),
        ({"mark": "gift"}, "not a valid choice"),
        ({"kind": "short_payment"}, "No contract with Northrack records on 2019-08-05 that we may deduct"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(fields: dict[str, Any], message: str) -> None:
    a_contract_with_power()
    with pytest.raises(ValidationError, match=message):
        a_receipt(**{"net": 10_000, **fields} if "net_minor" not in fields else fields)
    assert CreditReceived.objects.count() == 0


@pytest.mark.django_db
def test_a_document_is_recorded_once_and_on_an_account_of_its_vendor() -> None:
    a_contract_with_power()
    a_receipt(document="CN-7")
    with pytest.raises(ValidationError, match="recorded already"):
        a_receipt(document="CN-7")
    other = saved(Account(vendor=a_vendor("elsewhere"), number="9"))
    with pytest.raises(ValidationError, match="Account 9 is not one with Northrack"):
        a_receipt(account=other)


@pytest.mark.django_db
def test_one_document_answers_several_claims_and_one_claim_takes_several_documents() -> None:
    one, other = a_claim_of(20_000), a_claim_of(5_000)
    first, second = a_receipt(18_000), a_receipt(9_000)
    assert match(first, one).claim_minor == 18_000
    assert match(second, one).received_minor == 2_000
    assert match(second, other).received_minor == 5_000
    assert left() == [("CN-2", 2_000, 0)]
    assert (register.position_of(one).owed, register.position_of(other).owed) == (0, 0)


@pytest.mark.django_db
def test_never_more_is_matched_than_is_left_or_owed() -> None:
    claim, received = a_claim_of(20_000), a_receipt(25_000)
    for amount, message in [
        (25_001, "USD 250.00 is left of Credit note CN-1"),
        (20_001, "USD 200.00 is owed on claim"),
        (0, "cannot be matched"),
        (-1, "cannot be matched"),
    ]:
        with pytest.raises(ValidationError, match=message):
            match(received, claim, amount)
    assert CreditMatch.objects.count() == 0
    match(received, claim)
    with pytest.raises(ValidationError, match="Nothing is owed on claim"):
        match(received, claim)
    assert left() == [("CN-1", 5_000, 0)]


@pytest.mark.django_db
def test_what_is_received_stands_in_the_month_it_came_or_the_first_open_one() -> None:
    claim = a_claim_of(20_000)
    match(a_receipt(5_000), claim)
    months = list(claim.entries.values_list("kind", "posting_month"))
    assert months == [
        ("new", date(2019, 6, 1)),
        ("recognised", date(2019, 8, 1)),
        ("received", date(2019, 8, 1)),
    ]
    september = datetime(2019, 9, 3, tzinfo=UTC)
    register.close_months(an_entity(), through=date(2019, 8, 1), by=person(), why="x", now=september)
    match(a_receipt(5_000), claim)
    assert claim.entries.last().posting_month == date(2019, 9, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "accepted", "received", "mark", "after"),
    [
        (S.ENTITLED, None, 20_000, "", S.CREDITED),
        (S.ENTITLED, None, 19_999, "", S.ENTITLED),
        (S.SUBMITTED, None, 20_000, "", S.CREDITED),
        (S.SUBMITTED, None, 12_000, "", S.SUBMITTED),
        (S.ACCEPTED, None, 20_000, "", S.CREDITED),
        (S.PARTLY_ACCEPTED, 12_000, 12_000, "", S.CREDITED),
        (S.PARTLY_ACCEPTED, 12_000, 11_999, "", S.PARTLY_ACCEPTED),
        # On account and goodwill admit nothing: they do not stand for what was accepted.
        (S.PARTLY_ACCEPTED, 12_000, 12_000, "on_account", S.PARTLY_ACCEPTED),
        (S.PARTLY_ACCEPTED, 12_000, 12_000, "goodwill", S.PARTLY_ACCEPTED),
        (S.PARTLY_ACCEPTED, 12_000, 20_000, "on_account", S.CREDITED),
    ],
)
def test_a_claim_is_credited_once_all_that_was_accepted_has_come(
    state: ClaimState, accepted: int | None, received: int, mark: str, after: ClaimState
) -> None:
    claim = a_claim_of(20_000)
    if state != S.ENTITLED:
        moved(claim, state, amount=accepted)
    match(a_receipt(received, mark=mark), claim, why="they say it is for June")
    assert state_of(claim) == after


@pytest.mark.django_db
def test_goodwill_answers_a_claim_only_where_somebody_says_so() -> None:
    claim, received = a_claim_of(20_000), a_receipt(mark="goodwill")
    with pytest.raises(ValidationError, match=r"given in goodwill and admits nothing. Say why"):
        match(received, claim)
    assert left() == [("CN-1", 20_000, 0)]
    assert match(received, claim, why="mail of 3 August").why == "mail of 3 August"


@pytest.mark.django_db
def test_a_settlement_in_full_and_final_gives_up_the_rest_and_reopens_for_nothing() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED)
    row = match(a_receipt(15_000, mark="full_and_final"), claim)
    assert rows_of(claim)[2:] == [("received", -15_000, -15_000), ("not_pursued", -5_000, -5_000)]
    found = Claim.objects.get(pk=claim.pk)
    assert (found.settled_finally, found.state) == (True, S.CREDITED)
    correction = a_credit_row(3_000, kind="adjustment")
    attach(correction, claim=found)
    claims.settle_attached(correction, claim=found, by=person(), now=AUGUST)
    assert register.position_of(claim).owed == 0
    unmatch(row)
    found.refresh_from_db()
    assert (found.settled_finally, register.position_of(claim).owed) == (False, 23_000)


@pytest.mark.django_db
def test_an_undone_match_is_taken_back_by_a_row_and_leaves_the_books_as_they_were() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED)
    row = match(a_receipt(20_000), claim)
    assert state_of(claim) == S.CREDITED
    counter = unmatch(row)
    assert (counter.undoes, counter.received_minor, counter.claim_minor) == (row, -20_000, -20_000)
    assert register.position_of(claim) == Position(20_000, 20_000, 0)
    assert (state_of(claim), left()) == (S.ACCEPTED, [("CN-1", 20_000, 0)])
    for again in (row, counter):
        with pytest.raises(ValidationError, match=r"undone already|takes a match back already"):
            unmatch(again)


@pytest.mark.django_db
@pytest.mark.parametrize("recognition", ["finalised", "submitted", "accepted", "received"])
def test_a_match_that_is_undone_before_anything_was_accepted_leaves_what_was_recognised(
    recognition: str,
) -> None:
    a_policy(recognition)
    claim = a_claim_of(20_000)
    before = register.position_of(claim)
    unmatch(match(a_receipt(8_000), claim))
    assert register.position_of(claim) == before


@pytest.mark.django_db
def test_a_match_of_a_claim_at_its_end_stays() -> None:
    claim = a_claim_of(20_000)
    row = match(a_receipt(), claim)
    claims.close_claim(claim, by=person(), why="done", now=AUGUST)
    with pytest.raises(ValidationError, match="is closed and stays as it is"):
        unmatch(row)
    assert left() == []


@pytest.mark.django_db
def test_a_vendor_that_takes_a_credit_back_makes_it_owed_again() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED)
    match(a_receipt(20_000), claim)
    back = a_receipt(-4_000, kind="invoice_line")
    with pytest.raises(ValidationError, match=r"USD -40.00 is left of"):
        match(back, claim, -4_001)
    match(back, claim)
    assert register.position_of(claim) == Position(4_000, 4_000, 16_000)


@pytest.mark.django_db
def test_days_added_to_a_term_answer_credits_of_days() -> None:
    claim = a_claim_of()
    attach(a_credit_row(0, pays="service_days", quantity=Fraction(5)), claim=claim)
    received = a_receipt(None, kind="term_extended", quantity=Fraction(7))
    with pytest.raises(ValidationError, match=r"6 days cannot be matched: 7 are left .* 5 owed"):
        match(received, claim, quantity=Fraction(6))
    with pytest.raises(ValidationError, match="is owed days, Fee not charged CN-2 brings fees"):
        match(a_receipt(None, kind="fee_not_charged", quantity=Fraction(1)), claim)
    match(received, claim, quantity=Fraction(3, 2))
    assert register.quantities_of(claim) == {"days": Fraction(7, 2)}
    row = match(received, claim)
    assert (row.quantity, state_of(claim)) == (Fraction(7, 2), S.CREDITED)
    assert left()[0] == ("CN-1", 0, Fraction(2))
    unmatch(row)
    assert register.quantities_of(claim) == {"days": Fraction(7, 2)}


@pytest.mark.django_db
def test_a_claim_of_another_vendor_or_company_is_refused() -> None:
    claim = a_claim_of(20_000)
    with pytest.raises(ValidationError, match=r"came from Elsewhere, claim .* is with Northrack"):
        match(a_receipt(vendor=a_vendor("elsewhere")), claim)
    with pytest.raises(ValidationError, match=r"Acme B.V., which does not use contract NR-2018"):
        match(a_receipt(entity=an_entity("acme-nl", name="Acme B.V.")), claim)


@pytest.mark.django_db
def test_a_short_payment_needs_a_set_off_right_in_force_in_the_contract_of_the_claim() -> None:
    rule = ClaimRule(may_set_off=True)
    terms = some_terms(claim=rule, effective_from=date(2019, 8, 1))
    allowed = a_schedule("power", terms=terms).contract
    vendor = allowed.vendor
    assert may_set_off(vendor, on=date(2019, 7, 31)) == frozenset()
    assert may_set_off(vendor, on=date(2019, 8, 1)) == {allowed.pk}
    with pytest.raises(ValidationError, match="2019-07-31 that we may deduct"):
        a_receipt(kind="short_payment", received_on=date(2019, 7, 31))
    received = a_receipt(kind="short_payment")
    other = a_claim(a_contract_with_power("NR-2", vendor=vendor))
    attach(a_credit_row(), claim=other)
    with pytest.raises(ValidationError, match="Contract NR-2 does not record on 2019-08-05"):
        match(received, other)
    match(received, a_claim_of(20_000))
    assert left() == []


def a_rate(base: str, quote: str, rate: str) -> ExchangeRate:
    return record_rate(
        on=date(2019, 8, 5),
        base=base,
        quote=quote,
        rate=Decimal(rate),
        source="ECB reference rate",
        by=person(),
        now=AUGUST,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minor", "base", "quote", "rate", "worth"),
    [
        # Of 0, 2 and 3 decimals, either way round.
        (10_000, "USD", "EUR", ("USD", "EUR", "0.9"), 9_000),
        (10_000, "USD", "EUR", ("EUR", "USD", "1.25"), 8_000),
        (10_000, "USD", "JPY", ("USD", "JPY", "106.255"), 10_626),  # 10,625.5 yen
        (10_625, "JPY", "USD", ("USD", "JPY", "106.25"), 10_000),
        (1, "JPY", "USD", ("USD", "JPY", "106.25"), 1),  # 0.94 cents
        (1_000, "KWD", "USD", ("KWD", "USD", "3.2855"), 329),  # 328.55 cents
        (328, "USD", "KWD", ("KWD", "USD", "3.2855"), 998),
        (-10_000, "USD", "JPY", ("USD", "JPY", "106.255"), -10_626),
    ],
)
def test_an_amount_is_exchanged_exactly_and_rounded_once(
    minor: int, base: str, quote: str, rate: tuple[str, str, str], worth: int
) -> None:
    assert exchanged(minor, rate=a_rate(*rate), base=base, quote=quote) == worth


@pytest.mark.django_db
def test_between_currencies_a_rate_is_needed_and_only_one_of_the_two() -> None:
    claim, received = a_claim_of(20_000), a_receipt(18_000, currency="EUR")
    with pytest.raises(
        ValidationError, match=r"The document is in EUR and the claim in USD. Record the exchange"
    ):
        match(received, claim)
    with pytest.raises(ValidationError, match="is no rate between EUR and USD"):
        match(received, claim, rate=a_rate("EUR", "GBP", "0.9"))
    with pytest.raises(ValidationError, match="Both sides are in USD: no exchange rate belongs here"):
        match(a_receipt(), claim, rate=a_rate("EUR", "USD", "1.1"))
    with pytest.raises(ValidationError, match="USD in USD is always 1"):
        a_rate("USD", "USD", "1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("received", "settles", "rows"),
    [
        # 180.00 EUR at 1.10 are 198.00 USD. As much of the claim, or all of it with a loss.
        (18_000, None, [("received", -19_800, -19_800)]),
        (18_000, 20_000, [("exchange", -200, -200), ("received", -19_800, -19_800)]),
        # Or more than was asked, with a gain.
        (19_000, 20_000, [("exchange", 900, 900), ("received", -20_900, -20_900)]),
        # As much as fits: 181.82 EUR are 200.002 USD, 200.00 when rounded.
        (50_000, None, [("received", -20_000, -20_000)]),
    ],
)
def test_what_a_rate_makes_of_a_receipt_is_entered_as_an_exchange_difference(
    received: int, settles: int | None, rows: list[tuple[str, int, int]]
) -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED)
    row = match(
        a_receipt(received, currency="EUR"), claim, claim_minor=settles, rate=a_rate("EUR", "USD", "1.1")
    )
    assert rows_of(claim)[2:] == rows
    taken = 19_800 if (received, settles) == (18_000, None) else 20_000
    assert register.position_of(claim) == Position(20_000 - taken, 20_000 - taken, taken)
    unmatch(row)
    assert register.position_of(claim) == Position(20_000, 20_000, 0)


@pytest.mark.django_db
def test_a_minor_unit_that_is_lost_in_exchange_leaves_no_crumb() -> None:
    claim = a_claim_of(1_000)
    moved(claim, S.ACCEPTED)
    # A yen is 0.94 cents: 1,063 yen are 1,000.47 cents, which pay 10.00 USD to the cent.
    row = match(a_receipt(5_000, currency="JPY"), claim, rate=a_rate("USD", "JPY", "106.25"))
    assert (row.received_minor, row.claim_minor) == (1_063, 1_000)
    other = a_claim_of(1_000)
    # A dinar has 3 decimals and is worth 3.2855 USD: 3.044 KWD are 1,000.11 cents.
    row = match(a_receipt(5_000, currency="KWD"), other, rate=a_rate("KWD", "USD", "3.2855"))
    assert (row.received_minor, row.claim_minor) == (3_044, 1_000)
    assert register.position_of(other).owed == 0


@pytest.mark.django_db
def test_in_one_currency_a_difference_is_written_off_and_not_matched_away() -> None:
    claim = a_claim_of(20_000)
    with pytest.raises(ValidationError, match=r"Both sides are in USD, so USD 199.00 settles as much"):
        match(a_receipt(19_900), claim, claim_minor=20_000)
    match(a_receipt(19_900), claim)
    claims.write_off(claim, amount_minor=100, by=person(), why="below what a letter costs", now=AUGUST)
    assert register.position_of(claim) == Position(0, 0, 19_900)


@pytest.mark.django_db
def test_people_see_what_waits_only_of_their_vendors() -> None:
    a_contract_with_power()
    a_receipt()
    assert unmatched(person("stranger")) == ()
    vendor = Vendor.objects.get()
    vendor.owner = person("owner")
    saved(vendor)
    assert [each.left_minor for each in unmatched(person("owner"))] == [20_000]
    assert JULY < AUGUST
