"""Small corrections that wait for a later statement instead of making a revision of their own."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Sum

from sla.engine.money import Money
from sla.engine.results import Result
from sla.inputs import inputs_of
from sla.models import HeldCorrection, LineFigures, PostingPolicy, Statement, StatementRevision
from sla.services.statements.drafting import (
    compared_with,
    draft_of,
    frozen_result,
    newest_revision,
    write_draft,
)
from sla.services.statements.drafts import result_of
from sla.services.statements.staleness import raise_wanted
from vendors.services import checked_reason


@transaction.atomic
def hold_correction(
    statement: Statement, *, into: Statement, by: User, why: str, now: datetime
) -> HeldCorrection:
    """Let a small correction wait for the next revision of a later statement, where it becomes a line.

    Refused (ValidationError) unless the statement needs correction, the later one is a draft of the same
    schedule, no verdict and nothing but money changed, and the difference is below what the posting
    policy of our company holds back.
    """
    cause = checked_reason(why)
    locked = Statement.objects.select_for_update(of=("self",)).select_related("agreement__contract__entity")
    head = locked.get(pk=statement.pk)
    newest = newest_revision(head)
    if newest is None:
        raise ValidationError(
            f"{head} is a draft: it follows the records and needs no correction.", code="draft"
        )
    if into.agreement_id != head.agreement_id or into.first_on <= head.last_on:
        raise ValidationError(
            f"A correction of {head} goes into a later statement of the same SLA schedule, not into {into}.",
            code="into",
        )
    if newest_revision(into) is not None:
        # Its figures would still hold, so that nobody would be asked for the revision that brings the money.
        raise ValidationError(
            f"{into} is finalised already. Choose a later statement that is still a draft.", code="into"
        )
    corrected, compared = _corrected(head, newest=newest, now=now)
    delta = _delta(newest, corrected=corrected)
    _check_small(head, newest=newest, corrected=corrected, delta=delta)
    held = HeldCorrection.objects.create(
        statement=head,
        result_digest=compared,
        delta_minor=delta,
        currency=corrected.currency,
        into=into,
        cause=cause,
        noted_by=by,
        noted_at=now,
    )
    raise_wanted(Q(pk=into.pk))
    _settle(head, now=now)
    statement.refresh_from_db()
    return held


def _corrected(head: Statement, *, newest: StatementRevision, now: datetime) -> tuple[Result, str]:
    inputs = inputs_of(head.agreement, period_label=head.period, known_until=now.replace(microsecond=0))
    result = result_of(inputs)
    _, compared = compared_with(newest, inputs=inputs, now=result)
    waiting = head.held_corrections.filter(noted_at__gte=newest.finalised_at).order_by("pk").last()
    known = waiting.result_digest if waiting is not None else newest.result_digest
    if compared == known:
        raise ValidationError(
            f"{newest} needs no correction: today's records give the same result.", code="nothing_changed"
        )
    return result, compared


def _delta(newest: StatementRevision, *, corrected: Result) -> int:
    """Return the difference to what is finalised and held already, in minor units."""
    money = corrected.credits.money.minor if corrected.credits.money else 0
    frozen = newest.lines.filter(status=LineFigures.Status.STANDING).aggregate(sum=Sum("due_minor"))["sum"]
    rows = newest.statement.held_corrections.filter(noted_at__gte=newest.finalised_at)
    return int(money - (frozen or 0) - (rows.aggregate(sum=Sum("delta_minor"))["sum"] or 0))


def _check_small(head: Statement, *, newest: StatementRevision, corrected: Result, delta: int) -> None:
    entity = head.agreement.contract.entity
    policy = PostingPolicy.objects.filter(entity=entity).first()
    limit = policy.hold_below_minor if policy is not None else 0
    amount = Money(delta, corrected.currency)
    if abs(delta) >= limit:
        raise ValidationError(
            f"The correction of {newest} is {amount}; {entity} holds back only what is below "
            f"{Money(limit, corrected.currency)}. Finalise a new revision instead.",
            code="too_large",
        )
    if _apart_from_money(corrected) != _apart_from_money(frozen_result(newest)):
        raise ValidationError(
            f"The correction of {newest} changes a verdict, or a credit that is not money. Finalise a new "
            f"revision instead.",
            code="verdict",
        )


def _apart_from_money(result: Result) -> tuple[object, ...]:
    verdicts = {
        (one.target, one.window.label, one.units, one.version, one.verdict) for one in result.measured
    }
    others = {
        (total.pays, total.due_exact)
        for total in result.credits.totals
        if total.due is None and total.due_exact
    }
    earned = {(one.target, one.period, one.units, one.form, one.amount) for one in result.earned_back}
    return verdicts, others, earned


def _settle(head: Statement, *, now: datetime) -> None:
    inputs = inputs_of(head.agreement, period_label=head.period, known_until=now.replace(microsecond=0))
    write_draft(head, draft=draft_of(head, inputs=inputs), where=Q(), wanted=head.wanted, now=now)
