"""Where a report is from, in the words that every format prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sla.reports.tables.cells import utc_text
from sla.reports.tables.totals import Tally
from sla.reports.tables.values import Cell, Kind, Report

CURRENCIES = "Totals are by currency; amounts of two currencies are never added together."
NOT_TAX = "Amounts are before tax. This is no tax document."
PROVISIONAL = "Some figures are drafts or rest on open questions, and may still change."


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control total: how many rows a table has, or what a column of it sums to."""

    table: str
    label: str
    kind: Kind
    value: Cell
    currency: str = ""


def about_rows(report: Report) -> list[tuple[str, str]]:
    """Return names and values: what was asked, who ran it, when, how old its data is, by what versions."""
    return [("Report", report.title), ("Covers", report.subtitle), *source_rows(report, *report.summary)]


def source_rows(report: Report, *sentences: str) -> list[tuple[str, str]]:
    """Return the same without title and summary, for pages that show these above."""
    about = report.about
    rows = [*about.parameters]
    rows += [
        ("Run by", about.run_by),
        ("Run at", utc_text(about.run_at)),
        ("Data as at", utc_text(about.data_as_at)),
        ("Zone of times", about.zone),
    ]
    if about.provisional:
        rows.append(("Provisional", PROVISIONAL))
    rows += [
        *about.versions,
        *(("Note", note) for note in (*sentences, *about.notes, *_of_money(report))),
    ]
    return [(name, value) for name, value in rows if value]


def _of_money(report: Report) -> tuple[str, ...]:
    """Return what must be said wherever amounts stand; nothing of a report without any."""
    columns = (column for table in report.tables for column in table.columns)
    return (NOT_TAX, CURRENCIES) if any(column.kind is Kind.MONEY for column in columns) else ()


def control_rows(report: Report, *, tallies: Sequence[Tally]) -> Iterator[Control]:
    """Yield rows and sums of each table."""
    for table, tally in zip(report.tables, tallies, strict=True):
        yield Control(table=table.title, label="Rows", kind=Kind.COUNT, value=tally.rows)
        for column in table.columns:
            sums = sorted(tally.sums.get(column.key, {}).items())
            for currency, value in sums:
                yield Control(
                    table=table.title, label=column.label, kind=column.kind, value=value, currency=currency
                )
