"""The claims of a vendor, those about a period apart from the other open ones, and their steps."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import date
from fractions import Fraction

from django.db.models import Prefetch, Q

from sla.engine.claims.moves import OPEN, ClaimState
from sla.engine.periods import zone_info
from sla.models import Claim, ClaimToDo, Statement, StatementRevision
from vendors.models import Reader, Vendor


def claim_rows(
    vendor: Vendor,
    *,
    inside: Iterable[Statement],
    incidents: AbstractSet[str],
    during: tuple[date, date],
    user: Reader,
) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """Return the claims about the statements or their incidents, and the other open ones."""
    inside = list(inside)
    wanted = (
        Q(statement__in=inside)
        | Q(parts__credit__revision__statement__in=inside)
        | Q(incident__isnull=False)
        | Q(state__in=[state.value for state in OPEN])
    )
    rows = (
        Claim.objects.visible_to(user)
        .filter(wanted, contract__vendor=vendor)
        .select_related("contract__account", "account", "statement__agreement__contract", "incident")
        .prefetch_related(
            Prefetch(
                "parts__credit__revision",
                queryset=StatementRevision.objects.defer("inputs", "result").select_related(
                    "statement__agreement__contract"
                ),
            ),
            *("incident__outages", "moves", "matches"),
        )
        .order_by("opened_at", "pk")
        .distinct()
    )
    keys = {each.pk for each in inside}
    found: tuple[list[Claim], list[Claim]] = ([], [])
    for row in rows:
        if _asks_for(row, statements=keys) or _is_of(row, incidents=incidents, during=during):
            found[0].append(row)
        elif ClaimState(row.state) in OPEN:
            found[1].append(row)
    return tuple(found[0]), tuple(found[1])


def _asks_for(claim: Claim, *, statements: AbstractSet[int]) -> bool:
    """Return whether a claim was opened for one of these statements, or still holds a credit of one."""
    held: dict[int, tuple[int, Fraction]] = {}
    for part in claim.parts.all():
        amount, quantity = held.get(part.credit_id, (0, Fraction(0)))
        held[part.credit_id] = amount + part.amount_minor, quantity + (part.quantity or 0)
    return claim.statement_id in statements or any(
        part.credit.revision.statement_id in statements and any(held[part.credit_id])
        for part in claim.parts.all()
    )


def _is_of(claim: Claim, *, incidents: AbstractSet[str], during: tuple[date, date]) -> bool:
    """Return whether a claim was opened for one of these incidents, or for one in these local days."""
    if claim.incident is None:
        return False
    zone = zone_info(claim.contract.zone)
    return claim.incident.reference in incidents or any(
        outage.withdrawn_at is None
        and outage.started_at.astimezone(zone).date() <= during[1]
        and (outage.ended_at is None or outage.ended_at.astimezone(zone).date() >= during[0])
        for outage in claim.incident.outages.all()
    )


def todo_rows(inside: Iterable[Statement], *, claims: Iterable[Claim]) -> tuple[ClaimToDo, ...]:
    """Return the open steps of the statements and of the claims, the first date first."""
    rows = (
        ClaimToDo.objects.filter(Q(statement__in=list(inside)) | Q(claim__in=list(claims)))
        .filter(done_at=None, dropped_at=None)
        .select_related("claim", "statement__agreement__contract")
        .order_by("due_until", "pk")
    )
    return tuple(rows)
