"""Dated steps: what each clause wants from us for each incident, by each reading of it.

A refreshed draft calls, once its figures are written,

    refresh_todos(statement, inputs=inputs, result=result, now=now)

with the values that it was computed from and gave. The rows exist as soon as an incident is recorded,
also before any level is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from sla.engine.claims import claim_terms
from sla.engine.claims.moves import FINAL, UNSENT
from sla.engine.facts import Inputs, Responsible
from sla.engine.results import ClaimTerms, Result
from sla.engine.terms import ClaimRule, OutageKind
from sla.inputs import inputs_of
from sla.models import Claim, ClaimToDo, Statement
from sla.services.claims.readings import CLAIM, deadline_rows
from sla.services.claims.rows import Wanted, follow
from sla.services.claims.vendor_dates import statements_of

RECEIPT = "receipt"
SEND = "Send the claim"
RECEIVED = "Have the vendor confirm that it received the claim"


@transaction.atomic
def refresh_todos(
    statement: Statement, *, result: Result, now: datetime, inputs: Inputs | None = None
) -> None:
    """Bring a statement's dated steps in line with the records; `inputs` are those of `result`.

    Every incident of the period that may be the vendor's gets each step and each reading of the claim
    deadline (2.8, A41), missed or not. What is done stays; what is no longer asked for is dropped, and
    revived when it is again.
    """
    if inputs is None:
        inputs = inputs_of(statement.agreement, period_label=statement.period, known_until=now)
    rule = inputs.versions[-1].claim if inputs.versions else None
    wanted = [] if _is_moot(statement, result=result) else list(_wanted(inputs, rule=rule, result=result))
    rows = list(ClaimToDo.objects.filter(statement=statement, party=ClaimToDo.Party.OURS))
    if not wanted and not rows:
        return
    linked = [row for row in rows if row.claim_id is not None]
    follow(
        [row for row in rows if row.claim_id is None],
        wanted=wanted,
        statement=statement,
        now=now,
        done={(row.what, row.incident, row.reading) for row in linked},
    )


def _is_moot(statement: Statement, *, result: Result) -> bool:
    """Return whether nothing is left to ask for: it was finalised with nothing due, or its claims ended."""
    return _has_settled(statement) and (
        _about(statement).exists() or not any(line.due_exact for line in result.credits.lines)
    )


def _has_settled(statement: Statement) -> bool:
    """Return whether a statement is finalised by today's records and no claim of it is open."""
    settled = Statement.objects.with_newest().filter(pk=statement.pk, revision_number__isnull=False)
    if not settled.exists() or Statement.objects.needing_correction().filter(pk=statement.pk).exists():
        return False
    contract = statement.agreement.contract_id
    by_incident = Claim.objects.filter(contract=contract, statement=None, incident__isnull=False)
    return not (_about(statement) | by_incident).exclude(state__in=[*FINAL]).exists()


def _about(statement: Statement) -> QuerySet[Claim]:
    found: QuerySet[Claim] = Claim.objects.filter(
        Q(statement=statement) | Q(parts__credit__revision__statement=statement)
    )
    return found


def drop_moot(claim: Claim, *, now: datetime) -> None:
    """Drop the steps of the statements of a claim that ended, where no other claim of them is open."""
    for statement in statements_of(claim):
        rows = ClaimToDo.objects.filter(
            statement=statement, party=ClaimToDo.Party.OURS, claim=None, done_at=None, dropped_at=None
        )
        for row in rows if _has_settled(statement) else ():
            row.dropped_at = now
            row.save(update_fields=["dropped_at"])


def _wanted(inputs: Inputs, *, rule: ClaimRule | None, result: Result) -> Iterator[Wanted]:
    terms = _terms(inputs, rule=rule, result=result)
    if rule is None or terms is None:
        return
    texts = {step.code: step.text for step in rule.steps}
    for due in terms.deadlines:
        yield Wanted(due=due, text=f"{SEND} ({rule.channel})" if rule.channel else SEND)
    for due in terms.steps:
        yield Wanted(due=due, text=texts.get(due.what, ""))


def _terms(inputs: Inputs, *, rule: ClaimRule | None, result: Result) -> ClaimTerms | None:
    """Return the steps for every incident of the period; without one, for what is missed all the same."""
    behind = incidents_behind(inputs, result=result)
    if not behind:
        return result.claim
    return claim_terms(
        rule, schedule=inputs.schedule, facts=inputs.facts, period=inputs.period, incidents=behind
    )


def incidents_behind(inputs: Inputs, *, result: Result) -> list[str]:
    """Return the incidents that may be the vendor's, in the period and of the services it promises."""
    during = inputs.period.during
    units = {unit for one in result.measured for unit in one.units}
    found = {
        outage.incident
        for outage in inputs.facts.outages
        if outage.started_at < during.end
        and (outage.ended_at is None or outage.ended_at > during.start)
        and (not units or outage.unit in units)
        and outage.kind is not OutageKind.UNMEASURED
        and outage.responsible is not Responsible.US
    }
    found |= {due.incident for due in result.claim.deadlines if due.incident} if result.claim else set()
    return sorted(found)


@transaction.atomic
def finish_todo(todo: ClaimToDo, *, by: User, note: str, now: datetime) -> ClaimToDo:
    """Mark a dated step done, with how. Raise ValidationError where it is done, or is not for a hand.

    A claim is marked sent by submitting it, and what the vendor must do by recording its answer or
    what was received.
    """
    row: ClaimToDo = ClaimToDo.objects.select_for_update().get(pk=todo.pk)
    if row.done_at is not None:
        raise ValidationError(f"This is done since {row.done_at:%Y-%m-%d}: {row.note}.", code="done")
    if row.what == CLAIM:
        raise ValidationError(
            "A claim counts as sent when it is submitted. Open the claim and record when it was sent.",
            code="claim",
        )
    if row.what == RECEIPT:
        raise ValidationError(
            "Record on the claim when the vendor received it: that is what the date hangs on.", code="receipt"
        )
    if not note.strip():
        raise ValidationError("Say how it was done: a ticket number, whom you told.", code="note")
    _done(row, by=by, note=note.strip(), now=now)
    return row


def _done(row: ClaimToDo, *, by: User, note: str, now: datetime) -> None:
    row.done_at, row.done_by, row.note = now, by, note
    row.save(update_fields=["claim", "done_at", "done_by", "note"])


def finish_sending(claim: Claim, *, by: User, now: datetime) -> None:
    """Mark the sending of a claim done, unless another claim of the statement is still to send."""
    unsent = Claim.objects.filter(state__in=[*UNSENT], contract=claim.contract_id).exclude(pk=claim.pk)
    for row in deadline_rows(claim).filter(done_at=None):
        about = Q(statement=row.statement_id) | Q(parts__credit__revision__statement=row.statement_id)
        if row.claim_id is None and (claim.incident is not None or not unsent.filter(about).exists()):
            row.claim = claim
            _done(row, by=by, note=f"Claim {claim} was submitted.", now=now)


def link_lost(claim: Claim) -> None:
    """Let the deadlines of a claim that was given up or lapsed go with it: nobody waits for them now."""
    unsent = Claim.objects.filter(state__in=[*UNSENT], contract=claim.contract_id)
    for row in deadline_rows(claim).filter(done_at=None, claim=None):
        about = Q(statement=row.statement_id) | Q(parts__credit__revision__statement=row.statement_id)
        if not unsent.filter(about).exists():
            row.claim = claim
            row.save(update_fields=["claim"])


def ask_for_receipt(claim: Claim, *, sent_at: datetime) -> None:
    """Note that nobody has confirmed yet that the vendor received a claim, by the next deadline."""
    rows = deadline_rows(claim)
    next_one = rows.filter(due_until__gt=sent_at).first() or rows.last()
    if next_one is not None:
        ClaimToDo.objects.get_or_create(
            statement=next_one.statement,
            claim=claim,
            what=RECEIPT,
            incident="",
            reading="",
            defaults={
                "text": RECEIVED,
                "clause": next_one.clause,
                "due_on": next_one.due_on,
                "due_until": next_one.due_until,
            },
        )


def finish_receipt(claim: Claim, *, by: User, now: datetime, note: str) -> None:
    """Mark the receipt of a claim as confirmed."""
    for row in ClaimToDo.objects.filter(claim=claim, what=RECEIPT, done_at=None):
        _done(row, by=by, note=note, now=now)


def finish_vendors(claim: Claim, *, what: str, by: User, now: datetime, note: str) -> None:
    """Mark what the vendor had to do on a claim as done: `decision` or `issue`."""
    rows = ClaimToDo.objects.filter(claim=claim, what=what, party=ClaimToDo.Party.VENDORS, done_at=None)
    for row in rows:
        _done(row, by=by, note=note, now=now)
