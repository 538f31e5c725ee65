"""The rows of the claims desk: for each thing what to do next, by when, by which reading, how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sla.engine.claims.moves import UNSENT, ClaimState
from sla.engine.money import Money
from sla.models import Claim, ClaimToDo, LineAnswer, Statement
from vendors.models import Vendor

# What comes next where no dated step says it: who acts, and what.
NEXT: Mapping[ClaimState, tuple[bool, str]] = {
    ClaimState.SUBMITTED: (True, "The vendor has to answer"),
    ClaimState.CONTESTED: (True, "The vendor has to answer what we contest"),
    ClaimState.ACCEPTED: (True, "The vendor has to give the credit"),
    ClaimState.PARTLY_ACCEPTED: (False, "Accept or contest the answer"),
    ClaimState.REJECTED: (False, "Accept or contest the answer"),
    ClaimState.CREDITED: (False, "Close the claim"),
}
SEND = "Send the claim"
SEND_LATE = "Every reading of the deadline has passed: send it all the same, or close it as lapsed"
FINALISE = "Finalise the service level statement and send the claim"
KEEP = "Open a claim if a date runs before the period is over; the amount still follows the records"
FINALISE_LATE = "Every reading of the deadline has passed, and nothing was claimed"


@dataclass(frozen=True, kw_only=True)
class DeskRow:
    """One thing to do: `due_on` and `due_until` (UTC) by `reading`, which is the earliest not yet passed.

    `passed` are earlier readings by which it is late already, `latest_on` the last date there is a case
    for. `is_lost` says that all have passed unsent. `money` is what hangs on it, before tax.
    """

    what: str
    vendor: Vendor
    money: Money | None
    shown: str = ""
    is_vendors: bool = False
    is_overdue: bool = False
    is_lost: bool = False
    due_on: date | None = None
    due_until: datetime | None = None
    days_left: int | None = None
    reading: str = ""
    clause: str = ""
    incident: str = ""
    passed: tuple[str, ...] = ()
    latest_on: date | None = None
    claim: Claim | None = None
    statement: Statement | None = None
    todo: ClaimToDo | None = None
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The claim deadlines still to keep: by statement, and for protective claims by incident.

    `about` names the statements of each claim.
    """

    about: Mapping[int, AbstractSet[int]]
    rows: Sequence[ClaimToDo]
    by_statement: dict[int, list[ClaimToDo]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            self.by_statement.setdefault(row.statement_id, []).append(row)

    def of_claim(self, claim: Claim) -> list[ClaimToDo]:
        """Return the deadlines of a claim, the earliest first."""
        if claim.incident is not None:
            return [
                row
                for row in self.rows
                if row.incident in ("", claim.incident.reference)
                and row.statement.agreement.contract_id == claim.contract_id
                and (row.incident or row.statement_id in self.about.get(claim.pk, ()))
            ]
        found = [row for pk in self.about.get(claim.pk, ()) for row in self.by_statement.get(pk, [])]
        return sorted(found, key=lambda row: (row.due_until, row.pk))


def claim_rows(claim: Claim, *, owed: int, deadlines: Deadlines, now: datetime) -> Iterator[DeskRow]:
    """Yield what is to do about an open claim, of which so many minor units are owed."""
    common: dict[str, Any] = {
        "vendor": claim.contract.vendor,
        "money": Money(owed, claim.currency) if owed else None,
        "claim": claim,
        "statement": claim.statement,
        "state": claim.get_state_display(),
    }
    if claim.state in UNSENT:
        yield _deadline_row(deadlines.of_claim(claim), common=common, what=SEND, late=SEND_LATE, now=now)
        return
    dated = _first_of_each(row for row in claim.todos.all() if row.done_at is None and row.dropped_at is None)
    asks = _asks_for_time(claim)
    for row in dated:
        said = asks if row.party == ClaimToDo.Party.VENDORS else ""
        yield DeskRow(
            what=f"{row.text or row.what.replace('_', ' ')}{said}", **common, **_dated(row, now=now)
        )
    is_vendors, what = NEXT[ClaimState(claim.state)]
    if not any((row.party == ClaimToDo.Party.VENDORS) == is_vendors for row in dated):
        yield DeskRow(what=f"{what}{asks if is_vendors else ''}", is_vendors=is_vendors, **common)


def _asks_for_time(claim: Claim) -> str:
    """Return in words until when the vendor asks for time; empty where its last word is another."""
    if claim.state not in (ClaimState.SUBMITTED, ClaimState.CONTESTED):
        return ""
    rows = sorted(claim.answers.all(), key=lambda row: (row.said_at, row.pk))
    newest = {row.line_number: row for row in rows}.values()
    asked = [row.until for row in newest if row.answer == LineAnswer.Answer.ASKS_FOR_TIME and row.until]
    return f" (it asks for time until {max(asked)})" if asked else ""


def statement_row(statement: Statement, *, deadlines: Deadlines, now: datetime) -> DeskRow:
    """Return what is to do about a statement with a credit that nobody claimed yet."""
    common: dict[str, Any] = {
        "vendor": statement.agreement.contract.vendor,
        "money": Money(statement.due_minor, statement.currency) if statement.due_minor else None,
        "shown": statement.shown,
        "statement": statement,
        "state": statement.get_state_display(),
    }
    rows = deadlines.by_statement.get(statement.pk, [])
    return _deadline_row(
        rows, common=common, what=FINALISE if statement.ends_at <= now else KEEP, late=FINALISE_LATE, now=now
    )


def step_row(row: ClaimToDo, *, now: datetime) -> DeskRow:
    """Return a step that a clause wants for an incident, whether a level is missed or not."""
    statement = row.statement
    return DeskRow(
        what=row.text or row.what.replace("_", " "),
        vendor=statement.agreement.contract.vendor,
        money=Money(statement.due_minor, statement.currency) if statement.due_minor else None,
        statement=statement,
        state=statement.get_state_display(),
        **_dated(row, now=now),
    )


def _deadline_row(
    rows: Sequence[ClaimToDo], *, common: Mapping[str, Any], what: str, late: str, now: datetime
) -> DeskRow:
    ahead = [row for row in rows if row.due_until > now]
    passed = tuple(f"{row.reading or 'the clause'} ({row.due_on})" for row in rows if row.due_until <= now)
    if not rows:
        return DeskRow(what=what, **common)
    if not ahead:
        return DeskRow(
            what=late,
            **common,
            is_lost=True,
            passed=passed,
            latest_on=rows[-1].due_on,
            **_dated(rows[-1], now=now),
        )
    return DeskRow(what=what, **common, passed=passed, latest_on=rows[-1].due_on, **_dated(ahead[0], now=now))


def _first_of_each(rows: Iterable[ClaimToDo]) -> list[ClaimToDo]:
    """Return the earliest date of each step: warnings follow the earliest reading."""
    found: dict[tuple[str, str], ClaimToDo] = {}
    for row in sorted(rows, key=lambda row: (row.due_until, row.pk)):
        found.setdefault((row.what, row.incident), row)
    return list(found.values())


def _dated(row: ClaimToDo, *, now: datetime) -> dict[str, Any]:
    return {
        "is_vendors": row.party == ClaimToDo.Party.VENDORS,
        "is_overdue": row.due_until <= now,
        "due_on": row.due_on,
        "due_until": row.due_until,
        "days_left": (row.due_until - now).days,
        "reading": row.reading,
        "clause": row.clause,
        "incident": row.incident,
        "todo": row,
    }
