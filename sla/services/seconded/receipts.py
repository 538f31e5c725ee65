"""Matching credits by hand, and exchange rates, with a second person."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User

from sla.models import Claim, CreditReceived, ExchangeRate
from sla.services.receipts.matching import match_credit
from sla.services.receipts.recording import record_rate
from sla.services.seconded.claims import claim_state
from vendors.models import Approval, money_text
from vendors.services.approvals import Act, Place, Ran, place_of


def _match(
    received: CreditReceived,
    *,
    by: User,
    second: Approval,
    now: datetime,
    claim: Claim,
    received_minor: int | None,
    claim_minor: int | None,
    quantity: Fraction | None,
    rate: ExchangeRate | None,
    reason: str,
) -> Ran:
    match = match_credit(
        received,
        claim=claim,
        by=by,
        now=now,
        received_minor=received_minor,
        claim_minor=claim_minor,
        quantity=quantity,
        rate=rate,
        why=reason,
        second=second,
    )
    if match.quantity is not None:
        return Ran(effect=f"{match.quantity} of {received} answer claim {claim}")
    of = money_text(match.received_minor, currency=received.currency)
    settles = money_text(match.claim_minor, currency=claim.currency)
    return Ran(effect=f"{of} of {received} settle {settles} of claim {claim}")


def _record_rate(
    row: ExchangeRate,
    *,
    by: User,
    second: Approval,
    now: datetime,
    on: date,
    base: str,
    quote: str,
    rate: Decimal,
    source: str,
) -> Ran:
    made = record_rate(on=on, base=base, quote=quote, rate=rate, source=source, by=by, now=now, second=second)
    return Ran(effect=str(made))


def _rates_then(row: ExchangeRate, *, on: date, base: str, quote: str, **asked: Any) -> Any:
    """Return the rates of that day which are there already."""
    return list(ExchangeRate.objects.filter(on=on, base=base, quote=quote).order_by("pk").values_list("pk"))


def _place(received: CreditReceived, *, claim: Claim | None = None, **asked: Any) -> Place:
    """Return the claim's contract; before one is chosen the document's vendor."""
    return place_of(received) if claim is None else Place(contract=claim.contract)


MATCH = Act(
    code="match",
    label="Match a credit by hand",
    permission="sla.add_creditmatch",
    run=_match,
    state=lambda received, *, claim, **asked: claim_state(claim),
    place=_place,
    key=lambda received, *, claim, **asked: f"sla.creditreceived:{received.pk}:{claim.pk}",
    named=lambda received, *, claim, **asked: f"{received} for claim {claim}",
)
RATE = Act(
    code="rate",
    label="Record an exchange rate",
    permission="sla.add_exchangerate",
    run=_record_rate,
    state=_rates_then,
    key=lambda row, *, on, base, quote, source, **asked: f"{on}:{base}:{quote}:{source}",
)
