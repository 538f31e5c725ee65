"""JSON, streamed, one row a line: money as minor units with currency and amount, exact figures as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sla.reports.tables.cells import (
    currency_of,
    exact_text,
    file_key,
    money_text,
    number_text,
    places,
    seconds_text,
    utc_text,
)
from sla.reports.tables.totals import Tally, foot_rows, tallied
from sla.reports.tables.values import About, Cell, Column, Kind, Report, Row, Table

CHUNK = 200
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def render_json(report: Report) -> Iterator[bytes]:
    """Yield the report as one JSON document, piece by piece as its rows come."""
    head = {
        "report": report.code,
        "title": report.title,
        "subtitle": report.subtitle,
        "summary": list(report.summary),
        "about": about_data(report.about),
    }
    yield f'{_encode(head)[:-1]},"tables":['.encode()
    for place, table in enumerate(report.tables):
        if place:
            yield b","
        yield from _table(table)
    yield b"]}\n"


def about_data(about: About) -> dict[str, Any]:
    """Return where a report comes from, as plain data."""
    return {
        "parameters": [{"name": name, "value": value} for name, value in about.parameters],
        "run_by": about.run_by,
        "run_at": utc_text(about.run_at),
        "data_as_at": utc_text(about.data_as_at),
        "zone": about.zone,
        "provisional": about.provisional,
        "versions": dict(about.versions),
        "notes": list(about.notes),
    }


def _table(table: Table) -> Iterator[bytes]:
    head = {
        "code": table.code,
        "title": table.title,
        "note": table.note,
        "columns": [
            {"key": file_key(column), "label": column.label, "kind": column.kind.value}
            for column in table.columns
        ],
    }
    yield f'{_encode(head)[:-1]},"rows":['.encode()
    tally, lines = Tally(), []
    write = _row_writer(table)
    for row in tallied(table, into=tally):
        lines.append(("\n" if tally.rows == 1 else ",\n") + _encode(write(row)))
        if len(lines) >= CHUNK:
            yield "".join(lines).encode()
            lines.clear()
    lines.append(f'],"row_count":{tally.rows},"totals":{_encode(_totals(table, tally=tally))}}}')
    yield "".join(lines).encode()


def _row_writer(table: Table) -> Callable[[Row], dict[str, Any]]:
    where = places(table)
    parts = [(file_key(c), c.kind, place, where.get(c.currency)) for place, c in enumerate(table.columns)]

    def write(row: Row) -> dict[str, Any]:
        return {
            key: plain(row[place], kind=kind, currency=currency_of(row, currency_at))
            for key, kind, place, currency_at in parts
        }

    return write


def plain(value: Cell, *, kind: Kind, currency: str = "") -> Any:
    """Return a cell as JSON has it; exact figures, seconds and amounts are text, so that nothing is lost."""
    if value is None or isinstance(value, str):
        return value
    if kind is Kind.MONEY and isinstance(value, int):
        return {"minor": value, "currency": currency, "amount": money_text(value, currency=currency)}
    if kind is Kind.EXACT:
        return exact_text(Fraction(value))  # type: ignore[arg-type]
    if kind is Kind.LENGTH and isinstance(value, int):
        return seconds_text(value)
    if kind is Kind.FLAG:
        return bool(value)
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Decimal):
        return number_text(value)
    return value.isoformat() if isinstance(value, date) else value


def _totals(table: Table, *, tally: Tally) -> list[dict[str, Any]]:
    def named(column: Column, value: Cell, currency: str) -> tuple[str, Any]:
        return file_key(column), plain(value, kind=column.kind, currency=currency)

    return [
        {"currency": foot.currency or None}
        | dict(
            named(column, value, foot.currency)
            for column, value in zip(table.columns, foot.cells, strict=True)
            if column.total and value is not None
        )
        for foot in foot_rows(table, tally=tally)
    ]
