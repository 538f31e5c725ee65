"""Rows of the credit register as reports read them: which months, sums by month and kind, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet, Sum

from sla.engine.periods import add_months
from sla.models import PeriodClose, RegisterEntry
from sla.selectors.scope import Scope

IN_KIND = ("days", "hours", "fees")
CHUNK = 2_000


@dataclass(frozen=True, kw_only=True)
class Books:
    """The posting months of a scope, as at a moment: from the month of its first day to that of its last.

    As at a day, closed months stand as they were closed, of open ones what was recorded by then; later
    months are left out. Rows are only ever added, and never to a closed month, so the same question
    gives the same answer as soon as its months are closed.
    """

    scope: Scope
    as_at: datetime | None = None

    @property
    def first_month(self) -> date:
        """Return the first day of the first month."""
        return self.scope.first_on.replace(day=1)

    @property
    def last_month(self) -> date:
        """Return the first day of the last month."""
        last = self.scope.last_on.replace(day=1)
        if self.as_at is None:
            return last
        return min(last, (self.as_at - timedelta(microseconds=1)).date().replace(day=1))

    def months(self) -> Iterator[date]:
        """Yield the first day of each month, oldest first."""
        month = self.first_month
        while month <= self.last_month:
            yield month
            month = add_months(month, 1)

    def entries(self) -> QuerySet[RegisterEntry]:
        """Return the rows of these months and of all before, unordered."""
        found: QuerySet[RegisterEntry] = RegisterEntry.objects.visible_to(self.scope.user).filter(
            posting_month__lte=self.last_month, **self.scope.of_contract("")
        )
        if self.as_at is not None:
            known = Q(recorded_at__lt=self.as_at)
            for entity, opened in open_months().items():
                known |= Q(entity=entity, posting_month__lt=opened)
            found = found.filter(known)
        return found.order_by()

    def moved(self) -> QuerySet[RegisterEntry]:
        """Return the rows of these months, unordered."""
        return self.entries().filter(posting_month__gte=self.first_month)


def open_months() -> dict[int, date]:
    """Return by company the first day of its first open month, where it ever closed one."""
    rows = PeriodClose.objects.order_by().values_list("entity").annotate(opened=Max("open_from"))
    return dict(rows)


class Flow(NamedTuple):
    """What moved in one company, unit and month: by kind, in minor units or exact."""

    entity: int
    code: str
    unit: str
    month: date
    opening: int | Fraction
    moves: Mapping[str, int | Fraction]
    closing: int | Fraction


def money_flows(books: Books, *, figure: str) -> Iterator[Flow]:
    """Yield each month's flow of `amount_minor` or `recognised_minor` by company and currency.

    Each opening is the closing before it.
    """
    rows = (
        books.entries()
        .exclude(unit__in=IN_KIND)
        .values_list("entity", "entity__code", "unit", "posting_month", "kind")
        .annotate(figure=Sum(figure))
    )
    yield from _rolled(books, rows=iter(rows))


def kind_flows(books: Books) -> Iterator[Flow]:
    """Yield each month's flow of days, hours and fees by company; exact fractions are summed here."""
    rows = books.entries().filter(unit__in=IN_KIND)
    names = ("entity", "entity__code", "unit", "posting_month", "kind", "quantity")
    yield from _rolled(
        books, rows=((*row, counted or Fraction(0)) for *row, counted in rows.values_list(*names))
    )


Place = tuple[str, str, int]


def _rolled(books: Books, *, rows: Iterator[tuple[Any, ...]]) -> Iterator[Flow]:
    opening: dict[Place, int | Fraction] = defaultdict(int)
    moves: dict[tuple[Place, date], dict[str, int | Fraction]] = defaultdict(lambda: defaultdict(int))
    for entity, code, unit, month, kind, figure in rows:
        place: Place = (code, unit, entity)
        if month < books.first_month:
            opening[place] += figure
        else:
            opening[place] += 0
            moves[place, month][kind] += figure
    for place in sorted(opening):
        code, unit, entity = place
        balance = opening[place]
        for month in books.months():
            moved = dict(moves.get((place, month), {}))
            closing = balance + sum(moved.values())
            yield Flow(entity, code, unit, month, balance, moved, closing)
            balance = closing


class Entry(NamedTuple):
    """A row of the register with the names it goes by; amounts in minor units of `unit`."""

    pk: int
    month: date
    recorded_at: datetime
    by: str
    entity: str
    vendor: str
    vendor_name: str
    vendor_number: str
    account: str | None
    contract: str
    claim: str
    claim_state: str
    schedule: str | None
    period: str | None
    revision: int | None
    line: int | None
    service_first_on: date | None
    service_last_on: date | None
    kind: str
    unit: str
    amount_minor: int
    recognised_minor: int
    quantity: Fraction | None
    document: str | None
    why: str

    @property
    def statement(self) -> str:
        """Return the number of the statement behind it, with its revision."""
        if self.revision is None:
            return ""
        return f"{self.contract}/{self.schedule}/{self.period}/r{self.revision}"

    @property
    def is_money(self) -> bool:
        """Return whether its unit is a currency."""
        return self.unit not in IN_KIND


NAMES = (
    "pk",
    "posting_month",
    "recorded_at",
    "recorded_by__username",
    "entity__code",
    "vendor__slug",
    "vendor__name",
    "vendor__accounting_number",
    "contract__account__number",
    "contract__reference",
    "claim__reference",
    "claim__state",
    "credit__revision__statement__agreement__code",
    "credit__revision__statement__period",
    "credit__revision__number",
    "credit__line_number",
    "service_first_on",
    "service_last_on",
    "kind",
    "unit",
    "amount_minor",
    "recognised_minor",
    "quantity",
    "match__received__document",
    "why",
)


def entries_of(rows: QuerySet[RegisterEntry]) -> Iterator[Entry]:
    """Yield rows with their names, in the order of the books; they stream."""
    ordered = rows.order_by("posting_month", "pk").values_list(*NAMES)
    return (Entry(*row) for row in ordered.iterator(chunk_size=CHUNK))


class ClaimFlow(NamedTuple):
    """What a claim comes to in one unit by the end of the books: by kind, and what of it is recognised."""

    claim: str
    state: str
    entity: str
    vendor: str
    vendor_number: str
    contract: str
    unit: str
    opened_at: datetime
    expected_invoice: str
    moves: Mapping[str, int]
    recognised: int

    @property
    def open_minor(self) -> int:
        """Return what is still owed."""
        return sum(self.moves.values())


def claim_flows(books: Books) -> list[ClaimFlow]:
    """Return the money of every claim on which something is owed or moved in the months."""
    moved = set(books.moved().exclude(unit__in=IN_KIND).values_list("claim", flat=True).distinct())
    names = (
        "claim__reference",
        "claim__state",
        "entity__code",
        "vendor__slug",
        "vendor__accounting_number",
        "contract__reference",
        "unit",
        "claim__opened_at",
        "claim__expected_invoice",
    )
    sums = books.entries().exclude(unit__in=IN_KIND).values_list("claim", *names, "kind")
    found: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    recognised: dict[tuple[Any, ...], int] = defaultdict(int)
    for *key, kind, amount, booked in sums.annotate(Sum("amount_minor"), Sum("recognised_minor")):
        found[tuple(key)][kind] = amount
        recognised[tuple(key)] += booked
    flows = [(key[0], ClaimFlow._make((*key[1:], moves, recognised[key]))) for key, moves in found.items()]
    kept = [flow for claim, flow in flows if claim in moved or flow.open_minor]
    return sorted(kept, key=lambda flow: (flow.entity, flow.vendor, flow.opened_at, flow.claim))
