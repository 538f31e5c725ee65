"""A report as pages show it: text in cells, the first rows of long tables, totals over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sla.reports.tables.about import source_rows
from sla.reports.tables.cells import currency_of, places, shown
from sla.reports.tables.totals import Tally, foot_rows, tallied
from sla.reports.tables.values import Column, Kind, Report, Row, Table
from vendors.files.spreadsheets import clean

SHORT, LONG_NAME = 13, 40
FIGURES = frozenset({Kind.MONEY, Kind.COUNT, Kind.NUMBER, Kind.EXACT, Kind.LENGTH})


@dataclass(frozen=True, kw_only=True)
class ShownCell:
    """One cell: its text, whether it is a figure, and what it opens."""

    text: str
    figure: bool = False
    url: str = ""
    label: str = ""
    kind: str = ""

    @property
    def short(self) -> bool:
        """Say whether it may stand on one line whatever is beside it."""
        return len(self.text) <= (LONG_NAME if " " not in self.text else SHORT)


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """One row: the cells that stand in it, and those that are folded away."""

    cells: tuple[ShownCell, ...]
    more: tuple[ShownCell, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShownTable:
    """One table with so many of its rows, and totals over all of them."""

    code: str
    title: str
    note: str
    empty: str
    head: tuple[ShownCell, ...]
    rows: tuple[ShownRow, ...]
    feet: tuple[ShownRow, ...]
    count: int
    folds: bool = False

    @property
    def left_out(self) -> int:
        """Return how many rows are in the files only."""
        return self.count - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class ShownReport:
    """A report as a page shows it."""

    code: str
    title: str
    subtitle: str
    summary: tuple[str, ...]
    provisional: bool
    tables: tuple[ShownTable, ...]
    about: tuple[tuple[str, str], ...] = field(default=())


def shown_report(report: Report, *, most: int) -> ShownReport:
    """Return a report as pages show it, with at most so many rows of each table."""
    return ShownReport(
        code=report.code,
        title=clean(report.title),
        subtitle=clean(report.subtitle),
        summary=tuple(map(clean, report.summary)),
        provisional=report.about.provisional,
        tables=tuple(shown_table(table, zone=report.about.zone, most=most) for table in report.tables),
        about=tuple(source_rows(report)),
    )


def shown_table(table: Table, *, zone: str, most: int) -> ShownTable:
    """Return a table as pages show it; all its rows are counted and added up."""
    tally, kept = Tally(), []
    for row in tallied(table, into=tally):
        if tally.rows <= most:
            kept.append(row)
    standing = [column for column in table.columns if not column.narrow]
    folded = [column for column in table.columns if column.narrow]
    return ShownTable(
        code=table.code,
        title=clean(table.title),
        note=clean(table.note),
        empty=clean(table.empty),
        head=tuple(
            ShownCell(text=clean(c.label), figure=_is_figure(c), kind=c.kind.value, label=c.help)
            for c in standing
        ),
        rows=tuple(_row(table, row, standing=standing, folded=folded, zone=zone) for row in kept),
        feet=_feet(table, tally=tally, standing=standing, zone=zone),
        count=tally.rows,
        folds=bool(folded),
    )


def _is_figure(column: Column) -> bool:
    return column.aligned or column.kind in FIGURES


def _row(
    table: Table, row: Row, *, standing: Sequence[Column], folded: Sequence[Column], zone: str
) -> ShownRow:
    where, seen = places(table), {column.key for column in standing}

    def cell(column: Column) -> ShownCell:
        currency = currency_of(row, where.get(column.currency))
        text = shown(row[where[column.key]], kind=column.kind, zone=zone, currency=currency)
        # Money always stands beside its currency.
        if column.kind is Kind.MONEY and text and currency and column.currency not in seen:
            text = f"{currency} {text}"
        return ShownCell(
            text=text,
            figure=_is_figure(column),
            url=column.link(row) if column.link else "",
            label=clean(column.label),
            kind=column.kind.value,
        )

    more = tuple(each for each in map(cell, folded) if each.text)
    return ShownRow(cells=tuple(map(cell, standing)), more=more)


def _feet(table: Table, *, tally: Tally, standing: Sequence[Column], zone: str) -> tuple[ShownRow, ...]:
    where, rows = places(table), []
    for foot in foot_rows(table, tally=tally):
        cells, labelled = [], False
        for column in standing:
            value = foot.cells[where[column.key]]
            text = shown(value, kind=column.kind, zone=zone, currency=foot.currency)
            if not labelled and not column.total:
                text, labelled = foot.label, True
            cells.append(ShownCell(text=text, figure=_is_figure(column), kind=column.kind.value))
        rows.append(ShownRow(cells=tuple(cells)))
    return tuple(rows)
