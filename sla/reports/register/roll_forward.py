"""The roll-forward: what was owed, what moved, what is owed, month by month, company and currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from itertools import dropwhile, groupby
from urllib.parse import urlencode

from django.urls import reverse

from sla.models import RegisterEntry
from sla.reports.register.entries import KINDS, entries_table
from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.register import Books, Flow, kind_flows, money_flows, open_months
from sla.selectors.scope import Scope

Moved = RegisterEntry.Kind
MOVES = (
    Moved.NEW,
    Moved.ADJUSTMENT,
    Moved.EARN_BACK,
    Moved.RECEIVED,
    Moved.REJECTED,
    Moved.NOT_PURSUED,
    Moved.LAPSED,
    Moved.WRITTEN_OFF,
    Moved.EXCHANGE,
)
# What is recognised after it was entered comes right after the additions.
BOOKED = (*MOVES[:3], Moved.RECOGNISED, *MOVES[3:])
# A column is narrow; the entries have the whole words.
HEADINGS = {
    Moved.NEW: "New",
    Moved.ADJUSTMENT: "Adjusted",
    Moved.REJECTED: "Rejected",
    Moved.LAPSED: "Lapsed",
    Moved.EXCHANGE: "Exchange",
}
OPENS = "Each figure is the sum of the entries below of the same company, month, unit and movement."


def roll_forward(scope: Scope, *, about: About, as_at: datetime | None = None) -> Report:
    """Return opening, every kind of movement and closing of each posting month that a range touches.

    Currencies and units are never added together. As at a day, closed months stand as they were closed,
    of open ones what was recorded by then (see `Books`). Months that are still open are provisional.
    """
    books = Books(scope=scope, as_at=as_at)
    opened = open_months()
    owed = list(_begun(money_flows(books, figure="amount_minor")))
    booked = list(_begun(money_flows(books, figure="recognised_minor")))
    in_kind = list(_begun(kind_flows(books)))
    shown = {flow.entity for flow in (*owed, *in_kind)}
    provisional = any(_is_open(entity, month=books.last_month, opened=opened) for entity in shown)
    tables = (
        _table("owed", "Owed to us", owed, kinds=MOVES, opened=opened),
        _table("books", "Of it in the books", booked, kinds=BOOKED, opened=opened),
        *([_table("in_kind", "Owed in kind", in_kind, kinds=MOVES, opened=opened)] if in_kind else []),
        entries_table(books.moved(), note="What the figures above are made of."),
    )
    return Report(
        code="roll_forward",
        title="Roll-forward of credits",
        subtitle=f"Posting months {books.first_month:%Y-%m} to {books.last_month:%Y-%m}",
        about=replace(about, provisional=about.provisional or provisional),
        tables=tables,
        summary=_summary(books, provisional=provisional),
    )


def _summary(books: Books, *, provisional: bool) -> tuple[str, ...]:
    said = ["Opening + all movements = closing; each opening is the closing of the month before."]
    if books.as_at is not None:
        said.append("As at a day: closed months as they were closed, of open ones what was recorded by then.")
    if provisional:
        said.append("Provisional: months marked open can still change.")
    return tuple(said)


def _begun(flows: Iterable[Flow]) -> Iterator[Flow]:
    """Leave out the months of a company and unit before anything was owed or moved."""
    for _, months in groupby(flows, key=lambda flow: (flow.entity, flow.unit)):
        yield from dropwhile(lambda flow: not (flow.opening or flow.moves), months)


def _is_open(entity: int, *, month: date, opened: dict[int, date]) -> bool:
    return entity not in opened or month >= opened[entity]


def _table(
    code: str, title: str, flows: list[Flow], *, kinds: tuple[Moved, ...], opened: dict[int, date]
) -> Table:
    is_kind = code == "in_kind"
    entities = {flow.code: flow.entity for flow in flows}

    def figure(key: str, label: str, *, total: bool, link: Callable[[Row], str] | None = None) -> Column:
        if is_kind:
            return Column(key=key, label=label, kind=Kind.EXACT, link=link)
        return Column(key=key, label=label, kind=Kind.MONEY, currency="unit", total=total, link=link)

    columns = (
        Column(key="entity", label="Our company"),
        Column(key="unit", label="Unit" if is_kind else "Currency"),
        Column(key="month", label="Month"),
        figure("opening", "Opening", total=False),
        *(
            figure(
                kind.value,
                HEADINGS.get(kind, KINDS[kind]),
                total=True,
                link=partial(_opens, kind=kind.value, entities=entities),
            )
            for kind in kinds
        ),
        figure("closing", "Closing", total=False),
        Column(key="state", label="Month is"),
    )

    def rows() -> Iterator[Row]:
        for flow in flows:
            state = "open" if _is_open(flow.entity, month=flow.month, opened=opened) else "closed"
            moved = (flow.moves.get(kind, 0) for kind in kinds)
            yield (flow.code, flow.unit, f"{flow.month:%Y-%m}", flow.opening, *moved, flow.closing, state)

    empty = "Nothing is owed and nothing moved."
    return Table(code=code, title=title, columns=columns, rows=rows, note=OPENS, empty=empty)


def _opens(row: Row, *, kind: str, entities: dict[str, int]) -> str:
    """Return the address of the rows that a cell is the sum of."""
    entity, unit, month = map(str, row[:3])
    asked = {
        "month": month,
        "kind__exact": kind,
        "unit": unit,
        "entity__id__exact": str(entities[entity]),
    }
    return f"{reverse('admin:sla_registerentry_changelist')}?{urlencode(asked)}"
