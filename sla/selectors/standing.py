"""How SLA schedules did over a range of statement periods, and what was claimed and received for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Q, Sum

from sla.engine.claims.moves import ClaimState
from sla.engine.facts import Verdict
from sla.models import (
    Claim,
    ClaimPart,
    CreditMatch,
    DraftLine,
    LineFigures,
    ServiceLevelAgreement,
    Statement,
    StatementLine,
    StatementRevision,
)
from sla.selectors.scope import Scope, newest_revision

# Asked for: everything but what only keeps a date, or waits for us to ask.
NOT_ASKED = (ClaimState.PROTECTIVE, ClaimState.ENTITLED)


@dataclass
class Standing:
    """One SLA schedule; money in minor units of `currency`, before tax."""

    agreement: ServiceLevelAgreement
    currency: str
    periods: int = 0
    finalised: int = 0
    periods_missed: int = 0
    judged: int = 0
    met: int = 0
    missed: int = 0
    due_minor: int = 0
    contested_minor: int = 0
    claimed_minor: int = 0
    claims: set[int] = field(default_factory=set)

    @property
    def unsure(self) -> int:
        """Return how many levels are not certain yet: met, unconfirmed is one of them."""
        return self.judged - self.met - self.missed


@dataclass
class ContractMoney:
    """What was claimed under one contract for the periods, and what came; minor units of `currency`."""

    contract: str
    vendor: str
    currency: str
    claims: int = 0
    claimed_minor: int = 0
    received_minor: int = 0


def standings(scope: Scope) -> list[Standing]:
    """Return the SLA schedules with a statement in the scope, by vendor, contract and code."""
    found = _judged(scope)
    _count_lines(scope, found=found)
    _add_claimed(scope, found=found)
    return sorted(
        found.values(),
        key=lambda each: (
            each.agreement.contract.vendor.name,
            each.agreement.contract.reference,
            each.agreement.code,
        ),
    )


def _judged(scope: Scope) -> dict[int, Standing]:
    heads = (
        scope.statements()
        .annotate(newest=newest_revision())
        .filter(Q(computed__gt=0) | Q(newest__isnull=False))
    )
    rows = list(heads.values_list("agreement_id", "newest", "state", "due_minor", "contested_minor"))
    frozen = {
        pk: figures
        for pk, *figures in StatementRevision.objects.filter(
            pk__in=heads.filter(newest__isnull=False).values("newest")
        ).values_list("pk", "state", "due_minor", "contested_minor")
    }
    agreements = ServiceLevelAgreement.objects.select_related("contract__vendor").in_bulk(
        {row[0] for row in rows}
    )
    found: dict[int, Standing] = {}
    for agreement_id, newest, *drawn in rows:
        figures: Sequence[Any] = frozen[newest] if newest is not None else drawn
        state, due, contested = figures
        agreement = agreements[agreement_id]
        standing = found.setdefault(agreement_id, Standing(agreement, agreement.currency))
        standing.periods += 1
        standing.finalised += newest is not None
        standing.periods_missed += state == Statement.State.MISSED
        standing.due_minor += due
        standing.contested_minor += contested
    return found


def _count_lines(scope: Scope, *, found: Mapping[int, Standing]) -> None:
    heads = scope.statements().annotate(newest=newest_revision())
    frozen = StatementLine.objects.filter(revision__in=heads.filter(newest__isnull=False).values("newest"))
    drawn = DraftLine.objects.filter(statement__in=heads.filter(newest=None).values("pk"))
    counts = {
        "judged": Count("pk"),
        "met_lines": Count("pk", filter=Q(verdict=Verdict.MET)),
        "missed_lines": Count("pk", filter=Q(missed=True)),
    }
    standing = LineFigures.Status.STANDING
    for rows, path in ((frozen, "revision__statement__agreement"), (drawn, "statement__agreement")):
        grouped = rows.filter(status=standing).exclude(target="").values(agreement=F(path)).annotate(**counts)
        for row in grouped:
            each = found[row["agreement"]]
            each.judged += row["judged"]
            each.met += row["met_lines"]
            each.missed += row["missed_lines"]


def _add_claimed(scope: Scope, *, found: Mapping[int, Standing]) -> None:
    rows = (
        _parts(scope)
        .exclude(claim__state__in=NOT_ASKED)
        .values("claim", agreement=F("credit__revision__statement__agreement"))
        .annotate(asked=Sum("amount_minor"))
    )
    for row in rows:
        each = found.get(row["agreement"])
        if each is not None:
            each.claimed_minor += row["asked"]
            each.claims.add(row["claim"])


def _parts(scope: Scope) -> Any:
    return ClaimPart.objects.filter(credit__revision__statement__in=scope.statements())


def contract_money(scope: Scope) -> list[ContractMoney]:
    """Return what was claimed for the periods in scope and what came for those claims, by contract.

    A claim stands under one contract and may hold credits of several schedules; what came for it is
    therefore told by contract.
    """
    claims = Claim.objects.filter(pk__in=_parts(scope).values("claim")).select_related("contract__vendor")
    asked = _sums(_parts(scope).exclude(claim__state__in=NOT_ASKED).values_list("claim", "amount_minor"))
    received = _sums(CreditMatch.objects.filter(claim__in=claims).values_list("claim", "claim_minor"))
    found: dict[tuple[str, str], ContractMoney] = {}
    for claim in claims.order_by("contract__vendor__name", "contract__reference", "currency", "pk"):
        each = found.setdefault(
            (claim.contract.reference, claim.currency),
            ContractMoney(claim.contract.reference, claim.contract.vendor.name, claim.currency),
        )
        each.claims += claim.state not in NOT_ASKED
        each.claimed_minor += asked[claim.pk]
        each.received_minor += received[claim.pk]
    return list(found.values())


def _sums(rows: Iterable[tuple[int, int]]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for key, amount in rows:
        found[key] += amount
    return found
