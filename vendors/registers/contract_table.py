"""Read a register of contracts as a table: a row a contract, or several rows with one number.

`FIELDS` are our fields; `vendors.files.mapping` says how they are mapped to columns. Where no column is named
for any, well-known names in the file are taken. `option:decimal` is point or comma, before the cents. A last
day in 2099 or later is how registers write "no end".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from vendors.files.columns import Words
from vendors.files.errors import FileProblem
from vendors.files.tables import CellError, Record
from vendors.registers.alike import plain_number
from vendors.registers.money import ReadAmount
from vendors.registers.tables import DAY, NO_END, TableCells, mapped
from vendors.registers.values import ContractRegister, RegisterContract

LONGEST_NUMBER = 80

CONTRACT_WORDS: Words = {
    "number": (
        *("contract number", "contract no", "contract id", "contract reference", "reference", "doc number"),
        *("document number", "agreement number", "po number", "number", "id", "contract"),
    ),
    "vendor": (
        "vendor name",
        "vendor",
        "supplier name",
        "supplier",
        "contractor",
        "contractor name",
        "company",
    ),
    "title": ("title", "contract title", "description", "subject", "name", "contract name", "purpose"),
    "amount": (
        "amount",
        "contract amount",
        "contract value",
        "value",
        "total value",
        "total amount",
        "total",
    ),
    "currency": ("currency", "currency code"),
    "first_day": (
        *("begin date", "start date", "contract start date", "effective date", "effective from", "begins"),
        *("start", "from", "begin"),
    ),
    "last_day": (
        *("end date", "contract end date", "expiration date", "expiry date", "expires", "last day", "ends"),
        *("end", "to"),
    ),
    "until": ("effective until", "until", "first day after"),
    "signed_on": ("signed on", "date signed", "signature date", "signed"),
    "entity": ("entity name", "entity", "signed by", "buyer", "department", "agency", "business unit"),
}
FIELDS: Mapping[str, str] = {
    "number": "Number of the contract",
    "vendor": "Name of the vendor",
    "title": "What it is about",
    "amount": "Amount of all of it, kept beside the contract and never a fee",
    "currency": "Currency",
    "first_day": "First day of the term",
    "last_day": "Last day of the term; from 2099 on: no end",
    "until": "First day after the term, instead of the last day",
    "signed_on": "Day of the signature",
    "entity": "Which of our companies signed",
}
# What a contract must have, and what may stand for a column.
NEEDED: Mapping[str, str] = {
    "number": "needed",
    "vendor": "needed, or one vendor for all",
    "first_day": "needed",
    "currency": "needed, beside the amounts, or one for all",
}
_DAYS = ("first_day", "last_day", "until", "signed_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of the table; several with one number are one contract."""

    where: str
    number: str
    vendor: str
    title: str
    entity: str
    currency: str
    amount: ReadAmount | None
    first_day: date | None
    until: date | None
    evergreen: bool
    signed_on: date | None


# Where rows of one contract must agree.
_AGREE = ("vendor", "first_day", "until", "signed_on", "entity", "currency")


def read_contracts(content: bytes, *, columns: Mapping[str, str] | None = None) -> ContractRegister:
    """Read a table of contracts.

    Raises:
        FileError: no table, or a column that nothing decides how to read; the message says what to state.

    """
    mapping = mapped(content, given=columns or {}, words=CONTRACT_WORDS)
    cells = TableCells(content, mapping=mapping, days=_DAYS, amounts=("amount",))
    rows: dict[str, list[_Row]] = {}
    for record in cells.records:
        try:
            row = _row(record, cells=cells)
        except CellError as error:
            cells.table.refuse(record, error)
        else:
            rows.setdefault(row.number, []).append(row)
    problems = list(cells.table.problems)
    spelt = _spellings(rows)
    contracts = tuple(
        _contract(same, spelt=spelt, problems=problems, columns=mapping.columns) for same in rows.values()
    )
    return ContractRegister(
        contracts=contracts,
        problems=tuple(problems),
        records=sum(map(len, rows.values())),
        columns=mapping.columns,
    )


def _row(record: Record, *, cells: TableCells) -> _Row:
    number = record.text("number")
    if not number or len(number) > LONGEST_NUMBER:
        raise CellError("number", "longer than 80 letters" if number else "the row has no number")
    first, last = cells.day(record, "first_day"), cells.day(record, "last_day")
    until = cells.day(record, "until") or (last + DAY if last else None)
    evergreen = until is not None and until.year >= NO_END
    if first and until and until <= first:
        raise CellError("last_day", f"the contract ends before it begins ({first})")
    amount = cells.amount(record, "amount")
    return _Row(
        where=cells.table.place(record.number),
        number=number,
        vendor=" ".join(record.text("vendor").split()),
        title=" ".join(record.text("title").split()),
        entity=record.text("entity"),
        currency=record.text("currency").upper() or (amount.currency if amount else ""),
        amount=amount,
        first_day=first,
        until=None if evergreen else until,
        evergreen=evergreen,
        signed_on=cells.day(record, "signed_on"),
    )


def _contract(
    rows: list[_Row],
    *,
    spelt: Mapping[str, list[str]],
    problems: list[FileProblem],
    columns: Mapping[str, str],
) -> RegisterContract:
    first = rows[0]
    told = {name: next((getattr(row, name) for row in rows if getattr(row, name)), None) for name in _AGREE}
    problems.extend(_contradictions(rows, told=told, columns=columns))
    amounts = {row.amount.value for row in rows if row.amount is not None}
    titles = {row.title for row in rows}
    notes = list(_notes(first, amounts=len(amounts), spelt=spelt))
    evergreen = any(row.evergreen for row in rows) and told["until"] is None
    if evergreen:
        notes.append(f"it ends in {NO_END} or later, which is read as no end")
    return RegisterContract(
        number=first.number,
        vendor=told["vendor"] or "",
        title=titles.pop() if len(titles) == 1 else "",
        amount=amounts.pop() if len(amounts) == 1 else None,
        currency=told["currency"] or "",
        first_day=told["first_day"],
        until=told["until"],
        evergreen=evergreen,
        signed_on=told["signed_on"],
        entity=told["entity"] or "",
        where=first.where,
        notes=tuple(notes),
    )


def _notes(first: _Row, *, amounts: int, spelt: Mapping[str, list[str]]) -> Iterator[str]:
    if amounts > 1:
        yield f"its rows state {amounts} amounts; none is taken"
    others = [number for number in spelt[plain_number(first.number)] if number != first.number]
    if others:
        yield f"may be the same as {', '.join(map(repr, others[:5]))}; they are kept apart"


def _contradictions(
    rows: Iterable[_Row], *, told: Mapping[str, object], columns: Mapping[str, str]
) -> Iterator[FileProblem]:
    """Yield where later rows of one contract say something else, once a column; the first one holds."""
    others: dict[str, dict[object, _Row]] = {}
    for row in rows:
        for name in _AGREE:
            said = getattr(row, name)
            if said and said != told[name]:
                others.setdefault(name, {}).setdefault(said, row)
    for name, values in others.items():
        said, row = next(iter(values.items()))
        more = f" and {len(values) - 1} other values in later rows" if len(values) > 1 else ""
        yield FileProblem(
            place=f"{row.where}, column {columns.get(name, columns.get('last_day', name))}",
            message=f"contract {row.number} has {said} here{more}, and {told[name]} before; the first holds.",
            remark=True,
        )


def _spellings(numbers: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number in numbers:
        found.setdefault(plain_number(number), []).append(number)
    return found
