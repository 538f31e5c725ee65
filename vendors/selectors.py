"""Reads of the register."""

from datetime import date

from django.db.models import Prefetch, QuerySet

from vendors.models import BusinessCalendar, Charge, Contract, Reader, WeeklyHours, midnight

TIMES_A_YEAR: dict[str, int] = {
    Charge.Every.ONCE: 0,
    Charge.Every.MONTH: 12,
    Charge.Every.QUARTER: 4,
    Charge.Every.YEAR: 1,
}
SIGNS: dict[str, int] = {Charge.Kind.RECURRING: 1, Charge.Kind.DISCOUNT: -1}


def contracts_with_fees(user: Reader) -> QuerySet[Contract]:
    """Return the contracts a user may see, with all that their lists and fees need."""
    charges = Prefetch("charges", Charge.objects.select_related("service", "account"))
    return (
        Contract.objects.all()
        .visible_to(user)
        .select_related("vendor", "entity", "parent", "account")
        .prefetch_related(charges)
    )


def fees_in_force(contract: Contract, *, on: date) -> list[Charge]:
    """Return the dated fees that hold on a local day; reads prefetched charges without a query.

    Of each (service, code) the newest row counts. Billed and one-time amounts are not dated fees;
    a fee ends with its service, and every fee with the contract.
    """
    if not contract.effective_from <= on or (contract.effective_until and contract.effective_until <= on):
        return []
    newest: dict[tuple[int | None, str], Charge] = {}
    for charge in sorted(contract.charges.all(), key=lambda row: row.effective_from):
        dated = charge.kind not in {Charge.Kind.BILLED, Charge.Kind.ONE_TIME}
        if dated and charge.effective_from <= on:
            newest[(charge.service_id, charge.code)] = charge
    return [charge for charge in newest.values() if _in_service(charge, contract=contract, on=on)]


def annual_fee(contract: Contract, *, on: date) -> int:
    """Return a year of recurring fees less discounts at the prices of one day, in minor units.

    Usage-based fees are left out: what they come to is not known before they are billed.
    """
    return sum(
        SIGNS.get(charge.kind, 0) * TIMES_A_YEAR[charge.every] * charge.amount_minor
        for charge in fees_in_force(contract, on=on)
    )


def hours_in_force(calendar: BusinessCalendar, *, on: date) -> list[WeeklyHours]:
    """Return the whole week of hours that holds on a local day; an empty list is a closed week."""
    sets: dict[date, list[WeeklyHours]] = {}
    for row in calendar.weekly_hours.all():
        sets.setdefault(row.effective_from or date.min, []).append(row)
    started = [first for first in sets if first <= on]
    if not started:
        return []
    return sorted(sets[max(started)], key=lambda row: (row.weekday, row.opens_at))


def _in_service(charge: Charge, *, contract: Contract, on: date) -> bool:
    service = charge.service
    if service is None or service.in_service_until is None:
        return True
    return service.in_service_until > midnight(on, zone=contract.zone)
