"""What a person here does with an answer: take it as recorded, from when on it counts, or set it aside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import AnswerDecision, LineAnswer, VendorAnswerLine
from sla.services.claims import record_answer
from vendors.models import money_text
from vendors.services import checked_reason

LONGEST_NAME = 150


@transaction.atomic
def take_answer(line: VendorAnswerLine, *, by: User, now: datetime, why: str = "") -> LineAnswer:
    """Record what the vendor sent of a line as its answer; from now on it counts.

    Raises ValidationError where it was decided before, or cannot be recorded as it stands.
    """
    row, answer = _open(line), line.answer
    contests = row.says == LineAnswer.Answer.CONTESTS
    recorded = record_answer(
        answer.link.release.revision,
        line_number=row.line_number,
        answer=row.says,
        by=by,
        now=now,
        started_at=row.started_at,
        ended_at=row.ended_at,
        cause="\n".join(_account(row, currency=answer.link.release.revision.currency)),
        # What stands on an invoice may pay for more than this line.
        amount_minor=row.amount_minor if contests else None,
        until=row.until,
        said_by=f"{answer.name}, {answer.role}"[:LONGEST_NAME],
        said_at=answer.said_at,
    )
    AnswerDecision.objects.create(line=row, recorded=recorded, why=why.strip(), by=by, at=now)
    return recorded


@transaction.atomic
def set_aside(line: VendorAnswerLine, *, by: User, why: str, now: datetime) -> AnswerDecision:
    """Let an answer move nothing, with the reason; raise ValidationError where it was decided before."""
    return AnswerDecision.objects.create(line=_open(line), why=checked_reason(why), by=by, at=now)


def _open(line: VendorAnswerLine) -> VendorAnswerLine:
    row: VendorAnswerLine = VendorAnswerLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
    decision = AnswerDecision.objects.filter(line=row).select_related("by").first()
    if decision is not None:
        done = "taken as recorded" if decision.recorded_id else "set aside"
        raise ValidationError(
            f"This answer was {done} already, on {decision.at:%Y-%m-%d} by {decision.by}.", code="decided"
        )
    return row


def _account(row: VendorAnswerLine, *, currency: str) -> Iterator[str]:
    if row.invoice:
        of = f" of {row.invoice_on}" if row.invoice_on else ""
        amount = "" if row.amount_minor is None else f", {money_text(row.amount_minor, currency=currency)}"
        yield f"Credited with {row.invoice}{of}{amount}."
    if row.text:
        yield row.text
