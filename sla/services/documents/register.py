"""Who, what and for how much: the register's part of a document."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sla.documents.hours import open_span, weekly_hours
from sla.documents.register import CalendarEntry, ChargeEntry, ServiceEntry
from sla.engine.facts import ChargeKind, Every
from sla.engine.money import to_minor
from sla.services.documents.loading import Loading, placed, stated
from vendors.models import (
    Account,
    BusinessCalendar,
    CalendarDay,
    Charge,
    Contact,
    Contract,
    LegalEntity,
    Service,
    ServiceAlias,
    Tag,
    Vendor,
    WeeklyHours,
)
from vendors.services import Saved, remove_record
from vendors.services.fees import split_cost

VENDOR = ("name", "legal_name", "kind", "criticality", "status_page_url", "accounting_number")
CONTRACT = (
    *("name", "currency", "zone", "effective_from", "effective_until", "relation", "precedence"),
    *(
        "precedence_clause",
        "signed_on",
        "renewal",
        "renewal_months",
        "notice_days",
        "uplift_percent",
        "live_from",
    ),
)
SERVICE = ("name", "vendor_identifier", "site", "in_service_from", "in_service_until", "weight")
OUR_COMPANY = "our-company"


def load_register(loading: Loading) -> None:
    """Load entities, vendor, contract, calendars, services and fees."""
    for i, entry in enumerate(loading.document.entities):
        with placed(f"entities[{i}]"):
            _entity(loading, code=entry.code, name=entry.name, currency=entry.base_currency)
    with placed("vendor"):
        _vendor(loading)
    with placed("contract"):
        _contract(loading)
    for i, calendar in enumerate(loading.document.calendars):
        with placed(f"calendars[{i}]"):
            _calendar(loading, entry=calendar)
    for i, service in enumerate(loading.document.services):
        with placed(f"services[{i}]"):
            _service(loading, entry=service)
    loading.miss(loading.contract.services.all(), kept={row.pk for row in loading.services.values()})
    kept = set()
    for i, charge in enumerate(loading.document.charges):
        with placed(f"charges[{i}]"):
            kept.add(_charge(loading, entry=charge).pk)
    loading.miss(loading.contract.charges.select_related("contract"), kept=kept)


def _entity(loading: Loading, *, code: str, name: str, currency: str) -> LegalEntity:
    row = LegalEntity.objects.filter(code=code).first() or LegalEntity(code=code, is_demo=loading.is_demo)
    return loading.put(row, {"name": name or row.name or code, "base_currency": currency}, key=code)


def _vendor(loading: Loading) -> None:
    entry = loading.document.vendor
    row = Vendor.objects.filter(slug=entry.slug).first() or Vendor(slug=entry.slug, is_demo=loading.is_demo)
    values = stated(entry, names=VENDOR, fresh=row._state.adding)
    values["name"] = entry.name or row.name or entry.slug
    if entry.owner:
        values["owner"] = _person(entry.owner, at="owner")
    deputies = [_person(login, at="deputies") for login in entry.deputies]
    links: dict[str, list[Any]] = {"deputies": deputies} if deputies else {}
    if entry.tags:
        links["tags"] = [_tag(loading, slug=slug) for slug in entry.tags]
    loading.put(row, values, key=entry.slug, links=links)
    loading.found_vendor = row
    for account in entry.accounts:
        found = row.accounts.filter(number=account.number).first() or Account(
            vendor=row, number=account.number
        )
        loading.put(found, stated(account, names=("name",), fresh=found._state.adding), key=account.number)
    for contact in entry.contacts:
        present = row.contacts.filter(role=contact.role.value, name=contact.name).first()
        present = present or Contact(vendor=row, role=contact.role.value, name=contact.name)
        said = stated(contact, names=("email", "phone"), fresh=present._state.adding)
        loading.put(present, said, key=contact.name)


def _tag(loading: Loading, *, slug: str) -> Tag:
    row = Tag.objects.filter(slug=slug).first() or Tag(slug=slug, name=slug.replace("-", " ").capitalize())
    return loading.put(row, {}, key=slug)


def _person(login: str, *, at: str) -> User:
    found = User.objects.filter(username=login).first()
    if found is None:
        raise ValidationError(
            {at: f"Nobody has the login {login!r}. Add the user first, or correct the login."}
        )
    return found


def _contract(loading: Loading) -> None:
    entry, vendor = loading.document.contract, loading.vendor
    row = Contract.objects.filter(reference=entry.reference).first()
    if row is not None and row.vendor_id != vendor.pk:
        raise ValidationError(
            {
                "reference": f"{entry.reference} is a contract with {row.vendor}."
                " Give this one another reference."
            }
        )
    row = row or Contract(reference=entry.reference, vendor=vendor)
    fresh = row._state.adding
    values = stated(entry, names=CONTRACT, fresh=fresh)
    values["name"] = entry.name or row.name or entry.reference
    values["notes"] = _notes(loading) or row.notes
    if entry.entity or fresh:
        values["entity"] = _signing_entity(loading)
    if entry.account:
        values["account"] = _account(loading, number=entry.account)
    if entry.parent:
        values["parent"] = _parent(entry.parent)
    entities = [_known_entity(code, at="entities") for code in entry.entities]
    loading.put(row, values, key=entry.reference, links={"entities": entities} if entities else None)
    loading.found_contract = row


def _notes(loading: Loading) -> str:
    document = loading.document
    parts = [document.contract.notes]
    parts += [f"Illustrative: {document.illustrative.strip()}"] if document.illustrative.strip() else []
    parts += [f"Source: {document.source.strip()}"] if document.source.strip() else []
    parts += [f"Licence: {document.licence.strip()}"] if document.licence.strip() else []
    return "\n".join(part for part in parts if part)


def _signing_entity(loading: Loading) -> LegalEntity:
    """Return the company of ours that signed: the named one, else the only one, else one to be renamed."""
    entry = loading.document.contract
    if entry.entity:
        return _known_entity(entry.entity, at="entity")
    known = list(LegalEntity.objects.all()[:2])
    if len(known) == 1:
        return known[0]
    if known:
        raise ValidationError(
            {"entity": "Several companies of ours are on file. Say which one signed, by its code."}
        )
    return _entity(loading, code=OUR_COMPANY, name="Our company", currency=entry.currency)


def _known_entity(code: str, *, at: str) -> LegalEntity:
    found = LegalEntity.objects.filter(code=code).first()
    if found is None:
        raise ValidationError({at: f"No company of ours has the code {code!r}. Add it under entities."})
    return found


def _account(loading: Loading, *, number: str) -> Account:
    found = loading.vendor.accounts.filter(number=number).first()
    if found is None:
        raise ValidationError(
            {"account": f"The vendor has no account {number!r}. Add it under vendor.accounts."}
        )
    return found


def _parent(reference: str) -> Contract:
    found = Contract.objects.filter(reference=reference).first()
    if found is None:
        raise ValidationError(
            {"parent": f"No contract has the reference {reference!r}. Load that one first."}
        )
    return found


def _calendar(loading: Loading, *, entry: CalendarEntry) -> None:
    row = BusinessCalendar.objects.filter(code=entry.code).first()
    row = row or BusinessCalendar(code=entry.code, is_demo=loading.is_demo)
    values = {
        "name": entry.name or row.name or entry.code,
        "zone": entry.zone or loading.document.contract.zone,
        "around_the_clock": not (entry.weekly or entry.closed or entry.opened),
    }
    loading.put(row, values, key=entry.code)
    _weekly(loading, entry=entry, calendar=row)
    kept = {_day(loading, calendar=row, on=day.on, name=day.name).pk for day in entry.closed}
    kept |= {
        _day(loading, calendar=row, on=day.on, name=day.name, hours=day.hours).pk for day in entry.opened
    }
    loading.miss(row.days.all(), kept=kept)


def _weekly(loading: Loading, *, entry: CalendarEntry, calendar: BusinessCalendar) -> None:
    """Make the weekly hours what the document says: hours are one value, so others go."""
    wanted = {(h.weekday, h.opens): h.closes for text in entry.weekly for h in weekly_hours(text)}
    present = {(row.weekday, row.opens_at): row for row in calendar.weekly_hours.filter(effective_from=None)}
    for key in present.keys() - wanted.keys():
        remove_record(present[key], by=loading.by, reason=loading.reason)
        loading.note(present[key], saved=Saved.UPDATED, key=f"{calendar.code} {present[key]}")
    for (weekday, opens), closes in wanted.items():
        row = present.get((weekday, opens)) or WeeklyHours(calendar=calendar, weekday=weekday, opens_at=opens)
        loading.put(row, {"closes_at": closes}, key=f"{calendar.code} {weekday} {opens}")


def _day(loading: Loading, *, calendar: BusinessCalendar, on: Any, name: str, hours: str = "") -> CalendarDay:
    row = calendar.days.filter(on=on).first() or CalendarDay(calendar=calendar, on=on)
    opens, closes = open_span(hours) if hours else (None, None)
    kind = CalendarDay.Kind.OPEN if hours else CalendarDay.Kind.CLOSED
    values = {"kind": kind.value, "opens_at": opens, "closes_at": closes, "name": name or row.name}
    return loading.put(row, values, key=f"{calendar.code} {on}")


def _service(loading: Loading, *, entry: ServiceEntry) -> None:
    row = loading.contract.services.filter(code=entry.code).first()
    row = row or Service(contract=loading.contract, code=entry.code)
    values = stated(entry, names=SERVICE, fresh=row._state.adding)
    values["name"] = entry.name or row.name or entry.code
    loading.services[entry.code] = loading.put(row, values, key=entry.code)
    for alias in entry.aliases:
        found = row.aliases.filter(source=alias.source, name=alias.name).first()
        found = found or ServiceAlias(service=row, source=alias.source, name=alias.name)
        loading.put(found, {}, key=alias.name)


def _charge(loading: Loading, *, entry: ChargeEntry) -> Charge:
    contract, service = loading.contract, loading.service(entry.service)
    billed = entry.kind is ChargeKind.BILLED
    starts = entry.period_from or entry.effective_from or contract.effective_from
    same = contract.charges.filter(service=service, code=entry.code, effective_from=starts)
    if billed:
        row = same.filter(kind=ChargeKind.BILLED.value, invoice_number=entry.invoice_number).first()
    else:
        row = same.exclude(kind=ChargeKind.BILLED.value).first()
    row = row or Charge(contract=contract, service=service, code=entry.code, effective_from=starts)
    once = billed or entry.kind is ChargeKind.ONE_TIME
    values = {
        "kind": entry.kind.value,
        "amount_minor": to_minor(entry.amount, currency=contract.currency),
        "every": (entry.every or (Every.ONCE if once else Every.MONTH)).value,
        "month_by": entry.month_by.value,
        "period_from": entry.period_from,
        "period_until": entry.period_until,
        "invoice_number": entry.invoice_number,
        "included_in_base": entry.included_in_base,
        "purchase_order": entry.purchase_order,
        "account": _account(loading, number=entry.account) if entry.account else None,
    }
    loading.put(row, values, key=f"{entry.code} {starts}")
    if entry.cost_shares:
        shares = {share.cost_centre: share.percent for share in entry.cost_shares}
        split_cost(row, shares=shares, by=loading.by, reason=loading.reason)
    return row
