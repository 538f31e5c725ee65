"""Finalising: what a statement comes to becomes a numbered revision that nobody can change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from sla.engine.codec import canonical, digest
from sla.engine.facts import Inputs
from sla.engine.results import Result
from sla.inputs import inputs_of
from sla.inputs.history import outcomes_text
from sla.inputs.reach import looks_back
from sla.models import AgreementVersion, LineFigures, SharedCap, Statement, StatementLine, StatementRevision
from sla.services.credits import record_credits
from sla.services.statements.corrections import hold_correction
from sla.services.statements.drafting import (
    Draft,
    compared_with,
    figures_of,
    newest_revision,
    write_draft,
)
from sla.services.statements.drafts import result_of
from sla.services.statements.header import frozen_number, header_digest, header_of
from sla.services.statements.lines import LineValues
from sla.services.statements.numbering import statement_lines
from sla.services.statements.questions import checked_reasons, open_questions
from sla.services.statements.staleness import raise_wanted
from sla.services.webhooks import announce_revision
from vendors.models import Approval, Contract
from vendors.services import checked_reason
from vendors.services.approvals import check_second, with_second

__all__ = ["finalise_statement", "hold_correction", "lock_statement"]

INPUTS_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What is to be frozen."""

    inputs: Inputs
    result: Result
    lines: list[LineValues]
    newest: StatementRevision | None


@transaction.atomic
def finalise_statement(
    statement: Statement,
    *,
    by: User,
    why: str,
    reasons: Mapping[str, str],
    now: datetime,
    second: Approval | None = None,
) -> StatementRevision:
    """Freeze what today's records give as the next revision, with its lines, credits and fingerprint.

    `reasons` says by code why to go on in spite of what is unresolved. Raises ValidationError, and
    changes nothing, for a blank `why`, a period that is not over, unresolved questions without a
    reason, and where the newest revision already says the same; SecondPersonNeeded where another person
    has to approve it. `now` is a UTC instant.
    """
    cause = checked_reason(why)
    locked = lock_statement(statement)
    if locked.ends_at > now:
        raise ValidationError(
            f"{locked} ends at {locked.ends_at:%Y-%m-%d %H:%M} UTC and cannot be finalised before. Until "
            f"then its draft follows the records.",
            code="period_not_over",
        )
    found = _found(locked, now=now)
    overridden = checked_reasons(open_questions(locked, result=found.result, now=now), reasons=reasons)
    check_second(
        "finalise", subject=locked, by=by, second=second, why=cause, reasons=dict(reasons), cause=cause
    )
    cause = with_second(cause, second=second)
    revision = _revision(locked, found=found, by=by, cause=cause, overridden=overridden, now=now)
    revision.save()
    for values in found.lines:
        StatementLine.objects.create(revision=revision, **values)
    record_credits(revision, previous=found.newest, by=by, now=now)
    _follow(locked, found=found, revision=revision, now=now)
    announce_revision(revision, previous=found.newest, now=now)
    statement.refresh_from_db()
    return revision


def lock_statement(statement: Statement) -> Statement:
    """Lock the contracts of caps that it shares with other schedules, then its own row; return it fresh.

    Always in this order, so that two statements that race for one cap wait instead of blocking each other.
    Rows that only point to them need not wait: the person who writes one may hold an incident.
    """
    contract = statement.agreement.contract
    family = _above(contract)
    shared = SharedCap.objects.filter(contract__in=family).values_list("contract", flat=True)
    list(Contract.objects.select_for_update(no_key=True).filter(pk__in=shared).order_by("pk"))
    own = Statement.objects.select_for_update(no_key=True, of=("self",))
    return own.select_related("agreement__contract__entity").get(pk=statement.pk)


def _above(contract: Contract) -> list[int]:
    """Return the keys of a contract and of all papers above it."""
    found: list[int] = []
    at: Contract | None = contract
    while at is not None and at.pk not in found:
        found.append(at.pk)
        at = at.parent
    return found


def _found(statement: Statement, *, now: datetime) -> _Found:
    try:
        inputs = inputs_of(
            statement.agreement, period_label=statement.period, known_until=now.replace(microsecond=0)
        )
        result = result_of(inputs)
        newest = newest_revision(statement)
        lines = statement_lines(statement, result=result, inputs=inputs, newest=newest)
        if newest is not None:
            _refuse_the_same(newest, inputs=inputs, result=result, lines=lines)
    except (ValueError, ArithmeticError, LookupError) as error:
        raise ValidationError(f"{statement} cannot be computed: {error}", code="failed") from error
    return _Found(inputs=inputs, result=result, lines=lines, newest=newest)


def _refuse_the_same(
    newest: StatementRevision, *, inputs: Inputs, result: Result, lines: Iterable[LineValues]
) -> None:
    _, compared = compared_with(newest, inputs=inputs, now=result)
    prior = LineFigures.Status.PRIOR_PERIOD
    before = set(newest.lines.filter(status=prior).values_list("key", flat=True))
    here = {values["key"] for values in lines if values["status"] == prior}
    if compared == newest.result_digest and here == before:
        raise ValidationError(
            f"Nothing changed since {newest}: today's records give the same result. A new revision is made "
            f"when they give another one.",
            code="nothing_changed",
        )


def _revision(
    statement: Statement,
    *,
    found: _Found,
    by: User,
    cause: str,
    overridden: list[dict[str, str]],
    now: datetime,
) -> StatementRevision:
    inputs, result = canonical(found.inputs), canonical(found.result)
    revision = StatementRevision(
        statement=statement,
        number=found.newest.number + 1 if found.newest is not None else 1,
        inputs=inputs.decode(),
        inputs_digest=digest(inputs),
        inputs_version=INPUTS_VERSION,
        result=result.decode(),
        result_digest=digest(result),
        engine_version=found.result.engine_version,
        zone_data=version("tzdata"),
        previous_digest=found.newest.digest if found.newest is not None else "",
        finalised_at=now,
        finalised_by=by,
        finaliser=by.get_username(),
        cause=cause,
        overridden=overridden,
        **figures_of(found.result, lines=found.lines),
    )
    revision.digest = header_digest(
        header_of(revision, number=frozen_number(found.inputs), lines=found.lines)
    )
    return revision


def _follow(statement: Statement, *, found: _Found, revision: StatementRevision, now: datetime) -> None:
    """Bring the head along, and ask for new drafts of what looks back at it or shares a cap with it."""
    draft = Draft(
        inputs=found.inputs,
        result=found.result,
        lines=found.lines,
        figures=figures_of(found.result, lines=found.lines),
        result_digest=revision.result_digest,
        compared_digest=revision.result_digest,
        outcomes=outcomes_text(found.result.outcomes),
    )
    write_draft(statement, draft=draft, where=Q(), wanted=statement.wanted, now=now)
    Statement.objects.filter(pk=statement.pk).update(outcomes=draft.outcomes)
    agreement = statement.agreement
    versions = AgreementVersion.objects.with_terms().filter(agreement=agreement)
    later = Q(agreement=agreement, first_on__gt=statement.last_on)
    if looks_back([version.as_value() for version in versions], rule=agreement.period):
        raise_wanted(later)
    family = _sharing(agreement.contract)
    if family:
        raise_wanted(Q(agreement__contract__in=family) & ~Q(pk=statement.pk))


def _sharing(contract: Contract) -> set[int]:
    """Return the keys of the contracts that share a cap with this one."""
    caps = SharedCap.objects.filter(contract__in=_above(contract)).select_related("contract")
    return {each.pk for cap in caps for each in cap.touched_contracts()}
