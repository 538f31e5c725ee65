"""Balanced journal lines by account and cost centre, from what is recognised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sla.models import PostingPolicy, RegisterEntry
from sla.reports.register.allocation import allocated
from sla.reports.register.entries import KINDS
from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.costs import CostCentres
from sla.selectors.register import IN_KIND, Books, open_months
from sla.selectors.scope import Scope

Moved = RegisterEntry.Kind
RECEIVABLE, COST, PAYABLE = "receivable_account", "cost_account", "payable_account"
# What stands against the account of credits to come; it is the cost that they reduce where nothing is said.
AGAINST = {
    Moved.RECEIVED: PAYABLE,
    Moved.WRITTEN_OFF: "loss_account",
    Moved.EXCHANGE: "exchange_account",
}
COLUMNS = (
    Column(key="entity", label="Our company"),
    Column(key="month", label="Month"),
    Column(key="currency", label="Currency"),
    Column(key="movement", label="Movement"),
    Column(key="account", label="Account"),
    Column(key="name", label="What the account is for"),
    Column(key="cost_centre", label="Cost centre"),
    Column(key="debit", label="Debit", kind=Kind.MONEY, currency="currency", total=True),
    Column(key="credit", label="Credit", kind=Kind.MONEY, currency="currency", total=True),
)
PROBLEMS = (
    Column(key="entity", label="Our company"),
    Column(key="missing", label="Missing"),
    Column(key="movement", label="Needed for"),
    Column(key="remedy", label="What to do"),
)


class _Line(NamedTuple):
    entity: str
    month: str
    currency: str
    kind: str
    role: str
    cost_centre: str


def journal_lines(scope: Scope, *, about: About, as_at: datetime | None = None) -> Report:
    """Return what is recognised in the posting months of a range as debits and credits that balance.

    An addition is debited to the account of credits to come and credited to the cost that it reduces; a
    receipt moves it to the account that receipts go to. Cost centres stand on the lines of cost, loss and
    exchange, to the cent. An account that no policy names stays empty and is listed.
    """
    books = Books(scope=scope, as_at=as_at)
    rows = list(
        books.moved()
        .exclude(unit__in=IN_KIND)
        .exclude(recognised_minor=0)
        .select_related("entity")
        .order_by("posting_month", "pk")
    )
    lines = _summed(rows)
    policies = {policy.entity.code: policy for policy in PostingPolicy.objects.select_related("entity")}
    problems = _problems(lines, policies=policies)
    opened = open_months()
    is_open = any(row.entity_id not in opened or books.last_month >= opened[row.entity_id] for row in rows)
    return Report(
        code="journal",
        title="Journal lines of credits",
        subtitle=f"Posting months {books.first_month:%Y-%m} to {books.last_month:%Y-%m}",
        about=replace(
            about, provisional=about.provisional or is_open, notes=(*about.notes, *_notes(problems))
        ),
        tables=(_lines(lines, policies=policies), *([_listed(problems)] if problems else [])),
    )


def _summed(rows: list[RegisterEntry]) -> dict[_Line, int]:
    """Return what each line comes to, debits above zero; every row balances, and so does the sum."""
    centres = CostCentres(rows)
    found: dict[_Line, int] = defaultdict(int)
    for row in rows:
        against = AGAINST.get(Moved(row.kind), COST)
        line = _Line(row.entity.code, f"{row.posting_month:%Y-%m}", row.unit, row.kind, RECEIVABLE, "")
        found[line] += row.recognised_minor
        parts = {"": row.recognised_minor}
        if against != PAYABLE:
            parts = allocated(row.recognised_minor, weights=centres.of(row))
        for centre, part in parts.items():
            found[line._replace(role=against, cost_centre=centre)] -= part
    return dict(sorted((line, amount) for line, amount in found.items() if amount))


def _lines(lines: dict[_Line, int], *, policies: dict[str, PostingPolicy]) -> Table:
    def rows() -> Iterator[Row]:
        for line, amount in lines.items():
            yield (
                line.entity,
                line.month,
                line.currency,
                KINDS[line.kind],
                _account(line, policies=policies),
                _named(line.role),
                line.cost_centre,
                max(amount, 0),
                max(-amount, 0),
            )

    return Table(
        code="journal",
        title="Journal lines",
        columns=COLUMNS,
        rows=rows,
        note="Debits equal credits by company, month and currency. What is a memo is not in here.",
        empty="Nothing was recognised in these months.",
    )


def _account(line: _Line, *, policies: dict[str, PostingPolicy]) -> str:
    policy = policies.get(line.entity)
    return str(getattr(policy, line.role)) if policy is not None else ""


def _named(role: str) -> str:
    name = str(PostingPolicy._meta.get_field(role).verbose_name)  # type: ignore[union-attr]
    return f"{name[:1].upper()}{name[1:]}"


def _problems(lines: dict[_Line, int], *, policies: dict[str, PostingPolicy]) -> list[Row]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        if not _account(line, policies=policies):
            found[line.entity, line.role].add(KINDS[line.kind])
    remedy = "Enter it in the posting policy of the company."
    return [
        (entity, _named(role), ", ".join(sorted(kinds)), remedy)
        for (entity, role), kinds in sorted(found.items())
    ]


def _notes(problems: list[Row]) -> tuple[str, ...]:
    if not problems:
        return ()
    return (f"{len(problems)} accounts are missing, and their lines have none; see Missing accounts.",)


def _listed(problems: list[Row]) -> Table:
    return Table(code="problems", title="Missing accounts", columns=PROBLEMS, rows=lambda: iter(problems))
