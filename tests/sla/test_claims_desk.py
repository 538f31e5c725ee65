"""The claims desk: one list by time left and money, what was lost, and how old what is owed is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.models import Incident
from sla.engine.claims.moves import ClaimState
from sla.models import Claim, RegisterEntry
from sla.services import claims, register
from sla.services.claims.desk import Desk, bucket_of, claims_desk
from sla.services.claims.desk_gathering import money_to_claim
from sla.services.deadlines import steps_of
from sla.services.statements.heads import head_of, refresh_statement
from sla.services.worklist import worklist
from tests.builders import a_vendor, at, person, saved
from tests.sla.claim_builders import (
    FINALISED,
    NOW,
    a_claim,
    a_claim_rule,
    a_contract_in,
    a_missed_month,
    limit,
    some_claim_terms,
)
from tests.sla.money_rows import a_claim_of, a_credit_row, attach

pytestmark = pytest.mark.django_db
LATER = at("2019-09-20 09:00")


def an_open_claim(number: int, *, fee: int = 200_000, days: int = 30, **fields: Any) -> Claim:
    """Return an entitled claim of a vendor of its own: 10 % of a monthly fee, to claim within days."""
    contract = a_contract_in(
        fields.pop("currency", "USD"),
        reference=f"V-{number}",
        fee_minor=fee,
        vendor=a_vendor(f"vendor-{number}"),
    )
    rule = a_claim_rule(deadlines=(limit(days), limit(days + 20, "the FAQ")))
    return a_claim(
        a_missed_month(contract=contract, incident=f"INC-{number}", terms=some_claim_terms(rule=rule))
    )


def sent(claim: Claim, when: str = "2019-07-05 10:00") -> Claim:
    return claims.submit_claim(claim, by=person(), why="sent by mail", received_at=at(when), now=NOW)


def desk(now: datetime = NOW) -> Desk:
    return claims_desk(person("root", is_superuser=True), now=now)


def told(found: Desk) -> list[tuple[str, str, str]]:
    return [(str(row.claim or row.statement), row.what, str(row.due_on or "")) for row in found.rows]


def test_overdue_vendors_come_first_then_time_left_then_money() -> None:
    small, big = an_open_claim(1, fee=10_000), an_open_claim(2, fee=900_000)
    soon = an_open_claim(3, fee=10_000, days=25)
    waiting = sent(an_open_claim(4))
    rejected = claims.answer_claim(
        sent(an_open_claim(5)), state="rejected", happened_at=NOW, by=person(), why="their mail", now=NOW
    )
    send = "Send the claim"
    assert told(desk()) == [
        (soon.reference, send, "2019-07-25"),
        (big.reference, send, "2019-07-30"),
        (small.reference, send, "2019-07-30"),
        (waiting.reference, "The vendor decides on the claim", "2019-08-19"),
        (rejected.reference, "Accept or contest the answer", ""),
    ]
    assert told(desk(at("2019-08-20 09:00")))[0] == (
        waiting.reference,
        "The vendor decides on the claim",
        "2019-08-19",
    )


def test_a_row_says_by_which_reading_and_how_long_there_is_a_case() -> None:
    claim = an_open_claim(1)
    (row,) = desk(at("2019-08-05 09:00")).rows
    assert (row.claim, row.reading, str(row.due_on), row.days_left) == (claim, "the FAQ", "2019-08-19", 14)
    assert row.passed == ("the clause (2019-07-30)",)
    assert (str(row.money), row.state, str(row.latest_on)) == ("USD 200.00", "Entitled", "2019-08-19")


def test_a_statement_with_money_and_no_claim_waits_and_is_reported_once_it_is_too_late() -> None:
    head = refresh_statement(head_of(a_missed_month(), period_label="2019-06"), now=FINALISED)
    (row,) = desk().rows
    assert (row.statement, row.claim, str(row.money)) == (head, None, "USD 200.00")
    assert (row.what, str(row.due_on)) == (
        "Finalise the service level statement and send the claim",
        "2019-07-30",
    )
    late = desk(LATER)
    assert late.rows == ()
    (lost,) = late.never_claimed
    assert (lost.statement, lost.is_lost, lost.passed) == (head, True, ("the clause (2019-07-30)",))


def test_unsent_claims_whose_readings_have_passed_are_never_claimed_until_a_person_closes_them() -> None:
    claim = an_open_claim(1)
    assert [row.claim for row in desk(LATER).never_claimed] == [claim]
    claims.lapse_claim(claim, by=person(), why="overlooked", now=LATER)
    found = desk(LATER)
    assert (found.never_claimed, found.lapsed) == ((), (claim,))


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (4000, 3)]
)
def test_ages_fall_into_four_buckets(days: int, bucket: int) -> None:
    assert bucket_of(days) == bucket


def test_what_is_claimed_and_not_received_ages_by_currency() -> None:
    sent(an_open_claim(1))
    sent(an_open_claim(2, fee=50_000), "2019-07-20 08:00")
    sent(an_open_claim(3, currency="JPY"))
    an_open_claim(4)
    ageing = desk(at("2019-08-20 00:00")).ageing
    # 45 days for what was received on 5 July, 30 for 20 July.
    assert [(row.currency, row.buckets, row.total) for row in ageing] == [
        ("JPY", (0, 20_000, 0, 0), 20_000),
        ("USD", (5_000, 20_000, 0, 0), 25_000),
    ]


def test_a_person_sees_the_claims_of_their_own_vendors() -> None:
    claim = an_open_claim(1)
    an_open_claim(2)
    claim.contract.vendor.owner = person("owner")
    saved(claim.contract.vendor)
    found = claims_desk(person("owner"), now=NOW)
    assert [row.claim for row in found.rows] == [claim]
    assert claims_desk(person("stranger"), now=NOW).rows == ()


def test_the_desk_takes_as_many_queries_for_six_claims_as_for_two() -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk()
        return len(queries)

    person("root", is_superuser=True)
    an_open_claim(1)
    sent(an_open_claim(2))
    refresh_statement(head_of(a_missed_month(incident="INC-A"), period_label="2019-06"), now=FINALISED)
    few = count()
    for number in range(3, 7):
        an_open_claim(number) if number % 2 else sent(an_open_claim(number))
    assert count() == few
    assert few <= 14


def answered(claim: Claim, state: str, accepted: int | None = None) -> Claim:
    return claims.answer_claim(
        claim, state=state, accepted_minor=accepted, happened_at=NOW, by=person(), why="their mail", now=NOW
    )


def money_of(found: Desk) -> list[tuple[str, str]]:
    return [(row.what, str(row.money) if row.money else row.shown) for row in found.rows]


def test_what_is_accepted_and_what_is_contested_are_rows_apart() -> None:
    claim = answered(sent(an_open_claim(1, fee=190_000)), "partly_accepted", 9_500)
    assert money_of(desk()) == [
        ("The vendor gives the credit", "USD 95.00"),
        ("Accept or contest the answer", "USD 95.00"),
    ]
    claims.contest_claim(claim, by=person(), why="the rest is due too", now=NOW)
    assert money_of(desk()) == [
        ("The vendor gives the credit", "USD 95.00"),
        ("The vendor has to answer what we contest", "USD 95.00"),
    ]


def test_a_contested_claim_of_which_all_is_accepted_waits_for_its_credit_only() -> None:
    claim = answered(sent(an_open_claim(1)), "accepted")
    claims.contest_claim(claim, by=person(), why="by mistake", now=NOW)
    assert money_of(desk()) == [("The vendor gives the credit", "USD 200.00")]


def test_more_than_is_asked_is_told_as_over_credited_and_stands_on_a_line_of_its_own() -> None:
    claim = a_claim_of(100_000, state=ClaimState.CONTESTED)
    register.enter("received", claim=claim, amount_minor=-100_000, on=NOW.date(), by=person(), now=NOW)
    attach(a_credit_row(-40_000, kind="adjustment"), claim=claim)
    found = desk()
    assert money_of(found) == [
        (
            "Close the claim, or leave it open until the vendor takes back what it gave too much",
            "over-credited by USD 400.00",
        )
    ]
    (ageing,) = found.ageing
    assert (ageing.total, ageing.over_credited, ageing.in_register) == (0, 40_000, -40_000)


def test_the_ageing_with_its_other_lines_is_what_the_register_holds() -> None:
    an_open_claim(1, fee=10_000)
    claim = claims.submit_claim(
        an_open_claim(2), by=person(), why="by mail", sent_at=at("2019-07-05 10:00"), now=NOW
    )
    later = at("2019-08-20 00:00")
    a_claim_of(3_000, state=ClaimState.ACCEPTED, automatic=True, expected_invoice="2019-08")
    a_claim_of(7_000, state=ClaimState.ACCEPTED, automatic=True, expected_invoice="2019-07", month="2019-05")
    (ageing,) = desk(later).ageing
    # Sent 45 days ago and never confirmed; the invoice of July was over on 1 August.
    assert (claim.submitted_at, ageing.buckets) == (None, (7_000, 20_000, 0, 0))
    assert (ageing.expected, ageing.unsent, ageing.over_credited) == (3_000, 1_000, 0)
    held = sum(RegisterEntry.objects.values_list("amount_minor", flat=True))
    assert ageing.in_register == held == 31_000


def told_of(user: Any, *, now: datetime = NOW) -> list[tuple[str, int]]:
    return [(str(each.money), each.count) for each in worklist(user, now=now).claimable]


def test_home_and_desk_count_what_was_not_claimed_alike() -> None:
    root = person("root", is_superuser=True)
    an_open_claim(1, fee=10_000)
    sent(an_open_claim(2))
    unclaimed = a_missed_month(incident="INC-A")
    head = refresh_statement(head_of(unclaimed, period_label="2019-06"), now=FINALISED)
    yen = an_open_claim(3, currency="JPY")
    expected = [("JPY 20,000", 1), ("USD 210.00", 2)]
    assert [(str(each.money), each.count) for each in desk().to_claim] == expected
    assert told_of(root) == expected
    claims.open_claim(statement=head, by=person(), why="to keep the date", now=NOW)
    sent(yen)
    assert told_of(root) == expected[1:]


def test_a_date_that_two_incidents_passed_is_told_once() -> None:
    rule = a_claim_rule(deadlines=(limit(5, "the clause"), limit(50, "the FAQ")))
    claim = a_claim(a_missed_month(terms=some_claim_terms(rule=rule)))
    first = claim.todos.model.objects.filter(what="claim", reading="the clause").get()
    first.pk, first.incident = None, "INC-2"
    first.save()
    (row,) = desk().rows
    assert row.passed == ("the clause (2019-07-05)",)


def test_a_claim_for_an_incident_is_refused_where_its_statement_is_finalised_into_another() -> None:
    claim = an_open_claim(1)
    with pytest.raises(ValidationError) as refused:
        claims.open_claim(
            incident=Incident.objects.get(), contract=claim.contract, by=person(), why="to keep it", now=NOW
        )
    assert refused.value.messages == [
        f"Incident INC-1 stands in {claim.parts.get().credit.revision}, which is finalised into claim"
        f" {claim}. Go on with that one."
    ]


def test_a_claim_for_an_incident_lists_the_dates_of_its_period(client: Client) -> None:
    agreement = a_missed_month()
    client.force_login(person("root", is_superuser=True))
    incident = Incident.objects.get()
    address = f"{reverse('admin:sla_claim_open')}?incident={incident.pk}"
    client.post(address, {"contract": agreement.contract.pk, "why": "To keep the date"})
    (step,) = steps_of(Claim.objects.get())
    assert (step.what, str(step.due_on)) == ("claim", "2019-07-30")


def test_what_comes_without_asking_or_was_sent_is_not_to_claim() -> None:
    a_claim_of(3_000, state=ClaimState.ACCEPTED, automatic=True)
    a_claim_of(7_000, state=ClaimState.SUBMITTED, month="2019-05")
    a_claim_of(2_000, month="2019-04")
    found = money_to_claim(person("root", is_superuser=True), now=NOW).money
    assert [(str(each.money), each.count) for each in found] == [("USD 20.00", 1)]


def test_money_past_its_date_is_told_beside_the_money_to_claim_and_counted_once(client: Client) -> None:
    root = person("root", is_superuser=True)
    an_open_claim(1, fee=10_000)
    refresh_statement(head_of(a_missed_month(incident="INC-A"), period_label="2019-06"), now=FINALISED)
    late = at("2019-08-05 09:00")  # the claim may still be sent by its later reading, the statement's may not
    for found in (desk(late).to_claim, worklist(root, now=late).claimable):
        assert [(str(each.money), each.count, each.past_words) for each in found] == [
            ("USD 210.00", 2, "of it USD 200.00 past its date")
        ]
    for found in (desk(LATER).to_claim, worklist(root, now=LATER).claimable):
        assert [(str(each.money), each.past_words) for each in found] == [
            ("USD 210.00", "all of it past its date")
        ]
    client.force_login(root)
    page = client.get(reverse("admin:sla_claims_desk")).content.decode()
    assert page.count("USD 210.00") == 1
    assert "2 items, before tax, all of it past its date" in page
    home = client.get(reverse("admin:index")).content.decode()
    assert "all of it past its date" in home
