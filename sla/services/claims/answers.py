"""What the vendor says of a statement line by line, kept with the line."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import Claim, LineAnswer, StatementLine, StatementRevision
from vendors.models import money_text

Answer = LineAnswer.Answer


@transaction.atomic
def record_answer(
    revision: StatementRevision,
    *,
    line_number: int,
    answer: str,
    by: User,
    now: datetime,
    claim: Claim | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    responsible: str = "",
    cause: str = "",
    amount_minor: int | None = None,
    until: date | None = None,
    said_by: str = "",
    said_at: datetime | None = None,
) -> LineAnswer:
    """Record what the vendor says of a line; the newest answer holds, earlier ones stay.

    Instants are UTC; `amount_minor` is its own amount in minor units, left out where it agrees to all.
    Raise ValidationError for a line that is not there, and for an answer without what it needs.
    """
    line = StatementLine.objects.filter(revision=revision, number=line_number).first()
    if line is None:
        raise ValidationError(f"{revision} has no line {line_number}. Choose one of its lines.", code="line")
    row = LineAnswer(
        revision=revision,
        line_number=line_number,
        claim=claim or claim_of_line(revision, line_number=line_number),
        answer=answer,
        started_at=started_at,
        ended_at=ended_at,
        responsible=responsible,
        cause=cause.strip(),
        amount_minor=amount_minor,
        until=until,
        said_by=said_by.strip(),
        said_at=said_at or now,
        recorded_at=now,
        recorded_by=by,
    )
    _check(row, line=line, now=now)
    row.full_clean()
    row.save()
    return row


def agreed_by(answer: LineAnswer | None, *, positions: int | None) -> int | None:
    """Return how much of a line's credit the vendor agrees to, in minor units; None for all of it.

    `answer` is its newest one. Without one, and while it asks for time, what its positions give holds.
    """
    if answer is None or answer.answer == Answer.ASKS_FOR_TIME:
        return positions
    if answer.answer == Answer.CONTESTS:
        return answer.amount_minor or 0
    amount: int | None = answer.amount_minor
    return amount


def agreed_of(due: int, *, agreed: int | None) -> int:
    """Return what is agreed of an amount due: all of it for None, never more than it, nor below zero."""
    return due if agreed is None or due <= 0 else min(max(agreed, 0), due)


def agreed_if_said(due: int, *, answer: LineAnswer | None, positions: int | None) -> int | None:
    """Return what the vendor agrees to of an amount due, in minor units; None where it said nothing of it."""
    if answer is None or answer.answer == Answer.ASKS_FOR_TIME:
        return positions
    return agreed_of(due, agreed=agreed_by(answer, positions=positions))


def claim_of_line(revision: StatementRevision, *, line_number: int) -> Claim | None:
    """Return the claim that holds most of a line's credits."""
    rows = Claim.objects.filter(
        parts__credit__revision__statement=revision.statement_id, parts__credit__line_number=line_number
    )
    found: Claim | None = rows.order_by("-pk").first()
    return found


def _check(row: LineAnswer, *, line: StatementLine, now: datetime) -> None:
    if row.said_at > now:
        raise ValidationError(
            f"{row.said_at:%Y-%m-%d %H:%M} UTC lies in the future. Enter when the vendor said it.",
            code="future",
        )
    if row.claim is not None and row.claim.contract_id != line.revision.statement.agreement.contract_id:
        raise ValidationError(f"Claim {row.claim} belongs to another contract than {line}.", code="claim")
    if row.amount_minor is not None and not 0 <= row.amount_minor <= max(line.due_minor, 0):
        due = money_text(line.due_minor, currency=line.currency)
        raise ValidationError(
            f"{money_text(row.amount_minor, currency=line.currency)} is not within the {due} that the line"
            " asks for. Enter the vendor's amount for this line.",
            code="amount",
        )
    if row.answer == Answer.ASKS_FOR_TIME and row.until is None:
        raise ValidationError("Say until when the vendor asks for time.", code="until")
    said = (row.started_at, row.ended_at, row.responsible, row.cause, row.amount_minor)
    if row.answer == Answer.CONTESTS and all(each in (None, "") for each in said):
        raise ValidationError(
            "Say what the vendor contests: its own times, cause, amount, or who is responsible.", code="what"
        )
