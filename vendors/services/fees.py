"""Fees: a new price is a new row; the shares of a fee sum to 100 percent."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from vendors.models import Charge, Contract, CostShare, Service
from vendors.services.records import remove_record, save_record

WHOLE = Decimal(100)


def record_charge(
    contract: Contract,
    *,
    code: str,
    kind: str,
    amount_minor: int,
    every: str,
    effective_from: date,
    by: User,
    reason: str,
    service: Service | None = None,
    month_by: str = Charge.MonthBy.TWELFTH,
    included_in_base: bool = True,
) -> Charge:
    """Add a dated fee in the contract's minor units; raise ValidationError for a contradiction."""
    charge = Charge(
        contract=contract,
        service=service,
        code=code,
        kind=kind,
        amount_minor=amount_minor,
        every=every,
        month_by=month_by,
        effective_from=effective_from,
        included_in_base=included_in_base,
    )
    save_record(charge, by=by, reason=reason)
    return charge


@transaction.atomic
def record_billed(
    contract: Contract,
    *,
    code: str,
    amount_minor: int,
    period_from: date,
    period_until: date,
    invoice_number: str,
    by: User,
    reason: str,
    service: Service | None = None,
    included_in_base: bool = True,
) -> Charge:
    """Add the actual amount of a billed period, in minor units; `period_until` is exclusive."""
    charge = Charge(
        contract=contract,
        service=service,
        code=code,
        kind=Charge.Kind.BILLED,
        amount_minor=amount_minor,
        every=Charge.Every.ONCE,
        effective_from=period_from,
        period_from=period_from,
        period_until=period_until,
        invoice_number=invoice_number,
        included_in_base=included_in_base,
    )
    save_record(charge, by=by, reason=reason)
    return charge


@transaction.atomic
def change_fee(charge: Charge, *, amount_minor: int, effective_from: date, by: User, reason: str) -> Charge:
    """Add the fee's new price from a day on, cost shares included; the old row stays as it is."""
    if charge.kind in {Charge.Kind.BILLED, Charge.Kind.ONE_TIME}:
        raise ValidationError(
            f"{charge.code} is of kind {charge.kind}, which has no later price. Record a fee of its own.",
            code="kind",
        )
    if effective_from <= charge.effective_from:
        raise ValidationError(
            f"The new price of {charge.code} starts on {effective_from}, not after the present one"
            f" ({charge.effective_from}). Choose a later day, or correct the present row.",
            code="effective_from",
        )
    shares = {share.cost_centre: share.percent for share in charge.cost_shares.all()}
    later = Charge.objects.get(pk=charge.pk)
    later.pk, later._state.adding = None, True
    later.amount_minor, later.effective_from = amount_minor, effective_from
    save_record(later, by=by, reason=reason)
    if shares:
        split_cost(later, shares=shares, by=by, reason=reason)
    return later


@transaction.atomic
def split_cost(charge: Charge, *, shares: Mapping[str, Decimal], by: User, reason: str) -> None:
    """Set which cost centres bear a fee, in percent; no shares at all, or shares that sum to 100."""
    total = sum(shares.values(), Decimal(0))
    if shares and total != WHOLE:
        raise ValidationError(
            f"The shares of {charge.code} sum to {total} percent. Make them sum to 100.", code="shares"
        )
    # Two people who split one fee at once wait for each other here.
    Charge.objects.select_for_update().get(pk=charge.pk)
    present = {share.cost_centre: share for share in charge.cost_shares.all()}
    for gone in present.keys() - shares.keys():
        remove_record(present[gone], by=by, reason=reason)
    for cost_centre, percent in shares.items():
        share = present.get(cost_centre) or CostShare(charge=charge, cost_centre=cost_centre)
        share.percent = percent
        save_record(share, by=by, reason=reason)
