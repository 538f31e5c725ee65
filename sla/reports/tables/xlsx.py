"""XLSX: figures as numbers, dates as dates, totals as formulas that tie, a sheet that says where it is from.

Money has its currency's decimals; lengths are shown as h:mm:ss and can be added up. Text is written as text
whatever it looks like: no formula and no link comes out of a cell. The same report gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import Any, cast

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from sla.engine.money import exponent
from sla.engine.periods import zone_info
from sla.reports.tables.about import about_rows, control_rows
from sla.reports.tables.cells import currency_of, exact_text, money_text, places, shown
from sla.reports.tables.totals import FootRow, Tally, foot_rows, tallied
from sla.reports.tables.values import Cell, Column, Kind, Report, Row, Table
from vendors.files.spreadsheets import clean, like_formula

MOST_ROWS = 1_048_000  # a sheet ends at 1,048,576
LONGEST_TEXT = 32_767
EXACT_DIGITS = 15  # what a spreadsheet keeps of a number
MICROS_A_DAY = 86_400_000_000
SAMPLE = 60
WIDTHS = {Kind.DATE: 11, Kind.INSTANT: 19, Kind.MONEY: 13, Kind.LENGTH: 11, Kind.FLAG: 7}
PIECE = 65_536
ABOUT = "About this file"

Write = Callable[[int, Row], None]


def render_xlsx(report: Report) -> Iterator[bytes]:
    """Yield the bytes of a workbook: one sheet a table, then the sheet about the file.

    Raises ValueError where a table has more rows than a sheet can hold.
    """
    with TemporaryFile() as file:
        book = Workbook(
            file, {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
        )
        book.set_properties(
            {
                "title": clean(report.title),
                "subject": clean(report.subtitle),
                "created": report.about.run_at.replace(tzinfo=None),
            }
        )
        looks = Looks(book)
        names = _sheet_names(report)
        tallies = [
            _Sheet(book.add_worksheet(name), table=table, looks=looks, zone=report.about.zone).fill()
            for name, table in zip(names, report.tables, strict=True)
        ]
        _about(book.add_worksheet(ABOUT), report=report, tallies=tallies, looks=looks)
        book.close()
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


class Looks:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.made: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.plain_money: dict[str, Format] = {}

    def __call__(self, **properties: Any) -> Format:
        """Return a format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format({"valign": "top", **properties})
        return self.made[key]

    def money(self, currency: str, **properties: Any) -> Format:
        """Return the format of an amount with the decimals of its currency."""
        if not properties and currency in self.plain_money:
            return self.plain_money[currency]
        digits = exponent(currency)
        figure = f"#,##0.{'0' * digits}" if digits else "#,##0"
        found = self(num_format=figure, **properties)
        if not properties:
            self.plain_money[currency] = found
        return found


class _Sheet:
    """One table on one sheet, written downwards in a single pass."""

    def __init__(self, sheet: Worksheet, *, table: Table, looks: Looks, zone: str) -> None:
        self.sheet, self.table, self.looks, self.zone = sheet, table, looks, zone
        self.where = places(table)

    def fill(self) -> Tally:
        """Write head, rows and totals; return what was added up."""
        tally = Tally()
        rows = tallied(self.table, into=tally)
        sample = list(islice(rows, SAMPLE))
        self._head(sample)
        writers = [self._writer(place, column) for place, column in enumerate(self.table.columns)]
        at = 0
        for at, row in enumerate(chain(sample, rows), start=1):
            if at > MOST_ROWS:
                raise ValueError(
                    f"{self.table.title} has more than {MOST_ROWS:,} rows, which no sheet can hold."
                    " Choose CSV, or a shorter time."
                )
            for write in writers:
                write(at, row)
        if not at:
            self.sheet.write_string(1, 0, clean(self.table.empty), self.looks(italic=True))
        else:
            self.sheet.autofilter(0, 0, at, len(self.table.columns) - 1)
        self._foot(foot_rows(self.table, tally=tally), rows=at)
        return tally

    def _head(self, sample: list[Row]) -> None:
        self.sheet.freeze_panes(1, 0)
        self.sheet.repeat_rows(0)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L&A&RPage &P of &N")
        for place, column in enumerate(self.table.columns):
            self.sheet.set_column(place, place, _width(column, cells=[row[place] for row in sample]))
        self.sheet.set_row(0, 32)
        right = {Kind.MONEY, Kind.COUNT, Kind.NUMBER, Kind.EXACT, Kind.LENGTH}
        for place, column in enumerate(self.table.columns):
            align = "right" if column.kind in right else "left"
            head = self.looks(bold=True, text_wrap=True, bottom=1, bg_color="#F3F5F8", align=align)
            zone = f" ({self.zone})" if column.kind is Kind.INSTANT else ""
            self.sheet.write_string(0, place, clean(column.label + zone), head)

    def _writer(self, place: int, column: Column) -> Write:
        put = self._putter(place, column)

        def write(at: int, row: Row) -> None:
            if row[place] is not None and row[place] != "":
                put(at, row)

        return write

    def _putter(self, place: int, column: Column) -> Write:
        sheet, looks, kind = self.sheet, self.looks, column.kind
        if kind is Kind.MONEY:
            currency_at = self.where.get(column.currency)
            return lambda at, row: put_money(
                sheet, at, place, cast(int, row[place]), currency=currency_of(row, currency_at), looks=looks
            )
        if kind is Kind.TEXT:
            return self._text_putter(place)
        if kind is Kind.DATE:
            day = looks(num_format="yyyy-mm-dd", align="left")
            return lambda at, row: sheet.write_datetime(at, place, cast(date, row[place]), day) and None
        if kind is Kind.INSTANT:
            info, moment = zone_info(self.zone), looks(num_format="yyyy-mm-dd hh:mm:ss", align="left")
            return lambda at, row: (
                sheet.write_datetime(
                    at, place, cast(datetime, row[place]).astimezone(info).replace(tzinfo=None), moment
                )
                and None
            )
        if kind is Kind.LENGTH:
            span = looks(num_format="[h]:mm:ss")
            return lambda at, row: sheet.write_number(at, place, _days(cast(int, row[place])), span) and None
        return lambda at, row: put_figure(sheet, at, place, row[place], kind=kind, looks=looks)

    def _text_putter(self, place: int) -> Write:
        sheet, looks, plain = self.sheet, self.looks, self.looks()

        def put(at: int, row: Row) -> None:
            text = str(row[place])
            # Nearly all of it: no formula, nothing to clean, nothing to cut.
            if text[:1].isalnum() and len(text) < LONGEST_TEXT and text.isprintable():
                sheet.write_string(at, place, text, plain)
            else:
                put_text(sheet, at, place, text, looks=looks)

        return put

    def _foot(self, feet: list[FootRow], *, rows: int) -> None:
        # An empty row keeps the totals out of what is filtered and sorted.
        several = len([foot for foot in feet if foot.currency]) > 1
        for at, foot in enumerate(feet, start=rows + 2):
            bold = {"bold": True, "top": 1 if at == rows + 2 else 0}
            labelled = False
            for place, (column, value) in enumerate(zip(self.table.columns, foot.cells, strict=True)):
                if column.total and value is not None:
                    formula = self._formula(place, column, currency=foot.currency, rows=rows, several=several)
                    self._total(at, place, formula, value=value, column=column, foot=foot, bold=bold)
                elif not labelled:
                    self.sheet.write_string(at, place, foot.label, self.looks(**bold))
                    labelled = True
                elif value is not None:
                    self.sheet.write_string(at, place, str(value), self.looks(**bold))
                else:
                    self.sheet.write_blank(at, place, None, self.looks(**bold))

    def _formula(self, place: int, column: Column, *, currency: str, rows: int, several: bool) -> str:
        cells = f"{xl_rowcol_to_cell(1, place)}:{xl_rowcol_to_cell(rows, place)}"
        if column.kind is not Kind.MONEY or not several or column.currency not in self.where:
            return f"=SUBTOTAL(109,{cells})"
        # Of one currency among several, whatever the filter shows.
        letter = xl_col_to_name(self.where[column.currency])
        return f'=SUMIFS({cells},{letter}2:{letter}{rows + 1},"{currency}")'

    def _total(
        self,
        at: int,
        place: int,
        formula: str,
        *,
        value: Cell,
        column: Column,
        foot: FootRow,
        bold: dict[str, Any],
    ) -> None:
        if column.kind is Kind.MONEY:
            look = self.looks.money(foot.currency, **bold)
            cached: Any = money_text(cast(int, value), currency=foot.currency)
        elif column.kind is Kind.LENGTH:
            look, cached = self.looks(num_format="[h]:mm:ss", **bold), _days(cast(int, value))
        else:
            look, cached = (
                self.looks(num_format="#,##0.######" if isinstance(value, Decimal) else "#,##0", **bold),
                value,
            )
        self.sheet.write_formula(at, place, formula, look, cached)


def put_text(sheet: Worksheet, at: int, place: int, text: str, *, looks: Looks, **properties: Any) -> None:
    """Write a text as text; what begins like a formula gets the spreadsheet's own apostrophe."""
    if like_formula(text) or like_formula(clean(text)):
        properties["quote_prefix"] = True
    text = clean(text)
    if len(text) > LONGEST_TEXT:
        text = f"{text[: LONGEST_TEXT - 1]}…"
    sheet.write_string(at, place, text, looks(**properties))


def put_money(
    sheet: Worksheet, at: int, place: int, minor: int, *, currency: str, looks: Looks, **properties: Any
) -> None:
    """Write minor units as a number with the currency's decimals; as text beyond what a number keeps."""
    if abs(minor) >= 10**EXACT_DIGITS:
        text = money_text(minor, currency=currency)
        sheet.write_string(at, place, text, looks(align="right", **properties))
    else:
        amount = Decimal(minor).scaleb(-exponent(currency))
        sheet.write_number(at, place, cast(float, amount), looks.money(currency, **properties))


def put_figure(sheet: Worksheet, at: int, place: int, value: Cell, *, kind: Kind, looks: Looks) -> None:
    """Write a count, number, exact figure, length or flag."""
    if kind is Kind.FLAG:
        sheet.write_string(at, place, "yes" if value else "no", looks())
    elif kind is Kind.LENGTH:
        sheet.write_number(at, place, cast(float, _days(cast(int, value))), looks(num_format="[h]:mm:ss"))
    else:
        text = exact_text(value if isinstance(value, Fraction) else Fraction(value))  # type: ignore[arg-type]
        if "/" in text or len(text.replace(".", "").lstrip("-0")) > EXACT_DIGITS:
            sheet.write_string(at, place, text, looks(align="right"))
        else:
            sheet.write_number(
                at,
                place,
                cast(float, Decimal(text)),
                looks(num_format="#,##0.############" if "." in text else "#,##0"),
            )


@lru_cache(maxsize=8192)
def _days(micros: int) -> Decimal:
    """Return microseconds as days, to the 15 digits that a spreadsheet keeps."""
    return Decimal(f"{Decimal(micros) / MICROS_A_DAY:.15G}")


def _width(column: Column, *, cells: list[Cell]) -> float:
    longest_word = max((len(word) for word in column.label.split()), default=0)
    least = max(WIDTHS.get(column.kind, 8), longest_word + 3, len(column.label) // 2 + 2)
    if column.kind in WIDTHS:
        return least
    lengths = sorted(
        len(shown(cell, kind=column.kind, zone="UTC")) for cell in cells if cell is not None and cell != ""
    )
    typical = lengths[len(lengths) * 9 // 10] if lengths else 0
    return min(max(least, typical + 2), 44)


def _sheet_names(report: Report) -> list[str]:
    names: list[str] = []
    for table in report.tables:
        base = re.sub(r"[\[\]:*?/\\]", " ", clean(table.title)).strip("' ")[:31] or table.code[:31]
        name, turn = base, 2
        while name.lower() in {ABOUT.lower(), "history", *(each.lower() for each in names)}:
            name, turn = f"{base[:27]} ({turn})", turn + 1
        names.append(name)
    return names


def _about(sheet: Worksheet, *, report: Report, tallies: list[Tally], looks: Looks) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 60)
    sheet.set_column(2, 3, 16)
    at = 0
    for name, value in about_rows(report):
        put_text(sheet, at, 0, name, looks=looks, bold=True)
        put_text(sheet, at, 1, value, looks=looks, text_wrap=True)
        at += 1
    at += 1
    for place, label in enumerate(("Control totals", "Column", "Currency", "Total")):
        put_text(sheet, at, place, label, looks=looks, bold=True, bottom=1)
    for control in control_rows(report, tallies=tallies):
        at += 1
        put_text(sheet, at, 0, control.table, looks=looks)
        put_text(sheet, at, 1, control.label, looks=looks)
        put_text(sheet, at, 2, control.currency, looks=looks)
        if control.kind is Kind.MONEY:
            put_money(sheet, at, 3, cast(int, control.value), currency=control.currency, looks=looks)
        else:
            put_figure(sheet, at, 3, control.value, kind=control.kind, looks=looks)
