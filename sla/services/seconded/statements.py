"""Finalising, with a second person: exactly the figures that were looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User

from sla.models import Statement, StatementRevision
from sla.services.statements.drafting import newest_revision
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.header import line_plain
from vendors.models import Approval, money_text
from vendors.services.approvals import Act, Ran


def _run(
    statement: Statement,
    *,
    by: User,
    second: Approval,
    now: datetime,
    cause: str,
    reasons: Mapping[str, str],
) -> Ran:
    before = newest_revision(statement)
    made = finalise_statement(statement, by=by, why=cause, reasons=reasons, now=now, second=second)
    lines = [line_plain(line) for line in made.lines.order_by("number")]
    return Ran(effect="\n".join(_effect(made, before=before)), mark=[lines, made.overridden])


def _effect(made: StatementRevision, *, before: StatementRevision | None) -> list[str]:
    was = _said(before) if before is not None else "draft"
    lines = [f"{made.statement}: {was} → {_said(made)}"]
    if made.missed:
        lines.append(f"Missed: {', '.join(made.missed)}")
    return lines + [f"Open: {each['question']} Reason: {each['reason']}" for each in made.overridden]


def _said(revision: StatementRevision) -> str:
    credit = revision.shown or money_text(revision.due_minor, currency=revision.currency)
    return f"r{revision.number}, {revision.get_state_display().lower()}, credit due {credit}"


FINALISE = Act(
    code="finalise",
    label="Finalise a service level statement",
    permission="sla.add_statementrevision",
    run=_run,
)
