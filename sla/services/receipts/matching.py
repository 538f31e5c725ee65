"""Match credits received to claims, on the amount before tax, in part or whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.claims.moves import FINAL
from sla.engine.money import round_minor
from sla.models import Claim, CreditMatch, CreditReceived, ExchangeRate, RegisterEntry
from sla.services import register
from sla.services.receipts.exchange import factor
from sla.services.receipts.following import follow_match
from sla.services.receipts.set_off import may_set_off
from sla.services.receipts.waiting import left_of
from vendors.models import Approval, money_text
from vendors.services.approvals import check_second, with_second

Kind, Mark = CreditReceived.Kind, CreditReceived.Mark
# Why, where nothing else was said.
MATCHED = "Matched by hand"


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What of a receipt answers what of a claim; `value` is the receipt's part in the claim's currency."""

    received: int
    claim: int
    value: int


@transaction.atomic
def match_credit(
    received: CreditReceived,
    *,
    claim: Claim,
    by: User,
    now: datetime,
    received_minor: int | None = None,
    claim_minor: int | None = None,
    quantity: Fraction | None = None,
    rate: ExchangeRate | None = None,
    why: str = "",
    second: Approval | None = None,
) -> CreditMatch:
    """Match an amount of a receipt (before tax, in its own minor units) to a claim, and enter it.

    Without an amount it takes as much as fits; what is over stays on the receipt. Between currencies a
    dated `rate` is needed; `claim_minor` then says what of the claim is settled by it, and what differs
    is entered as an exchange difference. In full and final settlement the rest of the claim is given up.
    Days, hours and fees are counted by `quantity`. Raise ValidationError for more than is left or owed,
    SecondPersonNeeded where another person has to approve it.
    """
    received = _locked(received)
    claim = register.locked(claim)
    _check_fits(received, claim=claim, why=why)
    typed = {"received_minor": received_minor, "claim_minor": claim_minor, "quantity": quantity, "rate": rate}
    reason = why.strip()
    asked = {"claim": claim, "reason": reason, **typed}
    check_second("match", subject=received, by=by, second=second, why=reason or MATCHED, **asked)
    why = with_second(reason, second=second).strip()
    match = CreditMatch(received=received, claim=claim, rate=rate, recorded_at=now, recorded_by=by, why=why)
    dated: dict[str, Any] = {
        "on": received.received_on,
        "by": by,
        "now": now,
        "match": match,
        "why": f"{received} {why}".strip(),
    }
    if received.net_minor:
        part = _part(received, claim=claim, asked=received_minor, claim_minor=claim_minor, rate=rate)
        match.received_minor, match.claim_minor = part.received, part.claim
        match.save()
        register.enter_settled(part.claim, value_minor=part.value, claim=claim, **dated)
    else:
        unit, counted = _counted(received, claim=claim, quantity=quantity)
        match.quantity = counted
        match.save()
        register.enter(RegisterEntry.Kind.RECEIVED, claim=claim, quantity=-counted, unit=unit, **dated)
    follow_match(match, by=by, now=now)
    return match


def _locked(received: CreditReceived) -> CreditReceived:
    rows = CreditReceived.objects.select_related("vendor").select_for_update(of=("self",), no_key=True)
    found: CreditReceived = rows.get(pk=received.pk)
    return found


def _check_fits(received: CreditReceived, *, claim: Claim, why: str) -> None:
    contract = claim.contract
    if contract.vendor_id != received.vendor_id:
        raise ValidationError(
            f"{received} came from {received.vendor}, claim {claim} is with {contract.vendor}. Choose a claim"
            " with the same vendor.",
            code="vendor",
        )
    usable = {contract.entity_id, *contract.entities.values_list("pk", flat=True)}
    if received.entity_id not in usable:
        raise ValidationError(
            f"{received} was given to {received.entity}, which does not use contract {contract.reference}."
            " Choose a claim of that company.",
            code="entity",
        )
    if received.mark == Mark.GOODWILL and not why.strip():
        raise ValidationError(
            f"{received} was given in goodwill and admits nothing. Say why it answers claim {claim}.",
            code="goodwill",
        )
    if received.kind == Kind.SHORT_PAYMENT and contract.pk not in may_set_off(
        received.vendor, on=received.received_on
    ):
        raise ValidationError(
            f"Contract {contract.reference} does not record on {received.received_on} that we may deduct a"
            " credit from an invoice. Choose a claim of a contract that does.",
            code="set_off",
        )


def _part(
    received: CreditReceived,
    *,
    claim: Claim,
    asked: int | None,
    claim_minor: int | None,
    rate: ExchangeRate | None,
) -> _Part:
    times = factor(rate, base=received.currency, quote=claim.currency)
    left, owed = left_of(received).left_minor, _reachable(received, claim=claim)
    if not left or not owed:
        what = f"owed on claim {claim}" if left else f"left of {received}"
        raise ValidationError(
            f"Nothing is {what}. Leave the amount on the document, or choose another claim.", code="nothing"
        )
    # What is owed, in whole minor units of the document: as much of it pays all.
    covers = round_minor(owed / times)
    if asked is None:
        asked = covers if claim_minor is None and abs(covers) < abs(left) else left
    value = round_minor(asked * times)
    settles = claim_minor
    if settles is None:
        settles = owed if asked == covers else value
    _check_amount(asked, most=left, currency=received.currency, of=f"left of {received}")
    _check_amount(settles, most=owed, currency=claim.currency, of=f"owed on claim {claim}")
    if received.currency == claim.currency and settles != value:
        raise ValidationError(
            f"Both sides are in {claim.currency}, so {money_text(value, currency=claim.currency)} settles as"
            " much. Write off the difference with its reason.",
            code="difference",
        )
    return _Part(received=asked, claim=settles, value=value)


def _reachable(received: CreditReceived, *, claim: Claim) -> int:
    """Return how much of a claim a receipt may answer; below zero for one that takes back.

    What takes back reaches what has come so far, and what we owe the vendor. Of a claim that has ended it
    reaches the latter only: nobody would ask for what became owed again.
    """
    position = register.position_of(claim)
    if received.net_minor < 0:
        came = 0 if claim.state in FINAL else position.settled
        return -max(came, -position.owed, 0)
    return max(position.owed, 0)


def _check_amount(asked: int, *, most: int, currency: str, of: str) -> None:
    if min(0, most) <= asked <= max(0, most) and asked:
        return
    said, bound = money_text(asked, currency=currency), money_text(most, currency=currency)
    raise ValidationError(
        f"{said} cannot be matched: {bound} is {of}. Match more than nothing and at most that; what is over"
        " stays on the document.",
        code="amount",
    )


def _counted(received: CreditReceived, *, claim: Claim, quantity: Fraction | None) -> tuple[str, Fraction]:
    """Return the unit and how much of a receipt in kind answers a claim."""
    units = ("fees",) if received.kind == Kind.FEE_NOT_CHARGED else ("days", "hours")
    owed = {unit: left for unit, left in register.quantities_of(claim).items() if left > 0}
    fitting = [unit for unit in units if unit in owed]
    if len(fitting) != 1:
        raise ValidationError(
            f"Claim {claim} is owed {', '.join(sorted(owed)) or 'nothing in kind'}, {received} brings"
            f" {' or '.join(units)}. Choose a claim for one of these.",
            code="unit",
        )
    (unit,) = fitting
    left = left_of(received).left_quantity
    counted = min(left, owed[unit]) if quantity is None else quantity
    if not 0 < counted <= min(left, owed[unit]):
        raise ValidationError(
            f"{counted} {unit} cannot be matched: {left} are left of {received}, {owed[unit]} owed on claim"
            f" {claim}. Match at most the smaller of the two.",
            code="quantity",
        )
    return unit, counted
