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

from vendors.files.errors import FileError
from vendors.models import Contract, LegalEntity, RegisterRecord, Vendor
from vendors.registers.contract_table import read_contracts
from vendors.registers.ocds import read_ocds
from vendors.registers.values import ContractRegister, RegisterContract
from vendors.services.registers.intake import Entry, Intake, in_batches
from vendors.services.registers.report import RegisterReport, nothing_more
from vendors.services.registers.vendor_names import alike_names, known_names, store_vendors

REGISTER = "contracts"
CONTRACTS = "contracts"
TITLE_LENGTH = 200
MOST_NAMED = 5
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
    settle: Callable[[RegisterReport], None] = nothing_more,
) -> RegisterReport:
    """Store a register of contracts; one that cannot be used is told, and does not hold up the others.

    `form` is a key of FORMATS. A second run changes nothing, and never what a person corrected since. `at` is
    a UTC instant. `settle` is called with the report in the transaction that stores. Raises ValidationError
    where nothing of the file can be used.
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
        named = {each.vendor for each in read.contracts}
        report = intake.report(dry_run=dry_run, alike=alike, named=named)
        if dry_run:
            transaction.set_rollback(True)
        else:
            settle(report)
    return report


def _store(
    contracts: Iterable[RegisterContract], *, intake: Intake, usual: Usual
) -> tuple[tuple[str, ...], ...]:
    """Store what can be stored; return sets of names that may be one company."""
    sound = [each for each in contracts if _is_sound(each, intake=intake, usual=usual)]
    names = known_names({each.vendor for each in sound if each.vendor}, same=usual.same, intake=intake)
    references = {each.number: _reference(each.number) for each in sound}
    rows = Contract.objects.select_related("vendor", "entity")
    on_file = {row.reference: row for row in in_batches(rows, path="reference", values=references.values())}
    signing = _signing(sound, usual=usual, intake=intake)
    taken: dict[str, str] = {}
    fitting = []
    for each in sound:
        reference = references[each.number]
        first, found = taken.setdefault(reference, each.number), on_file.get(reference)
        vendor = names.known.get(each.vendor) if each.vendor else usual.vendor
        entity = signing[each.number]
        wrong = _wrong(each, found=found, vendor=vendor, entity=entity, first=first, reference=reference)
        if not wrong:
            fitting.append((each, found, reference))
            continue
        intake.fault(each.where, wrong)
        if found is not None and vendor is None:
            names.doubtful.append((each.vendor, found.vendor.name))
    vendors = store_vendors(names, [each for each, _, _ in fitting], intake=intake)
    entries = []
    for each, found, reference in fitting:
        vendor = vendors.get(each.vendor) if each.vendor else usual.vendor
        if vendor is not None:
            row = found or Contract(reference=reference, vendor=vendor)
            entries.append(_entry(each, row=row, entity=signing[each.number], usual=usual, intake=intake))
    intake.store(entries)
    return alike_names(names, vendors)


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
        intake.fault(each.where, f"it lacks {' and '.join(lacking)}.")
    return not lacking


def _wrong(
    each: RegisterContract,
    *,
    found: Contract | None,
    vendor: Vendor | None,
    entity: LegalEntity | None,
    first: str,
    reference: str,
) -> str:
    """Say why a contract cannot be stored; empty where it can. `vendor` is None for one not on file yet."""
    if first != each.number:
        return f"{each.number!r} and {first!r} would both have the reference {reference}. Tell them apart."
    if found is not None and found.vendor != vendor:
        said = f"{reference} is a contract with {found.vendor}; the register names {each.vendor or vendor}."
        return said if vendor is not None else f"{said} If they are one company, say so."
    if found is None and entity is None:
        return "which of our companies signed is not known. State one for all."
    return ""


def _signing(
    contracts: Iterable[RegisterContract], *, usual: Usual, intake: Intake
) -> dict[str, LegalEntity | None]:
    """Return which of our companies signed each contract: the named one, else the usual one."""
    entities = {row.code: row for row in LegalEntity.objects.all()}
    named = {row.name.casefold(): row for row in entities.values()} | entities
    stands = usual.entity or (next(iter(entities.values())) if len(entities) == 1 else None)
    strange = {each.entity for each in contracts if each.entity and each.entity.casefold() not in named}
    if strange and stands is not None:
        named_few = ", ".join(sorted(strange)[:MOST_NAMED]) + (", …" if len(strange) > MOST_NAMED else "")
        intake.notes.append(f"Signed by none of our companies: {named_few}. {stands.code} is taken instead.")
    return {each.number: named.get(each.entity.casefold(), stands) for each in contracts}


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
