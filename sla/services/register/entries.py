"""Write the rows of the credit register: the one truth of what a vendor owes us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Min

from sla.engine.claims.moves import ClaimState
from sla.engine.terms.credits import Pays
from sla.models import Claim, ClaimMove, CreditMatch, RegisterEntry, ServiceCredit
from sla.services.register.posting import Recognition, check_still_open, posting_month, recognition_of
from sla.services.register.recognition import Movement, Position, moved, restored, settled
from vendors.models import money_text

Kind = RegisterEntry.Kind
UNITS = {Pays.SERVICE_DAYS: "days", Pays.SERVICE_HOURS: "hours", Pays.CHARGE: "fees"}
# These only ever take off what is owed.
TAKING = frozenset({Kind.RECEIVED, Kind.REJECTED, Kind.NOT_PURSUED, Kind.LAPSED, Kind.WRITTEN_OFF})
ADDING = {
    ServiceCredit.Kind.CREDIT: Kind.NEW,
    ServiceCredit.Kind.ADJUSTMENT: Kind.ADJUSTMENT,
    ServiceCredit.Kind.REVERSAL: Kind.ADJUSTMENT,
    ServiceCredit.Kind.EARN_BACK: Kind.EARN_BACK,
}
UNSENT = frozenset({ClaimState.PROTECTIVE, ClaimState.ENTITLED})
ACCEPTING = frozenset({ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED})


def unit_of(credit: ServiceCredit) -> str:
    """Return what a credit is counted in: its currency, days, hours or fees."""
    return UNITS.get(Pays(credit.pays), credit.currency)


def position_of(claim: Claim) -> Position:
    """Return what is owed on a claim in its currency, what of it is recognised, and what has come."""
    rows = RegisterEntry.objects.filter(claim=claim, unit=claim.currency)
    found = list(rows.order_by().values_list("kind", "amount_minor", "recognised_minor"))
    return Position(
        owed=sum(amount for _, amount, _ in found),
        recognised=sum(recognised for _, _, recognised in found),
        settled=-sum(amount for kind, amount, _ in found if kind in (Kind.RECEIVED, Kind.EXCHANGE)),
    )


def quantities_of(claim: Claim) -> Mapping[str, Fraction]:
    """Return what is owed on a claim in units that are not money: days, hours, fees."""
    rows = RegisterEntry.objects.filter(claim=claim).exclude(unit=claim.currency)
    found: dict[str, Fraction] = {}
    for unit, quantity in rows.order_by().values_list("unit", "quantity"):
        found[unit] = found.get(unit, Fraction(0)) + (quantity or 0)
    return found


@transaction.atomic
def enter_credit(credit: ServiceCredit, *, claim: Claim, by: User, now: datetime) -> RegisterEntry:
    """Enter what a finalised statement adds to a claim or takes from it, in the credit's posting month."""
    unit = unit_of(credit)
    if unit == credit.currency and credit.currency != claim.currency:
        raise ValidationError(
            f"{credit} is in {credit.currency}, claim {claim} in {claim.currency}. Open a claim in"
            f" {credit.currency} for it.",
            code="currency",
        )
    (entry,) = enter(
        ADDING[ServiceCredit.Kind(credit.kind)],
        claim=claim,
        amount_minor=credit.amount_minor if unit == credit.currency else 0,
        quantity=None if unit == credit.currency else credit.quantity,
        unit=unit,
        on=credit.posting_month,
        by=by,
        now=now,
        why=credit.description,
        credit=credit,
    )
    return entry


@transaction.atomic
def enter(
    kind: str,
    *,
    claim: Claim,
    on: date,
    by: User,
    now: datetime,
    amount_minor: int = 0,
    quantity: Fraction | None = None,
    unit: str = "",
    why: str = "",
    move: ClaimMove | None = None,
    match: CreditMatch | None = None,
    credit: ServiceCredit | None = None,
) -> list[RegisterEntry]:
    """Enter a movement of what is owed on a claim, signed as it changes the balance; `on` is its own date.

    Money is minor units of the claim's currency; other units are named by `unit` and counted by
    `quantity`. What is recognised follows from the policy of the contract's company (see `recognition`).
    Raise ValidationError where more would be taken off than is owed.
    """
    claim = locked(claim)
    unit = unit or claim.currency
    dated: dict[str, Any] = {
        "on": on,
        "by": by,
        "now": now,
        "why": why,
        "move": move,
        "match": match,
        "credit": credit,
    }
    if unit != claim.currency:
        change, owed = quantity or Fraction(0), quantities_of(claim).get(unit, Fraction(0))
        check_taken(kind, claim=claim, change=change, owed=owed, unit=unit)
        return [write(kind, claim=claim, unit=unit, quantity=change, **dated)]
    before = position_of(claim)
    if kind == Kind.RECEIVED:
        return enter_settled(-amount_minor, value_minor=-amount_minor, claim=claim, **dated)
    check_taken(kind, claim=claim, change=amount_minor, owed=before.owed, unit=unit)
    at_once = adds_at_once(claim, policy=recognition_of(claim.contract.entity))
    movement = moved(kind, amount=amount_minor, before=before, at_once=at_once)
    return [_write_movement(movement, claim=claim, dated=dated)]


@transaction.atomic
def enter_settled(
    amount_minor: int,
    *,
    value_minor: int,
    claim: Claim,
    on: date,
    by: User,
    now: datetime,
    why: str = "",
    move: ClaimMove | None = None,
    match: CreditMatch | None = None,
    credit: ServiceCredit | None = None,
) -> list[RegisterEntry]:
    """Enter that a receipt worth `value_minor` settles an amount of a claim, both in the claim's currency.

    What differs is entered as an exchange difference. Amounts below zero take a receipt back. Raise
    ValidationError for more than is owed, or for taking back more than has come.
    """
    claim = locked(claim)
    before = position_of(claim)
    if not (amount_minor < 0 and -amount_minor <= before.settled):
        check_taken(Kind.RECEIVED, claim=claim, change=-amount_minor, owed=before.owed, unit=claim.currency)
    stands = _stands(claim, policy=recognition_of(claim.contract.entity))
    dated: dict[str, Any] = {
        "on": on,
        "by": by,
        "now": now,
        "why": why,
        "move": move,
        "match": match,
        "credit": credit,
    }
    movements = settled(amount_minor, value=value_minor, before=before, stands=stands)
    return [_write_movement(movement, claim=claim, dated=dated) for movement in movements]


@transaction.atomic
def enter_reversal(
    entry: RegisterEntry,
    *,
    claim: Claim,
    on: date,
    by: User,
    now: datetime,
    why: str,
    match: CreditMatch | None = None,
) -> RegisterEntry:
    """Enter an earlier row again with the other sign; what it took from the books goes back there."""
    claim = locked(claim)
    recognised = 0
    if entry.unit == claim.currency:
        before = position_of(claim)
        recognised = restored(entry.amount_minor, recognised=entry.recognised_minor, before=before)
    return write(
        entry.kind,
        claim=claim,
        unit=entry.unit,
        amount_minor=-entry.amount_minor,
        recognised_minor=recognised,
        quantity=None if entry.quantity is None else -entry.quantity,
        credit=entry.credit,
        on=on,
        by=by,
        now=now,
        why=why,
        match=match,
    )


def adds_at_once(claim: Claim, *, policy: Recognition) -> bool:
    """Return whether what is added to a claim is recognised when it is entered."""
    if policy == Recognition.ACCEPTED:
        # What is added to an accepted claim is not accepted with it, unless it comes without asking.
        return claim.automatic and claim.state not in UNSENT
    return _stands(claim, policy=policy)


def _stands(claim: Claim, *, policy: Recognition) -> bool:
    """Return whether a claim has reached the policy's threshold."""
    if policy == Recognition.FINALISED:
        return True
    if policy == Recognition.SUBMITTED:
        return claim.state not in UNSENT
    if policy == Recognition.ACCEPTED:
        return claim.state in ACCEPTING or claim.moves.filter(new_state__in=ACCEPTING).exists()
    return False


def check_taken(kind: str, *, claim: Claim, change: int | Fraction, owed: int | Fraction, unit: str) -> None:
    """Refuse to take more off a claim than is owed, or to add by a kind that only takes."""
    if kind not in TAKING or min(0, owed) <= owed + change <= max(0, owed):
        return
    taken, left = _written(-change, unit=unit), _written(owed, unit=unit)
    raise ValidationError(
        f"{taken} cannot be taken off claim {claim}: {left} is owed. Enter at most what is owed.",
        code="owed",
    )


def _written(figure: int | Fraction, *, unit: str) -> str:
    return f"{figure} {unit}" if unit in UNITS.values() else money_text(int(figure), currency=unit)


def locked(claim: Claim) -> Claim:
    """Return a claim as it is stored, locked so that two movements cannot take the same amount."""
    rows = Claim.objects.select_related("contract__entity").select_for_update(of=("self",), no_key=True)
    found: Claim = rows.get(pk=claim.pk)
    return found


def _write_movement(movement: Movement, *, claim: Claim, dated: dict[str, Any]) -> RegisterEntry:
    return write(
        movement.kind,
        claim=claim,
        unit=claim.currency,
        amount_minor=movement.amount,
        recognised_minor=movement.recognised,
        **dated,
    )


def write(
    kind: str, *, claim: Claim, unit: str, on: date, by: User, now: datetime, **figures: Any
) -> RegisterEntry:
    """Write one row in the first open month; its service period is the credit's, or the claim's."""
    contract, credit = claim.contract, figures.get("credit")
    first_on, last_on = _service_period(claim, credit=credit)
    entry = RegisterEntry(
        kind=kind,
        claim=claim,
        contract=contract,
        entity=contract.entity,
        vendor_id=contract.vendor_id,
        unit=unit,
        service_first_on=first_on,
        service_last_on=last_on,
        posting_month=posting_month(contract.entity, natural_on=on),
        recorded_at=now,
        recorded_by=by,
        **figures,
    )
    entry.save()
    check_still_open(contract.entity, month=entry.posting_month)
    return entry


def _service_period(claim: Claim, *, credit: ServiceCredit | None) -> tuple[date | None, date | None]:
    if credit is not None:
        return credit.service_first_on, credit.service_last_on
    bounds = claim.parts.aggregate(first=Min("credit__service_first_on"), last=Max("credit__service_last_on"))
    return bounds["first"], bounds["last"]
