"""PDF: the standing columns of each table, on wide pages where there are many of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sla.reports.pdf import render_pdf
from sla.reports.tables.shown import ShownCell, ShownTable, shown_report
from sla.reports.tables.values import Kind, Report

MOST_ROWS = 2_000
UPRIGHT_COLUMNS = 7
# How much of the page's width a column of text may take beside the others.
WIDE_TEXT = 14


def render_pdf_report(report: Report) -> Iterator[bytes]:
    """Yield the report as PDF; rows beyond 2,000 of a table are counted, added up and left to the files."""
    found = shown_report(report, most=MOST_ROWS)
    data = {
        "title": found.title,
        "subtitle": found.subtitle,
        "summary": list(found.summary),
        "provisional": found.provisional,
        "about": [list(row) for row in found.about],
        "tables": [_table(table) for table in found.tables],
        "wide": any(len(table.head) > UPRIGHT_COLUMNS for table in found.tables),
    }
    yield render_pdf("table", data, on=report.about.run_at.date())


def _table(table: ShownTable) -> dict[str, Any]:
    return {
        "title": table.title,
        "note": table.note,
        "empty": table.empty,
        "columns": [
            {"label": cell.text, "figure": cell.figure, "wide": _is_wide(table, place=place, cell=cell)}
            for place, cell in enumerate(table.head)
        ],
        "rows": [[cell.text for cell in row.cells] for row in table.rows],
        "feet": [[cell.text for cell in row.cells] for row in table.feet],
        "count": table.count,
        "left_out": table.left_out,
    }


def _is_wide(table: ShownTable, *, place: int, cell: ShownCell) -> bool:
    longest = max((len(row.cells[place].text) for row in table.rows), default=0)
    return cell.kind == Kind.TEXT.value and longest > WIDE_TEXT
