"""A small register with telling values, built through the services."""

from datetime import date
from typing import Any, TypeVar

from django.contrib.auth.models import User

from vendors.models import BusinessCalendar, Charge, Contract, LegalEntity, Service, Tracked, Vendor
from vendors.services import save_record

REASON = "entered from the signed paper"

Row = TypeVar("Row", bound=Tracked)


def person(name: str = "maria", **fields: Any) -> User:
    return User.objects.get_or_create(username=name, defaults={"is_staff": True, **fields})[0]


def saved(row: Row) -> Row:
    save_record(row, by=person(), reason=REASON)
    return row


def an_entity(code: str = "acme-us", **fields: Any) -> LegalEntity:
    return LegalEntity.objects.filter(code=code).first() or saved(
        LegalEntity(**{"code": code, "name": "Acme Payments Inc.", "base_currency": "USD", **fields})
    )


def a_vendor(slug: str = "northrack", **fields: Any) -> Vendor:
    return saved(Vendor(**{"slug": slug, "name": slug.title(), "kind": "data_center", **fields}))


def a_contract(reference: str = "NR-2018", **fields: Any) -> Contract:
    defaults = {
        "reference": reference,
        "name": "Colocation",
        "currency": "USD",
        "zone": "America/Los_Angeles",
        "effective_from": date(2018, 1, 1),
    }
    vendor = fields.pop("vendor", None) or a_vendor()
    entity = fields.pop("entity", None) or an_entity()
    return saved(Contract(vendor=vendor, entity=entity, **{**defaults, **fields}))


def a_service(contract: Contract, *, code: str = "cage-7", **fields: Any) -> Service:
    return saved(Service(contract=contract, code=code, **{"name": "Cage 7", **fields}))


def a_charge(contract: Contract, *, code: str = "cage", **fields: Any) -> Charge:
    defaults = {
        "kind": "recurring",
        "amount_minor": 200_000,
        "every": "month",
        "effective_from": date(2018, 1, 1),
    }
    return saved(Charge(contract=contract, code=code, **{**defaults, **fields}))


def a_calendar(code: str = "us-office", **fields: Any) -> BusinessCalendar:
    return saved(BusinessCalendar(code=code, **{"name": "US office", "zone": "America/New_York", **fields}))
