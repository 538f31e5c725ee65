"""What a match makes of its claim: credited once all has come, settled for good where that was said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from sla.engine.claims.moves import MOVES, ClaimState
from sla.models import Claim, CreditMatch, CreditReceived, RegisterEntry
from sla.services import claims, register

Mark = CreditReceived.Mark
ACCEPTED = frozenset({ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED})
FINALLY = "Given up by the settlement in full and final"


def follow_match(match: CreditMatch, *, by: User, now: datetime) -> None:
    """Settle and credit the claim of a new match, where it comes to that."""
    claim: Claim = register.locked(match.claim)
    if match.received.mark == Mark.FULL_AND_FINAL:
        _give_up_rest(match, claim=claim, by=by, now=now)
        claim.settled_finally = True
        claim.save(update_fields=["settled_finally"])
    state = ClaimState(claim.state)
    if state is ClaimState.CREDITED and not _has_come(claim, mark=""):
        claims.reopen_claim(claim, by=by, why=f"Taken back with {match.received}.", now=now)
    elif ClaimState.CREDITED in MOVES[state] and _has_come(claim, mark=match.received.mark):
        claims.credit_claim(claim, by=by, why=f"All has come with {match.received}.", now=now)


def _has_come(claim: Claim, *, mark: str) -> bool:
    """Return whether all that was accepted has come; what admits nothing must cover all that is owed."""
    figures = claims.balance(claim)
    if any(other.open_ > 0 for other in figures.others):
        return False
    if figures.open_ <= 0:
        return True
    admits = mark not in (Mark.GOODWILL, Mark.ON_ACCOUNT)
    return admits and claim.state in ACCEPTED and not figures.accepted_to_come


def _give_up_rest(match: CreditMatch, *, claim: Claim, by: User, now: datetime) -> None:
    received = match.received
    dated: dict[str, Any] = {
        "claim": claim,
        "on": received.received_on,
        "by": by,
        "now": now,
        "match": match,
        "why": f"{FINALLY} of {received}.",
    }
    kind = RegisterEntry.Kind.NOT_PURSUED
    owed = register.position_of(claim).owed
    if owed > 0:
        register.enter(kind, amount_minor=-owed, **dated)
    for unit, quantity in register.quantities_of(claim).items():
        if quantity > 0:
            register.enter(kind, quantity=-quantity, unit=unit, **dated)
