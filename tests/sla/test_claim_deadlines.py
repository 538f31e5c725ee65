"""Dated steps of claims: by every reading, sent told apart from received, lapsed only by a person."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from incidents.services import record_row
from sla.engine.terms import Anchor, ClaimRule, ClaimStep, Offset, OffsetUnit
from sla.models import Claim, ClaimMove, ClaimToDo, ServiceLevelAgreement, Statement
from sla.services import claims
from sla.services.statements.heads import head_of, refresh_statement
from tests.builders import at, person
from tests.sla.claim_builders import NOW, a_claim, a_claim_rule, a_missed_month, limit, some_claim_terms

pytestmark = pytest.mark.django_db

# Clauses.md example 66: "becomes eligible" has two readings, and a vendor's FAQ says a third.
RECORDED = at("2019-06-25 06:00")
TICKET = ClaimStep(
    code="ticket",
    text="Open a ticket with the vendor",
    due=Offset(n=Decimal(24), unit=OffsetUnit.HOURS, anchor=Anchor.INCIDENT_START),
    clause="Exhibit C 4.1",
)
SEVERAL = a_claim_rule(
    deadlines=(limit(15, "received within 15 days"), limit(30, "the FAQ"), limit(20, "sent within 20 days")),
    steps=(TICKET,),
)


def a_schedule_by(rule: ClaimRule = SEVERAL) -> ServiceLevelAgreement:
    return a_missed_month(terms=some_claim_terms(rule=rule))


def a_head(agreement: ServiceLevelAgreement, *, now: datetime = RECORDED) -> Statement:
    return refresh_statement(head_of(agreement, period_label="2019-06"), now=now)


def dated(**fields: Any) -> list[tuple[str, str, str]]:
    rows = ClaimToDo.objects.filter(dropped_at=None, **fields).order_by("due_until", "pk")
    return [(row.what, row.reading, str(row.due_on)) for row in rows]


def submitted(claim: Claim, *, sent: str | None = None, had: str | None = None, now: datetime = NOW) -> Claim:
    return claims.submit_claim(
        claim,
        by=person(),
        why="sent by mail.",
        sent_at=None if sent is None else at(sent),
        received_at=None if had is None else at(had),
        now=now,
    )


# --- the rows follow the facts --------------------------------------------------------------------------


def test_steps_stand_as_soon_as_an_incident_is_recorded_before_anything_is_missed() -> None:
    agreement = a_missed_month(
        terms=some_claim_terms(rule=SEVERAL), outage=("2019-06-25 04:15", "2019-06-25 04:16")
    )
    head = a_head(agreement)
    assert head.missed == []
    assert dated() == [
        ("ticket", "", "2019-06-25"),
        ("claim", "received within 15 days", "2019-07-15"),
        ("claim", "sent within 20 days", "2019-07-20"),
        ("claim", "the FAQ", "2019-07-30"),
    ]
    ticket = ClaimToDo.objects.get(what="ticket")
    assert (ticket.incident, ticket.text, ticket.clause) == (
        "INC-1",
        "Open a ticket with the vendor",
        "Exhibit C 4.1",
    )
    # Hours run exactly: 24 hours from 04:15 UTC.
    assert ticket.due_until == at("2019-06-26 04:15")


def test_a_month_without_incidents_asks_for_nothing() -> None:
    agreement = a_schedule_by()
    refresh_statement(head_of(agreement, period_label="2019-05"), now=NOW)
    assert dated() == []


def test_refreshing_again_writes_nothing_new() -> None:
    agreement = a_schedule_by()
    a_head(agreement)
    before = list(ClaimToDo.objects.order_by("pk").values())
    a_head(agreement, now=at("2019-06-25 07:00"))
    assert list(ClaimToDo.objects.order_by("pk").values()) == before


def test_dates_follow_the_facts_are_dropped_with_them_and_revived() -> None:
    agreement = a_schedule_by()
    a_head(agreement)
    outage = agreement.contract.services.get(code="power-a").outages.get()
    outage.started_at = at("2019-06-25 03:15")
    record_row(outage, by=person(), reason="our probe saw it first")
    a_head(agreement, now=at("2019-06-25 07:00"))
    assert ClaimToDo.objects.get(what="ticket").due_until == at("2019-06-26 03:15")
    outage.started_at, outage.ended_at = at("2019-07-25 03:15"), at("2019-07-25 05:28")
    record_row(outage, by=person(), reason="it was July, not June")
    a_head(agreement, now=at("2019-06-25 08:00"))
    assert dated() == []
    assert set(ClaimToDo.objects.values_list("dropped_at", flat=True)) == {at("2019-06-25 08:00")}
    outage.started_at, outage.ended_at = at("2019-06-25 03:15"), at("2019-06-25 05:28")
    record_row(outage, by=person(), reason="it was June after all")
    a_head(agreement, now=at("2019-06-25 09:00"))
    assert len(dated()) == 4
    assert ClaimToDo.objects.count() == 4


def test_what_is_done_stays_as_it_was_done() -> None:
    agreement = a_schedule_by()
    a_head(agreement)
    ticket = ClaimToDo.objects.get(what="ticket")
    done = claims.finish_todo(ticket, by=person(), note="ticket 4711", now=at("2019-06-25 06:30"))
    assert (done.done_by, done.note) == (person(), "ticket 4711")
    outage = agreement.contract.services.get(code="power-a").outages.get()
    outage.started_at = at("2019-06-25 03:15")
    record_row(outage, by=person(), reason="our probe saw it first")
    a_head(agreement, now=at("2019-06-25 07:00"))
    ticket.refresh_from_db()
    assert (ticket.due_until, ticket.note) == (at("2019-06-26 04:15"), "ticket 4711")


@pytest.mark.parametrize(
    ("what", "note", "said"),
    [
        ("ticket", " ", "Say how it was done"),
        ("claim", "mailed", "A claim counts as sent when it is submitted."),
    ],
)
def test_a_step_is_not_ticked_off_without_what_it_needs(what: str, note: str, said: str) -> None:
    a_head(a_schedule_by())
    todo = ClaimToDo.objects.filter(what=what).first()
    assert todo is not None
    with pytest.raises(ValidationError, match=said):
        claims.finish_todo(todo, by=person(), note=note, now=NOW)
    assert ClaimToDo.objects.filter(done_at=None).count() == 4


def test_limits_that_name_no_reading_are_told_apart() -> None:
    a_head(a_schedule_by(a_claim_rule(deadlines=(limit(15), limit(30)))))
    assert dated() == [("claim", "", "2019-07-15"), ("claim", "reading 2", "2019-07-30")]


# --- sent by and received by ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "had", "note"),
    [
        (
            "2019-07-14 10:00",
            "2019-07-15 10:00",
            "In time by: received within 15 days (2019-07-15); sent within 20 days (2019-07-20); the FAQ"
            " (2019-07-30).",
        ),
        (
            "2019-07-18 10:00",
            "2019-07-20 08:00",
            "In time by: sent within 20 days (2019-07-20); the FAQ (2019-07-30). Late by: received within 15"
            " days (2019-07-15).",
        ),
        (
            "2019-07-14 10:00",
            None,
            "In time by: sent within 20 days (2019-07-20). Hangs on the receipt by: received within 15 days"
            " (2019-07-15); the FAQ (2019-07-30).",
        ),
        (
            "2019-07-18 10:00",
            None,
            "In time by: sent within 20 days (2019-07-20). Late by: received within 15 days (2019-07-15)."
            " Hangs on the receipt by: the FAQ (2019-07-30).",
        ),
    ],
)
def test_a_submission_says_by_which_readings_it_is_in_time(sent: str, had: str | None, note: str) -> None:
    claim = submitted(a_claim(a_schedule_by()), sent=sent, had=had)
    move = claim.moves.get(new_state="submitted")
    assert move.why == f"sent by mail. {note}"
    assert move.sent_at == at(sent)


def test_after_the_latest_reading_a_claim_can_still_be_sent_and_is_late_by_all() -> None:
    now = at("2019-08-20 09:00")
    claim = submitted(
        a_claim(a_schedule_by(), now=now), sent="2019-08-19 10:00", had="2019-08-19 11:00", now=now
    )
    assert claim.state == "submitted"
    assert "In time by" not in claim.moves.get(new_state="submitted").why


def test_a_claim_that_was_only_sent_waits_for_its_receipt() -> None:
    claim = submitted(a_claim(a_schedule_by()), sent="2019-07-14 10:00")
    assert (claim.state, claim.submitted_at) == ("submitted", None)
    (waiting,) = ClaimToDo.objects.filter(what="receipt", done_at=None)
    assert (waiting.text, str(waiting.due_on)) == (
        "Have the vendor confirm that it received the claim",
        "2019-07-15",
    )
    with pytest.raises(ValidationError, match="Record on the claim when the vendor received it"):
        claims.finish_todo(waiting, by=person(), note="yes", now=NOW)
    with pytest.raises(ValidationError, match="cannot be received before"):
        claims.confirm_receipt(
            claim, received_at=at("2019-07-14 09:00"), by=person(), why="their auto-reply", now=NOW
        )
    claim = claims.confirm_receipt(
        claim, received_at=at("2019-07-15 23:30"), by=person(), why="their auto-reply.", now=NOW
    )
    assert claim.submitted_at == at("2019-07-15 23:30")
    assert ClaimToDo.objects.filter(what="receipt", done_at=None).count() == 0
    # 23:30 UTC is still 15 July at the data center in California.
    newest = claim.moves.order_by("pk").last()
    assert isinstance(newest, ClaimMove)
    assert newest.why.startswith("their auto-reply. In time by: received within 15 days (2019-07-15)")
    with pytest.raises(ValidationError, match="waits for no confirmation"):
        claims.confirm_receipt(claim, received_at=NOW, by=person(), why="again", now=NOW)


def test_sending_marks_every_reading_done() -> None:
    claim = submitted(a_claim(a_schedule_by()), sent="2019-07-14 10:00", had="2019-07-14 10:01")
    rows = ClaimToDo.objects.filter(what="claim")
    assert {(row.claim, row.done_at, row.note) for row in rows} == {
        (claim, NOW, "Claim NR-2018-C001 was submitted.")
    }


def test_a_deadline_stays_open_while_another_part_of_it_is_unsent() -> None:
    claim = a_claim(a_schedule_by())
    other = claims.split_claim(
        claim, parts={claim.parts.get().credit: 5_000}, by=person(), why="another cost centre", now=NOW
    )
    submitted(claim, sent="2019-07-14 10:00", had="2019-07-14 10:01")
    assert len(dated(what="claim", done_at=None)) == 3
    submitted(other, sent="2019-07-15 10:00", had="2019-07-15 10:01")
    assert dated(what="claim", done_at=None) == []


# --- lapse ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "may"),
    [
        # The last reading ends with 30 July in California, at 07:00 UTC of the next day.
        ("2019-07-16 08:00", False),
        ("2019-07-31 06:59", False),
        ("2019-07-31 07:00", True),
    ],
)
def test_a_claim_lapses_only_after_the_latest_reading(now: str, may: bool) -> None:
    claim = a_claim(a_schedule_by())
    if not may:
        with pytest.raises(
            ValidationError, match=r"NR-2018-C001 can still be claimed by the FAQ \(2019-07-30\)"
        ):
            claims.lapse_claim(claim, by=person(), why="forgotten", now=at(now))
        assert Claim.objects.get().state == "entitled"
        return
    claim = claims.lapse_claim(claim, by=person(), why="forgotten", now=at(now))
    assert (claim.state, claims.balance(claim).given_up) == ("lapsed", 20_000)
    assert claim.entries.order_by("pk").last().kind == "lapsed"


def test_time_alone_lets_nothing_lapse() -> None:
    agreement = a_schedule_by()
    claim = a_claim(agreement)
    refresh_statement(head_of(agreement, period_label="2019-06"), now=at("2020-01-01 00:00"))
    assert Claim.objects.get(pk=claim.pk).state == "entitled"


def test_without_a_deadline_nothing_lapses() -> None:
    claim = a_claim(a_schedule_by(a_claim_rule(deadlines=())))
    with pytest.raises(ValidationError, match="No deadline is known for NR-2018-C001, so it cannot lapse"):
        claims.lapse_claim(claim, by=person(), why="old", now=at("2029-01-01 00:00"))


def test_what_was_sent_does_not_lapse_however_late() -> None:
    claim = submitted(a_claim(a_schedule_by()), sent="2019-07-14 10:00")
    with pytest.raises(ValidationError, match="A claim that is submitted cannot become lapsed"):
        claims.lapse_claim(claim, by=person(), why="old", now=at("2029-01-01 00:00"))


# --- the vendor's own dates -----------------------------------------------------------------------------


def test_the_vendors_dates_run_from_receipt_and_answer() -> None:
    claim = submitted(a_claim(a_schedule_by()), sent="2019-07-05 10:00", had="2019-07-06 10:00")
    vendors: dict[str, Any] = {"party": "vendors", "claim": claim, "done_at": None}
    assert dated(**vendors) == [("decision", "", "2019-08-20")]
    claim = claims.answer_claim(
        claim, state="accepted", happened_at=at("2019-07-10 09:00"), by=person(), why="their mail", now=NOW
    )
    assert dated(**vendors) == [("issue", "", "2019-09-08")]
    assert ClaimToDo.objects.get(what="decision").note == "The vendor answered: accepted."
    claims.credit_claim(claim, by=person(), why="credit note 77", now=NOW)
    assert dated(**vendors) == []


def test_a_step_that_follows_the_answer_is_ours() -> None:
    appeal = ClaimStep(
        code="appeal", text="Appeal in writing", due=limit(10, anchor=Anchor.DECIDED), required=False
    )
    claim = submitted(a_claim(a_schedule_by(a_claim_rule(steps=(appeal,)))), had="2019-07-06 10:00")
    claims.answer_claim(
        claim, state="rejected", happened_at=at("2019-07-10 09:00"), by=person(), why="their mail", now=NOW
    )
    row = ClaimToDo.objects.get(what="appeal")
    assert (row.party, row.text, str(row.due_on), row.claim) == (
        "ours",
        "Appeal in writing",
        "2019-07-20",
        claim,
    )
    refresh_statement(claim.statement, now=NOW)  # type: ignore[arg-type]
    row.refresh_from_db()
    assert row.dropped_at is None
