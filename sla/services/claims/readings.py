"""By when a claim must be made, by every reading of its clause, and which of them a date meets.

A reading is judged by when the vendor received the claim; one whose text speaks of sending ("sent within
30 days") by when it left us. "Sent by" and "received by" are never taken for each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from sla.models import Claim, ClaimToDo
from sla.services.claims.vendor_dates import statements_of

CLAIM = "claim"
BY_SENDING = re.compile(r"\b(sent|send|sending|posted|postmark\w*|dispatch\w*|mailed)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading of a claim deadline; `is_met` is None while only sending is known and receipt counts."""

    reading: str
    incident: str
    clause: str
    due_on: date
    due_until: datetime
    by_sending: bool
    is_met: bool | None

    def __str__(self) -> str:
        words = [self.reading or "the clause's date", *([f"for {self.incident}"] if self.incident else [])]
        return f"{' '.join(words)} ({self.due_on})"


def deadline_rows(claim: Claim) -> QuerySet[ClaimToDo]:
    """Return the claim deadlines of what a claim asks for, the earliest first."""
    rows = ClaimToDo.objects.filter(
        statement__in=statements_of(claim), what=CLAIM, party=ClaimToDo.Party.OURS, dropped_at=None
    )
    if claim.incident is not None:
        rows = rows.filter(incident__in=["", claim.incident.reference])
    found: QuerySet[ClaimToDo] = rows.select_related("statement").order_by("due_until", "pk")
    return found


def readings(
    claim: Claim, *, sent_at: datetime | None = None, received_at: datetime | None = None
) -> tuple[Reading, ...]:
    """Return every reading of a claim's deadline, the earliest first, and whether these instants meet it."""
    return tuple(_reading(row, sent_at=sent_at, received_at=received_at) for row in deadline_rows(claim))


def _reading(row: ClaimToDo, *, sent_at: datetime | None, received_at: datetime | None) -> Reading:
    by_sending = bool(BY_SENDING.search(row.reading))
    return Reading(
        reading=row.reading,
        incident=row.incident,
        clause=row.clause,
        due_on=row.due_on,
        due_until=row.due_until,
        by_sending=by_sending,
        is_met=_met(row.due_until, sent_at=sent_at, received_at=received_at, by_sending=by_sending),
    )


def _met(
    until: datetime, *, sent_at: datetime | None, received_at: datetime | None, by_sending: bool
) -> bool | None:
    judged = (sent_at or received_at) if by_sending else received_at
    if judged is not None:
        return judged < until
    # What was sent too late cannot have been received in time.
    return False if sent_at is not None and sent_at >= until else None


def in_time_note(found: Iterable[Reading]) -> str:
    """Return which readings a submission meets, as a sentence for its move; empty without a deadline."""
    rows = list(found)
    said = (
        ("In time by", [str(each) for each in rows if each.is_met]),
        ("Late by", [str(each) for each in rows if each.is_met is False]),
        ("Hangs on the receipt by", [str(each) for each in rows if each.is_met is None]),
    )
    return " ".join(f"{words}: {'; '.join(names)}." for words, names in said if names)
