"""Record documents of vendors as they are, and exchange rates with their day and source."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import CreditReceived, ExchangeRate
from sla.services.receipts.set_off import may_set_off
from vendors.models import Account, Approval, LegalEntity, Vendor, money_text, validate_currency
from vendors.services.approvals import check_second

Kind = CreditReceived.Kind
IN_KIND = frozenset({Kind.TERM_EXTENDED, Kind.FEE_NOT_CHARGED})


@transaction.atomic
def record_receipt(
    vendor: Vendor,
    *,
    entity: LegalEntity,
    kind: str,
    document: str,
    received_on: date,
    currency: str,
    by: User,
    now: datetime,
    net_minor: int | None = None,
    tax_minor: int | None = None,
    total_minor: int | None = None,
    quantity: Fraction | None = None,
    account: Account | None = None,
    mark: str = "",
    tax_point: date | None = None,
    note: str = "",
) -> CreditReceived:
    """Record what a vendor gave: minor units of `currency`, or days, hours or fees as `quantity`.

    Without a total it is the amount before tax plus tax. Amounts below zero take back what an earlier
    document gave. Raise ValidationError for a contradiction, and for a short payment that no contract
    in force allows.
    """
    net, tax = net_minor or 0, tax_minor or 0
    received = CreditReceived(
        vendor=vendor,
        entity=entity,
        account=account,
        kind=kind,
        mark=mark,
        document=document.strip(),
        received_on=received_on,
        tax_point=tax_point,
        currency=currency,
        net_minor=net,
        tax_minor=tax,
        total_minor=net + tax if total_minor is None else total_minor,
        quantity=quantity,
        note=note.strip(),
        recorded_at=now,
        recorded_by=by,
    )
    validate_currency(currency)
    _check_sum(received)
    _check_kind(received)
    _check_day(received, now=now)
    if account is not None and account.vendor_id != vendor.pk:
        raise ValidationError(
            {"account": f"Account {account.number} is not one with {vendor}: choose another, or none."}
        )
    received.full_clean()
    received.save()
    return received


def _check_sum(received: CreditReceived) -> None:
    total = received.net_minor + received.tax_minor
    if received.total_minor != total:
        net, tax, said, sums = (
            money_text(minor, currency=received.currency)
            for minor in (received.net_minor, received.tax_minor, received.total_minor, total)
        )
        raise ValidationError(
            {
                "total_minor": f"The total {said} is not {net} before tax plus {tax} tax, which is {sums}."
                " Correct one of them."
            }
        )


def _check_kind(received: CreditReceived) -> None:
    named = received.get_kind_display()
    if received.kind == Kind.TERM_EXTENDED and received.total_minor:
        raise ValidationError(f"{named} brings no money. Enter the days or hours only.", code="money")
    if received.kind not in IN_KIND and received.quantity is not None:
        raise ValidationError(
            f"{named} brings money. Leave out {received.quantity} days or hours.", code="quantity"
        )
    if received.quantity is not None and received.total_minor:
        raise ValidationError(
            f"{named} is counted either in money or by number. Leave out one of them.", code="quantity"
        )
    if received.quantity is not None and received.quantity <= 0:
        raise ValidationError(f"{received.quantity} is no length. Enter more than nothing.", code="quantity")
    if not received.net_minor and not received.quantity:
        raise ValidationError(
            f"{named} {received.document} brings nothing. Enter the amount before tax"
            " (for days added to a term: how many).",
            code="nothing",
        )
    if received.kind == Kind.SHORT_PAYMENT:
        _check_set_off(received)


def _check_set_off(received: CreditReceived) -> None:
    if not may_set_off(received.vendor, on=received.received_on):
        raise ValidationError(
            f"No contract with {received.vendor} records on {received.received_on} that we may deduct a"
            " credit from an invoice. Pay in full and claim, or record the clause in the terms first.",
            code="set_off",
        )
    if received.net_minor < 0:
        raise ValidationError("A short payment cannot be below zero. Enter what was deducted.", code="money")


def _check_day(received: CreditReceived, *, now: datetime) -> None:
    # Somewhere it is tomorrow already.
    if received.received_on > now.date() + timedelta(days=1):
        raise ValidationError(
            {"received_on": f"{received.received_on} lies in the future. Enter the day it really came."}
        )


def record_rate(
    *,
    on: date,
    base: str,
    quote: str,
    rate: Decimal,
    source: str,
    by: User,
    now: datetime,
    second: Approval | None = None,
) -> ExchangeRate:
    """Record what one unit of `base` was worth in `quote` on a day, and who says so.

    Raise SecondPersonNeeded where another person has to approve it.
    """
    if base == quote:
        raise ValidationError(f"{base} in {quote} is always 1. Choose two currencies.", code="same")
    row = ExchangeRate(
        on=on, base=base, quote=quote, rate=rate, source=source.strip(), recorded_at=now, recorded_by=by
    )
    row.full_clean()
    asked = {"on": on, "base": base, "quote": quote, "rate": rate, "source": row.source}
    check_second("rate", subject=row, by=by, second=second, why=row.source, **asked)
    row.save()
    return row
