"""A report as plain data, and its five renderings, which therefore cannot disagree.

`CSV`, XLSX, JSON, HTML and PDF read the same rows: figures are numbers and days are days in them, and
each renderer decides only how they look. `values` what a report is · `cells` one cell as text · `totals`
sums by currency · `about` where it is from · one module a format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sla.reports.tables.csv import render_csv
from sla.reports.tables.html import page_part, render_html
from sla.reports.tables.json import render_json
from sla.reports.tables.pdf import render_pdf_report
from sla.reports.tables.totals import Tally, tally_lines, watched
from sla.reports.tables.values import About, Cell, Column, Kind, Report, Row, Table
from sla.reports.tables.xlsx import render_xlsx

__all__ = [
    "FORMS",
    "About",
    "Cell",
    "Column",
    "Form",
    "Kind",
    "Report",
    "Row",
    "Table",
    "Tally",
    "page_part",
    "render",
    "tally_lines",
    "watched",
]


@dataclass(frozen=True, kw_only=True)
class Form:
    """A format: its name for people, the end of the file's name, and what it is on the web."""

    label: str
    suffix: str
    content_type: str
    render: Callable[[Report], Iterator[bytes]]


FORMS: Mapping[str, Form] = {
    "csv": Form(label="CSV", suffix="csv", content_type="text/csv; charset=utf-8", render=render_csv),
    "xlsx": Form(
        label="XLSX",
        suffix="xlsx",
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        render=render_xlsx,
    ),
    "json": Form(label="JSON", suffix="json", content_type="application/json", render=render_json),
    "html": Form(label="Page", suffix="html", content_type="text/html; charset=utf-8", render=render_html),
    "pdf": Form(label="PDF", suffix="pdf", content_type="application/pdf", render=render_pdf_report),
}


def render(report: Report, *, form: str) -> Iterator[bytes]:
    """Yield the bytes of a report in a format (csv, xlsx, json, html, pdf); raise ValueError for another."""
    if form not in FORMS:
        raise ValueError(f"No format {form!r}. Choose one of: {', '.join(FORMS)}.")
    return FORMS[form].render(report)
