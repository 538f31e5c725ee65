"""Write the portfolio workbook that people fill in: headings, notes, words to choose from, examples."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

from vendors.registers.portfolio import READ_ME
from vendors.registers.sheets import SHEETS, Column, Sheet

LAST_ROW = 5_000
TITLE = "Portfolio: our companies, vendors, contracts, services, fees and terms"
RULES = (
    "Fill in the sheets that you need. Each row is one record; headings with * must be filled in.",
    "An empty cell says nothing: what is on file stays. Nothing is ever deleted by an import.",
    "The import takes all or nothing, and tells every fault with its sheet, row and column.",
    "What a person corrected since in Recourse stays, and is told beside what the workbook says.",
    "Write days as 2019-06-25 or as date cells, amounts as 4867.50, lists with a semicolon between.",
)


def portfolio_workbook(*, sheets: Sequence[Sheet] = SHEETS, examples: bool = False) -> bytes:
    """Return the workbook; with `examples` its sheets hold a small portfolio of made-up names."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    _read_me(book, sheets=sheets, bold=bold, wrapped=wrapped)
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.freeze_panes(1, 0)
        for place, column in enumerate(sheet.columns):
            _column(page, place=place, column=column, bold=bold)
            if examples:
                for row, text in enumerate(column.examples, start=1):
                    if text:
                        page.write_string(row, place, text)
    book.close()
    return content.getvalue()


def _read_me(book: Any, *, sheets: Sequence[Sheet], bold: Any, wrapped: Any) -> None:
    page = book.add_worksheet(READ_ME.capitalize())
    page.set_column(0, 1, 22)
    page.set_column(2, 2, 70)
    page.set_column(3, 5, 24)
    page.write_string(0, 0, TITLE, book.add_format({"bold": True, "font_size": 14}))
    for row, rule in enumerate(RULES, start=1):
        page.write_string(row, 0, rule)
    row = len(RULES) + 2
    for place, heading in enumerate(("Sheet", "Column", "What it holds", "How", "Example", "Another")):
        page.write_string(row, place, heading, bold)
    for sheet in sheets:
        row += 1
        page.write_string(row, 0, sheet.name, bold)
        page.write_string(row, 2, sheet.about, wrapped)
        for column in sheet.columns:
            row += 1
            told = (sheet.name, _heading(column), column.about, how(column), *column.examples)
            for place, text in enumerate(told):
                page.write_string(row, place, text, wrapped)


def _column(page: Any, *, place: int, column: Column, bold: Any) -> None:
    page.set_column(place, place, max(14, len(column.heading) + 3))
    page.write_string(0, place, _heading(column), bold)
    example = f"\nExample: {column.examples[0]}" if column.examples[0] else ""
    page.write_comment(0, place, f"{column.about}\n{how(column)}{example}", {"x_scale": 2, "y_scale": 1.2})
    if column.words:
        page.data_validation(1, place, LAST_ROW, place, {"validate": "list", "source": list(column.words)})


def _heading(column: Column) -> str:
    return f"{column.heading} *" if column.needed else column.heading


def how(column: Column) -> str:
    """Say how a column is written."""
    if column.words:
        return "one of: " + ", ".join(column.words)
    return {
        "day": "a day, such as 2019-06-25",
        "amount": "an amount, such as 4867.50",
        "number": "a number, such as 2.5",
        "whole number": "a whole number",
        "yes or no": "yes or no",
        "list": "a list with a semicolon between",
        "shares": "names with percents, such as IT 60; Sales 40",
    }.get(column.kind, "text")
