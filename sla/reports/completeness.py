"""The completeness report: what is missing before the figures of a range of periods can be relied on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.gaps import TODO, Found, Gap, gaps
from sla.selectors.scope import Scope

COUNTS = (
    Column(key="gap", label="What is missing"),
    Column(key="found", label="Found", kind=Kind.COUNT, total=True),
    Column(key="todo", label="What to do"),
)
COLUMNS = (
    Column(key="gap", label="What is missing"),
    Column(key="vendor", label="Vendor"),
    Column(key="contract", label="Contract"),
    Column(key="subject", label="About"),
    Column(key="period", label="Period"),
    Column(key="on", label="Day", kind=Kind.DATE),
    Column(key="currency", label="Currency", narrow=True),
    Column(key="amount", label="Amount, before tax", kind=Kind.MONEY, currency="currency"),
    Column(key="detail", label="Detail"),
)


def completeness_report(scope: Scope, *, about: About, now: datetime) -> Report:
    """Return what is missing in the periods that end in a range; `now` (UTC) says which are over."""
    found = list(gaps(scope, now=now))
    return Report(
        code="completeness",
        title="Completeness",
        subtitle=f"{scope.first_on} to {scope.last_on}",
        about=about,
        tables=(_counts(found), _details(found)),
        summary=(_summary(len(found)),),
    )


def _summary(count: int) -> str:
    if not count:
        return "Nothing is missing."
    return "1 thing is missing or unsettled." if count == 1 else f"{count} things are missing or unsettled."


def _counts(found: Sequence[Found]) -> Table:
    counts = Counter(each.gap for each in found)

    def rows() -> Iterator[Row]:
        return ((gap.value, counts[gap], TODO[gap] if counts[gap] else "") for gap in Gap)

    return Table(code="completeness", title="Completeness", columns=COUNTS, rows=rows)


def _details(found: Sequence[Found]) -> Table:
    return Table(
        code="gaps",
        title="What is missing",
        columns=COLUMNS,
        rows=lambda: map(_row, found),
        empty="Nothing is missing.",
    )


def _row(each: Found) -> Row:
    place = (each.gap.value, each.vendor, each.contract, each.subject, each.period, each.on)
    return (*place, each.currency, each.amount_minor, each.detail)
