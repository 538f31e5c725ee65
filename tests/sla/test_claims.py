"""A claim from its first doubt to its last cent: births, moves, amounts, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Sum

from incidents.services import record_row
from sla.engine.claims.moves import MOVES, ClaimState
from sla.models import Claim, ClaimMove, ClaimPart, RegisterEntry, ServiceCredit
from sla.services import claims, register
from sla.services.statements.heads import head_of, refresh_statement
from tests.builders import a_contract_with_power, an_incident, an_outage, at, person
from tests.sla.claim_builders import (
    FINALISED,
    NOW,
    a_claim,
    a_claim_rule,
    a_contract_in,
    a_missed_month,
    a_revision,
    some_claim_terms,
    state_of,
)
from vendors.models import money_text

pytestmark = pytest.mark.django_db
SENT, RECEIVED = at("2019-07-05 10:00"), at("2019-07-06 10:00")


def submitted(claim: Claim | None = None, **fields: Any) -> Claim:
    return claims.submit_claim(
        claim or a_claim(),
        **{
            "by": person(),
            "why": "sent by mail",
            "sent_at": SENT,
            "received_at": RECEIVED,
            "now": NOW,
            **fields,
        },
    )


def answered(claim: Claim, state: str, accepted: int | None = None, **fields: Any) -> Claim:
    defaults = {"happened_at": at("2019-07-10 09:00"), "by": person(), "why": "their mail", "now": NOW}
    return claims.answer_claim(claim, state=state, accepted_minor=accepted, **{**defaults, **fields})


def acted(act: Callable[..., Claim], claim: Claim, **fields: Any) -> Claim:
    return act(claim, **{"by": person(), "why": "as agreed by phone", "now": NOW, **fields})


def refused(act: Callable[..., Any], *given: Any, **fields: Any) -> str:
    """Return why an act was refused, after checking that it changed nothing."""
    before = snapshot()
    with pytest.raises(ValidationError) as error:
        act(*given, **fields)
    assert snapshot() == before
    return " ".join(error.value.messages)


def snapshot() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Claim, ClaimMove, ClaimPart, RegisterEntry, ServiceCredit)
    ]


def received(claim: Claim, amount: int) -> None:
    register.enter("received", claim=claim, amount_minor=-amount, on=NOW.date(), by=person(), now=NOW)


def kinds(claim: Claim) -> list[tuple[str, int, int]]:
    rows = RegisterEntry.objects.filter(claim=claim).order_by("pk")
    return list(rows.values_list("kind", "amount_minor", "recognised_minor"))


# --- births ---------------------------------------------------------------------------------------------


def test_a_credit_is_born_into_a_claim_of_its_contract() -> None:
    claim = a_claim()
    assert (claim.reference, claim.state, claim.currency) == ("NR-2018-C001", "entitled", "USD")
    assert list(claim.parts.values_list("amount_minor", flat=True)) == [20_000]
    assert kinds(claim) == [("new", 20_000, 0)]
    (move,) = claim.moves.all()
    assert (move.old_state, move.new_state, move.why) == (
        "",
        "entitled",
        "Finalised: NR-2018/power/2019-06/r1.",
    )


def test_claims_of_a_contract_are_numbered_one_after_the_other() -> None:
    a_claim()
    contract = a_contract_with_power()
    opened = [
        claims.open_claim(
            incident=an_incident(name), contract=contract, by=person(), why="to keep the date", now=NOW
        )
        for name in ("INC-7", "INC-8")
    ]
    assert [claim.reference for claim in opened] == ["NR-2018-C002", "NR-2018-C003"]


def test_a_protective_claim_takes_the_credit_once_the_amount_is_known() -> None:
    agreement = a_missed_month()
    head = a_head(agreement)
    early = claims.open_claim(statement=head, by=person(), why="to keep the date", now=at("2019-06-26 08:00"))
    assert (early.state, claims.balance(early).asked) == ("protective", 0)
    claim = a_claim(agreement)
    assert claim == early
    assert claim.state == "entitled"
    assert claims.balance(claim).asked == 20_000
    assert [move.new_state for move in claim.moves.order_by("pk")] == ["protective", "entitled"]


def a_head(agreement: Any) -> Any:
    return refresh_statement(head_of(agreement, period_label="2019-06"), now=at("2019-06-26 08:00"))


def test_a_protective_claim_for_an_incident_takes_the_credit_of_its_line() -> None:
    agreement = a_missed_month()
    early = claims.open_claim(
        incident=agreement.contract.services.get(code="power-a").outages.get().incident,
        by=person(),
        why="the clause wants it in 72 hours",
        now=at("2019-06-26 08:00"),
    )
    sent = submitted(early, sent_at=None, received_at=at("2019-06-26 09:00"))
    assert (sent.state, early.contract) == ("submitted", agreement.contract)
    assert a_claim(agreement) == early
    assert state_of(early) == "submitted"
    assert claims.balance(early).open_ == 20_000


def test_a_second_open_claim_for_the_same_is_refused() -> None:
    agreement = a_missed_month()
    claim = claims.open_claim(statement=a_head(agreement), by=person(), why="to keep the date", now=NOW)
    said = refused(claims.open_claim, statement=claim.statement, by=person(), why="again", now=NOW)
    assert said == ("Claim NR-2018-C001 is open for NR-2018/power/2019-06 already. Go on with that one.")


def test_an_incident_of_no_contract_needs_one_named() -> None:
    said = refused(claims.open_claim, incident=an_incident("INC-9"), by=person(), why="unclear", now=NOW)
    assert said == "Incident INC-9 touches no contract. Say which contract the claim is for."


def test_an_automatic_credit_is_expected_on_an_invoice_at_once() -> None:
    rule = a_claim_rule(automatic=True, deadlines=())
    claim = a_claim(a_missed_month(terms=some_claim_terms(rule=rule)))
    assert (claim.state, claim.automatic, claim.expected_invoice) == ("accepted", True, "2019-07")
    figures = claims.balance(claim)
    assert (figures.asked, figures.accepted, figures.open_, figures.recognised) == (20_000,) * 4
    # 60 days after the end of June: nobody decides anything.
    assert [(row.what, row.party, str(row.due_on)) for row in claim.todos.all()] == [
        ("issue", "vendors", "2019-08-30")
    ]


# --- corrections ----------------------------------------------------------------------------------------


def corrected(agreement: Any, *, until: str, now: Any = NOW) -> ServiceCredit:
    """Finalise again with a longer outage: 450 minutes are 98.96 %, 25 % of 2,000 dollars."""
    outage = agreement.contract.services.get(code="power-a").outages.get()
    outage.ended_at = at(until)
    record_row(outage, by=person(), reason="the vendor's report says longer")
    revision = a_revision(agreement, now=now)
    found: ServiceCredit = revision.credits.get()
    return found


@pytest.mark.parametrize(
    ("prepare", "stays"),
    [
        (lambda claim: claim, True),
        (submitted, True),
        (lambda claim: acted(claims.contest_claim, answered(submitted(claim), "rejected")), True),
        (lambda claim: answered(submitted(claim), "accepted"), False),
        (lambda claim: acted(claims.drop_claim, claim), False),
    ],
    ids=["entitled", "submitted", "contested", "accepted", "not pursued"],
)
def test_more_is_asked_for_in_the_same_claim_until_it_is_answered(prepare: Any, stays: bool) -> None:
    agreement = a_missed_month()
    claim = prepare(a_claim(agreement))
    credit = corrected(agreement, until="2019-06-25 11:45")
    assert (credit.kind, credit.amount_minor) == ("adjustment", 30_000)
    holder = credit.parts.get().claim
    assert (holder == claim) is stays
    assert holder.state == (claim.state if stays else "entitled")
    assert claims.balance(holder).open_ == (50_000 if stays else 30_000)


def test_a_claim_settled_in_full_and_final_asks_for_nothing_more() -> None:
    agreement = a_missed_month()
    claim = answered(submitted(a_claim(agreement)), "accepted")
    received(claim, 20_000)
    claim = acted(claims.close_claim, acted(claims.credit_claim, claim), final=True)
    credit = corrected(agreement, until="2019-06-25 11:45")
    assert credit.parts.get().claim == claim
    assert state_of(claim) == "closed"
    assert claims.balance(claim).open_ == 0
    assert [row[:2] for row in kinds(claim)[-2:]] == [("adjustment", 30_000), ("not_pursued", -30_000)]


def test_less_is_taken_from_an_accepted_claim_too() -> None:
    agreement = a_missed_month()
    claim = answered(submitted(a_claim(agreement)), "accepted")
    credit = corrected(agreement, until="2019-06-25 04:20")
    assert (credit.amount_minor, credit.parts.get().claim) == (-20_000, claim)
    figures = claims.balance(claim)
    assert (figures.asked, figures.accepted, figures.open_, figures.recognised) == (0, 0, 0, 0)


# --- moves ----------------------------------------------------------------------------------------------


def test_a_claim_goes_from_doubt_to_its_last_cent() -> None:
    agreement = a_missed_month()
    claim = claims.open_claim(
        statement=a_head(agreement), by=person(), why="to keep the date", now=at("2019-06-26 08:00")
    )
    assert a_claim(agreement) == claim
    claim = submitted(claim)
    claim = answered(claim, "partly_accepted", 12_345)
    assert money(claim) == (20_000, 12_345, 0, 0, 20_000, 12_345)
    claim = acted(claims.contest_claim, claim, happened_at=at("2019-07-11 09:00"))
    assert money(claim) == (20_000, 12_345, 0, 0, 20_000, 12_345)
    claim = answered(claim, "accepted", 15_000, happened_at=at("2019-07-12 09:00"))
    assert money(claim) == (20_000, 15_000, 0, 0, 20_000, 15_000)
    received(claim, 15_000)
    claim = acted(claims.credit_claim, claim)
    assert money(claim) == (20_000, 15_000, 15_000, 0, 5_000, 0)
    claim = acted(claims.close_claim, claim)
    assert money(claim) == (20_000, 15_000, 15_000, 5_000, 0, 0)
    assert [row.new_state for row in claim.moves.order_by("pk")] == [
        "protective",
        "entitled",
        "submitted",
        "partly_accepted",
        "contested",
        "accepted",
        "credited",
        "closed",
    ]
    assert kinds(claim)[-1] == ("rejected", -5_000, 0)
    assert all(move.by == person() and move.why for move in claim.moves.all())


def money(claim: Claim) -> tuple[int, ...]:
    found = claims.balance(claim)
    return found.asked, found.accepted, found.received, found.given_up, found.open_, found.recognised


ACTS: dict[ClaimState, Callable[[Claim], Claim]] = {
    ClaimState.SUBMITTED: lambda claim: submitted(claim, sent_at=NOW, received_at=NOW),
    ClaimState.ACCEPTED: lambda claim: answered(claim, "accepted", happened_at=NOW),
    ClaimState.PARTLY_ACCEPTED: lambda claim: answered(claim, "partly_accepted", 500, happened_at=NOW),
    ClaimState.REJECTED: lambda claim: answered(claim, "rejected", happened_at=NOW),
    ClaimState.CONTESTED: lambda claim: acted(claims.contest_claim, claim),
    ClaimState.CREDITED: lambda claim: acted(claims.credit_claim, claim),
    ClaimState.CLOSED: lambda claim: acted(claims.close_claim, claim),
    ClaimState.NOT_PURSUED: lambda claim: acted(claims.drop_claim, claim),
    ClaimState.LAPSED: lambda claim: acted(claims.lapse_claim, claim, now=at("2019-08-01 00:00")),
}


def test_every_act_obeys_the_table_in_every_state() -> None:
    claim = a_claim()
    for old in ClaimState:
        Claim.objects.filter(pk=claim.pk).update(state=old.value)
        for new, act in ACTS.items():
            if new not in MOVES[old]:
                said = refused(act, claim)
                assert "cannot become" in said, (old, new, said)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"why": " "}, "Say why: every change keeps a reason. Fill in the reason."),
        (
            {"sent_at": None, "received_at": None},
            "Say when the claim was sent, or when the vendor received it.",
        ),
        (
            {"sent_at": RECEIVED, "received_at": SENT},
            "Received 2019-07-05 10:00 UTC lies before sent 2019-07-06 10:00 UTC. Swap them.",
        ),
        (
            {"received_at": at("2019-07-21 10:00")},
            "2019-07-21 10:00 UTC lies in the future. Enter when it really happened.",
        ),
    ],
)
def test_a_submission_that_cannot_be_is_refused(fields: dict[str, Any], said: str) -> None:
    claim = a_claim()
    assert refused(submitted, claim, **fields) == said


def test_an_answer_cannot_come_before_the_claim() -> None:
    claim = submitted()
    said = refused(answered, claim, "accepted", happened_at=at("2019-07-06 09:59"))
    assert said == (
        "2019-07-06 09:59 UTC lies before NR-2018-C001 was submitted on 2019-07-06 10:00 UTC. Enter a later"
        " moment."
    )


@pytest.mark.parametrize(
    ("state", "accepted", "said"),
    [
        ("accepted", 19_999, "USD 199.99 is not all of USD 200.00. Record it as partly accepted."),
        ("partly_accepted", 20_000, "USD 200.00 is all that is asked. Record it as accepted."),
        ("partly_accepted", 20_001, "USD 200.01 cannot be accepted of USD 200.00."),
        ("partly_accepted", -1, "USD -0.01 cannot be accepted of USD 200.00."),
        ("partly_accepted", None, "Say how much of USD 200.00 the vendor accepts"),
        ("rejected", 1, "Nothing is accepted of what is rejected. Record it as partly accepted."),
        ("closed", None, "'closed' is no answer of a vendor. Choose accepted, partly accepted or rejected."),
    ],
)
def test_an_answer_whose_amount_contradicts_it_is_refused(
    state: str, accepted: int | None, said: str
) -> None:
    assert refused(answered, submitted(), state, accepted).startswith(said)


def test_what_was_accepted_is_not_rejected_again() -> None:
    claim = acted(claims.contest_claim, answered(submitted(), "partly_accepted", 12_345))
    said = refused(answered, claim, "rejected", happened_at=NOW)
    assert said.startswith("USD 123.45 of NR-2018-C001 was accepted or has come already.")


# --- what is let go -------------------------------------------------------------------------------------


def test_a_part_that_is_not_pursued_leaves_the_claim_as_it_is() -> None:
    claim = acted(claims.drop_claim, submitted(), amount_minor=1)
    assert (claim.state, claims.balance(claim).open_) == ("submitted", 19_999)
    claim = acted(claims.drop_claim, claim, amount_minor=19_999)
    assert (claim.state, claims.balance(claim).open_, claims.balance(claim).given_up) == (
        "not_pursued",
        0,
        20_000,
    )
    assert [row[:2] for row in kinds(claim)[1:]] == [("not_pursued", -1), ("not_pursued", -19_999)]


@pytest.mark.parametrize("amount", [0, -5, 20_001])
@pytest.mark.parametrize("act", [claims.drop_claim, claims.write_off])
def test_no_more_than_what_is_open_is_let_go(act: Any, amount: int) -> None:
    said = refused(acted, act, submitted(), amount_minor=amount)
    assert "cannot be given up: USD 200.00 of NR-2018-C001 is open." in said


def test_accepted_money_is_written_off_before_a_claim_is_closed() -> None:
    claim = answered(submitted(), "accepted")
    received(claim, 15_000)
    said = refused(acted, claims.close_claim, claim)
    assert said.startswith("USD 50.00 of NR-2018-C001 was accepted and has not come.")
    claim = acted(claims.write_off, claim, amount_minor=5_000)
    assert kinds(claim)[-1] == ("written_off", -5_000, -5_000)
    assert claims.balance(claim).accepted == 20_000
    assert acted(claims.close_claim, claim).state == "closed"


def test_a_rejection_that_we_accept_is_entered_when_the_claim_is_closed() -> None:
    claim = answered(submitted(), "rejected")
    assert kinds(claim) == [("new", 20_000, 0)]
    claim = acted(claims.close_claim, claim)
    assert kinds(claim)[-1] == ("rejected", -20_000, 0)


# --- parts ----------------------------------------------------------------------------------------------


def assert_parts_tie() -> None:
    """The parts of each credit over all claims are the credit; the register owes what they ask."""
    for credit in ServiceCredit.objects.all():
        assert credit.parts.aggregate(sum=Sum("amount_minor"))["sum"] == credit.amount_minor


def test_a_part_of_a_credit_moves_to_a_claim_of_its_own() -> None:
    claim = submitted()
    credit = claim.parts.get().credit
    new = acted(claims.split_claim, claim, parts={credit: 6_667})
    assert (new.reference, new.state, new.submitted_at) == ("NR-2018-C002", "submitted", RECEIVED)
    assert (claims.balance(claim).open_, claims.balance(new).open_) == (13_333, 6_667)
    assert [part.amount_minor for part in credit.parts.order_by("pk")] == [20_000, -6_667, 6_667]
    assert_parts_tie()


@pytest.mark.parametrize("amount", [-1, 0, 20_000, 20_001])
def test_not_nothing_and_not_everything_is_split_off(amount: int) -> None:
    claim = a_claim()
    credit = claim.parts.get().credit
    assert refused(acted, claims.split_claim, claim, parts={credit: amount})


@pytest.mark.parametrize("cuts", [(1,), (19_999,), (7_000, 6_000, 1), (10_000, 3_333, 3_333, 3_333)])
def test_however_often_a_claim_is_split_its_credits_stay_whole(cuts: tuple[int, ...]) -> None:
    claim = answered(submitted(), "partly_accepted", 12_345)
    credit = claim.parts.get().credit
    found = [claim, *(acted(claims.split_claim, claim, parts={credit: cut}) for cut in cuts)]
    assert_parts_tie()
    figures = [claims.balance(each) for each in found]
    assert sum(each.open_ for each in figures) == 20_000
    assert sum(each.accepted for each in figures) == 12_345
    assert sum(each.recognised for each in figures) == 12_345
    assert [each.asked for each in figures] == [20_000 - sum(cuts), *cuts]


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ({"answer": "agrees"}, 20_000),
        ({"answer": "contests", "cause": "your fuse"}, 0),
        ({"answer": "contests", "amount_minor": 12_000}, 12_000),
        ({"answer": "asks_for_time", "until": date(2019, 9, 1)}, None),
    ],
)
def test_what_is_agreed_of_a_credit_follows_the_newest_answer(answer: dict[str, Any], agreed: Any) -> None:
    credit = submitted().parts.get().credit
    assert claims.agreed_now(credit) is None
    claims.record_answer(credit.revision, line_number=1, by=person(), now=NOW, **answer)
    assert claims.agreed_now(credit) == agreed


def test_the_agreed_part_goes_ahead_while_the_rest_is_contested() -> None:
    claim = submitted()
    credit = claim.parts.get().credit
    claims.record_answer(
        credit.revision,
        line_number=credit.line_number,
        answer="contests",
        amount_minor=12_000,
        cause="only an hour by our logs",
        by=person(),
        now=NOW,
    )
    agreed = acted(claims.settle_agreed_part, claim)
    assert (agreed, agreed.state) == (claim, "accepted")
    assert money(agreed) == (12_000, 12_000, 0, 0, 12_000, 12_000)
    rest = Claim.objects.get(reference="NR-2018-C002")
    assert (rest.state, money(rest)) == ("submitted", (8_000, 0, 0, 0, 8_000, 0))
    received(agreed, 12_000)
    assert acted(claims.close_claim, acted(claims.credit_claim, agreed)).state == "closed"
    assert acted(claims.contest_claim, answered(rest, "rejected", happened_at=NOW)).state == "contested"
    assert_parts_tie()


def test_without_any_agreement_nothing_goes_ahead() -> None:
    claim = submitted()
    credit = claim.parts.get().credit
    claims.record_answer(
        credit.revision, line_number=credit.line_number, answer="contests", cause="ours", by=person(), now=NOW
    )
    said = refused(acted, claims.settle_agreed_part, claim)
    assert said == "Nothing of NR-2018-C001 is agreed. Record the vendor's answer first."


# --- answers line by line -------------------------------------------------------------------------------


def test_the_newest_answer_to_a_line_holds_and_the_others_stay() -> None:
    claim = submitted()
    credit = claim.parts.get().credit
    about = {"line_number": credit.line_number, "by": person(), "now": NOW}
    claims.record_answer(
        credit.revision, answer="asks_for_time", until=at("2019-08-01 00:00").date(), **about
    )
    claims.record_answer(credit.revision, answer="agrees", **about)
    assert [row.claim for row in credit.revision.answers.all()] == [claim, claim]
    newest = claims.newest_answer(credit)
    assert newest is not None
    assert newest.answer == "agrees"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"line_number": 9, "answer": "agrees"}, "NR-2018/power/2019-06/r1 has no line 9."),
        ({"answer": "asks_for_time"}, "Say until when the vendor asks for time."),
        ({"answer": "contests"}, "Say what the vendor contests"),
        ({"answer": "agrees", "amount_minor": 20_001}, "USD 200.01 is not within the USD 200.00"),
        ({"answer": "agrees", "said_at": at("2019-07-21 00:00")}, "2019-07-21 00:00 UTC lies in the future."),
    ],
)
def test_an_answer_without_what_it_needs_is_refused(fields: dict[str, Any], said: str) -> None:
    claim = a_claim()
    credit = claim.parts.get().credit
    given = {"line_number": credit.line_number, "by": person(), "now": NOW, **fields}
    assert refused(claims.record_answer, credit.revision, **given).startswith(said)


# --- other currencies and units -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "fee", "due", "accepted", "shown"),
    [
        ("JPY", 200_005, 20_001, 13_334, "JPY 6,667"),
        ("USD", 200_005, 20_001, 13_334, "USD 66.67"),
        ("KWD", 200_005, 20_001, 13_334, "KWD 6.667"),
    ],
)
def test_every_minor_unit_is_kept_in_currencies_of_0_2_and_3_decimals(
    currency: str, fee: int, due: int, accepted: int, shown: str
) -> None:
    contract = a_contract_in(currency, reference=f"C-{currency}", fee_minor=fee)
    claim = answered(submitted(a_claim(a_missed_month(contract=contract))), "partly_accepted", accepted)
    assert money(claim) == (due, accepted, 0, 0, due, accepted)
    received(claim, accepted - 1)
    assert refused(acted, claims.close_claim, claim).startswith(f"{currency} ")
    received(claim, 1)
    claim = acted(claims.close_claim, acted(claims.credit_claim, claim))
    assert money(claim) == (due, accepted, accepted, 6_667, 0, 0)
    assert money_text(claims.balance(claim).given_up, currency=currency) == shown


def test_two_incidents_of_one_month_are_one_claim() -> None:
    agreement = a_missed_month()
    second = an_incident("INC-2", vendor=agreement.contract.vendor)
    an_outage(
        second,
        agreement.contract.services.get(code="power-a"),
        started_at=at("2019-06-02 00:00"),
        ended_at=at("2019-06-02 00:30"),
        confirmed_at=FINALISED,
    )
    claim = a_claim(agreement)
    assert Claim.objects.count() == 1
    assert claims.balance(claim).asked == 20_000
