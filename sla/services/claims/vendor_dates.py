"""The vendor's own dates: by when it must decide on a claim, and by when the credit must be given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sla.engine.claims import answers_due
from sla.engine.claims.moves import ClaimState
from sla.engine.facts import Inputs
from sla.engine.results import Due
from sla.engine.terms import ClaimRule
from sla.inputs import inputs_of
from sla.models import Claim, ClaimToDo, Statement
from sla.services.claims.rows import Wanted, follow

VENDORS_DATES = {"decision": "The vendor decides on the claim", "issue": "The vendor gives the credit"}


def refresh_answers(claim: Claim, *, now: datetime) -> None:
    """Bring the dated steps that follow a claim's submission, receipt and answer up to date.

    The vendor's are `decision` and `issue`; steps that the clause wants from us after them stand beside.
    Dates are counted from the receipt, from sending where only that is known. An automatic credit is
    counted from the end of its period. Without a statement period there is nothing to count in.
    """
    statement = statement_of(claim)
    if statement is None:
        return
    inputs = inputs_of(statement.agreement, period_label=statement.period, known_until=now)
    rule = inputs.versions[-1].claim if inputs.versions else None
    dues = _dues(claim, rule=rule, inputs=inputs)
    wanted = list(_wanted(claim, rule=rule, dues=dues))
    rows = ClaimToDo.objects.filter(claim=claim, statement=statement)
    follow(
        [row for row in rows if row.what in VENDORS_DATES or _follows(row, rule=rule)],
        wanted=wanted,
        statement=statement,
        claim=claim,
        now=now,
    )


def _dues(claim: Claim, *, rule: ClaimRule | None, inputs: Inputs) -> Sequence[Due]:
    if rule is None:
        return ()
    asked_at, decided_at = _submitted(claim), claim.decided_at
    if claim.automatic:
        asked_at = decided_at = inputs.period.during.end
    return answers_due(
        rule,
        schedule=inputs.schedule,
        facts=inputs.facts,
        period=inputs.period,
        submitted_at=asked_at,
        decided_at=decided_at,
    )


def _wanted(claim: Claim, *, rule: ClaimRule | None, dues: Sequence[Due]) -> Iterator[Wanted]:
    was_asked = claim.automatic or _submitted(claim) is not None
    texts = {step.code: step.text for step in rule.steps} if rule is not None else {}
    for due in dues:
        is_vendors = due.what in VENDORS_DATES and due.what not in texts
        # Once it answered, the vendor has no date to decide by; what it rejects it never gives.
        is_past = due.what == "decision" and (claim.automatic or claim.decided_at is not None)
        is_past = is_past or (due.what == "issue" and claim.state == ClaimState.REJECTED)
        if was_asked and not (is_vendors and is_past):
            party = ClaimToDo.Party.VENDORS if is_vendors else ClaimToDo.Party.OURS
            text = VENDORS_DATES[due.what] if is_vendors else texts.get(due.what, "")
            yield Wanted(due=due, party=party, text=text)


def _follows(row: ClaimToDo, *, rule: ClaimRule | None) -> bool:
    return rule is not None and any(step.code == row.what for step in rule.steps)


def _submitted(claim: Claim) -> datetime | None:
    if claim.submitted_at is not None:
        return claim.submitted_at
    sent = claim.moves.exclude(sent_at=None).order_by("-pk").values_list("sent_at", flat=True).first()
    return sent


def statement_of(claim: Claim) -> Statement | None:
    """Return the statement whose terms a claim follows: its own, its first credit's, its incident's."""
    if claim.statement is not None:
        return claim.statement
    found = statements_of(claim)
    return found[0] if found else None


def statements_of(claim: Claim) -> list[Statement]:
    """Return the statements that a claim is about, oldest first."""
    rows = Statement.objects.select_related("agreement__contract__vendor").order_by("starts_at", "pk")
    keys = set(claim.parts.order_by().values_list("credit__revision__statement", flat=True))
    if claim.statement_id is not None:
        keys.add(claim.statement_id)
    if keys or claim.incident is None:
        return list(rows.filter(pk__in=keys))
    started = claim.incident.outages.order_by("started_at").values_list("started_at", flat=True).first()
    if started is None:
        return []
    return list(
        rows.filter(agreement__contract=claim.contract_id, starts_at__lte=started, ends_at__gt=started)
    )
