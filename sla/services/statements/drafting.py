"""The draft of a statement: its figures as columns, and whether a finalised one still holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from sla.engine.codec import canonical, digest, from_plain
from sla.engine.facts import Inputs, Verdict
from sla.engine.money import Money
from sla.engine.results import Due, Result
from sla.engine.terms import Pays
from sla.inputs import inputs_of
from sla.inputs.history import outcomes_text
from sla.models import DraftLine, Figures, Statement, StatementRevision
from sla.reports.figures import shown_credit
from sla.services.claims import refresh_todos
from sla.services.statements.drafts import result_of
from sla.services.statements.lines import LineValues
from sla.services.statements.numbering import statement_lines
from sla.services.statements.outlooks import replace_outlooks
from sla.services.statements.questions import open_questions


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a draft comes to; `compared_digest` is empty where nothing is finalised."""

    inputs: Inputs | None = None
    result: Result
    lines: list[LineValues]
    figures: dict[str, Any]
    result_digest: str
    compared_digest: str
    outcomes: str


def newest_revision(statement: Statement) -> StatementRevision | None:
    """Return the newest revision, None for a draft."""
    return statement.revisions.order_by("number").last()


def draft_of(statement: Statement, *, inputs: Inputs) -> Draft:
    """Compute a draft; where a revision stands, also whether today's records still give the same."""
    newest = newest_revision(statement)
    result, compared = result_of(inputs), ""
    if newest is not None:
        then, compared = compared_with(newest, inputs=inputs, now=result)
        result = then if compared == newest.result_digest else result
    lines = statement_lines(statement, result=result, inputs=inputs, newest=newest)
    return Draft(
        inputs=inputs,
        result=result,
        lines=lines,
        figures=figures_of(result, lines=lines),
        result_digest=digest(canonical(result)),
        compared_digest=compared if newest is None else settled_digest(newest, compared=compared),
        outcomes=outcomes_text(result.outcomes),
    )


def compared_with(
    newest: StatementRevision, *, inputs: Inputs, now: Result | None = None
) -> tuple[Result, str]:
    """Return what today's records give at the revision's instant, and the digest to compare with its own.

    Another engine version is compared by its figures, as its bytes always differ. What only time has
    settled since (a delivery that was not due yet) makes a difference too.
    """
    then = result_of(inputs_then(newest, inputs=inputs))
    found = digest(canonical(then))
    if found == newest.result_digest:
        later = now if now is not None and newest.provisional else None
        if later is None or told(later) == told(then):
            return then, found
        return then, digest(canonical(later))
    if then.engine_version != newest.engine_version and told(then) == told(frozen_result(newest)):
        return then, newest.result_digest
    return then, found


def inputs_then(newest: StatementRevision, *, inputs: Inputs) -> Inputs:
    """Return today's records with the time until which things were known when it was finalised."""
    known_until = newest.known_until
    assert known_until is not None
    if not inputs.history:
        return replace(inputs, known_until=known_until)
    return inputs_of(newest.statement.agreement, period_label=inputs.period.label, known_until=known_until)


def settled_digest(newest: StatementRevision, *, compared: str) -> str:
    """Return the digest for the head: a correction held for a later statement leaves none to make."""
    held = newest.statement.held_corrections.filter(noted_at__gte=newest.finalised_at).order_by("pk").last()
    return newest.result_digest if held is not None and held.result_digest == compared else compared


def frozen_result(revision: StatementRevision) -> Result:
    """Return a revision's result as a value."""
    found: Result = from_plain(Result, json.loads(revision.result))
    return found


def told(result: Result) -> tuple[Any, ...]:
    """Return what a result says to a reader: verdicts, seconds and money, without the reasons."""
    levels = tuple(
        (one.target, one.window, one.units, one.verdict, one.misses, one.value, one.counted_us,
         one.ledger.classes if one.ledger else ())
        for one in result.measured
    )  # fmt: skip
    credits = tuple(
        (line.target, line.window, line.units, line.pays, line.state, line.due_exact, line.due)
        for line in result.credits.lines
    )
    earned = tuple((one.target, one.period, one.units, one.form, one.amount) for one in result.earned_back)
    return levels, credits, earned, result.agreed


def figures_of(result: Result, *, lines: Iterable[LineValues]) -> dict[str, Any]:
    """Return a statement's own columns; the money due is the sum of its lines."""
    due = sum(line.get("due_minor", 0) for line in lines)
    prior = due - (result.credits.money.minor if result.credits.money else 0)
    warn = result.claim.warn_by if result.claim is not None else None
    return {
        "state": state_of(result),
        "missed": list(dict.fromkeys(one.target for one in result.measured if one.verdict is Verdict.MISSED)),
        "currency": result.currency,
        "due_minor": due,
        "agreed_minor": None if result.agreed is None else result.agreed.minor + prior,
        "contested_minor": result.contested.minor if result.contested else 0,
        "shown": shown_money(result, due_minor=due)[:200],
        "claim_by": warn.due_on if warn is not None else None,
        "automatic": result.claim is not None and result.claim.automatic,
        "provisional": list(result.provisional),
        "notices": [
            [one.name or one.code, one.notice_by.due_on.isoformat()]
            for one in result.chronic
            if one.reached and isinstance(one.notice_by, Due)
        ],
        "known_until": result.known_until,
    }


def state_of(result: Result) -> str:
    """Return the worst verdict of a result's levels."""
    verdicts = {one.verdict for one in result.measured}
    if Verdict.MISSED in verdicts:
        return Figures.State.MISSED
    if verdicts <= {Verdict.MET, Verdict.MET_UNCONFIRMED}:
        return Figures.State.MET if verdicts == {Verdict.MET} else Figures.State.UNCONFIRMED
    return Figures.State.UNCERTAIN


def shown_money(result: Result, *, due_minor: int) -> str:
    """Return the credit as people read it, with what is not paid in money."""
    money = [str(Money(due_minor, result.currency))] if due_minor else []
    others = [
        shown_credit(total.due_exact, pays=total.pays, currency=result.currency)
        for total in result.credits.totals
        if total.due is None and total.due_exact and total.pays is not Pays.POINTS
    ]
    fees = [
        f"fee {line.waives} not charged"
        for line in result.credits.lines
        if line.pays is Pays.CHARGE and line.due_exact
    ]
    return ", ".join(money + others + list(dict.fromkeys(fees)))


def write_draft(statement: Statement, *, draft: Draft, where: Q, wanted: int, now: datetime) -> bool:
    """Replace the head's draft where the condition still holds; say whether it did."""
    values = {
        **draft.figures,
        # The head shows what finalising would ask; a revision keeps the result's own doubts.
        "provisional": [each.text for each in open_questions(statement, result=draft.result, now=now)],
        "result_digest": draft.result_digest,
        "compared_digest": draft.compared_digest,
        "computed": wanted,
        "computed_at": now,
        "error": "",
    }
    # What is finalised is history as it was frozen; a draft only until then.
    if not draft.compared_digest:
        values["outcomes"] = draft.outcomes
    with transaction.atomic():
        if not Statement.objects.filter(where, pk=statement.pk).update(**values):
            statement.refresh_from_db()
            return False
        replace_draft_lines(statement, lines=draft.lines)
        refresh_todos(statement, inputs=draft.inputs, result=draft.result, now=now)
        replace_outlooks(statement, inputs=draft.inputs, result=draft.result)
    vars(statement).update(values)
    return True


def replace_draft_lines(statement: Statement, *, lines: Iterable[LineValues]) -> None:
    """Write the draft's lines in place of the earlier ones."""
    DraftLine.objects.filter(statement=statement).delete()
    DraftLine.objects.bulk_create(DraftLine(statement=statement, **values) for values in lines)


def note_failure(statement: Statement, *, error: Exception, wanted: int, now: datetime) -> None:
    """Say on the head why it could not be computed; its figures stay."""
    said = "; ".join(getattr(error, "messages", None) or [str(error) or type(error).__name__])
    values = {"error": said, "computed": wanted, "computed_at": now}
    Statement.objects.filter(pk=statement.pk, computed__lte=wanted).update(**values)
    vars(statement).update(values)
