"""What a report is made of; see the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

Cell = str | int | bool | Decimal | Fraction | date | datetime | None
Row = Sequence[Cell]


class Kind(StrEnum):
    """What the cells of a column are, and so how each renderer writes them."""

    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"  # an aware datetime, written in the report's zone; in JSON in UTC
    MONEY = "money"  # integer minor units; the currency stands in the column named by `currency`
    COUNT = "count"
    NUMBER = "number"  # Decimal
    EXACT = "exact"  # Fraction; a decimal number where it has few digits, else n/d as text
    LENGTH = "length"  # integer microseconds; seconds in CSV and JSON, h:mm:ss in XLSX, else in words
    FLAG = "flag"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: `key` is its name in JSON and CSV (there with ``_s`` for a length), `label` for people."""

    key: str
    label: str
    kind: Kind = Kind.TEXT
    currency: str = ""  # of MONEY: the key of the column with the ISO code
    total: bool = False  # summed at the foot, money by currency
    help: str = ""
    narrow: bool = False  # left out of PDF, folded away in HTML; the files have it
    aligned: bool = False  # a text that is set as figures are: an amount with its currency
    link: Callable[[Row], str] | None = None  # the address that a cell opens, on pages only


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows in the order of the columns; `rows` gives a fresh iterator each time and may stream."""

    code: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterator[Row]]
    note: str = ""
    empty: str = "Nothing to report."


@dataclass(frozen=True, kw_only=True)
class About:
    """Where a file comes from: its parameters, who ran it when, and how old its data is."""

    parameters: tuple[tuple[str, str], ...]
    run_by: str
    run_at: datetime  # UTC
    data_as_at: datetime  # UTC
    zone: str = "UTC"
    provisional: bool = False
    versions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """A whole report: its tables, and what a reader must know about them."""

    code: str
    title: str
    subtitle: str
    about: About
    tables: tuple[Table, ...]
    summary: tuple[str, ...] = field(default=())  # sentences above the tables
