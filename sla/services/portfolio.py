"""A whole portfolio from one workbook: the register's sheets, and SLA schedules begun from templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services.templates import (
    COMMON,
    blanks_of,
    filled_blanks,
    schedule_from_template,
    start_template,
    start_templates,
)
from vendors.files.errors import FileError
from vendors.models import Charge, Contract, major_units
from vendors.registers.portfolio import SheetRow, read_portfolio
from vendors.registers.sheets import SHEETS, Column, Sheet
from vendors.registers.workbook import how, portfolio_workbook
from vendors.services.registers import Entry, Intake, Outcome, RegisterReport
from vendors.services.registers.portfolio import Portfolio, store_register
from vendors.services.registers.portfolio_fees import store_fees
from vendors.services.registers.report import nothing_more

REGISTER = "portfolio"
TERMS = "terms"
KINDS = {"amount": "amount", "number": "number", "date": "day"}


TERMS_COLUMNS = (
    Column(
        name="contract",
        about="Reference of the contract.",
        needed=True,
        examples=("NWC-2024-01", "FL-2025-7"),
    ),
    Column(
        name="template",
        about="Which published clause.",
        needed=True,
        words=tuple(template.code for template in start_templates()),
        examples=("colocation", "lumen-han"),
    ),
    Column(
        name="service",
        about="Code of the service that it promises.",
        needed=True,
        examples=("cage-7", "circuit-1"),
    ),
    Column(name="fee", about="Its monthly fee; where it is empty, the one on file.", kind="amount"),
    Column(name="start", about="First day of the terms; the contract's where it is empty.", kind="day"),
)
# What the example of a template fills in beside them.
EXAMPLES = {"cross_connect_fee": "325.00"}


def terms_sheet() -> Sheet:
    """Return the sheet of SLA schedules: a template, and a column for each blank that some template has."""
    own = {blank.code: blank for template in start_templates() for blank in template.blanks}
    common = {blank.code for blank in COMMON}
    more = (
        Column(
            name=code,
            about=f"{blank.label}. Asked by: {', '.join(_asking(code))}.",
            kind=KINDS.get(blank.kind, "text"),
            examples=(EXAMPLES.get(code, ""), ""),
        )
        for code, blank in sorted(own.items())
        if code not in common
    )
    return Sheet(
        name=TERMS,
        about="SLA schedules, each a draft begun from a published clause: compare it with what you signed.",
        key=("contract", "template"),
        columns=(*TERMS_COLUMNS, *more),
    )


def _asking(blank: str) -> list[str]:
    return [each.code for each in start_templates() if any(own.code == blank for own in each.blanks)]


def portfolio_sheets() -> tuple[Sheet, ...]:
    """Return all sheets of the workbook, in the order in which they are stored."""
    return (*SHEETS, terms_sheet())


def empty_portfolio(*, examples: bool = False) -> bytes:
    """Return the workbook to fill in."""
    return portfolio_workbook(sheets=portfolio_sheets(), examples=examples)


def import_portfolio(
    content: bytes,
    *,
    by: User,
    at: datetime,
    register: str = REGISTER,
    dry_run: bool = False,
    settle: Callable[[RegisterReport], None] = nothing_more,
) -> RegisterReport:
    """Store a portfolio workbook, all of it or nothing; the report tells every fault at once.

    A second run changes nothing. What a person corrected since stays. `at` is a UTC instant. `settle` is
    called with the report in the transaction that stores. Raises ValidationError where the file is no such
    workbook.
    """
    try:
        file = read_portfolio(content, sheets=portfolio_sheets())
    except FileError as error:
        raise ValidationError(str(error), code="file") from error
    intake = Intake(register=register, by=by, at=at, reason=f"Imported from the register {register}")
    portfolio = Portfolio(file=file, intake=intake)
    with transaction.atomic():
        store_register(portfolio)
        store_fees(portfolio)
        for row in file.of(terms_sheet()):
            _begin(portfolio, row)
        report = intake.report(dry_run=dry_run, kept=not (dry_run or intake.problems))
        if report.kept:
            settle(report)
        else:
            transaction.set_rollback(True)
    return report


def _begin(portfolio: Portfolio, row: SheetRow) -> None:
    """Begin one SLA schedule, or say how the one on file differs; terms are never changed by an import."""
    contract = portfolio.contract(row)
    if contract is None:
        return
    intake, template = portfolio.intake, row.get("template")
    service = portfolio.services.get((contract.reference, row.get("service")))
    if service is None:
        key = (contract.reference, row.get("service"))
        lost = f"{contract.reference} has no service {row.get('service')!r}. Add it to the sheet services."
        portfolio.missing(row, "service", sheet="services", key=key, said=lost)
        return
    blanks = _blanks(contract, row=row)
    code = start_template(template).document["agreements"][0]["code"]
    found = contract.schedules.filter(code=code).first()
    try:
        if found is None:
            with transaction.atomic():
                found = schedule_from_template(
                    template, blanks=blanks, by=intake.by, at=intake.at, reason=intake.reason
                )
            _note(portfolio, row, found=found, outcome=Outcome.CREATED, differs=())
        else:
            differs = _differences(found, template=template, filled=filled_blanks(template, blanks=blanks))
            outcome = Outcome.CONFLICTING if differs else Outcome.UNCHANGED
            _note(portfolio, row, found=found, outcome=outcome, differs=differs)
    except ValidationError as error:
        _refuse(portfolio, row, error)


def _blanks(contract: Contract, *, row: SheetRow) -> dict[str, str]:
    """Return what the row fills in, over what contract and fees on file say."""
    own = {name: str(value) for name, value in row.values.items() if name not in ("contract", "template")}
    blanks = {**blanks_of(contract), **own}
    if "fee" not in blanks:
        starts = date.fromisoformat(blanks["start"])
        fee = _fee(contract, service=row.get("service"), on=max(starts, contract.effective_from))
        if fee is not None:
            blanks["fee"] = str(major_units(fee.amount_minor, currency=contract.currency))
    known = {blank.code for blank in start_template(row.get("template")).blanks}
    return {name: value for name, value in blanks.items() if name in known or name in own}


def _fee(contract: Contract, *, service: str, on: date) -> Charge | None:
    """Return the monthly fee of a service on a day."""
    rows = contract.charges.filter(
        service__code=service,
        effective_from__lte=on,
        every=Charge.Every.MONTH,
        kind__in=[Charge.Kind.RECURRING, Charge.Kind.USAGE],
    )
    return rows.order_by("effective_from").last()


def _differences(
    agreement: ServiceLevelAgreement, *, template: str, filled: Mapping[str, str]
) -> tuple[str, ...]:
    """Say how a schedule on file differs from what the workbook asks for; fees have rows of their own."""
    version: AgreementVersion | None = (
        agreement.versions.filter(template=template).order_by("effective_from").first()
    )
    if version is None:
        return (f"{agreement} was not begun from {template}; it stays as it is",)
    before: dict[str, Any] = version.blanks
    return tuple(
        f"{name.replace('_', ' ')} was {before.get(name) or 'empty'}, the workbook says {value}; "
        "change the terms in Recourse, as a new version"
        for name, value in filled.items()
        if name in ("service", "start") or name not in {blank.code for blank in COMMON}
        if before.get(name) != value
    )


def _note(
    portfolio: Portfolio,
    row: SheetRow,
    *,
    found: ServiceLevelAgreement,
    outcome: Outcome,
    differs: tuple[str, ...],
) -> None:
    entry = Entry(
        kind="SLA schedules", key=str(found), row=found, values={}, place=row.place, notes=list(differs)
    )
    portfolio.intake.note(entry, outcome)


def _refuse(portfolio: Portfolio, row: SheetRow, error: ValidationError) -> None:
    told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    own = {column.name for column in terms_sheet().columns}
    for name, texts in told.items():
        for text in texts:
            portfolio.intake.fault(row.place(name if name in own else ""), text)


def reference_tables() -> tuple[str, ...]:
    """Return the table of each sheet as the reference of the workbook prints it."""
    return tuple(_table(sheet) for sheet in portfolio_sheets())


def _table(sheet: Sheet) -> str:
    rows = (
        f"| `{column.heading}` | {'yes' if column.needed else ''} | {column.about} | {how(column)} |"
        f" {column.examples[0] or column.examples[1]} |"
        for column in sheet.columns
    )
    head = "| column | needed | what it holds | how | example |\n|---|---|---|---|---|"
    return (
        f"{sheet.about} One row for each {' + '.join(sheet.key).replace('_', ' ')}.\n\n{head}\n"
        + "\n".join(rows)
    )
