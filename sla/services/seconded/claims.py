"""Letting money of a claim go, with a second person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from sla.engine.claims.moves import ClaimState
from sla.models import Claim, RegisterEntry
from sla.models.columns import label_of
from sla.services.claims.balances import balance
from sla.services.claims.ending import drop_claim, write_off
from vendors.models import Approval, money_text
from vendors.services.approvals import Act, Ran


def _drop(
    claim: Claim,
    *,
    by: User,
    second: Approval,
    now: datetime,
    amount_minor: int | None,
    happened_at: datetime | None,
    reason: str,
) -> Ran:
    before = _stands(claim)
    drop_claim(
        claim,
        by=by,
        why=reason,
        now=now,
        amount_minor=amount_minor,
        happened_at=happened_at,
        second=second,
    )
    return _told(claim, before=before)


def _write_off(
    claim: Claim,
    *,
    by: User,
    second: Approval,
    now: datetime,
    amount_minor: int,
    happened_at: datetime | None,
    reason: str,
) -> Ran:
    before = _stands(claim)
    write_off(
        claim,
        by=by,
        why=reason,
        now=now,
        amount_minor=amount_minor,
        happened_at=happened_at,
        second=second,
    )
    return _told(claim, before=before)


def _stands(claim: Claim) -> tuple[str, str]:
    held = Claim.objects.get(pk=claim.pk)
    open_ = money_text(balance(held).open_, currency=held.currency)
    return label_of(ClaimState(held.state)), open_


def _told(claim: Claim, *, before: tuple[str, str]) -> Ran:
    after = _stands(claim)
    return Ran(effect=f"Claim: {before[0]} → {after[0]}\nStill open: {before[1]} → {after[1]}")


def claim_state(claim: Claim, **asked: Any) -> Any:
    """Return how a claim stands: its state, its last step and its last entry in the register."""
    entry = RegisterEntry.objects.filter(claim=claim).order_by("-pk").values_list("pk", flat=True).first()
    move = claim.moves.order_by("-pk").values_list("pk", flat=True).first()
    return [claim.state, move, entry]


DROP = Act(
    code="drop_claim",
    label="Not pursue a claim",
    permission="sla.change_claim",
    run=_drop,
    state=claim_state,
)
WRITE_OFF = Act(
    code="write_off",
    label="Write off",
    permission="sla.change_claim",
    run=_write_off,
    state=claim_state,
)
