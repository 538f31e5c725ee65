"""Store what a register of contracts says: contracts, and the vendors that they name.

A vendor is known by the names that the register has for it: one name, one vendor, until a person says that
two names are one company. Numbers become our references; where a sign is replaced, the report says so.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from vendors.files.errors import FileError
from vendors.models import Contract, LegalEntity, RegisterRecord, Vendor
from vendors.registers.alike import alike_vendors
from vendors.registers.contract_table import read_contracts
from vendors.registers.ocds import read_ocds
from vendors.registers.values import ContractRegister, RegisterContract
from vendors.services.registers.intake import Entry, Intake, in_batches
from vendors.services.registers.report import RegisterReport

REGISTER = "contracts"
VENDORS, NAMES, CONTRACTS = "vendors", "vendor names", "contracts"
TITLE_LENGTH = 200
SLUG_LENGTH = 60
FORMATS: Mapping[str, Callable[..., ContractRegister]] = {"csv": read_contracts, "ocds": read_ocds}
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What holds where the register does not say it; `same` says which name stands for which other."""

    vendor: Vendor | None = None
    entity: LegalEntity | None = None
    currency: str = ""
    zone: str = "UTC"
    same: Mapping[str, str] = field(default_factory=dict)


def import_contracts(
    content: bytes,
    *,
    form: str,
    by: User,
    at: datetime,
    columns: Mapping[str, str] | None = None,
    usual: Usual | None = None,
    register: str = REGISTER,
    dry_run: bool = False,
) -> RegisterReport:
    """Store a register of contracts; one that cannot be used is told, and does not hold up the others.

    `form` is a key of FORMATS. A second run changes nothing, and never what a person corrected since. `at` is
    a UTC instant. Raises ValidationError where nothing of the file can be used.
    """
    try:
        read = FORMATS[form](content, columns=columns)
    except FileError as error:
        raise ValidationError(str(error), code="file") from error
    intake = Intake(register=register, by=by, at=at, reason=f"Imported from the register {register}")
    intake.problems += read.problems
    if read.columns:
        told = ", ".join(f"{name.replace('_', ' ')} from {column!r}" for name, column in read.columns.items())
        intake.notes.append(f"Columns: {told}.")
    with transaction.atomic():
        alike = _store(read.contracts, intake=intake, usual=usual or Usual())
        report = intake.report(dry_run=dry_run, alike=alike)
        if dry_run:
            transaction.set_rollback(True)
    return report


def _store(
    contracts: Iterable[RegisterContract], *, intake: Intake, usual: Usual
) -> tuple[tuple[str, ...], ...]:
    sound = [each for each in contracts if _is_sound(each, intake=intake, usual=usual)]
    vendors, alike = _vendors(sound, intake=intake, usual=usual)
    entities = {row.code: row for row in LegalEntity.objects.all()}
    named = {row.name.casefold(): row for row in entities.values()} | entities
    usual_entity = usual.entity or (next(iter(entities.values())) if len(entities) == 1 else None)
    references = {each.number: _reference(each.number) for each in sound}
    rows = Contract.objects.select_related("vendor", "entity")
    on_file = {row.reference: row for row in in_batches(rows, path="reference", values=references.values())}
    taken: dict[str, str] = {}
    strange = set()
    entries = []
    for each in sound:
        vendor = usual.vendor if not each.vendor else vendors.get(each.vendor)
        reference = references[each.number]
        first = taken.setdefault(reference, each.number)
        entity = named.get(each.entity.casefold(), usual_entity)
        if each.entity and each.entity.casefold() not in named:
            strange.add(each.entity)
        if vendor is None:
            continue
        found = on_file.get(reference) or Contract(reference=reference, vendor=vendor)
        wrong = _wrong(each, found=found, vendor=vendor, entity=entity, first=first, reference=reference)
        if wrong:
            intake.fault(each.where, wrong)
        else:
            entries.append(_entry(each, row=found, entity=entity, usual=usual, intake=intake))
    intake.store(entries)
    if strange and usual_entity is not None:
        intake.notes.append(
            f"{len(strange)} companies or departments that signed are none of ours;"
            f" {usual_entity.code} stands for them."
        )
    return alike


def _is_sound(each: RegisterContract, *, intake: Intake, usual: Usual) -> bool:
    """Say whether a contract says all that we need, telling what it lacks."""
    lacking = []
    if not each.vendor and usual.vendor is None:
        lacking.append("a vendor")
    if each.first_day is None:
        lacking.append("a first day")
    if not (each.currency or usual.currency):
        lacking.append("a currency")
    if lacking:
        intake.fault(each.where, f"contract {each.number} lacks {' and '.join(lacking)}.")
    return not lacking


def _wrong(
    each: RegisterContract,
    *,
    found: Contract,
    vendor: Vendor,
    entity: LegalEntity | None,
    first: str,
    reference: str,
) -> str:
    """Say why a contract cannot be stored; empty where it can."""
    if first != each.number:
        return f"{each.number!r} and {first!r} would both have the reference {reference}. Tell them apart."
    if found.vendor_id != vendor.pk:
        return (
            f"{reference} is a contract with {found.vendor}; the register names {each.vendor or vendor}. "
            "If they are one company, say so."
        )
    if entity is None and found._state.adding:
        return "which of our companies signed is not known. State one for all."
    return ""


def _entry(
    each: RegisterContract,
    *,
    row: Contract,
    entity: LegalEntity | None,
    usual: Usual,
    intake: Intake,
) -> Entry:
    values = _values(each, usual=usual, before=(before := intake.before(CONTRACTS, each.number)))
    if row._state.adding:
        row.zone = usual.zone
        row.entity = entity or row.entity
        if each.amount is not None:
            row.notes = f"Amount of all of it by the register: {values['currency']} {each.amount:,f}"
    notes = list(each.notes)
    if row.reference != each.number:
        notes.append(f"number {each.number!r} is kept as {row.reference}")
    amount = "" if each.amount is None else f"{each.amount:f}"
    if before is not None and before.said.get("amount", "") != amount:
        notes.append(
            f"its amount was {before.said.get('amount') or 'not stated'}, now {amount or 'not stated'}"
        )
    return Entry(
        kind=CONTRACTS,
        key=each.number,
        row=row,
        values=values,
        place=lambda _: each.where,
        notes=notes,
        beside={"amount": amount},
    )


def _values(each: RegisterContract, *, usual: Usual, before: RegisterRecord | None) -> dict[str, Any]:
    """Return the fields of a contract that the register fills."""
    values: dict[str, Any] = {
        "name": (each.title or each.number)[:TITLE_LENGTH],
        "currency": each.currency or usual.currency,
        "effective_from": each.first_day,
        "effective_until": each.until,
    }
    if each.evergreen:
        values["renewal"] = Contract.Renewal.EVERGREEN.value
    elif before is not None and before.said.get("renewal") == Contract.Renewal.EVERGREEN:
        values["renewal"] = Contract.Renewal.FIXED.value
    if each.signed_on is not None:
        values["signed_on"] = each.signed_on
    return values


def _reference(number: str) -> str:
    """Return our reference for a number: as it is, where it can be; else with hyphens for other signs."""
    return _ODD.sub("-", number).strip("-._") or "no-number"


def _vendors(
    contracts: list[RegisterContract], *, intake: Intake, usual: Usual
) -> tuple[dict[str, Vendor], tuple[tuple[str, ...], ...]]:
    """Return the vendor of each name in the file, and sets of names that may be one company."""
    wanted = {each.vendor: each for each in reversed(contracts) if each.vendor}
    meant = {name: usual.same.get(name, name) for name in wanted}
    known, on_file = _known(set(meant) | set(meant.values()), intake=intake)
    slugs = set(Vendor.objects.values_list("slug", flat=True))
    entries: dict[str, Entry] = {}
    for name, each in wanted.items():
        other = meant[name]
        if name in known or other in known or other in entries:
            continue
        row = Vendor(slug=_slug(other, taken=slugs), name=other[:TITLE_LENGTH])
        where = each.where
        entries[other] = Entry(
            kind=VENDORS,
            key=other,
            row=row,
            values={"name": other[:TITLE_LENGTH]},
            place=lambda _, where=where: where,  # type: ignore[misc]
        )
    intake.store(entries.values())
    made = {
        name: entry.row for name, entry in entries.items() if entry.stored and isinstance(entry.row, Vendor)
    }
    vendors = {
        name: vendor
        for name, other in meant.items()
        if (vendor := known.get(name) or known.get(other) or made.get(other)) is not None
    }
    for name, meaning in vendors.items():
        intake.remember(NAMES, name, said={"vendor": meaning.slug})
    return vendors, _alike(vendors, on_file=on_file)


def _known(names: set[str], *, intake: Intake) -> tuple[dict[str, Vendor], list[Vendor]]:
    """Return the vendors that names mean already, as decided before or by the very name; and all on file."""
    on_file = list(Vendor.objects.order_by("pk"))
    by_slug = {vendor.slug: vendor for vendor in on_file}
    by_name: dict[str, Vendor] = {}
    for vendor in on_file:
        for name in (vendor.name, vendor.legal_name):
            if name:
                by_name.setdefault(name.casefold(), vendor)
    found = {}
    for name in names:
        decided: RegisterRecord | None = intake.before(NAMES, name)
        vendor_or_none = by_slug.get(decided.said.get("vendor", "")) if decided is not None else None
        vendor_or_none = vendor_or_none or by_name.get(name.casefold())
        if vendor_or_none is not None:
            found[name] = vendor_or_none
    return found, on_file


def _alike(vendors: Mapping[str, Vendor], *, on_file: Iterable[Vendor]) -> tuple[tuple[str, ...], ...]:
    """Return sets of names that may be one company, and are not yet; at least one is the register's."""
    names = dict(vendors) | {vendor.name: vendor for vendor in on_file if vendor.name not in vendors}
    return tuple(
        names_alike
        for names_alike in alike_vendors(names)
        if any(name in vendors for name in names_alike) and len({names[name].pk for name in names_alike}) > 1
    )


def _slug(name: str, *, taken: set[str]) -> str:
    """Return a short name that no vendor has."""
    start = slugify(name)[:SLUG_LENGTH].strip("-") or "vendor"
    slug, count = start, 1
    while slug in taken:
        count += 1
        slug = f"{start[: SLUG_LENGTH - 1 - len(str(count))]}-{count}"
    taken.add(slug)
    return slug
