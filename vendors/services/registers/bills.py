"""Store what was really billed, and compare bills with the fees on file.

A usage-based fee is an estimate until its period is billed: the bill becomes a billed amount of the register.
A recurring fee is not: stored beside it, a bill would count twice as the base of credits. So it is compared
with what the fee comes to, and a difference is told; a person changes the fee, or asks the vendor.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from vendors.files.errors import FileError
from vendors.models import Charge, Contract, Service, ServiceAlias, Vendor, minor_units, money_text
from vendors.registers.bill_table import BillLine, Bills, read_bills
from vendors.services.registers.intake import Entry, Intake, in_batches
from vendors.services.registers.report import Outcome, RegisterReport, nothing_more

REGISTER = "bills"
KIND = "bills"
MONTHS: Mapping[str, int] = {Charge.Every.MONTH: 1, Charge.Every.QUARTER: 3, Charge.Every.YEAR: 12}


@dataclass(slots=True, kw_only=True)
class Billing:
    """The contracts, services and fees that the lines of a file may mean."""

    intake: Intake
    contracts: dict[str, Contract] = field(default_factory=dict)
    by_account: dict[str, list[Contract]] = field(default_factory=dict)
    services: dict[tuple[int, str], set[Service]] = field(default_factory=dict)
    fees: dict[int, list[Charge]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Billed:
    """What one invoice asks for one fee and period: its lines, added up."""

    contract: Contract
    service: Service | None
    fee: str
    lines: list[BillLine] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """Return the sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


def import_bills(
    content: bytes,
    *,
    by: User,
    at: datetime,
    columns: Mapping[str, str] | None = None,
    vendor: Vendor | None = None,
    register: str = REGISTER,
    dry_run: bool = False,
    settle: Callable[[RegisterReport], None] = nothing_more,
) -> RegisterReport:
    """Store the actual amounts of billed periods; a line that cannot be used does not hold up the others.

    `vendor` narrows the contracts that may be meant. Drafts of the billed periods follow. A second run
    changes nothing. `at` is a UTC instant. `settle` is called with the report in the transaction that stores.
    Raises ValidationError where nothing of the file can be used.
    """
    try:
        bills = read_bills(content, columns=columns)
    except FileError as error:
        raise ValidationError(str(error), code="file") from error
    intake = Intake(register=register, by=by, at=at, reason=f"Imported from the register {register}")
    intake.problems += bills.problems
    intake.notes.append(_read_as(bills.columns))
    if bills.left_out:
        intake.notes.append(f"{bills.left_out} lines of tax were left out.")
    with transaction.atomic():
        lines = list(_complete(bills, intake=intake))
        billing = _billing(lines, intake=intake, vendor=vendor)
        _store(billing, _added_up(billing, lines))
        report = intake.report(dry_run=dry_run)
        if dry_run:
            transaction.set_rollback(True)
        else:
            settle(report)
    return report


def _complete(bills: Bills, *, intake: Intake) -> Iterator[BillLine]:
    """Yield the lines of invoices that could be read in full: what is left of others may be too little."""
    told: set[str] = set()
    for line in bills.lines:
        if line.invoice not in bills.broken:
            yield line
        elif line.invoice not in told:
            told.add(line.invoice)
            said = f"nothing of invoice {line.invoice} is taken, as one of its lines cannot be used."
            intake.fault(line.place(), said)


def _read_as(columns: Mapping[str, str]) -> str:
    told = ", ".join(f"{name.replace('_', ' ')} from {column!r}" for name, column in columns.items())
    return f"Columns: {told}."


def _billing(lines: Iterable[BillLine], *, intake: Intake, vendor: Vendor | None) -> Billing:
    rows = Contract.objects.select_related("vendor", "account")
    if vendor is not None:
        rows = rows.filter(vendor=vendor)
    lines = list(lines)
    references = [each.contract for each in lines if each.contract]
    named = list(in_batches(rows, path="reference", values=references))
    numbers = [each.account for each in lines if not each.contract]
    billing = Billing(intake=intake, contracts={row.reference: row for row in named})
    for path in ("account__number", "charges__account__number"):
        for start in in_batches(rows.distinct(), path=path, values=numbers):
            named.append(start)
    keys = [row.pk for row in named]
    fees = Charge.objects.select_related("service", "account", "contract")
    for fee in in_batches(fees, path="contract_id", values=keys):
        billing.fees.setdefault(fee.contract_id, []).append(fee)
    for contract in {row.pk: row for row in named}.values():
        accounts = {fee.account.number for fee in billing.fees.get(contract.pk, ()) if fee.account}
        for number in accounts | ({contract.account.number} if contract.account else set()):
            billing.by_account.setdefault(number, []).append(contract)
    _name_services(billing, keys=keys)
    return billing


def _name_services(billing: Billing, *, keys: list[int]) -> None:
    """Keep by which words each service may be named: its code, the vendor's identifier, names in feeds."""
    for service in in_batches(Service.objects.select_related("contract"), path="contract_id", values=keys):
        for word in (service.code, service.vendor_identifier):
            billing.services.setdefault((service.contract_id, word), set()).add(service)
    aliases = ServiceAlias.objects.select_related("service__contract")
    for alias in in_batches(aliases, path="service__contract_id", values=keys):
        billing.services.setdefault((alias.service.contract_id, alias.name), set()).add(alias.service)


def _added_up(billing: Billing, lines: Iterable[BillLine]) -> list[Billed]:
    """Return the lines added up by invoice, fee and period."""
    found: dict[tuple[object, ...], Billed] = {}
    for line in lines:
        try:
            contract = _contract(billing, line)
            service = _service(billing, line, contract=contract)
            fee = line.fee or _only_fee(billing, line, contract=contract, service=service)
            if line.currency and line.currency != contract.currency:
                raise ValueError(f"it is in {line.currency}, {contract.reference} is in {contract.currency}")
        except ValueError as error:
            billing.intake.fault(line.place(), f"{error}.")
            continue
        key = (contract.pk, service and service.pk, fee, line.period_from, line.period_until, line.invoice)
        billed = found.setdefault(key, Billed(contract=contract, service=service, fee=fee))
        billed.lines.append(line)
    return list(found.values())


def _contract(billing: Billing, line: BillLine) -> Contract:
    if line.contract:
        if line.contract not in billing.contracts:
            raise ValueError(f"no contract has the reference {line.contract!r}; enter it first")
        return billing.contracts[line.contract]
    found = billing.by_account.get(line.account, [])
    if len(found) > 1 and line.service:
        found = [row for row in found if (row.pk, line.service) in billing.services]
    if len(found) != 1:
        named = ", ".join(sorted(row.reference for row in found)[:5])
        said = f"is on several contracts ({named}); name the contract" if found else "is on no contract"
        raise ValueError(f"account {line.account!r} {said}")
    return found[0]


def _service(billing: Billing, line: BillLine, *, contract: Contract) -> Service | None:
    if not line.service:
        return None
    found = billing.services.get((contract.pk, line.service), set())
    if len(found) != 1:
        what = "no service" if not found else "more than one service"
        raise ValueError(f"{what} of {contract.reference} goes by {line.service!r}")
    return next(iter(found))


def _only_fee(billing: Billing, line: BillLine, *, contract: Contract, service: Service | None) -> str:
    """Return the code of the only fee that runs in the billed period."""
    running = _running(billing, line, contract=contract, service=service)
    usage = {fee.code for fee in running if fee.kind == Charge.Kind.USAGE}
    codes = usage or {fee.code for fee in running}
    if len(codes) != 1:
        whose = service.code if service is not None else "the whole contract"
        said = f"several fees run ({', '.join(sorted(codes)[:5])})" if codes else "no fee is on file"
        raise ValueError(f"for {whose} {said}; name the fee")
    return next(iter(codes))


def _running(
    billing: Billing, line: BillLine, *, contract: Contract, service: Service | None, fee: str = ""
) -> list[Charge]:
    """Return the fees on file that begin before the billed period ends."""
    key = service.pk if service is not None else None
    return [
        each
        for each in billing.fees.get(contract.pk, ())
        if each.kind in (Charge.Kind.RECURRING, Charge.Kind.USAGE)
        and each.service_id == key
        and each.effective_from < line.period_until
        and (not fee or each.code == fee)
    ]


def _store(billing: Billing, billed: Iterable[Billed]) -> None:
    entries = []
    for each in billed:
        first, currency = each.lines[0], each.contract.currency
        try:
            amount = minor_units(each.total, currency=currency)
        except ValidationError as error:
            billing.intake.fault(first.place("amount"), " ".join(error.messages))
            continue
        if amount < 0:
            said = f"{each.total} in all: a credit note. Enter it under Credits received."
            billing.intake.fault(first.place("amount"), said)
            continue
        entry = _entry(billing, each, amount=amount)
        fees = _running(billing, first, contract=each.contract, service=each.service, fee=each.fee)
        newest = max(fees, key=lambda fee: fee.effective_from, default=None)
        if newest is not None and newest.kind == Charge.Kind.RECURRING:
            _compare(billing, entry, fee=newest, line=first, amount=amount)
        else:
            entries.append(entry)
    billing.intake.store(entries)


def _entry(billing: Billing, billed: Billed, *, amount: int) -> Entry:
    first, key = billed.lines[0], billed.service.pk if billed.service is not None else None
    found = next(
        (
            each
            for each in billing.fees.get(billed.contract.pk, ())
            if each.kind == Charge.Kind.BILLED
            and (each.service_id, each.code, each.period_from, each.invoice_number)
            == (key, billed.fee, first.period_from, first.invoice)
        ),
        None,
    )
    row = found or Charge(
        contract=billed.contract,
        service=billed.service,
        code=billed.fee,
        kind=Charge.Kind.BILLED,
        every=Charge.Every.ONCE,
        effective_from=first.period_from,
        period_from=first.period_from,
        invoice_number=first.invoice,
    )
    code = billed.service.code if billed.service is not None else ""
    parts = (billed.contract.reference, code, billed.fee, first.period_from.isoformat(), first.invoice)
    entry = Entry(
        kind=KIND,
        key="/".join(parts),
        row=row,
        values={"amount_minor": amount, "period_until": first.period_until},
        place=first.place,
        leaf=True,
    )
    if first.period_from > billing.intake.at.date():
        entry.notes.append(f"its period begins on {first.period_from}, which lies ahead: is the year right?")
    if len(billed.lines) > 1:
        entry.notes.append(f"{len(billed.lines)} lines added up")
    return entry


def _compare(billing: Billing, entry: Entry, *, fee: Charge, line: BillLine, amount: int) -> None:
    """Tell whether a bill agrees with a recurring fee; nothing is stored."""
    currency = fee.contract.currency
    months = _whole_months(line)
    due = None if months is None else fee.amount_minor * months / MONTHS.get(fee.every, 1)
    if due == amount:
        billing.intake.note(entry, Outcome.UNCHANGED)
        return
    on_file = f"{money_text(fee.amount_minor, currency=currency)} a {fee.every}"
    billed = money_text(amount, currency=currency)
    entry.notes.append(
        f"billed {billed}, the recurring fee on file is {on_file}; nothing is stored"
        if months is not None
        else f"billed {billed} for no whole months, not compared with {on_file}; nothing is stored"
    )
    billing.intake.note(entry, Outcome.CONFLICTING)


def _whole_months(line: BillLine) -> int | None:
    """Return how many months a period is, where it begins and ends on one day of the month."""
    first, until = line.period_from, line.period_until
    if first.day != until.day:
        return None
    return (until.year - first.year) * 12 + until.month - first.month
