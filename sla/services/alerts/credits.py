"""Credits that may be lost with their contract: no invoice is left to land on, or the terms let them go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from sla.engine.claims.moves import ClaimState
from sla.engine.periods import add_months
from sla.models import Alert, Claim, ClaimRule
from sla.services.alerts.found import SOON, Found, Look, subject_of
from sla.services.claims.balances import standings
from vendors.models import Contract, midnight, zone_of

KIND = Alert.Kind.CREDIT
DAY = timedelta(days=1)
ENDS, ENDS_SOON, ENDED = 1, 2, 3
# A claim from which money can still come.
HOPED = (
    ClaimState.ENTITLED,
    ClaimState.SUBMITTED,
    ClaimState.ACCEPTED,
    ClaimState.PARTLY_ACCEPTED,
    ClaimState.CONTESTED,
)


def credits_at_risk(look: Look) -> Iterator[Found]:
    """Yield the claims with money open whose contract ended, or ends before its next billing month begins.

    A contract that renews by itself goes on.
    """
    rows = Claim.objects.filter(state__in=HOPED, contract__effective_until__isnull=False)
    rows = rows.exclude(contract__renewal=Contract.Renewal.AUTOMATIC)
    rows = rows.select_related("contract", "statement__agreement").prefetch_related("moves").order_by("pk")
    claims = [claim for claim in rows if _ends_first(claim, now=look.now)]
    stands, rules = standings(claims), _rules(claims)
    for claim in claims:
        minor = stands[claim.pk].open_
        if minor > 0:
            yield _found(claim, minor=minor, rule=_rule(claim, rules=rules), now=look.now)


def _ends_first(claim: Claim, *, now: datetime) -> bool:
    """Say whether no billing month begins any more before the contract ends."""
    today = now.astimezone(zone_of(claim.contract.zone)).date()
    day = claim.statement.agreement.billing_day if claim.statement is not None else 1
    begins = today.replace(day=day) if today.day < day else add_months(today.replace(day=day), 1)
    ends_on = claim.contract.effective_until
    return ends_on is not None and ends_on <= begins


def _rules(claims: Iterable[Claim]) -> dict[int, list[ClaimRule]]:
    """Return how credits are claimed by contract, the newest terms last."""
    contracts = {claim.contract_id for claim in claims}
    rows = ClaimRule.objects.filter(version__agreement__contract__in=contracts).select_related(
        "version__agreement"
    )
    found: dict[int, list[ClaimRule]] = {}
    for row in rows.order_by("version__effective_from", "pk"):
        found.setdefault(row.version.agreement.contract_id, []).append(row)
    return found


def _rule(claim: Claim, *, rules: Mapping[int, list[ClaimRule]]) -> ClaimRule | None:
    """Return the terms that hold at the contract's end: of the claim's schedule, else of another one."""
    ends_on = claim.contract.effective_until or date.max
    known = [row for row in rules.get(claim.contract_id, []) if row.version.effective_from < ends_on]
    statement = claim.statement
    schedule = None if statement is None else statement.agreement_id
    own = [row for row in known if row.version.agreement_id == schedule]
    return next(reversed(own or known), None)


def _found(claim: Claim, *, minor: int, rule: ClaimRule | None, now: datetime) -> Found:
    contract = claim.contract
    assert contract.effective_until is not None
    until = midnight(contract.effective_until, zone=contract.zone)
    last = contract.effective_until - DAY
    rank = ENDED if until <= now else ENDS_SOON if until - now < SOON else ENDS
    return Found(
        kind=KIND,
        subject=subject_of(claim.pk),
        rank=rank,
        headline=_headline(claim, last=last, is_over=rank == ENDED),
        detail=_detail(claim, rule=rule, is_over=rank == ENDED),
        vendor_id=contract.vendor_id,
        contract_id=contract.pk,
        statement_id=claim.statement_id,
        claim_id=claim.pk,
        currency=claim.currency,
        amount_minor=minor,
        due_at=until,
        due_words=f"{last}",
    )


def _headline(claim: Claim, *, last: date, is_over: bool) -> str:
    contract = claim.contract
    if is_over:
        return f"{contract.reference} ended on {last}, and the credit of {claim} has not come"
    return f"{contract.reference} ends on {last}, before its next invoice: the credit of {claim} has not come"


def _detail(claim: Claim, *, rule: ClaimRule | None, is_over: bool) -> str:
    lapses = rule is not None and rule.expires_on_termination
    clause = f" ({rule.clause})" if rule is not None and rule.clause else ""
    if lapses and is_over:
        return f"By the terms it lapsed with the contract{clause}, and no invoice is left to land on."
    if lapses:
        return f"By the terms it lapses when the contract ends{clause}: ask for payment before that day."
    return "No invoice is left to land on: ask for payment instead of a credit note."
