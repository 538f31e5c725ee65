"""Read bills as a table: a row a line of an invoice, with the period that it is for.

`FIELDS` are our fields; `vendors.files.mapping` says how they are mapped to columns. Where no column is named
for any, well-known names in the file are taken. Options of its own:

| key | value |
|---|---|
| option:decimal | point or comma, before the cents; else an amount of the column proves it |
| option:leave_out | kinds of lines that are no fees, with a bar between; else tax, vat, gst, sales tax |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vendors.files.columns import Words
from vendors.files.errors import FileProblem
from vendors.files.tables import CellError, Record
from vendors.registers.tables import DAY, TableCells, mapped

LONGEST_ID = 100
NO_FEES = frozenset({"tax", "vat", "gst", "sales tax"})
_MONTH = re.compile(r"(20[0-9]{2}|19[0-9]{2})[-/]?(0[1-9]|1[0-2])")

BILL_WORDS: Words = {
    "contract": ("contract", "contract number", "contract reference", "agreement", "reference"),
    "account": ("account", "account number", "billing account", "customer number", "customer"),
    "service": ("service", "service id", "circuit", "circuit id", "resource", "product"),
    "fee": ("fee", "fee code", "charge code", "charge", "item", "sku"),
    "month": ("month", "billing month", "service month", "billing period", "period"),
    "first_day": (
        *("first day", "period from", "from", "period start", "start date", "billed from", "service start"),
        "begin",
    ),
    "last_day": (
        *("last day", "period to", "to", "through", "period end", "end date", "billed to", "service end"),
        "end",
    ),
    "until": ("until", "period until", "first day after"),
    "amount": ("amount", "net amount", "net", "amount before tax", "charge amount", "cost", "total"),
    "currency": ("currency", "currency code", "billing currency"),
    "invoice": ("invoice", "invoice number", "invoice no", "invoice id", "bill number", "bill"),
    "line": ("line", "line id", "line number", "invoice line", "line item id"),
    "kind": ("kind", "type", "charge type", "line type", "category"),
}
FIELDS: Mapping[str, str] = {
    "contract": "Our reference of the contract",
    "account": "The vendor's number for us, where no contract is named",
    "service": "Service, by its code, the vendor's identifier, or a name in feeds; empty: whole contract",
    "fee": "Code of the fee; empty: the only usage-based fee of the service",
    "month": "Month that it is for, such as 2016-06; or first and last day",
    "first_day": "First day that it is for",
    "last_day": "Last day that it is for",
    "until": "First day after, instead of the last day",
    "amount": "Amount before tax; lines of one invoice, fee and period are added up",
    "currency": "Currency, where it is not the contract's",
    "invoice": "Number of the invoice",
    "line": "Number of the line in it",
    "kind": "Kind of the line; lines of tax are left out",
}
# What a line must have, and what may stand for a column.
NEEDED: Mapping[str, str] = {
    "contract": "needed, or the account",
    "account": "needed, or the contract",
    "month": "needed, or first and last day",
    "first_day": "needed, or the month",
    "last_day": "needed, or the month",
    "amount": "needed",
    "invoice": "needed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of an invoice for `[period_from, period_until)`; `row` is its number in the file."""

    row: int
    where: str
    contract: str = ""
    account: str = ""
    service: str = ""
    fee: str = ""
    period_from: date
    period_until: date
    amount: Decimal
    currency: str = ""
    invoice: str
    line: str = ""

    def place(self, column: str = "") -> str:
        """Say where the line stands."""
        return f"{self.where}, {column}" if column else self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Bills:
    """The lines of a file, what could not be read, and which column was taken for what."""

    lines: tuple[BillLine, ...]
    problems: tuple[FileProblem, ...]
    columns: Mapping[str, str]
    left_out: int = 0
    # Invoices of which a line could not be read: what they come to is not known.
    broken: frozenset[str] = frozenset()


def read_bills(content: bytes, *, columns: Mapping[str, str] | None = None) -> Bills:
    """Read a table of bills.

    Raises:
        FileError: no table, or a column that nothing decides how to read; the message says what to state.

    """
    mapping = mapped(content, given=columns or {}, words=BILL_WORDS, options=("leave_out",))
    cells = TableCells(
        content, mapping=mapping, days=("first_day", "last_day", "until"), amounts=("amount",), key="invoice"
    )
    lines, left_out = [], 0
    no_fees = mapping.words("leave_out") or NO_FEES
    seen: dict[tuple[str, str], int] = {}
    repeated: list[FileProblem] = []
    for record in cells.records:
        if record.text("kind").casefold().strip() in no_fees:
            left_out += 1
            continue
        try:
            line = _line(record, cells=cells)
        except CellError as error:
            cells.table.refuse(record, error)
            continue
        first = seen.setdefault((line.invoice, line.line or str(line.row)), line.row)
        if first == line.row:
            lines.append(line)
        else:
            repeated.append(_repeated(line, first=first))
    return Bills(
        lines=tuple(lines),
        problems=(*cells.table.problems, *repeated),
        columns=mapping.columns,
        left_out=left_out,
        broken=frozenset(cells.table.lost),
    )


def _line(record: Record, *, cells: TableCells) -> BillLine:
    period_from, period_until = _period(record, cells=cells)
    read = cells.amount(record, "amount")
    if read is None:
        raise CellError("amount", "the line has no amount")
    currency = record.text("currency").upper()
    if currency and read.currency and currency != read.currency:
        raise CellError(
            "amount", f"its currency is {read.currency}, the column of currencies says {currency}"
        )
    if not (record.text("contract") or record.text("account")):
        raise CellError("contract", "neither a contract nor an account is named")
    invoice = record.text("invoice")
    if not invoice or len(invoice) > LONGEST_ID:
        raise CellError("invoice", "no number of an invoice" if not invoice else "longer than 100 letters")
    texts = {name: record.text(name) for name in ("contract", "account", "service", "fee", "line")}
    return BillLine(
        row=record.number,
        where=cells.table.place(record.number),
        period_from=period_from,
        period_until=period_until,
        amount=read.value,
        currency=currency or read.currency,
        invoice=invoice,
        **texts,
    )


def _period(record: Record, *, cells: TableCells) -> tuple[date, date]:
    """Return the first day that a line is for, and the first day after."""
    month = record.text("month")
    first, last = cells.day(record, "first_day"), cells.day(record, "last_day")
    until = cells.day(record, "until") or (last + DAY if last else None)
    if first is None and until is None and month:
        return _month(month)
    if first is None or until is None:
        raise CellError(
            "first_day" if first is None else "last_day", "it does not say for which period it is"
        )
    if until <= first:
        raise CellError("last_day", f"the period ends before it begins ({first})")
    return first, until


def _month(text: str) -> tuple[date, date]:
    found = _MONTH.fullmatch(text[:7]) if len(text) <= 19 else None
    if found is None:
        raise CellError("month", "not a month such as 2016-06")
    year, month = int(found[1]), int(found[2])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _repeated(line: BillLine, *, first: int) -> FileProblem:
    """Tell of a line of an invoice that came before, as from a file put together twice."""
    said = f"line {line.line} of invoice {line.invoice} stands in row {first} already; that one is kept."
    return FileProblem(place=line.place(), message=said)
