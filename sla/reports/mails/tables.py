"""What a mail shows only the first of, as tables that go into its files."""

from __future__ import annotations

from collections.abc import Iterator

from sla.reports.mails.summary import Summary
from sla.reports.tables import Column, Kind, Row, Table

CHANGES = (
    Column(key="statement", label="Service level statement"),
    Column(key="vendor", label="Vendor"),
    Column(key="told", label="Told"),
    Column(key="told_in", label="In the report of"),
    Column(key="was", label="Was"),
    Column(key="is_now", label="Is now"),
    Column(key="difference", label="Difference", aligned=True),
    Column(key="draft", label="Draft", kind=Kind.FLAG),
    Column(key="why", label="Why"),
)
TODOS = (
    Column(key="by", label="By"),
    Column(key="overdue", label="Overdue", kind=Kind.FLAG),
    Column(key="who", label="Who"),
    Column(key="what", label="What"),
    Column(key="vendor", label="Vendor"),
    Column(key="about", label="About"),
    Column(key="amount", label="Amount, before tax", aligned=True),
    Column(key="note", label="Note"),
)


def summary_tables(summary: Summary) -> tuple[Table, ...]:
    """Return what changed since the last report, and what to do by when."""
    return (
        Table(
            code="what_changed",
            title="Changed since last report",
            columns=CHANGES,
            rows=lambda: _changes(summary),
            empty="No figure of an earlier report changed.",
        ),
        Table(
            code="what_to_do",
            title="What to do by when",
            columns=TODOS,
            rows=lambda: _todos(summary),
            empty="Nothing waits.",
        ),
    )


def _changes(summary: Summary) -> Iterator[Row]:
    for each in summary.changes:
        told = each.told_as or "not told before"
        yield (
            *(each.number, each.vendor, told, each.told_in, each.was, each.is_now, each.difference),
            *(each.is_draft, "; ".join(each.causes)),
        )


def _todos(summary: Summary) -> Iterator[Row]:
    for each in summary.todos:
        who = each.vendor if each.is_vendors else "We"
        late = each.is_overdue or each.is_lost
        yield (each.by, late, who, each.what, each.vendor, each.about, each.amount, each.note)
