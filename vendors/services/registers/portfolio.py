"""Store the sheets of a portfolio workbook, each after those that it refers to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User

from vendors.models import (
    Account,
    Contact,
    Contract,
    LegalEntity,
    Service,
    ServiceAlias,
    Tag,
    Vendor,
    midnight,
)
from vendors.registers.portfolio import PortfolioFile, SheetRow
from vendors.registers.sheets import ACCOUNTS, CONTACTS, CONTRACTS, ENTITIES, SERVICES, VENDORS
from vendors.services.registers.intake import Entry, Intake, in_batches

NAMES = "names in feeds"
VENDOR_FIELDS = ("name", "legal_name", "kind", "criticality", "status_page_url", "accounting_number")
CONTRACT_FIELDS = (
    *("name", "currency", "zone", "effective_from", "effective_until", "relation", "renewal"),
    *("renewal_months", "notice_days", "uplift_percent", "signed_on", "live_from", "notes"),
)
SERVICE_FIELDS = ("name", "vendor_identifier", "site", "weight")


@dataclass(slots=True, kw_only=True)
class Portfolio:
    """The rows of the register that a workbook names, by their keys, while it is stored."""

    file: PortfolioFile
    intake: Intake
    entities: dict[str, LegalEntity] = field(default_factory=dict)
    vendors: dict[str, Vendor] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    services: dict[tuple[str, str], Service] = field(default_factory=dict)

    def missing(self, row: SheetRow, column: str, *, sheet: str, key: tuple[str, ...], said: str) -> None:
        """Tell of a reference that leads nowhere, unless its own row was told to be wrong."""
        faulty = (sheet, key) in self.file.faulty or (sheet, "/".join(key)) in self.intake.failed
        if not faulty:
            self.intake.fault(row.place(column), said)
        self.intake.failed.add((row.sheet, _key(row, *_keys_of(row))))

    def vendor(self, row: SheetRow) -> Vendor | None:
        """Return the vendor that a row names; None, and a fault, where there is none."""
        slug = row.get("vendor")
        if slug not in self.vendors:
            said = f"no vendor has the short name {slug!r}. Add it to the sheet vendors, or correct it."
            self.missing(row, "vendor", sheet=VENDORS.name, key=(slug,), said=said)
        return self.vendors.get(slug)

    def contract(self, row: SheetRow) -> Contract | None:
        """Return the contract that a row names; None, and a fault, where there is none."""
        reference = row.get("contract")
        if reference not in self.contracts:
            said = (
                f"no contract has the reference {reference!r}. Add it to the sheet contracts, or correct it."
            )
            self.missing(row, "contract", sheet=CONTRACTS.name, key=(reference,), said=said)
        return self.contracts.get(reference)

    def account(self, row: SheetRow, *, vendor: Vendor) -> Account | None:
        """Return the account that a row names; None, and a fault, where the vendor has none such."""
        number = row.get("account")
        found = self.accounts.get((vendor.slug, number))
        if found is None:
            said = f"{vendor} has no account {number!r}. Add it to the sheet accounts, or correct it."
            self.missing(row, "account", sheet=ACCOUNTS.name, key=(vendor.slug, number), said=said)
        return found

    def entity(self, row: SheetRow, code: str, *, column: str) -> LegalEntity | None:
        """Return our company with a code; None, and a fault, where there is none."""
        if code not in self.entities:
            said = f"no company of ours has the code {code!r}. Add it to the sheet entities, or correct it."
            self.missing(row, column, sheet=ENTITIES.name, key=(code,), said=said)
        return self.entities.get(code)


def store_register(portfolio: Portfolio) -> None:
    """Store companies, vendors, accounts, contacts, contracts and services; fees come after them."""
    portfolio.intake.problems += portfolio.file.problems
    portfolio.intake.notes += portfolio.file.notes
    _entities(portfolio)
    _vendors(portfolio)
    _accounts(portfolio)
    _contacts(portfolio)
    _contracts(portfolio)
    _services(portfolio)


def _keys_of(row: SheetRow) -> tuple[str, ...]:
    sheets = {sheet.name: sheet.key for sheet in (ENTITIES, VENDORS, ACCOUNTS, CONTACTS, CONTRACTS, SERVICES)}
    return sheets.get(row.sheet, ())


def _key(row: SheetRow, *names: str) -> str:
    return "/".join(str(row.get(name)) for name in names)


def said(row: SheetRow, names: Iterable[str]) -> dict[str, Any]:
    """Return what a row says of some fields; an empty cell says nothing."""
    return {name: row.values[name] for name in names if name in row.values}


def _entities(portfolio: Portfolio) -> None:
    rows = portfolio.file.of(ENTITIES)
    portfolio.entities = {row.code: row for row in LegalEntity.objects.all()}
    entries = []
    for row in rows:
        code = row.get("code")
        found = portfolio.entities.get(code) or LegalEntity(code=code)
        values = said(row, ("name", "base_currency"))
        if found._state.adding:
            values.setdefault("name", code)
        entries.append(Entry(kind=ENTITIES.name, key=code, row=found, values=values, place=row.place))
    portfolio.intake.store(entries)
    portfolio.entities |= {entry.key: entry.row for entry in entries if entry.stored}  # type: ignore[misc]


def _vendors(portfolio: Portfolio) -> None:
    rows = portfolio.file.of(VENDORS)
    named = {row.get("slug") for row in rows}
    named |= {
        row.get("vendor") for sheet in (ACCOUNTS, CONTACTS, CONTRACTS) for row in portfolio.file.of(sheet)
    }
    on_file = in_batches(Vendor.objects.all(), path="slug", values=named)
    portfolio.vendors = {vendor.slug: vendor for vendor in on_file}
    owners = _people(portfolio, rows)
    tags = _tags(portfolio, rows)
    entries = []
    for row in rows:
        slug = row.get("slug")
        found = portfolio.vendors.get(slug) or Vendor(slug=slug)
        values = said(row, VENDOR_FIELDS)
        if row.get("owner"):
            owner = owners.get(row.get("owner"))
            if owner is None:
                portfolio.intake.fault(
                    row.place("owner"), f"nobody has the login {row.get('owner')!r}. Add the user first."
                )
                portfolio.intake.failed.add((VENDORS.name, slug))
                continue
            values["owner"] = owner
        links = {"tags": [tags[tag] for tag in row.get("tags", ()) if tag in tags]}
        entries.append(
            Entry(kind=VENDORS.name, key=slug, row=found, values=values, place=row.place, links=links)
        )
    portfolio.intake.store(entries)
    portfolio.vendors |= {entry.key: entry.row for entry in entries if entry.stored}  # type: ignore[misc]


def _people(portfolio: Portfolio, rows: Iterable[SheetRow]) -> dict[str, User]:
    logins = [row.get("owner") for row in rows if row.get("owner")]
    return {user.username: user for user in in_batches(User.objects.all(), path="username", values=logins)}


def _tags(portfolio: Portfolio, rows: Iterable[SheetRow]) -> dict[str, Tag]:
    wanted = {tag: row for row in rows for tag in row.get("tags", ())}
    tags = {tag.slug: tag for tag in Tag.objects.all()}
    entries = [
        Entry(
            kind="tags",
            key=slug,
            row=Tag(slug=slug),
            values={"name": slug.replace("-", " ").capitalize()},
            place=_at(row, "tags"),
        )
        for slug, row in wanted.items()
        if slug not in tags
    ]
    portfolio.intake.store(entries)
    return tags | {entry.key: entry.row for entry in entries if entry.stored and isinstance(entry.row, Tag)}


def _accounts(portfolio: Portfolio) -> None:
    keys = [vendor.pk for vendor in portfolio.vendors.values()]
    on_file = in_batches(Account.objects.select_related("vendor"), path="vendor_id", values=keys)
    portfolio.accounts = {(row.vendor.slug, row.number): row for row in on_file}
    entries = []
    for row in portfolio.file.of(ACCOUNTS):
        vendor = portfolio.vendor(row)
        if vendor is None:
            continue
        number = row.get("number")
        found = portfolio.accounts.get((vendor.slug, number)) or Account(vendor=vendor, number=number)
        key = f"{vendor.slug}/{number}"
        entries.append(
            Entry(kind=ACCOUNTS.name, key=key, row=found, values=said(row, ("name",)), place=row.place)
        )
    portfolio.intake.store(entries)
    for entry in entries:
        if entry.stored and isinstance(entry.row, Account):
            portfolio.accounts[(entry.row.vendor.slug, entry.row.number)] = entry.row


def _contacts(portfolio: Portfolio) -> None:
    rows = portfolio.file.of(CONTACTS)
    keys = [vendor.pk for vendor in portfolio.vendors.values()] if rows else []
    on_file = {
        (row.vendor_id, row.role, row.name): row
        for row in in_batches(Contact.objects.all(), path="vendor_id", values=keys)
    }
    entries = {}
    for row in rows:
        vendor = portfolio.vendor(row)
        if vendor is None:
            continue
        role, name = row.get("role") or Contact.Role.ACCOUNT.value, row.get("name")
        found = on_file.get((vendor.pk, role, name)) or Contact(vendor=vendor, role=role, name=name)
        key = f"{vendor.slug}/{role}/{name}"
        entries[key] = Entry(
            kind=CONTACTS.name,
            key=key,
            row=found,
            values=said(row, ("email", "phone")),
            place=row.place,
            leaf=True,
        )
    portfolio.intake.store(entries.values())


def _contracts(portfolio: Portfolio) -> None:
    """Store contracts, parents first."""
    file = portfolio.file
    named = {row.get("reference") for row in file.of(CONTRACTS)}
    named |= {row.get("parent") for row in file.of(CONTRACTS)}
    named |= {row.get("contract") for rows in file.rows.values() for row in rows}
    rows = Contract.objects.select_related("vendor", "entity", "account__vendor", "parent")
    portfolio.contracts = {
        row.reference: row for row in in_batches(rows, path="reference", values=named - {""})
    }
    waiting = list(file.of(CONTRACTS))
    while waiting:
        names = {row.get("reference") for row in waiting}
        ready = [row for row in waiting if row.get("parent") not in names]
        if not ready:
            for row in waiting:
                portfolio.intake.fault(
                    row.place("parent"), "the contracts stand under each other in a circle."
                )
            return
        waiting = [row for row in waiting if row.get("parent") in names]
        entries = [entry for row in ready if (entry := _contract(portfolio, row)) is not None]
        portfolio.intake.store(entries)
        portfolio.contracts |= {entry.key: entry.row for entry in entries if entry.stored}  # type: ignore[misc]


def _contract(portfolio: Portfolio, row: SheetRow) -> Entry | None:
    reference, vendor = row.get("reference"), portfolio.vendor(row)
    if vendor is None:
        return None
    found = portfolio.contracts.get(reference) or Contract(reference=reference, vendor=vendor)
    if found.vendor != vendor:
        taken = f"{reference} is a contract with {found.vendor}. Give this one another reference."
        portfolio.intake.fault(row.place("reference"), taken)
        portfolio.intake.failed.add((CONTRACTS.name, reference))
        return None
    values = said(row, CONTRACT_FIELDS)
    if found._state.adding:
        values.setdefault("name", reference)
    references = _references(portfolio, row, vendor=vendor, fresh=found._state.adding)
    if references is None:
        portfolio.intake.failed.add((CONTRACTS.name, reference))
        return None
    usable = [portfolio.entity(row, code, column="entities") for code in row.get("entities", ())]
    links = {"entities": [entity for entity in usable if entity is not None]}
    return Entry(
        kind=CONTRACTS.name,
        key=reference,
        row=found,
        values={**values, **references},
        place=row.place,
        links=links,
    )


def _references(portfolio: Portfolio, row: SheetRow, *, vendor: Vendor, fresh: bool) -> dict[str, Any] | None:
    """Return the rows that a contract refers to; None, with its faults, where one is not there."""
    values: dict[str, Any] = {}
    if row.get("entity") or fresh:
        values["entity"] = _signing(portfolio, row)
    if row.get("account"):
        values["account"] = portfolio.account(row, vendor=vendor)
    if parent := row.get("parent"):
        values["parent"] = portfolio.contracts.get(parent)
        if values["parent"] is None:
            lost = f"no contract has the reference {parent!r}. Add it to the sheet contracts, or correct it."
            portfolio.missing(row, "parent", sheet=CONTRACTS.name, key=(parent,), said=lost)
    return None if None in values.values() else values


def _signing(portfolio: Portfolio, row: SheetRow) -> LegalEntity | None:
    """Return the company of ours that signed: the named one, else the only one."""
    if row.get("entity"):
        return portfolio.entity(row, row.get("entity"), column="entity")
    if len(portfolio.entities) == 1:
        return next(iter(portfolio.entities.values()))
    several = (
        "several companies of ours are on file" if portfolio.entities else "no company of ours is on file"
    )
    portfolio.intake.fault(row.place("entity"), f"{several}. Say which one signed, by its code.")
    return None


def _services(portfolio: Portfolio) -> None:
    keys = [contract.pk for contract in portfolio.contracts.values()]
    on_file = in_batches(Service.objects.select_related("contract__vendor"), path="contract_id", values=keys)
    portfolio.services = {(row.contract.reference, row.code): row for row in on_file}
    entries = []
    rows = {}
    for row in portfolio.file.of(SERVICES):
        contract = portfolio.contract(row)
        if contract is None:
            continue
        key = f"{contract.reference}/{row.get('code')}"
        rows[key] = row
        entries.append(_service(portfolio, row, contract=contract, key=key))
    portfolio.intake.store(entries)
    for entry in entries:
        if entry.stored and isinstance(entry.row, Service):
            portfolio.services[(entry.row.contract.reference, entry.row.code)] = entry.row
    _names(portfolio, (entry for entry in entries if entry.stored), rows=rows)


def _service(portfolio: Portfolio, row: SheetRow, *, contract: Contract, key: str) -> Entry:
    code = row.get("code")
    found = portfolio.services.get((contract.reference, code)) or Service(contract=contract, code=code)
    values = said(row, SERVICE_FIELDS)
    if found._state.adding:
        values.setdefault("name", code)
    for name in ("in_service_from", "in_service_until"):
        if name in row.values:
            values[name] = _begins(row.values[name], contract=contract)
    return Entry(kind=SERVICES.name, key=key, row=found, values=values, place=row.place)


def _begins(day: date, *, contract: Contract) -> datetime:
    """Return the first instant of a day where the contract's months begin."""
    return midnight(day, zone=contract.zone)


def _names(portfolio: Portfolio, entries: Iterator[Entry], *, rows: dict[str, SheetRow]) -> None:
    """Add the names that services go by in feeds; one that a person removed stays removed."""
    named = {
        entry.key: entry.row
        for entry in entries
        if isinstance(entry.row, Service) and rows[entry.key].get("names_in_feeds")
    }
    keys = [service.pk for service in named.values()]
    on_file = {
        (row.service_id, row.name): row
        for row in in_batches(ServiceAlias.objects.filter(source=""), path="service_id", values=keys)
    }
    found = []
    for key, service in named.items():
        for name in rows[key].get("names_in_feeds"):
            alias = on_file.get((service.pk, name)) or ServiceAlias(service=service, name=name)
            place = _at(rows[key], "names_in_feeds")
            found.append(Entry(kind=NAMES, key=f"{key}/{name}", row=alias, values={}, place=place, leaf=True))
    portfolio.intake.store(found)


def _at(row: SheetRow, column: str) -> Any:
    return lambda _: row.place(column)
