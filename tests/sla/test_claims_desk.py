"""The claims desk: one list by time left and money, what was lost, and how old what is owed is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Claim
from sla.services import claims
from sla.services.claims.desk import Desk, bucket_of, claims_desk
from sla.services.statements.heads import head_of, refresh_statement
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
