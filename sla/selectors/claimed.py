"""Where the claims for the lines of statements stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from sla.engine.claims.moves import ClaimState
from sla.models import Claim, ClaimPart, CreditMatch
from sla.models.columns import label_of


class Claimed(NamedTuple):
    """The claims for a line in words: references, states, and the documents that answered or will."""

    references: str = ""
    states: str = ""
    vendor_references: str = ""
    invoices: str = ""


NOTHING = Claimed()


@dataclass(frozen=True)
class ClaimedLines:
    """Claims by statement and line; those without a line stand for the whole statement."""

    by_line: dict[tuple[int, int | None], Claimed]

    def of(self, statement: int, *, number: int) -> Claimed:
        """Return the claims of a line: its own, else the statement's."""
        found = self.by_line.get((statement, number)) or self.by_line.get((statement, None))
        return found or NOTHING


def claimed_in(statements: Sequence[int]) -> ClaimedLines:
    """Return the claims for the lines of some statements, in three queries."""
    parts = (
        ClaimPart.objects.filter(credit__revision__statement__in=statements)
        .values_list("credit__revision__statement_id", "credit__line_number", "claim_id")
        .annotate(part=Sum("amount_minor"), rows=Count("pk"))
        .order_by("claim_id")
    )
    wanted: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for statement, number, claim, part, rows in parts:
        # A part that moved to another claim left two rows that sum to nothing.
        if part or rows == 1:
            wanted[statement, number].append(claim)
    keys = {claim for group in wanted.values() for claim in group}
    found = Claim.objects.filter(Q(pk__in=keys) | Q(statement__in=statements)).order_by("pk")
    claims = {row.pk: row for row in found}
    for row in claims.values():
        if row.statement_id is not None and row.pk not in keys:
            wanted[row.statement_id, None].append(row.pk)
    documents = _documents(claims)
    return ClaimedLines(
        {key: _claimed([claims[pk] for pk in group], documents=documents) for key, group in wanted.items()}
    )


def _documents(claims: Iterable[int]) -> dict[int, list[str]]:
    """Return the numbers of the documents that answer a claim; what was taken back is left out."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = (
        CreditMatch.objects.filter(claim__in=list(claims), undoes=None, undone_by=None)
        .order_by("pk")
        .values_list("claim_id", "received__document")
    )
    for claim, document in rows:
        found[claim].append(document)
    return found


def _claimed(claims: Sequence[Claim], *, documents: dict[int, list[str]]) -> Claimed:
    def joined(texts: Iterable[str]) -> str:
        return ", ".join(dict.fromkeys(text for text in texts if text))

    return Claimed(
        references=joined(claim.reference for claim in claims),
        states=joined(label_of(ClaimState(claim.state)) for claim in claims),
        vendor_references=joined(claim.vendor_reference for claim in claims),
        invoices=joined(
            number for claim in claims for number in documents.get(claim.pk) or [claim.expected_invoice]
        ),
    )
