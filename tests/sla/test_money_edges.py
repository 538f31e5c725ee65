"""Rare turns of a claim, after which every cent is still asked for once, by the right claim."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from incidents.models import Outage
from sla.engine.claims.moves import ClaimState
from sla.engine.terms import ClaimStep
from sla.models import Claim, ClaimToDo, ExchangeRate
from sla.services import claims, register
from sla.services.claims.desk import claims_desk
from sla.services.letters import letter_preview
from sla.services.receipts import match_credit, record_rate, record_receipt, unmatch_credit
from sla.services.register.recognition import Position
from sla.services.statements.heads import head_of, refresh_statement
from tests.builders import at, person, saved
from tests.sla.claim_builders import (
    NOW,
    a_claim_rule,
    a_missed_month,
    a_revision,
    limit,
    some_claim_terms,
    state_of,
)
from tests.sla.claim_builders import a_claim as a_born_claim
from tests.sla.money_rows import a_claim_of, a_credit_row, a_policy, attach, moved
from tests.sla.money_rows import a_revision as a_bare_revision

pytestmark = pytest.mark.django_db
S = ClaimState
AUGUST = datetime(2019, 8, 20, 9, tzinfo=UTC)


def a_match(claim: Claim, net: int, *, now: datetime = AUGUST, **fields: Any) -> Any:
    """Match a new document to a claim; `mark` and `currency` are the document's."""
    document = {name: fields.pop(name) for name in ("mark", "currency", "kind") if name in fields}
    received = record_receipt(
        claim.contract.vendor,
        entity=claim.contract.entity,
        document=f"CN-{net}-{now:%d}-{claim}",
        received_on=now.date(),
        net_minor=net,
        by=person(),
        now=now,
        **{"kind": "credit_note", "currency": "USD", **document},
    )
    return match_credit(received, claim=claim, by=person(), now=now, **fields)


def a_rate() -> ExchangeRate:
    return record_rate(
        on=AUGUST.date(),
        base="EUR",
        quote="USD",
        rate=Decimal("1.1"),
        source="ECB",
        by=person(),
        now=AUGUST,
    )


def undone(match: Any, *, now: datetime = AUGUST) -> None:
    unmatch_credit(match, by=person(), why="wrong claim", now=now)


def answered(claim: Claim, state: ClaimState, accepted: int | None = None, *, now: datetime = NOW) -> None:
    claims.answer_claim(
        claim, state=state, accepted_minor=accepted, happened_at=now, by=person(), why="their mail", now=now
    )


def submitted(claim: Claim) -> Claim:
    sent = at("2019-07-05 10:00")
    return claims.submit_claim(claim, by=person(), why="sent", sent_at=sent, received_at=sent, now=NOW)


@pytest.mark.parametrize("recognition", ["finalised", "submitted", "accepted", "received"])
@pytest.mark.parametrize("state", [S.ENTITLED, S.SUBMITTED, S.CONTESTED])
def test_a_claim_credited_without_an_answer_goes_back_to_where_it_stood(
    state: ClaimState, recognition: str
) -> None:
    a_policy(recognition)
    claim = a_claim_of(20_000)
    for passed in {S.ENTITLED: [], S.SUBMITTED: [S.SUBMITTED]}.get(state, [S.SUBMITTED, state]):
        moved(claim, passed)
    before = register.position_of(claim)
    match = a_match(claim, 20_000)
    assert state_of(claim) == S.CREDITED
    undone(match)
    assert (state_of(claim), register.position_of(claim)) == (state, before)
    assert claims.balance(claim).accepted == 0


def test_a_claim_accepted_in_part_is_so_again_when_its_credit_is_taken_back() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.SUBMITTED)
    answered(claim, S.PARTLY_ACCEPTED, 8_000)
    match = a_match(claim, 8_000)
    assert state_of(claim) == S.CREDITED
    undone(match)
    assert (state_of(claim), claims.balance(claim).accepted) == (S.PARTLY_ACCEPTED, 8_000)
    assert register.position_of(claim) == Position(20_000, 8_000, 0)


def test_a_gain_in_exchange_does_not_pay_what_is_still_to_come() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED)
    # 190.00 EUR are 209.00 USD and were given for 100.00 of the claim.
    a_match(claim, 19_000, currency="EUR", claim_minor=10_000, rate=a_rate())
    assert (state_of(claim), claims.balance(claim).accepted_to_come) == (S.ACCEPTED, 10_000)


def test_what_settled_a_claim_with_a_gain_in_exchange_is_accepted_afterwards() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.SUBMITTED)
    a_match(claim, 19_000, currency="EUR", claim_minor=20_000, rate=a_rate())
    claims.contest_claim(claim, by=person(), why="they take it back", now=AUGUST)
    answered(claim, S.ACCEPTED, 20_000, now=AUGUST)
    assert claims.balance(claim).accepted == 20_000


def test_a_credited_claim_that_is_argued_about_again_is_answered_again() -> None:
    claim = submitted(a_born_claim())
    answered(claim, S.ACCEPTED)
    a_match(claim, 20_000)
    claims.contest_claim(claim, by=person(), why="the wrong period", now=AUGUST)
    answered(claim, S.ACCEPTED, now=AUGUST)
    assert state_of(claim) == S.ACCEPTED
    assert ClaimToDo.objects.filter(claim=claim, what="issue").count() == 1


def test_a_part_that_was_not_accepted_is_not_accepted_by_splitting_it_off() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.CONTESTED)
    answered(claim, S.ACCEPTED, 10_000)
    credit = claim.parts.get().credit
    new = claims.split_claim(claim, parts={credit: 10_000}, by=person(), why="apart", now=NOW)
    found = [claims.balance(each).accepted for each in (claim, new)]
    assert (found, register.position_of(new).recognised) == ([10_000, 0], 0)


def test_what_we_owe_moves_to_another_claim_with_its_books() -> None:
    claim = a_claim_of(20_000)
    a_match(claim, 20_000)
    less = a_credit_row(-5_000, kind="adjustment")
    attach(less, claim=claim)
    assert register.position_of(claim) == Position(-5_000, -5_000, 20_000)
    new = claims.split_claim(claim, parts={less: -5_000}, by=person(), why="apart", now=AUGUST)
    assert register.position_of(claim) == Position(0, 0, 20_000)
    assert register.position_of(new) == Position(-5_000, -5_000, 0)


@pytest.mark.parametrize(
    ("changes", "says", "agreed"),
    [
        ([20_000, 5_000], 10_000, 10_000),
        ([20_000, -5_000], 12_000, 12_000),
        ([20_000, -5_000], 15_000, 15_000),
    ],
)
def test_an_answer_to_a_line_holds_for_all_that_was_recorded_of_it(
    changes: list[int], says: int, agreed: int
) -> None:
    claim = a_claim_of()
    revision = a_bare_revision()
    for amount in changes:
        attach(a_credit_row(amount, revision=revision), claim=claim)
    line(revision, due=sum(changes))
    moved(claim, S.SUBMITTED)
    claims.record_answer(
        revision, line_number=1, answer="contests", amount_minor=says, claim=claim, by=person(), now=NOW
    )
    claims.settle_agreed_part(claim, by=person(), why="the agreed part first", now=NOW)
    assert claims.balance(claim).accepted == agreed
    rest = sum(claims.balance(each).asked for each in Claim.objects.exclude(pk=claim.pk))
    assert rest == sum(changes) - agreed


def line(revision: Any, *, due: int, agreed: int | None = None) -> None:
    head = revision.statement
    revision.lines.create(
        number=1,
        key="power|2019-06|power-a",
        window_first_on=head.first_on,
        window_last_on=head.last_on,
        currency="USD",
        due_minor=due,
        agreed_minor=agreed,
    )


def test_without_an_answer_the_newest_revision_says_what_of_a_line_is_agreed() -> None:
    claim = a_claim_of()
    first, second = a_bare_revision(), a_bare_revision()
    attach(a_credit_row(20_000, revision=first, agreed_minor=10_000), claim=claim)
    attach(a_credit_row(5_000, revision=second, kind="adjustment"), claim=claim)
    line(first, due=20_000, agreed=10_000)
    line(second, due=25_000, agreed=10_000)
    moved(claim, S.SUBMITTED)
    claims.settle_agreed_part(claim, by=person(), why="the agreed part first", now=NOW)
    assert claims.balance(claim).accepted == 10_000


def test_a_claim_that_was_settled_by_a_document_taken_back_asks_for_later_corrections_again() -> None:
    claim = a_claim_of(20_000)
    match = a_match(claim, 15_000, mark="full_and_final")
    claim.refresh_from_db()
    for amount in (3_000, -1_000):
        correction = a_credit_row(amount, kind="adjustment")
        attach(correction, claim=claim)
        claims.settle_attached(correction, claim=claim, by=person(), now=AUGUST)
    assert register.position_of(claim).owed == 0
    undone(match)
    assert register.position_of(claim).owed == 22_000


def test_a_vendor_that_takes_back_a_credit_makes_the_claim_wait_again() -> None:
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED)
    a_match(claim, 20_000)
    a_match(claim, -4_000, kind="invoice_line")
    assert (state_of(claim), claims.balance(claim).accepted_to_come) == (S.ACCEPTED, 4_000)


def test_nothing_becomes_owed_again_on_a_claim_that_has_ended() -> None:
    claim = a_claim_of(20_000)
    a_match(claim, 20_000)
    claims.close_claim(claim, by=person(), why="done", now=AUGUST)
    with pytest.raises(ValidationError, match=r"Nothing is owed"):
        a_match(claim, -4_000, kind="invoice_line")
    assert register.position_of(claim).owed == 0


def test_what_we_owe_on_a_claim_that_has_ended_can_still_be_taken_back() -> None:
    claim = a_claim_of(20_000)
    a_match(claim, 20_000)
    attach(a_credit_row(-5_000, kind="adjustment"), claim=claim)
    claims.close_claim(claim, by=person(), why="done", now=AUGUST)
    a_match(claim, -9_000, kind="invoice_line")
    assert register.position_of(claim).owed == 0


@pytest.mark.parametrize("is_accepted", [False, True])
def test_a_credit_that_falls_away_is_taken_from_every_claim_that_holds_a_part(is_accepted: bool) -> None:
    claim = submitted(a_born_claim())
    credit = claim.parts.get().credit
    if is_accepted:
        answered(claim, S.ACCEPTED)
    other = claims.split_claim(claim, parts={credit: 8_000}, by=person(), why="apart", now=NOW)

    outage = Outage.objects.get()
    outage.withdrawn_at = NOW
    saved(outage)
    a_revision(credit.revision.statement.agreement, now=NOW)
    assert [register.position_of(each) for each in (claim, other)] == [Position(), Position()]
    assert [claims.balance(each).asked for each in (claim, other)] == [0, 0]


def steps() -> list[str]:
    return list(ClaimToDo.objects.filter(dropped_at=None, done_at=None).values_list("what", flat=True))


def test_a_finalised_month_with_nothing_missed_leaves_nothing_to_claim() -> None:
    agreement = a_missed_month(outage=("2019-06-25 04:15", "2019-06-25 04:16"))
    refresh_statement(head_of(agreement, period_label="2019-06"), now=NOW)
    assert steps() == ["claim"]
    a_revision(agreement, now=NOW)
    assert steps() == []
    # A late fact makes it a miss after all.
    outage = Outage.objects.get()
    outage.ended_at = outage.confirmed_at = at("2019-06-25 05:28")
    saved(outage)
    refresh_statement(head_of(agreement, period_label="2019-06"), now=NOW)
    assert steps() == ["claim"]


def test_a_claim_that_is_open_keeps_the_dates_of_a_month_with_nothing_missed() -> None:
    agreement = a_missed_month(outage=("2019-06-25 04:15", "2019-06-25 04:16"))
    head = refresh_statement(head_of(agreement, period_label="2019-06"), now=NOW)
    claim = claims.open_claim(statement=head, by=person(), why="to keep the date", now=NOW)
    a_revision(agreement, now=NOW)
    assert steps() == ["claim"]
    claims.drop_claim(claim, by=person(), why="nothing was missed", now=NOW)
    refresh_statement(head_of(agreement, period_label="2019-06"), now=NOW)
    assert ClaimToDo.objects.filter(dropped_at=None, claim=None).count() == 0


def test_steps_that_wait_for_nothing_go_when_the_last_claim_ends() -> None:
    step = ClaimStep(code="ticket", text="Open a ticket", due=limit(40))
    agreement = a_missed_month(terms=some_claim_terms(rule=a_claim_rule(steps=(step,))))
    claim = submitted(a_born_claim(agreement))
    assert "ticket" in steps()
    answered(claim, S.ACCEPTED)
    a_match(claim, 20_000)
    claims.close_claim(claim, by=person(), why="done", now=AUGUST)
    assert "ticket" not in steps()
    refresh_statement(head_of(agreement, period_label="2019-06"), now=AUGUST)
    assert "ticket" not in steps()


def test_a_letter_whose_statement_cannot_be_read_is_refused_in_words() -> None:
    claim = a_claim_of(20_000)
    line(claim.parts.get().credit.revision, due=20_000)
    with pytest.raises(ValidationError, match="cannot be read"):
        letter_preview(claim, now=AUGUST)


def test_the_desk_says_until_when_a_vendor_asks_for_time() -> None:
    claim = submitted(a_born_claim())
    revision = claim.parts.get().credit.revision
    asked = {"line_number": 1, "by": person(), "now": NOW, "amount_minor": None}
    claims.record_answer(revision, answer="asks_for_time", until=date(2019, 9, 1), **asked)
    assert [row.what for row in rows_of_desk() if row.is_vendors] == [
        "The vendor decides on the claim (it asks for time until 2019-09-01)"
    ]
    claims.record_answer(revision, answer="agrees", **asked)
    assert [row.what for row in rows_of_desk() if row.is_vendors] == ["The vendor decides on the claim"]


def rows_of_desk() -> Any:
    return claims_desk(person("root", is_superuser=True), now=NOW).rows
