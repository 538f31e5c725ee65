"""What an answer to one line needs, whatever form it came in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from sla.models import LineAnswer, StatementLine
from sla.services.links.evidence import Evidence
from vendors.models import money_text

Answer = LineAnswer.Answer
LONGEST_WAIT = timedelta(days=180)
# Far above any credit; what is larger no column holds.
LARGEST_AMOUNT = 10**15


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the vendor says of one line: instants in UTC, amounts in minor units of the line's currency."""

    line_number: int
    says: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    amount_minor: int | None = None
    text: str = ""
    invoice: str = ""
    invoice_on: date | None = None
    until: date | None = None
    file: Evidence | None = None


# What each answer may hold; the rest was typed for another and is left out.
HOLDS: dict[str, frozenset[str]] = {
    Answer.AGREES: frozenset({"text"}),
    Answer.CONTESTS: frozenset({"started_at", "ended_at", "amount_minor", "text", "file"}),
    Answer.ALREADY_CREDITED: frozenset({"invoice", "invoice_on", "amount_minor", "text", "file"}),
    Answer.ASKS_FOR_TIME: frozenset({"until", "text"}),
}


def checked(said: Said, *, line: StatementLine, now: datetime) -> Said:
    """Return what an answer holds; raise ValidationError, by field, for one that lacks what it needs."""
    holds = HOLDS[said.says]
    values: dict[str, Any] = {
        each.name: getattr(said, each.name) for each in fields(said) if each.name in holds
    }
    kept = Said(line_number=said.line_number, says=said.says, **values)
    problems = dict(_problems(kept, line=line, now=now))
    if problems:
        raise ValidationError(problems)
    return kept


def _problems(said: Said, *, line: StatementLine, now: datetime) -> Iterator[tuple[str, str]]:
    yield from _about_times(said, now=now)
    if said.says == Answer.CONTESTS:
        yield from _about_contesting(said, line=line)
    if said.says == Answer.ALREADY_CREDITED:
        if not said.invoice:
            yield "invoice", "Say with which invoice or credit note, such as CN-1042."
        if said.amount_minor is not None and not 0 < said.amount_minor < LARGEST_AMOUNT:
            yield "amount_minor", "Enter the amount that was credited, above zero."
        if said.invoice_on is not None and said.invoice_on > (now + timedelta(days=1)).date():
            yield "invoice_on", f"{said.invoice_on} lies in the future. Enter the date of the invoice."
    if said.says == Answer.ASKS_FOR_TIME:
        last = (now + LONGEST_WAIT).date()
        if said.until is None or not now.date() < said.until <= last:
            yield "until", f"Enter a day after today, at the latest {last}."


def _about_contesting(said: Said, *, line: StatementLine) -> Iterator[tuple[str, str]]:
    most = max(line.due_minor, 0)
    if said.amount_minor is not None and not 0 <= said.amount_minor <= most:
        due = money_text(most, currency=line.currency)
        yield "amount_minor", f"Enter the amount that you accept for this line: from 0 to {due}."
    told = (said.started_at, said.ended_at, said.amount_minor, said.text, said.file)
    if all(each in (None, "") for each in told):
        yield "text", "Say what you contest: your own times, the cause, an amount, or a file that shows it."
    if said.file is not None and not said.text:
        yield "text", "Say in a sentence what the file shows."


def _about_times(said: Said, *, now: datetime) -> Iterator[tuple[str, str]]:
    if said.started_at and said.ended_at and said.ended_at < said.started_at:
        yield "ended_at", "The end lies before the start. Swap the times or clear the end."
    for name in ("started_at", "ended_at"):
        at = getattr(said, name)
        if at is not None and at > now:
            yield name, "This lies in the future. Enter when it happened."
