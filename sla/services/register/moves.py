"""What the moves of a claim mean for the register."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from sla.engine.claims.moves import ClaimState
from sla.models import Claim, ClaimMove, RegisterEntry, ServiceCredit
from sla.services.register.entries import (
    ACCEPTING,
    UNSENT,
    adds_at_once,
    check_taken,
    enter,
    locked,
    position_of,
    quantities_of,
    unit_of,
    write,
)
from sla.services.register.posting import Recognition, recognition_of
from sla.services.register.recognition import Position, moved, recognised_when_accepted

Kind = RegisterEntry.Kind
CLOSING = frozenset({ClaimState.CLOSED, ClaimState.NOT_PURSUED, ClaimState.LAPSED})
ANSWERED = frozenset(
    {ClaimState.REJECTED, ClaimState.PARTLY_ACCEPTED, ClaimState.CONTESTED, ClaimState.CREDITED}
)


@transaction.atomic
def enter_move(move: ClaimMove, *, by: User, now: datetime) -> list[RegisterEntry]:
    """Enter what a move of a claim means for the register, on the date (UTC) that it took effect.

    Submission and acceptance change what is recognised, by the policy. A closing state takes off the
    move's amount, or all that is still owed: as rejected after an answer of the vendor, else as not
    pursued or lapsed. Moves that change neither enter nothing.
    """
    claim = locked(move.claim)
    dated: dict[str, Any] = {
        "on": move.happened_at.date(),
        "by": by,
        "now": now,
        "why": move.why,
        "move": move,
    }
    if move.new_state in CLOSING:
        return _enter_closing(move, claim=claim, dated=dated)
    before = position_of(claim)
    change = _wanted(move, claim=claim, before=before) - before.recognised
    if not change:
        return []
    return [write(Kind.RECOGNISED, claim=claim, unit=claim.currency, recognised_minor=change, **dated)]


def _wanted(move: ClaimMove, *, claim: Claim, before: Position) -> int:
    """Return what stands recognised after a move that closes nothing."""
    policy, state = recognition_of(claim.contract.entity), ClaimState(move.new_state)
    if policy == Recognition.SUBMITTED and state in {ClaimState.SUBMITTED, *ACCEPTING}:
        return before.owed
    reopened = move.old_state == ClaimState.CREDITED
    if policy == Recognition.SUBMITTED and reopened and state in UNSENT:
        return min(before.owed, 0)
    if policy == Recognition.ACCEPTED and (
        state in ACCEPTING or (reopened and move.amount_minor is not None)
    ):
        whole = before.owed + before.settled
        accepted = whole if move.amount_minor is None else move.amount_minor
        return recognised_when_accepted(accepted, before=before)
    return before.recognised


def _enter_closing(move: ClaimMove, *, claim: Claim, dated: dict[str, Any]) -> list[RegisterEntry]:
    kind = {ClaimState.LAPSED: Kind.LAPSED, ClaimState.NOT_PURSUED: Kind.NOT_PURSUED}.get(
        ClaimState(move.new_state),
        Kind.REJECTED if move.old_state in ANSWERED else Kind.NOT_PURSUED,
    )
    owed = position_of(claim).owed
    taken = owed if move.amount_minor is None else move.amount_minor
    found = enter(kind, claim=claim, amount_minor=-taken, **dated) if taken > 0 else []
    for unit, quantity in quantities_of(claim).items():
        if quantity > 0:
            found += enter(kind, claim=claim, quantity=-quantity, unit=unit, **dated)
    return found


@transaction.atomic
def enter_transfer(
    credit: ServiceCredit,
    *,
    old: Claim,
    new: Claim,
    on: date,
    by: User,
    now: datetime,
    amount_minor: int = 0,
    quantity: Fraction | None = None,
    why: str = "",
) -> list[RegisterEntry]:
    """Move a part of a credit from one claim to another: two adjustments that sum to nothing.

    The memo goes first; what is recognised of the part stays so under the new claim. Raise
    ValidationError for more than is owed on the old one.
    """
    old, new = locked(old), locked(new)
    unit = unit_of(credit)
    dated: dict[str, Any] = {"on": on, "by": by, "now": now, "why": why, "credit": credit, "unit": unit}
    if unit != old.currency:
        owed, part = quantities_of(old).get(unit, Fraction(0)), quantity or Fraction(0)
        check_taken(Kind.NOT_PURSUED, claim=old, change=-part, owed=owed, unit=unit)
        sides: list[dict[str, Any]] = [{"quantity": -part}, {"quantity": part}]
    elif amount_minor < 0:
        # What we owe is recognised in full where it stands, and nowhere else.
        sides = [_side(old, amount=-amount_minor), _side(new, amount=amount_minor)]
    else:
        before = position_of(old)
        check_taken(Kind.NOT_PURSUED, claim=old, change=-amount_minor, owed=before.owed, unit=unit)
        stays = max(min(before.recognised, before.owed - amount_minor), 0)
        booked = max(before.recognised - stays, 0)
        sides = [
            {"amount_minor": -amount_minor, "recognised_minor": -booked},
            {"amount_minor": amount_minor, "recognised_minor": booked},
        ]
    return [
        write(Kind.ADJUSTMENT, claim=claim, **side, **dated)
        for claim, side in zip((old, new), sides, strict=True)
    ]


def _side(claim: Claim, *, amount: int) -> dict[str, Any]:
    at_once = adds_at_once(claim, policy=recognition_of(claim.contract.entity))
    movement = moved(Kind.ADJUSTMENT, amount=amount, before=position_of(claim), at_once=at_once)
    return {"amount_minor": movement.amount, "recognised_minor": movement.recognised}
