"""The credit register: its rows in a range of months, and what every claim comes to by their end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sla.engine.claims.moves import ClaimState
from sla.models import RegisterEntry
from sla.models.columns import label_of
from sla.reports.register.entries import entries_table
from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.register import Books, ClaimFlow, claim_flows, open_months
from sla.selectors.scope import Scope

Moved = RegisterEntry.Kind
ADDED = (Moved.NEW, Moved.ADJUSTMENT, Moved.EARN_BACK)
GIVEN_UP = (Moved.REJECTED, Moved.NOT_PURSUED, Moved.LAPSED, Moved.WRITTEN_OFF)


def _money(key: str, label: str) -> Column:
    return Column(key=key, label=label, kind=Kind.MONEY, currency="currency", total=True)


COLUMNS = (
    Column(key="claim", label="Claim"),
    Column(key="state", label="State today"),
    Column(key="entity", label="Our company"),
    Column(key="vendor", label="Vendor"),
    Column(key="vendor_number", label="Vendor number", narrow=True, help="Our number for it in accounting."),
    Column(key="contract", label="Contract"),
    Column(key="opened_on", label="Opened on", kind=Kind.DATE, narrow=True),
    Column(key="currency", label="Currency"),
    _money("credits", "Credits"),
    _money("received", "Received"),
    _money("given_up", "Given up"),
    _money("exchange", "Exchange difference"),
    _money("open", "Still owed"),
    _money("books", "Of it in the books"),
    Column(key="expected_invoice", label="Expected on invoice", narrow=True),
)


def credit_register(scope: Scope, *, about: About, as_at: datetime | None = None) -> Report:
    """Return the register's rows of the posting months that a range touches, and the claims behind them."""
    books = Books(scope=scope, as_at=as_at)
    opened = open_months()
    entities = set(books.moved().values_list("entity", flat=True).distinct())
    provisional = any(entity not in opened or books.last_month >= opened[entity] for entity in entities)
    return Report(
        code="credit_register",
        title="Credit register",
        subtitle=f"Posting months {books.first_month:%Y-%m} to {books.last_month:%Y-%m}",
        about=replace(about, provisional=about.provisional or provisional),
        tables=(_claims(books), entries_table(books.moved())),
    )


def _claims(books: Books) -> Table:
    def rows() -> Iterator[Row]:
        return map(_cells, claim_flows(books))

    return Table(
        code="claims",
        title="Claims",
        columns=COLUMNS,
        rows=rows,
        note="Claims with something owed or moved: credits - received - given up + exchange = still owed.",
        empty="No claim is owed anything, and none moved.",
    )


def _cells(flow: ClaimFlow) -> Row:
    moves = flow.moves
    return (
        flow.claim,
        label_of(ClaimState(flow.state)),
        flow.entity,
        flow.vendor,
        flow.vendor_number,
        flow.contract,
        flow.opened_at.date(),
        flow.unit,
        sum(moves.get(kind, 0) for kind in ADDED),
        -moves.get(Moved.RECEIVED, 0),
        -sum(moves.get(kind, 0) for kind in GIVEN_UP),
        moves.get(Moved.EXCHANGE, 0),
        flow.open_minor,
        flow.recognised,
        flow.expected_invoice,
    )
