"""Totals that tie: counted while the rows pass, money by currency and never across."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast

from sla.reports.tables.cells import currency_of, grouped, money_text, places
from sla.reports.tables.values import Cell, Column, Kind, Report, Row, Table

Sum = int | Decimal


@dataclass
class Tally:
    """What has passed so far: rows, and sums by column and currency (empty for what is not money)."""

    rows: int = 0
    sums: dict[str, dict[str, Sum]] = field(default_factory=dict)

    def of(self, column: Column, currency: str = "") -> Sum | None:
        """Return one sum, None where nothing was added."""
        return self.sums.get(column.key, {}).get(currency)

    @property
    def currencies(self) -> list[str]:
        """Return the currencies of all sums, sorted."""
        return sorted({code for sums in self.sums.values() for code in sums if code})


@dataclass(frozen=True, kw_only=True)
class FootRow:
    """One line of totals, in the order of the columns; of one currency, or of what is not money."""

    label: str
    currency: str
    cells: tuple[Cell, ...]


def tallied(table: Table, *, into: Tally) -> Iterator[Row]:
    """Yield the rows of a table and add them up on the way."""
    where = places(table)
    summed = [
        (where[column.key], where.get(column.currency), into.sums.setdefault(column.key, {}))
        for column in table.columns
        if column.total
    ]
    money = [column.kind is Kind.MONEY for column in table.columns if column.total]
    for row in table.rows():
        into.rows += 1
        for (place, currency_at, sums), is_money in zip(summed, money, strict=True):
            value = row[place]
            if value is not None:
                key = currency_of(row, currency_at) if is_money else ""
                sums[key] = sums.get(key, 0) + cast(Sum, value)
        yield row


def foot_rows(table: Table, *, tally: Tally) -> list[FootRow]:
    """Return the lines of totals: one for each currency, and one for the rest where it cannot share."""
    if not any(column.total for column in table.columns) or not tally.rows:
        return []
    currencies = tally.currencies
    if len(currencies) == 1:
        return [_foot(table, tally=tally, currency=currencies[0], plain=True)]
    plain = [column for column in table.columns if column.total and column.kind is not Kind.MONEY]
    rows = [_foot(table, tally=tally, currency="", plain=True)] if plain or not currencies else []
    return rows + [_foot(table, tally=tally, currency=code, plain=False) for code in currencies]


def _foot(table: Table, *, tally: Tally, currency: str, plain: bool) -> FootRow:
    names = {column.currency for column in table.columns if column.total and column.kind is Kind.MONEY}

    def cell(column: Column) -> Cell:
        if column.total:
            return (
                tally.of(column, currency if column.kind is Kind.MONEY else "")
                if (plain or column.kind is Kind.MONEY)
                else None
            )
        return currency or None if column.key in names else None

    label = f"Total {currency}" if currency else "Total"
    return FootRow(label=label, currency=currency, cells=tuple(cell(column) for column in table.columns))


def watched(report: Report) -> tuple[Report, dict[str, Tally]]:
    """Return the report with tallies that fill while its rows are read, by the code of the table."""
    tallies = {table.code: Tally() for table in report.tables}

    def watching(table: Table) -> Table:
        def rows() -> Iterator[Row]:
            tally = tallies[table.code]
            tally.rows, tally.sums = 0, {}
            return tallied(table, into=tally)

        return replace(table, rows=rows)

    return replace(report, tables=tuple(watching(table) for table in report.tables)), tallies


def tally_lines(report: Report, *, tallies: dict[str, Tally]) -> list[str]:
    """Return what was written in words: rows of each table and its totals by currency."""
    lines = []
    for table in report.tables:
        tally = tallies[table.code]
        lines.append(f"{table.title}: {tally.rows:,} {'row' if tally.rows == 1 else 'rows'}")
        for column in table.columns:
            if column.total and column.kind is Kind.MONEY:
                lines += [
                    f"  {column.label}: {code} {grouped(money_text(int(minor), currency=code))}".rstrip()
                    for code, minor in sorted(tally.sums.get(column.key, {}).items())
                ]
    return lines
