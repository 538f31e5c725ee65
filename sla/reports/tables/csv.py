r"""CSV, streamed: UTF-8 with a byte order mark, all cells quoted, lines end in CR LF (RFC 4180).

The mark is for Excel, which takes UTF-8 for the machine's old code page without it; programs read it as
``utf-8-sig``. Everything is quoted, so that a spreadsheet that splits at semicolons finds no new cell
inside a text. Text that begins like a formula (= + - @, also full-width or after blanks, TAB, CR, LF) gets
a leading apostrophe; figures never do. A report of several tables writes them one after the other: an
empty line and the table's title stand before each.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice

from sla.reports.tables.cells import data_writers, file_key
from sla.reports.tables.values import Report, Table
from vendors.files.spreadsheets import BYTE_ORDER_MARK, CsvLines, guarded

CHUNK = 200


def render_csv(report: Report) -> Iterator[bytes]:
    """Yield the report as CSV, piece by piece as its rows come."""
    yield BYTE_ORDER_MARK
    several = len(report.tables) > 1
    for place, table in enumerate(report.tables):
        if several:
            yield from _title(table, first=place == 0)
        yield from _table(table, zone=report.about.zone)


def _title(table: Table, *, first: bool) -> Iterator[bytes]:
    lines = CsvLines()
    if not first:
        lines.append("\r\n")
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerow([guarded(table.title)])
    yield lines.take()


def _table(table: Table, *, zone: str) -> Iterator[bytes]:
    lines = CsvLines()
    out = csv.writer(lines, quoting=csv.QUOTE_ALL)
    out.writerow([file_key(column) for column in table.columns])
    yield lines.take()
    writers = data_writers(table, zone=zone)
    rows: Iterable[list[str]] = ([write(row) for write in writers] for row in table.rows())
    while chunk := list(islice(iter(rows), CHUNK)):
        out.writerows(chunk)
        yield lines.take()
