"""The rows of the register as a table: what every other figure of it opens into."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from sla.models import RegisterEntry
from sla.reports.tables import Column, Kind, Row, Table
from sla.selectors.register import Entry, entries_of

KINDS = dict(RegisterEntry.Kind.choices)
COLUMNS = (
    Column(key="month", label="Posted in"),
    Column(key="entity", label="Our company"),
    Column(key="movement", label="Movement"),
    Column(key="unit", label="Unit"),
    Column(key="owed", label="Owed", kind=Kind.MONEY, currency="unit", total=True),
    Column(
        key="books",
        label="In the books",
        kind=Kind.MONEY,
        currency="unit",
        total=True,
        help="What of it is recognised; the rest is a memo.",
    ),
    Column(key="quantity", label="Days, hours or fees", kind=Kind.EXACT, narrow=True),
    Column(key="vendor", label="Vendor"),
    Column(key="account", label="Account", narrow=True),
    Column(key="contract", label="Contract"),
    Column(key="claim", label="Claim"),
    Column(key="statement", label="Service level statement"),
    Column(key="line", label="Line", kind=Kind.COUNT, narrow=True),
    Column(key="service_from", label="Service from", kind=Kind.DATE, narrow=True),
    Column(key="service_to", label="Service to", kind=Kind.DATE, narrow=True),
    Column(key="document", label="Document"),
    Column(key="why", label="Why", narrow=True),
    Column(key="recorded_at", label="Recorded", kind=Kind.INSTANT, narrow=True),
    Column(key="recorded_by", label="By", narrow=True),
    Column(key="entry", label="Entry", kind=Kind.COUNT, narrow=True),
)


def entries_table(rows: QuerySet[RegisterEntry], *, note: str = "") -> Table:
    """Return rows of the register as a table; they stream."""

    def cells() -> Iterator[Row]:
        return map(_cells, entries_of(rows))

    return Table(
        code="entries",
        title="Entries",
        columns=COLUMNS,
        rows=cells,
        note=note,
        empty="Nothing was entered in these months.",
    )


def _cells(entry: Entry) -> Row:
    return (
        f"{entry.month:%Y-%m}",
        entry.entity,
        KINDS[entry.kind],
        entry.unit,
        entry.amount_minor if entry.is_money else None,
        entry.recognised_minor if entry.is_money else None,
        entry.quantity,
        entry.vendor,
        entry.account or "",
        entry.contract,
        entry.claim,
        entry.statement,
        entry.line,
        entry.service_first_on,
        entry.service_last_on,
        entry.document or "",
        entry.why,
        entry.recorded_at,
        entry.by,
        entry.pk,
    )
