"""Closing a period: drafted, checked, and finalised by itself where nobody has anything to say about it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import Figures, Statement, StatementRevision
from sla.selectors.by_hand import decided_by_hand, untimed_incidents
from sla.services.duties.holding import Held
from sla.services.statements.drafting import newest_revision
from sla.services.statements.finalising import finalise_statement, lock_statement
from sla.services.statements.heads import head_of, refresh_statement
from sla.services.statements.questions import QUESTIONS
from vendors.services import system_user

logger = logging.getLogger(__name__)

WHY = "Closed by itself: every level met and confirmed, no question open, nothing decided by hand"
STATES = {
    Figures.State.MISSED: "a level is missed",
    Figures.State.UNCONFIRMED: "nobody confirmed that nothing happened",
    Figures.State.UNCERTAIN: "a level is not certain",
}

MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What closing a period comes to: it may finalise itself, or why it waits for a person."""

    waits_for: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Say whether nobody has to look."""
        return not self.waits_for


def close_period(held: Held) -> None:
    """Close the period of a run: bring its draft up to date, then finalise it or leave it to a person.

    Raises ValidationError where the draft cannot be computed. A period that a person finalised before
    its time stays as it is.
    """
    duty, now = held.duty, held.clock()
    agreement = duty.agreement
    assert agreement is not None
    try:
        statement = head_of(agreement, period_label=duty.period)
    except ValueError as error:
        raise ValidationError(f"{agreement} {duty.period}: {error}") from error
    statement = refresh_statement(statement, now=now)
    if statement.error:
        raise ValidationError(f"{statement} cannot be computed: {statement.error}")
    with held.done() as done:
        done.outcome = _outcome(statement, now=now)


def _outcome(statement: Statement, *, now: datetime) -> str:
    """Finalise a fresh draft, or leave it to a person; return what came of it, in words."""
    # A person who finalises it at the same moment is waited for, and then was first.
    lock_statement(statement)
    newest = newest_revision(statement)
    if newest is not None:
        return f"Finalised as {newest} already."
    verdict = closing_verdict(statement)
    if not verdict.is_clean:
        return _waits(verdict)
    try:
        return f"Finalised by itself as {_finalised_clean(statement, now=now)}."
    except _NotCleanError as error:
        return _waits(error.verdict)


def _finalised_clean(statement: Statement, *, now: datetime) -> StatementRevision:
    """Finalise, and undo it where what was recorded since the draft should be seen by a person.

    Raises _NotCleanError: finalising reads the records anew, and a miss may have come in a moment ago.
    """
    with transaction.atomic():
        try:
            revision = finalise_statement(statement, by=system_user(), why=WHY, reasons={}, now=now)
        except ValidationError as error:
            if not {each.code for each in error.error_list} <= QUESTIONS.keys():
                raise
            raise _NotCleanError(Verdict(waits_for=(_questions(len(error.error_list)),))) from error
        verdict = closing_verdict(statement)
        if not verdict.is_clean:
            raise _NotCleanError(verdict)
    return revision


class _NotCleanError(Exception):
    """What was to be finalised has something in it that a person should see."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(*verdict.waits_for)
        self.verdict = verdict


def _waits(verdict: Verdict) -> str:
    return f"Waits for a person: {'; '.join(verdict.waits_for)}."


def closing_verdict(statement: Statement) -> Verdict:
    """Return whether a fresh draft may finalise itself, else every reason why a person has to look."""
    return Verdict(waits_for=tuple(_reasons(statement)))


def _reasons(statement: Statement) -> Iterator[str]:
    if statement.state in STATES:
        yield STATES[Figures.State(statement.state)]
    if statement.due_minor or statement.shown:
        yield f"a credit of {statement.shown}"
    if statement.notices:
        yield "a repeated failure is complete"
    if statement.provisional:
        yield _questions(len(statement.provisional))
    untimed = untimed_incidents(statement)
    if untimed:
        yield f"no time is known of {', '.join(untimed[:MOST_NAMED])}"
    yield from decided_by_hand(statement)
    if not statement.agreement.closes_itself:
        yield "its SLA schedule is never finalised by itself"


def _questions(count: int) -> str:
    return f"{count} open question{'s' * (count != 1)}"
