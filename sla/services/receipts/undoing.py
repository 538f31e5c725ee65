"""Undo a match by a row that takes it back; nothing is deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.claims.moves import FINAL, ClaimState
from sla.models import Claim, CreditMatch, CreditReceived, RegisterEntry
from sla.services import claims, register
from vendors.services import checked_reason

Kind = RegisterEntry.Kind


@transaction.atomic
def unmatch_credit(match: CreditMatch, *, by: User, why: str, now: datetime) -> CreditMatch:
    """Take a match back: the receipt is free again, and what it entered is entered with the other sign.

    It stands in the books of the present UTC date, or of the first open month. A claim that was credited
    by it stands where it stood before. Raise ValidationError for a match that is undone already, and for a
    claim that has come to its end.
    """
    why = checked_reason(why)
    rows = CreditMatch.objects.select_related("received", "claim").select_for_update(
        of=("self",), no_key=True
    )
    match = rows.get(pk=match.pk)
    claim = register.locked(match.claim)
    _check_standing(match, claim=claim)
    counter = CreditMatch(
        received=match.received,
        claim=claim,
        received_minor=-match.received_minor,
        claim_minor=-match.claim_minor,
        quantity=None if match.quantity is None else -match.quantity,
        rate=match.rate,
        undoes=match,
        recorded_at=now,
        recorded_by=by,
        why=why,
    )
    counter.save()
    _enter(match, counter=counter, claim=claim, by=by, now=now)
    if match.received.mark == CreditReceived.Mark.FULL_AND_FINAL:
        claim.settled_finally = _settled_by_another(claim)
        claim.save(update_fields=["settled_finally"])
        if not claim.settled_finally:
            claims.unsettle_attached(claim, by=by, why=why, now=now)
    if claim.state == ClaimState.CREDITED:
        claims.reopen_claim(claim, by=by, why=why, now=now)
    return counter


def _check_standing(match: CreditMatch, *, claim: Claim) -> None:
    if match.undoes_id is not None:
        raise ValidationError(
            f"This row takes a match back already. Match {match.received} anew instead.", code="undone"
        )
    if CreditMatch.objects.filter(undoes=match).exists():
        raise ValidationError(
            f"The match of {match} is undone already. Nothing is left to undo.", code="undone"
        )
    if claim.state in FINAL:
        raise ValidationError(
            f"Claim {claim} is {claim.get_state_display().lower()} and stays as it is. Record what was taken"
            " back as a document of its own, and open a new claim for what is still owed.",
            code="final",
        )


def _enter(match: CreditMatch, *, counter: CreditMatch, claim: Claim, by: User, now: datetime) -> None:
    """Enter what a match entered with the other sign: first what was given up for it, then what came."""
    dated: dict[str, Any] = {"on": now.date(), "by": by, "now": now, "why": counter.why, "match": counter}
    entries = list(RegisterEntry.objects.filter(match=match).order_by("pk"))
    for entry in entries:
        if entry.kind == Kind.NOT_PURSUED:
            register.enter_reversal(entry, claim=claim, **dated)
    came = [entry for entry in entries if entry.kind == Kind.RECEIVED]
    for entry in came:
        if entry.unit != claim.currency:
            register.enter_reversal(entry, claim=claim, **dated)
    if match.claim_minor:
        value = -sum(entry.amount_minor for entry in came)
        register.enter_settled(-match.claim_minor, value_minor=-value, claim=claim, **dated)


def _settled_by_another(claim: Claim) -> bool:
    """Return whether another standing match settled a claim in full and final."""
    rows = CreditMatch.objects.filter(
        claim=claim, received__mark=CreditReceived.Mark.FULL_AND_FINAL, undoes=None, undone_by=None
    )
    return rows.exists()
