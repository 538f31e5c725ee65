"""Every service level missed in a range of statement periods, one statement after the other.

A finalised statement speaks by its newest revision, another one by its draft. Rows come in chunks of
statements, each with the same few queries, so that the first comes at once and memory stays flat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from sla.models import DraftLine, LineFigures, Statement, StatementLine, StatementRevision
from sla.selectors.billing import Bills, BillsByContract
from sla.selectors.claimed import Claimed, claimed_in
from sla.selectors.scope import Scope, newest_revision

CHUNK = 100

LINE_FIELDS = (
    "number", "key", "target", "name", "clause", "window", "window_first_on", "window_last_on", "units",
    "services", "unit", "verdict", "contested", "provisional", "level_printed", "value_printed",
    "shortfall_printed", "total_us", "excluded_us", "stopped_us", "not_attributed_us", "uncounted_us",
    "unknown_us", "counted_us", "excluded_by", "incidents", "pays", "credit_state", "tier", "currency",
    "base_minor", "before_caps_minor", "removed", "due_minor", "agreed_minor",
)  # fmt: skip
# Read as text: the column's own conversion is dear where each row has four of them.
EXACT_FIELDS = ("level", "value", "shortfall", "quantity")


class LineRow(NamedTuple):
    """The columns of a line; lengths in microseconds, money in minor units of `currency`."""

    number: int
    key: str
    target: str
    name: str
    clause: str
    window: str
    window_first_on: date
    window_last_on: date
    units: list[str]
    services: str
    unit: str
    verdict: str
    contested: bool
    provisional: list[Any]
    level_printed: str
    value_printed: str
    shortfall_printed: str
    total_us: int
    excluded_us: int
    stopped_us: int
    not_attributed_us: int
    uncounted_us: int
    unknown_us: int
    counted_us: int
    excluded_by: list[dict[str, Any]]
    incidents: list[str]
    pays: str
    credit_state: str
    tier: str
    currency: str
    base_minor: int | None
    before_caps_minor: int
    removed: list[dict[str, Any]]
    due_minor: int
    agreed_minor: int | None
    level: Fraction | None
    value: Fraction | None
    shortfall: Fraction | None
    quantity: Fraction | None


@dataclass(frozen=True, slots=True)
class Head:
    """The statement that a line stands on; `revision` is empty for a draft."""

    pk: int
    number: str
    revision: int | None
    period: str
    first_on: date
    last_on: date
    contract_id: int
    contract: str
    contract_name: str
    schedule: str
    vendor: str
    vendor_number: str
    entity: str
    account: str
    claim_by: date | None


class MissedLine(NamedTuple):
    """A missed level with the statement, bills and claims around it."""

    head: Head
    line: LineRow
    bills: Bills
    claimed: Claimed


def missed_lines(scope: Scope) -> Iterator[MissedLine]:
    """Yield the missed levels by the last day of their period, vendor, contract, schedule and line."""
    order = (
        "last_on",
        "agreement__contract__vendor__name",
        "agreement__contract__reference",
        "agreement__code",
    )
    keys = iter(
        list(
            scope.statements()
            .annotate(newest=newest_revision())
            .order_by(*order, "first_on", "pk")
            .values_list("pk", "newest")
        )
    )
    bills = BillsByContract()
    while chunk := list(islice(keys, CHUNK)):
        yield from _chunk(chunk, bills=bills)


def has_drafts(scope: Scope) -> bool:
    """Say whether any of the statements is not finalised."""
    return scope.statements().filter(revisions=None).exists()


def _chunk(keys: Sequence[tuple[int, int | None]], *, bills: BillsByContract) -> Iterator[MissedLine]:
    revisions = {pk: newest for pk, newest in keys if newest is not None}
    drafts = [pk for pk, newest in keys if newest is None]
    lines = _lines(StatementLine.objects.filter(revision__in=revisions.values()), parent="revision_id")
    drawn = _lines(DraftLine.objects.filter(statement__in=drafts), parent="statement_id")
    found = [pk for pk, newest in keys if (lines.get(newest) if newest else drawn.get(pk))]
    if not found:
        return
    heads = _heads(found, revisions=revisions)
    claims = claimed_in(found)
    bills.learn({head.contract_id for head in heads.values()})
    for pk in found:
        head, newest = heads[pk], revisions.get(pk)
        for line in lines[newest] if newest else drawn[pk]:
            yield MissedLine(
                head, line, bills.of(head.contract_id, line=line), claims.of(pk, number=line.number)
            )


def _lines(rows: QuerySet[Any], *, parent: str) -> dict[int, list[LineRow]]:
    missed = rows.filter(missed=True, status=LineFigures.Status.STANDING)
    exact = {f"{name}_text": Cast(name, TextField()) for name in EXACT_FIELDS}
    values = missed.annotate(**exact).order_by(parent, "number").values_list(parent, *LINE_FIELDS, *exact)
    found: dict[int, list[LineRow]] = defaultdict(list)
    cut = 1 + len(LINE_FIELDS)
    for row in values:
        found[row[0]].append(LineRow(*row[1:cut], *map(_fraction, row[cut:])))
    return found


@lru_cache(maxsize=4096)
def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _heads(keys: Sequence[int], *, revisions: dict[int, int]) -> dict[int, Head]:
    frozen = {
        statement: (number, claim_by)
        for statement, number, claim_by in StatementRevision.objects.filter(
            pk__in=[revisions[pk] for pk in keys if pk in revisions]
        ).values_list("statement_id", "number", "claim_by")
    }
    rows = Statement.objects.filter(pk__in=keys).select_related(
        "agreement__contract__vendor", "agreement__contract__entity", "agreement__contract__account"
    )
    return {row.pk: _head(row, *frozen.get(row.pk, (None, row.claim_by))) for row in rows}


def _head(row: Statement, revision: int | None, claim_by: date | None) -> Head:
    contract = row.agreement.contract
    return Head(
        pk=row.pk,
        number=f"{row.number}/r{revision}" if revision else row.number,
        revision=revision,
        period=row.period,
        first_on=row.first_on,
        last_on=row.last_on,
        contract_id=contract.pk,
        contract=contract.reference,
        contract_name=contract.name,
        schedule=row.agreement.name or row.agreement.code,
        vendor=contract.vendor.name,
        vendor_number=contract.vendor.accounting_number,
        entity=contract.entity.name,
        account=contract.account.number if contract.account else "",
        claim_by=claim_by,
    )
