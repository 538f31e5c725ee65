"""Reads of the register."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from simple_history.utils import get_m2m_reverse_field_name

from vendors.models import (
    ApiToken,
    BusinessCalendar,
    Charge,
    Contract,
    Reader,
    Tracked,
    WeeklyHours,
    midnight,
    sees_all_vendors,
)

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


def tokens_shown_to(user: User) -> QuerySet[ApiToken]:
    """Return a reader's own tokens; everybody's for who may view tokens, such as an auditor."""
    rows: QuerySet[ApiToken] = ApiToken.objects.all()
    return rows if user.has_perm("vendors.view_apitoken") else rows.filter(user=user)


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


def history_of(row: Tracked, *, along: Iterable[str] = ()) -> QuerySet[Any]:
    """Return the versions of a record, with who wrote each and, as `number_before`, which it followed.

    `along` are paths of records to read with them.
    """
    return _versions(type(row), along=along).filter(id=row.pk)


def history_of_kind(model: type[Tracked], *, to: Reader, along: Iterable[str] = ()) -> QuerySet[Any]:
    """Return the versions of all records of a kind that a reader sees; of removed ones for who sees all."""
    versions = _versions(model, along=along)
    if sees_all_vendors(to):
        return versions
    return versions.filter(id__in=model._default_manager.all().visible_to(to).values("pk"))


def _versions(model: type[Tracked], *, along: Iterable[str]) -> QuerySet[Any]:
    kept: Any = model.history
    earlier = kept.filter(id=OuterRef("id"), pk__lt=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    versions: QuerySet[Any] = kept.select_related("history_user", *along)
    return versions.annotate(number_before=Subquery(earlier))


def versions_before(versions: Iterable[Any], *, along: Iterable[str] = ()) -> dict[int, Any]:
    """Return the versions that some of one kind followed, by number."""
    numbers = {version.number_before: type(version) for version in versions if version.number_before}
    if not numbers:
        return {}
    rows: QuerySet[Any] = next(iter(numbers.values())).objects.all()
    return (rows.select_related(*along) if along else rows).in_bulk(numbers)


def links_of(versions: Iterable[Any], *, field: Any) -> dict[int, list[int]]:
    """Return the keys of what versions of one kind link in a field of many, by number of the version."""
    found: dict[int, list[int]] = {version.pk: [] for version in versions}
    kind = next((type(version) for version in versions), None)
    if kind is not None:
        column = f"{get_m2m_reverse_field_name(field)}_id"
        kept = getattr(kind, field.name).filter(history__in=found)
        for number, key in kept.order_by(column).values_list("history_id", column):
            found[number].append(key)
    return found
