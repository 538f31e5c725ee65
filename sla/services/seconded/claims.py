"""Letting money of a claim go, with a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sla.engine.claims.moves import ClaimState
from sla.models import Claim, RegisterEntry
from sla.models.columns import label_of
from sla.services.claims.balances import balance
from sla.services.claims.ending import close_claim, drop_claim, write_off
from vendors.models import money_text
from vendors.services.approvals import Act, Ran


def _letting_go(act: Callable[..., Claim]) -> Callable[..., Ran]:
    """Return an act on a claim that tells how the claim stood before and after."""

    def run(claim: Claim, *, reason: str, **asked: Any) -> Ran:
        before = _stands(claim)
        act(claim, why=reason, **asked)
        return _told(claim, before=before)

    return run


def _stands(claim: Claim) -> tuple[str, str]:
    held = Claim.objects.get(pk=claim.pk)
    open_ = money_text(balance(held).open_, currency=held.currency)
    return label_of(ClaimState(held.state)), open_


def _told(claim: Claim, *, before: tuple[str, str]) -> Ran:
    after = _stands(claim)
    told = zip(("Claim", "Still open"), before, after, strict=True)
    return Ran(effect="\n".join(f"{what}: {was} → {now}" for what, was, now in told if was != now))


def claim_state(claim: Claim, **asked: Any) -> Any:
    """Return how a claim stands: its state, its last step and its last entry in the register."""
    entry = RegisterEntry.objects.filter(claim=claim).order_by("-pk").values_list("pk", flat=True).first()
    move = claim.moves.order_by("-pk").values_list("pk", flat=True).first()
    return [claim.state, move, entry]


# Of one claim only one of them waits: each is about what is still open of it.
LETTING_GO = frozenset({"drop_claim", "write_off", "close_claim"})


def _act(code: str, label: str, does: Callable[..., Claim]) -> Act:
    return Act(
        code=code,
        label=label,
        permission="sla.change_claim",
        run=_letting_go(does),
        state=claim_state,
        beside=LETTING_GO,
    )


DROP = _act("drop_claim", "Not pursue a claim", drop_claim)
WRITE_OFF = _act("write_off", "Write off", write_off)
CLOSE = _act("close_claim", "Close a claim of which something is open", close_claim)
