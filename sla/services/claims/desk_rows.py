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
from sla.services.claims.balances import Standing, over_credited
from vendors.models import Vendor

GIVE = "The vendor has to give the credit"
# What comes next where no dated step says it: who acts, and what.
NEXT: Mapping[ClaimState, tuple[bool, str]] = {
    ClaimState.SUBMITTED: (True, "The vendor has to answer"),
    ClaimState.CONTESTED: (True, "The vendor has to answer what we contest"),
    ClaimState.ACCEPTED: (True, GIVE),
    ClaimState.PARTLY_ACCEPTED: (False, "Accept or contest the answer"),
    ClaimState.REJECTED: (False, "Accept or contest the answer"),
    ClaimState.CREDITED: (False, "Close the claim"),
}
# Where a part can be accepted and the rest not.
SHARED = frozenset({ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.CONTESTED})
ISSUE = "issue"
SEND = "Send the claim"
SEND_LATE = "Send the claim all the same, or close it as lapsed: every reading of the deadline has passed"
FINALISE = "Finalise the service level statement and send the claim"
OVER = "Close the claim, or leave it open until the vendor takes back what it gave too much"
KEEP = "Open a claim if a date runs before the period is over; the amount still follows the records"
FINALISE_LATE = (
    "Finalise the service level statement and send the claim all the same, or close it as lapsed: every"
    " reading of the deadline has passed"
)


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


def claim_rows(claim: Claim, *, stands: Standing, deadlines: Deadlines, now: datetime) -> Iterator[DeskRow]:
    """Yield what is to do about an open claim; what was accepted and what is contested are rows apart."""
    common: dict[str, Any] = {
        "vendor": claim.contract.vendor,
        "claim": claim,
        "statement": claim.statement,
        "state": claim.get_state_display(),
    }
    if stands.open_ < 0:
        said = over_credited(stands.open_, currency=claim.currency)
        yield DeskRow(what=OVER, money=None, shown=said, **common)
        return
    if claim.state in UNSENT:
        common["money"] = _money(stands.open_ or drafted_minor(claim), claim=claim)
        yield _deadline_row(deadlines.of_claim(claim), common=common, what=SEND, late=SEND_LATE, now=now)
        return
    dated = _first_of_each(row for row in claim.todos.all() if _waits(row, claim=claim, stands=stands))
    asks = _asks_for_time(claim)
    for row in dated:
        is_vendors = row.party == ClaimToDo.Party.VENDORS
        what = f"{row.text or row.what.replace('_', ' ')}{asks if is_vendors else ''}"
        share = (stands.to_come if row.what == ISSUE else stands.rest) or stands.open_
        yield DeskRow(what=what, money=_money(share, claim=claim), **common, **_dated(row, now=now))
    following = list(_following(claim, stands=stands))
    for is_vendors, what, minor in following:
        covering = [row for row in dated if (row.party == ClaimToDo.Party.VENDORS) == is_vendors]
        if len(following) > 1 and is_vendors:
            covering = [row for row in covering if (row.what == ISSUE) == (what == GIVE)]
        if not covering:
            said = asks if is_vendors and what != GIVE else ""
            money = _money(minor, claim=claim)
            yield DeskRow(what=f"{what}{said}", is_vendors=is_vendors, money=money, **common)


def _following(claim: Claim, *, stands: Standing) -> Iterator[tuple[bool, str, int]]:
    """Yield who acts next, what it is, and how many minor units hang on it."""
    state = ClaimState(claim.state)
    if state not in SHARED:
        yield *NEXT[state], stands.open_
        return
    if stands.to_come:
        yield True, GIVE, stands.to_come
    if stands.rest:
        answered = NEXT[ClaimState.PARTLY_ACCEPTED]
        yield *(NEXT[state] if state is ClaimState.CONTESTED else answered), stands.rest
    if not stands.open_:
        is_agreed = state is ClaimState.CONTESTED and 0 < stands.asked <= stands.accepted
        yield *NEXT[ClaimState.CREDITED if is_agreed else state], 0


def _waits(row: ClaimToDo, *, claim: Claim, stands: Standing) -> bool:
    """Return whether a step of a sent claim is still to do: sending is not, nor receipt once heard of."""
    if row.done_at is not None or row.dropped_at is not None:
        return False
    if row.party != ClaimToDo.Party.OURS:
        return True
    is_heard = claim.state != ClaimState.SUBMITTED or stands.settled > 0
    return row.what != "claim" and not (row.what == "receipt" and is_heard)


def drafted_minor(claim: Claim) -> int:
    """Return what the draft comes to that a protective claim was opened for, in minor units."""
    statement = claim.statement
    if claim.state != ClaimState.PROTECTIVE or statement is None or statement.automatic:
        return 0
    return max(0, statement.due_minor) if statement.currency == claim.currency else 0


def _money(minor: int, *, claim: Claim) -> Money | None:
    return Money(minor, claim.currency) if minor else None


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
    late_by = (f"{row.reading or 'the clause'} ({row.due_on})" for row in rows if row.due_until <= now)
    passed = tuple(dict.fromkeys(late_by))
    if not rows:
        return DeskRow(what=what, **common)
    if has_passed(rows, now=now):
        return DeskRow(
            what=late,
            **common,
            is_lost=True,
            passed=passed,
            latest_on=rows[-1].due_on,
            **_dated(rows[-1], now=now),
        )
    return DeskRow(what=what, **common, passed=passed, latest_on=rows[-1].due_on, **_dated(ahead[0], now=now))


def has_passed(rows: Sequence[ClaimToDo], *, now: datetime) -> bool:
    """Say whether there were dates to claim by and all of them are over."""
    return bool(rows) and all(row.due_until <= now for row in rows)


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
