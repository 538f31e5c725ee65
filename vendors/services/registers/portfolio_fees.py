"""Store the fees of a portfolio workbook, with the cost centres that bear them."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from vendors.models import Charge, Contract, Service, minor_units
from vendors.registers.portfolio import SheetRow
from vendors.registers.sheets import FEES, SERVICES
from vendors.services.fees import split_cost
from vendors.services.registers.intake import Entry, in_batches
from vendors.services.registers.portfolio import Portfolio, said
from vendors.services.registers.report import Change, Outcome

FEE_FIELDS = ("kind", "every", "month_by", "purchase_order", "included_in_base")
Key = tuple[int, int | None, str, Any]


def store_fees(portfolio: Portfolio) -> None:
    """Store the fees of the workbook; a row without a first day holds from the contract's."""
    rows = portfolio.file.of(FEES)
    named = [contract.pk for contract in portfolio.contracts.values()] if rows else []
    on_file = Charge.objects.exclude(kind=Charge.Kind.BILLED).select_related(
        "contract", "service", "account__vendor"
    )
    present: dict[Key, Charge] = {
        (row.contract_id, row.service_id, row.code, row.effective_from): row
        for row in in_batches(on_file, path="contract_id", values=named)
    }
    entries: dict[Key, tuple[Entry, SheetRow]] = {}
    for row in rows:
        entry = _fee(portfolio, row, present=present)
        if entry is None or not isinstance(charge := entry.row, Charge):
            continue
        key = (charge.contract_id, charge.service_id, charge.code, charge.effective_from)
        if key in entries:
            first = entries[key][1].number
            portfolio.intake.fault(
                row.place(), f"this fee stands in row {first} already. Keep one of the two."
            )
            continue
        entries[key] = (entry, row)
    portfolio.intake.store(entry for entry, _ in entries.values())
    _shares(
        portfolio, [each for each in entries.values() if each[0].stored and "cost_shares" in each[1].values]
    )


def _fee(portfolio: Portfolio, row: SheetRow, *, present: dict[Key, Charge]) -> Entry | None:
    contract = portfolio.contract(row)
    if contract is None:
        return None
    service = _service(portfolio, row, contract=contract)
    amount = _amount(portfolio, row, contract=contract)
    account = portfolio.account(row, vendor=contract.vendor) if row.get("account") else None
    if (service is None and row.get("service")) or amount is None or (account is None and row.get("account")):
        return None
    code, starts = row.get("code"), row.get("effective_from") or contract.effective_from
    key = (contract.pk, service.pk if service else None, code, starts)
    found = present.get(key) or Charge(contract=contract, service=service, code=code, effective_from=starts)
    values = {"amount_minor": amount, **said(row, FEE_FIELDS)}
    if account is not None:
        values["account"] = account
    if found._state.adding and values.get("kind") == Charge.Kind.ONE_TIME:
        values.setdefault("every", Charge.Every.ONCE.value)
    parts = (contract.reference, service.code if service else "", code, starts.isoformat())
    return Entry(kind=FEES.name, key="/".join(parts), row=found, values=values, place=row.place, leaf=True)


def _service(portfolio: Portfolio, row: SheetRow, *, contract: Contract) -> Service | None:
    code = row.get("service")
    found = portfolio.services.get((contract.reference, code))
    if code and found is None:
        lost = f"{contract.reference} has no service {code!r}. Add it to the sheet services, or correct it."
        portfolio.missing(row, "service", sheet=SERVICES.name, key=(contract.reference, code), said=lost)
    return found


def _amount(portfolio: Portfolio, row: SheetRow, *, contract: Contract) -> int | None:
    amount: Decimal = row.get("amount")
    if amount < 0:
        portfolio.intake.fault(
            row.place("amount"),
            f"{amount} is below zero. Write it without a sign; a discount has kind discount.",
        )
        return None
    try:
        return minor_units(amount, currency=contract.currency)
    except ValidationError as error:
        portfolio.intake.fault(row.place("amount"), " ".join(error.messages))
        return None


def _shares(portfolio: Portfolio, stored: list[tuple[Entry, SheetRow]]) -> None:
    """Split fees between cost centres, unless a person split them otherwise since."""
    intake = portfolio.intake
    keys = [entry.row.pk for entry, _ in stored]
    charges = in_batches(Charge.objects.prefetch_related("cost_shares"), path="pk", values=keys)
    present = {
        charge.pk: {share.cost_centre: share.percent for share in charge.cost_shares.all()}
        for charge in charges
    }
    for entry, row in stored:
        wanted, ours = dict(row.get("cost_shares")), present[entry.row.pk]
        record = intake.before(entry.kind, entry.key)
        before = record.said.get("cost_shares", "") if record is not None else ""
        if ours == wanted:
            continue
        if _written(ours) != before:
            entry.notes.append(f"cost shares stay {_written(ours)}; the register says {_written(wanted)}")
            intake.amend(entry, outcome=Outcome.CONFLICTING)
            continue
        assert isinstance(entry.row, Charge)
        split_cost(entry.row, shares=wanted, by=intake.by, reason=intake.reason)
        intake.say(entry, said={"cost_shares": _written(wanted)})
        entry.changes.append(Change("cost shares", _written(ours), _written(wanted)))
        intake.amend(entry, outcome=Outcome.UPDATED)


def _written(shares: dict[str, Decimal]) -> str:
    return "; ".join(f"{name} {percent.normalize():f}" for name, percent in sorted(shares.items()))
