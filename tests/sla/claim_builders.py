"""Finalised statements with a missed month, and the claims that their credits are born with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sla.engine.claims.moves import ClaimState
from sla.engine.terms import Anchor, ClaimRule, CreditRule, Offset, OffsetUnit, Terms, Tier, Tiered
from sla.models import Claim, ServiceLevelAgreement, StatementRevision
from sla.services.statements.drafts import draft_statement
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.heads import head_of, refresh_statement
from sla.services.statements.questions import open_questions
from tests.builders import (
    a_charge,
    a_contract,
    a_contract_with_power,
    a_schedule,
    a_service,
    an_incident,
    an_outage,
    at,
    person,
    some_terms,
)
from vendors.models import Contract

# The missed month is June 2019; it is finalised in July.
FINALISED = at("2019-07-02 09:00")
NOW = at("2019-07-20 09:00")


def limit(days: int, reading: str = "", **fields: Any) -> Offset:
    """Return a limit of days after the end of the period."""
    defaults = {"unit": OffsetUnit.DAYS, "anchor": Anchor.PERIOD_END}
    return Offset(n=Decimal(days), reading=reading, **{**defaults, **fields})


def a_claim_rule(**fields: Any) -> ClaimRule:
    """Return: claim within 30 days after the month; decided in 45 days, credited in 60 more."""
    defaults: dict[str, Any] = {
        "deadlines": (limit(30),),
        "decide_within": limit(45, anchor=Anchor.SUBMITTED),
        "issue_within": limit(60, anchor=Anchor.DECIDED),
        "clause": "Exhibit C 4.2",
    }
    return ClaimRule(**{**defaults, **fields})


def some_claim_terms(*, rule: ClaimRule | None = None, **fields: Any) -> Terms:
    """Return one level, 10 % below 99.9, with how its credit is claimed."""
    return some_terms(claim=rule or a_claim_rule(), **fields)


def a_percent_credit(*tiers: tuple[str, str]) -> CreditRule:
    """Return a credit of rows (below, percent)."""
    return CreditRule(
        params=Tiered(tiers=tuple(Tier(below=Decimal(below), credit=Decimal(pays)) for below, pays in tiers))
    )


def a_contract_in(currency: str, *, reference: str, fee_minor: int, **fields: Any) -> Contract:
    """Return a contract with one service, power-a, at a monthly fee in minor units."""
    contract = a_contract(reference, currency=currency, **fields)
    service = a_service(contract, code="power-a", name="Power feed A")
    a_charge(contract, code="power", service=service, amount_minor=fee_minor)
    return contract


def a_missed_month(
    code: str = "power",
    *,
    contract: Contract | None = None,
    terms: Terms | None = None,
    incident: str = "INC-1",
    outage: Sequence[str] = ("2019-06-25 04:15", "2019-06-25 05:28"),
) -> ServiceLevelAgreement:
    """Return a signed schedule and an outage of 73 minutes in June 2019: 99.83 %, 10 % of 2,000 dollars."""
    contract = contract or a_contract_with_power()
    agreement = a_schedule(code, contract=contract, terms=terms or some_claim_terms())
    row = an_incident(incident, vendor=contract.vendor)
    started, ended = outage
    an_outage(
        row,
        contract.services.get(code="power-a"),
        started_at=at(started),
        ended_at=at(ended),
        confirmed_at=at(ended),
    )
    return agreement


def a_revision(
    agreement: ServiceLevelAgreement | None = None, *, period: str = "2019-06", now: datetime = FINALISED
) -> StatementRevision:
    """Return the finalised statement of a period, whatever was unresolved."""
    agreement = agreement or a_missed_month()
    head = refresh_statement(head_of(agreement, period_label=period), now=now)
    result = draft_statement(agreement, period_label=period, known_until=now)
    reasons = {question.code: "checked by hand" for question in open_questions(head, result=result, now=now)}
    return finalise_statement(head, by=person(), why="month end", reasons=reasons, now=now)


def a_claim(agreement: ServiceLevelAgreement | None = None, **fields: Any) -> Claim:
    """Return the claim that the credits of a finalised statement are born with: entitled, USD 200."""
    revision = a_revision(agreement, **fields)
    found: Claim = Claim.objects.filter(parts__credit__revision=revision).distinct().get()
    return found


def state_of(claim: Claim) -> str:
    """Return where a claim stands by the database."""
    return ClaimState(Claim.objects.get(pk=claim.pk).state).value
