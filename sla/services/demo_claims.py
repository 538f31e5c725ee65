"""What became of the demo portfolio's credits: finalised, claimed, answered, paid, each on its own day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.models import User

from sla.engine.claims.moves import ClaimState
from sla.models import Claim, ClaimToDo, CreditReceived, ServiceLevelAgreement, StatementRevision
from sla.services.claims import answer_claim, contest_claim, finish_todo, submit_claim
from sla.services.demo import PORTFOLIO
from sla.services.receipts import match_credit, record_receipt
from sla.services.statements import (
    draft_statement,
    finalise_statement,
    head_of,
    open_questions,
    refresh_heads,
)

WHY = "Demonstration: closed at the start of the next month"
# Why the demonstration goes on although something is unresolved, by the code of the question.
GOING_ON = {
    "contested": "We claim by our own monitoring, as the clause says; the vendor has the line to answer.",
    "unconfirmed_times": "The vendor has not confirmed them; we claim by what we recorded.",
    "unsettled_exclusion": "Nothing is excluded until it is settled.",
}
AN_HOUR = timedelta(hours=1)
OTHERWISE = "Accepted for the demonstration."


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A statement that is finalised on a day."""

    contract: str
    agreement: str
    period: str
    on: date


CLOSED = (
    Closed(contract="MSA-2016-003", agreement="network", period="2016-04", on=date(2016, 5, 4)),
    Closed(contract="MSA-2016-003", agreement="network", period="2016-05", on=date(2016, 6, 3)),
    Closed(contract="MSA-2016-003", agreement="network", period="2016-06", on=date(2016, 7, 5)),
    Closed(contract="MSA-2016-003", agreement="network", period="2016-07", on=date(2016, 8, 3)),
    Closed(contract="MSA-2019-014", agreement="power", period="2019-06", on=date(2019, 7, 8)),
    Closed(contract="CF-2026-002", agreement="internet", period="2026-05", on=date(2026, 6, 4)),
)


def tell_claims(*, by: User) -> int:
    """Finalise statements of the loaded portfolio and take their claims on; return how many statements.

    A second run changes nothing.
    """
    made = [revision for closed in CLOSED if (revision := _close(closed, by=by)) is not None]
    told = {str(revision.statement): revision for revision in made}
    if revision := told.get("MSA-2016-003/network/2016-04"):
        _paid_in_full(revision, by=by)
    if revision := told.get("MSA-2016-003/network/2016-06"):
        _half_accepted(revision, by=by)
    if revision := told.get("MSA-2019-014/power/2019-06"):
        submit_claim(
            _claim(revision),
            by=by,
            why="Claim sent by mail to the credit desk.",
            sent_at=_at(2019, 7, 9),
            received_at=_at(2019, 7, 9, 18),
            now=_at(2019, 7, 10),
        )
    if revision := told.get("CF-2026-002/internet/2026-05"):
        _accepted(revision, by=by)
    if made:
        _draft_the_rest()
        _tickets_opened(by=by)
    return len(made)


def _close(closed: Closed, *, by: User) -> StatementRevision | None:
    agreement = ServiceLevelAgreement.objects.select_related("contract__entity", "contract__vendor").get(
        contract__reference=closed.contract, code=closed.agreement
    )
    head = head_of(agreement, period_label=closed.period)
    if head.revisions.exists():
        return None
    now = _at(closed.on.year, closed.on.month, closed.on.day)
    result = draft_statement(agreement, period_label=closed.period, known_until=now)
    reasons = {
        question.code: GOING_ON.get(question.code, OTHERWISE)
        for question in open_questions(head, result=result, now=now)
    }
    return finalise_statement(head, by=by, why=WHY, reasons=reasons, now=now)


def _claim(revision: StatementRevision) -> Claim:
    return Claim.objects.filter(parts__credit__revision=revision).distinct().get()


def _paid_in_full(revision: StatementRevision, *, by: User) -> None:
    """April 2016: accepted, and credited by a note on the June invoice."""
    claim = submit_claim(
        _claim(revision),
        by=by,
        why="Claim sent by mail to the credit desk.",
        sent_at=_at(2016, 5, 6),
        received_at=_at(2016, 5, 6, 16),
        now=_at(2016, 5, 7),
    )
    answer_claim(
        claim,
        state=ClaimState.ACCEPTED,
        happened_at=_at(2016, 5, 20),
        by=by,
        why="The vendor agrees: its notice came late.",
        vendor_reference="SLA-4471",
        now=_at(2016, 5, 20),
    )
    received = _note(claim, document="CN-2016-0618", on=date(2016, 6, 10), net_minor=9500, by=by)
    match_credit(received, claim=claim, by=by, now=_at(2016, 6, 10), why="Quotes SLA-4471")


def _half_accepted(revision: StatementRevision, *, by: User) -> None:
    """June 2016: the vendor counts from its ticket only; we argue about the other half."""
    claim = submit_claim(
        _claim(revision),
        by=by,
        why="Claim sent by mail to the credit desk.",
        sent_at=_at(2016, 7, 8),
        received_at=_at(2016, 7, 8, 16),
        now=_at(2016, 7, 8, 20),
    )
    claim = answer_claim(
        claim,
        state=ClaimState.PARTLY_ACCEPTED,
        accepted_minor=9500,
        happened_at=_at(2016, 7, 22),
        by=by,
        why="The vendor counts from its ticket of 04:41.",
        vendor_reference="SLA-4502",
        now=_at(2016, 7, 22),
    )
    contest_claim(
        claim,
        by=by,
        why="Clause C.2 goes by the customer's monitoring.",
        happened_at=_at(2016, 7, 25),
        now=_at(2016, 7, 25),
    )


def _accepted(revision: StatementRevision, *, by: User) -> None:
    """May 2026: accepted in June; the credit has not come yet."""
    claim = submit_claim(
        _claim(revision),
        by=by,
        why="Entered in the carrier's portal.",
        sent_at=_at(2026, 6, 5),
        received_at=_at(2026, 6, 5),
        now=_at(2026, 6, 5),
    )
    answer_claim(
        claim,
        state=ClaimState.ACCEPTED,
        happened_at=_at(2026, 6, 19),
        by=by,
        why="Accepted in the portal.",
        vendor_reference="CR-88120",
        now=_at(2026, 6, 19),
    )


def _note(claim: Claim, *, document: str, on: date, net_minor: int, by: User) -> CreditReceived:
    contract = claim.contract
    return record_receipt(
        contract.vendor,
        entity=contract.entity,
        kind=CreditReceived.Kind.CREDIT_NOTE,
        document=document,
        received_on=on,
        currency=claim.currency,
        net_minor=net_minor,
        tax_minor=0,
        by=by,
        now=_at(on.year, on.month, on.day),
        note="Illustrative, as all of the demo's contracts.",
    )


def _draft_the_rest() -> None:
    """Draw up every statement that the portfolio tells of, so that lists show all of them at once."""
    for part in PORTFOLIO:
        agreement = ServiceLevelAgreement.objects.select_related("contract__entity").get(
            contract__reference=part.read().contract.reference, code=part.agreement
        )
        heads = [head_of(agreement, period_label=label) for label in part.periods]
        refresh_heads(heads, now=part.as_of)


def _tickets_opened(*, by: User) -> None:
    """Mark that the tickets which the clauses ask for were opened in time."""
    for todo in ClaimToDo.objects.filter(what="ticket", done_at=None, dropped_at=None).order_by("pk"):
        finish_todo(
            todo, by=by, note="A ticket was opened with the vendor's desk.", now=todo.due_until - AN_HOUR
        )


def _at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)
