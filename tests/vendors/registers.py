"""Workbooks and tables of registers for tests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from vendors.registers.portfolio import PortfolioFile, read_portfolio
from vendors.services.registers import Outcome, RegisterReport

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
Rows = Sequence[Sequence[Any]]

ENTITIES = [("code", "base currency"), ("acme-us", "USD")]
VENDORS = [("slug", "name", "kind"), ("northrack", "Northrack", "data_center")]
CONTRACTS = [
    ("reference", "vendor", "entity", "currency", "zone", "effective from"),
    ("NR-1", "northrack", "acme-us", "USD", "America/Los_Angeles", "2024-01-01"),
]
SERVICES = [("contract", "code", "name"), ("NR-1", "cage-7", "Cage 7")]
FEES = [("contract", "service", "code", "amount"), ("NR-1", "cage-7", "cage", "2000.00")]


def workbook(sheets: Mapping[str, Rows], *, hidden: Sequence[str] = ()) -> bytes:
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        for number, cells in enumerate(rows):
            for place, value in enumerate(cells):
                page.write(number, place, value)
        if name in hidden:
            page.hide()
    book.close()
    return content.getvalue()


def small(**changed: Rows) -> bytes:
    """Give a portfolio of one vendor, contract, service and fee, with some sheets replaced."""
    sheets = {
        "entities": ENTITIES,
        "vendors": VENDORS,
        "contracts": CONTRACTS,
        "services": SERVICES,
        "fees": FEES,
    }
    return workbook({**sheets, **changed})


def read(**changed: Rows) -> PortfolioFile:
    return read_portfolio(small(**changed))


def told(problems: Sequence[Any]) -> list[tuple[str, str]]:
    return [(problem.place, problem.message) for problem in problems]


def outcomes(report: RegisterReport) -> dict[str, int]:
    return {str(outcome): count for outcome in Outcome if (count := report.count(outcome))}
