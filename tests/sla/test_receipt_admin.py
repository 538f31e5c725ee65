"""Pages of credits received, exchange rates, the register and the books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.engine.claims.moves import ClaimState
from sla.models import (
    Claim,
    CreditMatch,
    CreditReceived,
    ExchangeRate,
    PeriodClose,
    PostingPolicy,
    SharedCap,
)
from sla.services import claims, receipts, register
from tests.builders import REASON, a_contract_with_power, an_entity, person
from tests.sla.money_rows import JULY, a_claim_of, a_policy

pytestmark = pytest.mark.django_db
LIST = "admin:sla_creditreceived_changelist"
ADD = "admin:sla_creditreceived_add"
REGISTER = "admin:sla_registerentry_changelist"
MONTHS = "admin:sla_periodclose_changelist"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def a_reader(client: Client, *codes: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[*codes, "see_all_vendors"]))
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def an_accepted_claim(amount: int = 20_000, **fields: Any) -> Claim:
    claim = a_claim_of(amount, **fields)
    sent = claims.submit_claim(claim, by=person(), why="sent", sent_at=JULY, received_at=JULY, now=JULY)
    return claims.answer_claim(sent, state="accepted", happened_at=JULY, by=person(), why="by mail", now=JULY)


def a_credit_note(net: int = 20_000, **fields: Any) -> CreditReceived:
    contract = a_contract_with_power()
    defaults = {
        "vendor": contract.vendor,
        "entity": contract.entity,
        "kind": "credit_note",
        "document": "CN-1",
        "received_on": date(2019, 7, 15),
        "currency": "USD",
        "net_minor": net,
        "by": person(),
        "now": JULY.replace(day=20),
    }
    return receipts.record_receipt(**{**defaults, **fields})


def page(received: CreditReceived) -> str:
    return reverse("admin:sla_creditreceived_change", args=[received.pk])


def match(received: CreditReceived) -> str:
    return reverse("admin:sla_credit_match", args=[received.pk])


def typed(claim: Claim, **changed: Any) -> dict[str, Any]:
    contract = claim.contract
    return {
        "vendor": contract.vendor_id,
        "entity": contract.entity_id,
        "kind": "credit_note",
        "document": "CN-2019-7",
        "received_on": "2019-07-15",
        "currency": "usd",
        "net": "1,200.00",
        "tax": "228.00",
        "total": "1428.00",
        **changed,
    }


def test_a_credit_note_is_recorded_as_it_is_printed(boss: Client) -> None:
    claim = an_accepted_claim()
    response = boss.post(reverse(ADD), typed(claim))
    received = CreditReceived.objects.get()
    assert response.headers["Location"] == page(received)
    assert (received.currency, received.net_minor, received.tax_minor, received.total_minor) == (
        *("USD", 120_000, 22_800),
        142_800,
    )
    assert received.recorded_by.username == "boss"


def test_coming_from_a_claim_the_form_knows_what_follows_from_it(boss: Client) -> None:
    claim = an_accepted_claim()
    seen = boss.get(f"{reverse(ADD)}?claim={claim.pk}").context["form"].initial
    assert (seen["vendor"], seen["entity"], seen["currency"], seen["net"]) == (
        *(claim.contract.vendor_id, claim.contract.entity_id),
        *("USD", "200.00"),
    )
    assert "note" not in seen


WRONG = [
    ({"total": "1428.01"}, "which is USD 1,428.00. Correct one of them."),
    ({"net": "1200,50"}, "1200,50 has a comma before its decimals. Write 1200.50."),
    ({"net": "1.200,50"}, "Write 1200.50."),
    ({"net": "1.005"}, "more decimals than USD knows"),
    ({"net": "NaN"}, "Enter a number."),
    ({"currency": "usdollar"}, "at most 3 characters"),
    ({"currency": "xxx"}, "'XXX' is not a currency code."),
    ({"received_on": "15/07/2019"}, "Enter a valid date."),
    ({"quantity": "many"}, "many"),
    ({"kind": "short_payment"}, "records on 2019-07-15 that we may deduct a credit"),
    ({"vendor": "999"}, "Select a valid choice."),
]


@pytest.mark.parametrize(("changed", "said"), WRONG)
def test_what_is_wrong_on_the_form_is_said_and_nothing_is_recorded(
    boss: Client, changed: dict[str, str], said: str
) -> None:
    response = boss.post(reverse(ADD), typed(an_accepted_claim(), **changed))
    assert response.status_code == 200
    assert said in text_of(response)
    assert not CreditReceived.objects.exists()


def test_the_page_suggests_the_claim_that_the_document_names_before_one_of_the_same_amount(
    boss: Client,
) -> None:
    same = an_accepted_claim(20_000, month="2019-05")
    named = an_accepted_claim(50_000)
    received = a_credit_note(20_000, note=f"Your claim {named.reference}")
    rows = boss.get(page(received)).context["candidates"]
    assert [(row["claim"], row["because"], row["suggested"]) for row in rows] == [
        (named, "the document names it", "200.00"),
        (same, "the same amount", "200.00"),
    ]


def test_one_credit_note_answers_several_claims(boss: Client) -> None:
    one, other = an_accepted_claim(20_000, month="2019-05"), an_accepted_claim(5_000)
    received = a_credit_note(30_000)
    answer = boss.post(
        match(received), {f"amount-{one.pk}": "200.00", f"amount-{other.pk}": "50"}, follow=True
    )
    assert "Matched to 2 claims. Left: USD 50.00." in text_of(answer)
    one.refresh_from_db()
    assert one.state == ClaimState.CREDITED
    assert receipts.left_of(received).left_minor == 5_000


def test_of_several_matches_all_are_made_or_none(boss: Client) -> None:
    one, other = an_accepted_claim(20_000, month="2019-05"), an_accepted_claim(5_000)
    received = a_credit_note(30_000)
    answer = boss.post(
        match(received), {f"amount-{one.pk}": "200.00", f"amount-{other.pk}": "50.01"}, follow=True
    )
    assert "USD 50.01 cannot be matched" in text_of(answer)
    assert not CreditMatch.objects.exists()


@pytest.mark.parametrize("amount", ["", "much", "-1", "1.005", "0"])
def test_an_amount_that_cannot_be_matched_is_a_message(boss: Client, amount: str) -> None:
    claim, received = an_accepted_claim(), a_credit_note()
    answer = boss.post(match(received), {f"amount-{claim.pk}": amount}, follow=True)
    assert answer.status_code == 200
    assert [str(said.level_tag) for said in answer.context["messages"]] == ["error"]
    assert not CreditMatch.objects.exists()


def test_a_match_is_undone_with_a_reason_and_both_rows_stay(boss: Client) -> None:
    claim, received = an_accepted_claim(), a_credit_note()
    boss.post(match(received), {f"amount-{claim.pk}": "200.00"})
    made = CreditMatch.objects.get()
    undo = reverse("admin:sla_credit_unmatch", args=[received.pk, made.pk])
    assert "Say why" in text_of(boss.post(undo, {"why": " "}, follow=True))
    seen = text_of(boss.post(undo, {"why": "It was for another contract."}, follow=True))
    assert "USD 200.00 waits for a claim" in seen
    assert "takes it back" in seen
    assert CreditMatch.objects.count() == 2
    claim.refresh_from_db()
    assert claim.state == ClaimState.ACCEPTED


def test_another_currency_is_matched_by_a_dated_rate(boss: Client) -> None:
    claim, received = an_accepted_claim(20_000), a_credit_note(18_000, currency="EUR")
    assert "No rate from EUR to USD up to that day." in text_of(boss.get(page(received)))
    rate = {"on": "2019-07-15", "base": "eur", "quote": "usd", "rate": "1.1", "source": "ECB"}
    boss.post(reverse("admin:sla_exchangerate_add"), rate)
    row = ExchangeRate.objects.get()
    assert (row.base, row.quote, row.rate) == ("EUR", "USD", Decimal("1.1"))
    boss.post(
        match(received),
        {f"amount-{claim.pk}": "180", f"rate-{claim.pk}": row.pk, f"settles-{claim.pk}": "200.00"},
    )
    made = CreditMatch.objects.get()
    assert (made.received_minor, made.claim_minor, made.rate) == (18_000, 20_000, row)


def test_a_rate_is_only_ever_added(boss: Client) -> None:
    wrong = {"on": "2019-07-15", "base": "USD", "quote": "USD", "rate": "1", "source": "ECB"}
    seen = text_of(boss.post(reverse("admin:sla_exchangerate_add"), wrong))
    assert "Choose two currencies." in seen
    row = receipts.record_rate(
        on=date(2019, 7, 15),
        base="EUR",
        quote="USD",
        rate=Decimal("1.1"),
        source="ECB",
        by=person(),
        now=JULY,
    )
    assert boss.get(reverse("admin:sla_exchangerate_change", args=[row.pk])).status_code == 302
    assert boss.post(reverse("admin:sla_exchangerate_delete", args=[row.pk])).status_code == 403
    assert "1.1" in text_of(boss.get(reverse("admin:sla_exchangerate_changelist")))


MATCHED = [("none", {"CN-2"}), ("part", {"CN-3"}), ("whole", {"CN-1"})]


@pytest.mark.parametrize(("asked", "documents"), MATCHED)
def test_credits_without_a_claim_are_found(boss: Client, asked: str, documents: set[str]) -> None:
    claim = an_accepted_claim(30_000)
    whole, part = a_credit_note(20_000), a_credit_note(20_000, document="CN-3")
    a_credit_note(20_000, document="CN-2")
    for received, amount in ((whole, 20_000), (part, 5_000)):
        receipts.match_credit(received, claim=claim, received_minor=amount, by=person(), now=JULY)
    rows = boss.get(f"{reverse(LIST)}?matched={asked}").context["cl"].result_list
    assert {row.document for row in rows} == documents


@pytest.mark.parametrize("name", [LIST, REGISTER])
def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_four(boss: Client, name: str) -> None:
    def one_more(number: int) -> None:
        claim = an_accepted_claim(month=f"2018-{number:02d}")
        received = a_credit_note(document=f"CN-{number}")
        receipts.match_credit(received, claim=claim, by=person(), now=JULY)

    one_more(1)
    boss.get(reverse(name))
    with CaptureQueriesContext(connection) as few:
        boss.get(reverse(name))
    for number in range(2, 5):
        one_more(number)
    with CaptureQueriesContext(connection) as many:
        assert boss.get(reverse(name)).status_code == 200
    assert len(many) == len(few)


def test_the_register_shows_every_movement_and_what_all_come_to(boss: Client) -> None:
    claim = an_accepted_claim(20_000)
    received = a_credit_note(15_000)
    receipts.match_credit(received, claim=claim, by=person(), now=JULY)
    response = boss.get(reverse(REGISTER))
    assert response.context["totals"] == [
        {"unit": "USD", "rows": 3, "owed": "USD 50.00", "recognised": "USD 50.00"}
    ]
    seen = text_of(response)
    for said in (claim.reference, "NR-2018/power/2019-06/r1", "Credit note CN-1", "2019-06-01 to 2019-06-30"):
        assert said in seen, said


@pytest.mark.parametrize(
    "asked", ["month=2019-06", "month=garbage", "kind__exact=new", "unit=USD", "vendor=northrack", "q=CL"]
)
def test_the_register_is_filtered(boss: Client, asked: str) -> None:
    an_accepted_claim()
    assert boss.get(f"{reverse(REGISTER)}?{asked}").status_code == 200


def test_a_row_of_the_register_leads_to_its_claim(boss: Client) -> None:
    claim = an_accepted_claim()
    address = reverse("admin:sla_registerentry_change", args=[claim.entries.first().pk])
    assert boss.get(address).headers["Location"] == reverse("admin:sla_claim_change", args=[claim.pk])
    assert boss.get(reverse("admin:sla_registerentry_add")).status_code == 403


def test_months_are_closed_with_a_reason_and_only_once_they_are_over(boss: Client) -> None:
    entity = an_entity()
    shown = text_of(boss.get(reverse(MONTHS)))
    assert "Acme Payments Inc." in shown
    assert "all are open" in shown
    asked = {"entity": entity.code, "through": "2019-06", "why": "Reported."}
    assert "every statement of the months is finalised" in text_of(boss.post(reverse(MONTHS), asked))
    assert not PeriodClose.objects.exists()
    done = boss.post(reverse(MONTHS), {**asked, "confirmed": "1"}, follow=True)
    assert "are closed through 2019-06." in text_of(done)
    assert register.open_from(entity) == date(2019, 7, 1)


def test_unfinished_months_are_closed_only_in_spite_of_what_is_unfinished(boss: Client) -> None:
    received = a_credit_note()
    asked = {"entity": received.entity.code, "through": f"{received.received_on:%Y-%m}", "why": "Reported."}
    for sent in (asked, {**asked, "confirmed": "1"}):
        seen = text_of(boss.post(reverse(MONTHS), sent))
        assert "Credit note without a claim" in seen
        assert received.document in seen
        assert not PeriodClose.objects.exists()
    boss.post(reverse(MONTHS), {**asked, "confirmed": "1", "anyway": "1"})
    assert PeriodClose.objects.count() == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"through": "2019-06", "why": ""}, "Say why"),
        ({"through": "2999-01", "why": "x"}, "is not over yet"),
        ({"through": "June", "why": "x"}, "Choose the company and the last month"),
        ({"through": "2019-06", "why": "x", "entity": "nobody"}, "Choose the company"),
    ],
)
def test_a_refused_closing_says_why(boss: Client, asked: dict[str, str], said: str) -> None:
    entity = an_entity()
    seen = text_of(boss.post(reverse(MONTHS), {"entity": entity.code, **asked}, follow=True))
    assert said in seen
    assert not PeriodClose.objects.exists()


def test_a_posting_policy_and_a_shared_cap_are_kept_like_other_records(boss: Client) -> None:
    a_policy()
    policy = PostingPolicy.objects.get()
    assert boss.get(reverse("admin:sla_postingpolicy_change", args=[policy.pk])).status_code == 200
    contract = a_contract_with_power()
    boss.post(
        reverse("admin:sla_sharedcap_add"),
        {
            "contract": contract.pk,
            "code": "year",
            "amount_minor": "12000.50",
            "period": "year",
            "effective_from": "2019-01-01",
            "reason": REASON,
        },
    )
    cap = SharedCap.objects.get()
    assert (cap.amount_minor, cap.history.get().history_change_reason) == (1_200_050, REASON)
    assert "USD 12,000.50" in text_of(boss.get(reverse("admin:sla_sharedcap_changelist")))


def test_a_reader_sees_money_and_changes_nothing(client: Client) -> None:
    claim, received = an_accepted_claim(), a_credit_note()
    reader = a_reader(
        client, "view_creditreceived", "view_registerentry", "view_periodclose", "view_exchangerate"
    )
    seen = reader.get(page(received))
    assert seen.status_code == 200
    assert seen.context["candidates"] == []
    assert reader.post(match(received), {f"amount-{claim.pk}": "1"}).status_code == 403
    assert reader.get(reverse(ADD)).status_code == 403
    assert reader.get(reverse("admin:sla_exchangerate_add")).status_code == 403
    assert reader.get(reverse(MONTHS)).status_code == 200
    assert reader.post(reverse(MONTHS), {"entity": "acme-us", "through": "2019-06"}).status_code == 403


def test_a_stranger_finds_no_money_of_other_vendors(client: Client) -> None:
    claim, received = an_accepted_claim(), a_credit_note()
    user = User.objects.create_user("stranger", is_staff=True)
    allowed = Permission.objects.filter(content_type__app_label__in=("sla", "vendors"))
    user.user_permissions.set(allowed.exclude(codename="see_all_vendors"))
    client.force_login(user)
    assert received.document not in text_of(client.get(reverse(LIST)))
    assert claim.reference not in text_of(client.get(reverse(REGISTER)))
    assert client.get(page(received)).status_code == 302
    assert client.post(match(received)).status_code == 404
    assert "200.00" not in text_of(client.get(f"{reverse(ADD)}?claim={claim.pk}"))


def test_without_permission_there_are_no_months(client: Client) -> None:
    client.force_login(User.objects.create_user("guest", is_staff=True))
    assert client.get(reverse(MONTHS)).status_code == 403
