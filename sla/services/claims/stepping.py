"""One step of a claim: by the table, in order of time, with who and why, and into the register."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sla.engine.claims.moves import UNSENT, ClaimState, check_move
from sla.models import Claim, ClaimMove
from sla.services import register
from sla.services.webhooks import announce_move


def locked_claim(claim: Claim) -> Claim:
    """Return a claim as it is stored, held so that nobody moves it meanwhile."""
    rows = Claim.objects.select_related("contract__entity", "contract__vendor", "statement__agreement")
    found: Claim = rows.select_for_update(of=("self",), no_key=True).get(pk=claim.pk)
    return found


def check_allowed(claim: Claim, *, new: ClaimState) -> None:
    """Refuse a move that the table does not know; raise ValidationError that names the allowed ones."""
    try:
        check_move(ClaimState(claim.state), new)
    except ValueError as error:
        raise ValidationError(f"{claim}: {error}", code="move") from error


def step(
    claim: Claim,
    *,
    new: ClaimState,
    by: User,
    why: str,
    happened_at: datetime,
    now: datetime,
    amount_minor: int | None = None,
    sent_at: datetime | None = None,
    **columns: Any,
) -> ClaimMove:
    """Move a held claim, write why, and enter it in the register; `columns` change with it.

    Raise ValidationError for a move that the table does not know, a future instant, or one before the
    vendor last heard from us or we from it.
    """
    check_allowed(claim, new=new)
    return write_step(
        claim,
        new=new,
        by=by,
        why=why,
        happened_at=happened_at,
        now=now,
        amount_minor=amount_minor,
        sent_at=sent_at,
        **columns,
    )


def write_step(
    claim: Claim,
    *,
    new: ClaimState,
    by: User,
    why: str,
    happened_at: datetime,
    now: datetime,
    amount_minor: int | None = None,
    sent_at: datetime | None = None,
    enters: bool = True,
    **columns: Any,
) -> ClaimMove:
    """Write a step without asking the table: for what happens to a claim and leaves its state as it is."""
    check_moment(claim, happened_at=happened_at, now=now)
    move = ClaimMove(
        claim=claim,
        old_state=claim.state,
        new_state=new.value,
        amount_minor=amount_minor,
        happened_at=happened_at,
        sent_at=sent_at,
        recorded_at=now,
        by=by,
        why=why,
    )
    for name, value in {"state": new.value, **columns}.items():
        setattr(claim, name, value)
    claim.save(update_fields=["state", *columns])
    move.save()
    announce_move(move, now=now)
    if enters:
        register.enter_move(move, by=by, now=now)
    return move


def check_moment(claim: Claim, *, happened_at: datetime, now: datetime) -> None:
    """Refuse an instant in the future, or before an earlier step between the vendor and us."""
    if happened_at > now:
        raise ValidationError(
            f"{happened_at:%Y-%m-%d %H:%M} UTC lies in the future. Enter when it really happened.",
            code="future",
        )
    # When a claim was opened here says nothing of when it was sent: that may have been before.
    earlier = claim.moves.exclude(new_state__in=[*UNSENT]).exclude(old_state="")
    last = earlier.order_by("-happened_at").values_list("happened_at", "new_state").first()
    if last is not None and happened_at < last[0]:
        raise ValidationError(
            f"{happened_at:%Y-%m-%d %H:%M} UTC lies before {claim} was {last[1].replace('_', ' ')} on"
            f" {last[0]:%Y-%m-%d %H:%M} UTC. Enter a later moment.",
            code="order",
        )
