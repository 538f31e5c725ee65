"""How money of a claim is let go: closed, not pursued, lapsed or written off, each into the register."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.claims.moves import FINAL, ClaimState
from sla.models import Claim, RegisterEntry
from sla.services import register
from sla.services.claims.balances import Balance, balance, is_owed, owed_quantities
from sla.services.claims.readings import readings
from sla.services.claims.stepping import check_allowed, locked_claim, step, write_step
from sla.services.claims.todos import drop_moot, finish_vendors, link_lost
from vendors.models import Approval, money_text
from vendors.services import checked_reason
from vendors.services.approvals import check_second, with_second

Kind = RegisterEntry.Kind


@transaction.atomic
def drop_claim(
    claim: Claim,
    *,
    by: User,
    why: str,
    now: datetime,
    amount_minor: int | None = None,
    happened_at: datetime | None = None,
    second: Approval | None = None,
) -> Claim:
    """Give up a claim, or an amount of it (minor units of its currency), as not pursued.

    The claim ends with the whole of it; with a part it goes on as it is. Raise ValidationError for more
    than is open, SecondPersonNeeded where another person has to approve it.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    check_allowed(held, new=ClaimState.NOT_PURSUED)
    figures = balance(held)
    if amount_minor is not None:
        _check_open(held, amount_minor=amount_minor, figures=figures)
    asked = {"amount_minor": amount_minor, "happened_at": happened_at, "reason": why}
    check_second("drop_claim", subject=held, by=by, second=second, why=why, **asked)
    why = with_second(why, second=second)
    if amount_minor is not None and (amount_minor < figures.open_ or owed_quantities(held)):
        kind = Kind.NOT_PURSUED
        return _give_up(held, kind=kind, amount_minor=amount_minor, by=by, why=why, at=happened_at, now=now)
    _end(held, new=ClaimState.NOT_PURSUED, by=by, why=why, happened_at=happened_at, now=now)
    return held


@transaction.atomic
def write_off(
    claim: Claim,
    *,
    amount_minor: int,
    by: User,
    why: str,
    now: datetime,
    happened_at: datetime | None = None,
    second: Approval | None = None,
) -> Claim:
    """Write off an amount (minor units) that the vendor owes and will not give; the state stays.

    Raise ValidationError for more than is open, SecondPersonNeeded where another person has to approve it.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    if held.state in FINAL:
        raise ValidationError(f"{held} is {_word(held.state)}: nothing of it is open.", code="final")
    _check_open(held, amount_minor=amount_minor, figures=balance(held))
    asked = {"amount_minor": amount_minor, "happened_at": happened_at, "reason": why}
    check_second("write_off", subject=held, by=by, second=second, why=why, **asked)
    why = with_second(why, second=second)
    return _give_up(
        held, kind=Kind.WRITTEN_OFF, amount_minor=amount_minor, by=by, why=why, at=happened_at, now=now
    )


def _give_up(
    held: Claim, *, kind: str, amount_minor: int, by: User, why: str, at: datetime | None, now: datetime
) -> Claim:
    happened_at = at or now
    move = write_step(
        held,
        new=ClaimState(held.state),
        by=by,
        why=why,
        happened_at=happened_at,
        now=now,
        amount_minor=amount_minor,
        enters=False,
    )
    register.enter(
        kind,
        claim=held,
        amount_minor=-amount_minor,
        on=happened_at.date(),
        by=by,
        now=now,
        why=why,
        move=move,
    )
    return held


def _check_open(claim: Claim, *, amount_minor: int, figures: Balance) -> None:
    if amount_minor <= 0 or amount_minor > figures.open_:
        shown = money_text(amount_minor, currency=claim.currency)
        left = money_text(figures.open_, currency=claim.currency)
        raise ValidationError(
            f"{shown} cannot be given up: {left} of {claim} is open. Enter more than nothing, at most that.",
            code="amount",
        )


@transaction.atomic
def lapse_claim(
    claim: Claim, *, by: User, why: str, now: datetime, happened_at: datetime | None = None
) -> Claim:
    """Record that a claim lapsed unsent, and its money with it.

    Raise ValidationError before the latest reading of its deadline has passed, and where no deadline is
    known: only a person lets a claim lapse, and only when no reading keeps it alive.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    check_allowed(held, new=ClaimState.LAPSED)
    found = readings(held)
    if not found:
        raise ValidationError(
            f"No deadline is known for {held}, so it cannot lapse. Give it up as not pursued instead.",
            code="no_deadline",
        )
    latest = found[-1]
    if now < latest.due_until:
        raise ValidationError(
            f"{held} can still be claimed by {latest}. Send it, or give it up as not pursued; it lapses after"
            f" {latest.due_until:%Y-%m-%d %H:%M} UTC at the earliest.",
            code="still_time",
        )
    _end(held, new=ClaimState.LAPSED, by=by, why=why, happened_at=happened_at, now=now)
    return held


@transaction.atomic
def close_claim(
    claim: Claim,
    *,
    by: User,
    why: str,
    now: datetime,
    happened_at: datetime | None = None,
    final: bool = False,
    second: Approval | None = None,
) -> Claim:
    """Close a claim; what the vendor did not accept is entered as rejected and accepted by us.

    `final` says that it settles everything: later revisions then ask for nothing more. Raise
    ValidationError while accepted money is still to come: wait for it, or write it off. Raise
    SecondPersonNeeded where something is given up and another person has to approve that.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    check_allowed(held, new=ClaimState.CLOSED)
    to_come = balance(held).accepted_to_come
    if to_come:
        raise ValidationError(
            f"{money_text(to_come, currency=held.currency)} of {held} was accepted and has not come. Match"
            " what was received, write it off with a reason, or give it up as not pursued.",
            code="to_come",
        )
    if final or is_owed(held):
        asked = {"happened_at": happened_at, "final": final, "reason": why}
        check_second("close_claim", subject=held, by=by, second=second, why=why, **asked)
        why = with_second(why, second=second)
    columns: dict[str, Any] = {"settled_finally": True} if final else {}
    _end(held, new=ClaimState.CLOSED, by=by, why=why, happened_at=happened_at, now=now, **columns)
    return held


def _end(
    held: Claim,
    *,
    new: ClaimState,
    by: User,
    why: str,
    happened_at: datetime | None,
    now: datetime,
    **columns: Any,
) -> None:
    """Take a held claim to an end; the register takes off what is still open."""
    left = max(balance(held).open_, 0)
    at = happened_at or now
    step(held, new=new, by=by, why=why, happened_at=at, now=now, amount_minor=left, **columns)
    for what in ("decision", "issue"):
        finish_vendors(held, what=what, by=by, now=now, note=f"The claim is {_word(new.value)}.")
    link_lost(held)
    drop_moot(held, now=now)


def _word(state: str) -> str:
    return state.replace("_", " ")
