"""Finalised credits, claims and their moves as bare rows, without what computes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from hashlib import sha256
from itertools import count
from typing import Any

from sla.engine.claims.moves import ClaimState
from sla.engine.periods import add_months
from sla.models import (
    Claim,
    ClaimMove,
    ClaimPart,
    PostingPolicy,
    RegisterEntry,
    ServiceCredit,
    ServiceLevelAgreement,
    Statement,
    StatementRevision,
)
from sla.services import register
from tests.builders import a_contract_with_power, a_schedule, an_entity, person, saved
from vendors.models import Contract

NUMBERS = count(1)
JULY = datetime(2019, 7, 10, 12, tzinfo=UTC)
Kind = RegisterEntry.Kind


def a_policy(recognition: str = "accepted", **fields: Any) -> PostingPolicy:
    accounts = {
        "receivable_account": "1450",
        "cost_account": "6200",
        "payable_account": "2000",
        "loss_account": "6900",
        "exchange_account": "7100",
    }
    return saved(PostingPolicy(entity=an_entity(), recognition=recognition, **{**accounts, **fields}))


def a_statement(agreement: ServiceLevelAgreement | None = None, *, month: str = "2019-06") -> Statement:
    agreement = agreement or ServiceLevelAgreement.objects.first() or a_schedule()
    first = date.fromisoformat(f"{month}-01")
    after = add_months(first, 1)
    fields = {
        "first_on": first,
        "last_on": date.fromordinal(after.toordinal() - 1),
        "starts_at": datetime(first.year, first.month, 1, 7, tzinfo=UTC),
        "ends_at": datetime(after.year, after.month, 1, 7, tzinfo=UTC),
    }
    return Statement.objects.get_or_create(agreement=agreement, period=month, defaults=fields)[0]


def a_revision(statement: Statement | None = None, **fields: Any) -> StatementRevision:
    statement = statement or a_statement()
    number = statement.revisions.count() + 1
    defaults = {
        "inputs": "{}",
        "inputs_digest": "0" * 64,
        "result": '{"measured":[]}',
        "result_digest": "0" * 64,
        "engine_version": "1",
        "zone_data": "2025b",
        "digest": sha256(str(next(NUMBERS)).encode()).hexdigest(),
        "finalised_at": JULY,
        "finalised_by": person(),
        "cause": "month end",
    }
    return StatementRevision.objects.create(statement=statement, number=number, **{**defaults, **fields})


def a_credit_row(amount: int = 20_000, *, revision: StatementRevision | None = None, **fields: Any) -> Any:
    revision = revision or a_revision()
    head = revision.statement
    month = register.posting_month(head.agreement.contract.entity, natural_on=head.last_on)
    defaults = {
        "kind": ServiceCredit.Kind.CREDIT,
        "pays": "money",
        "currency": head.agreement.contract.currency,
        "line_number": 1,
        "description": "Power uptime",
        "service_first_on": head.first_on,
        "service_last_on": head.last_on,
        "posting_month": month,
        "recorded_at": JULY,
    }
    return ServiceCredit.objects.create(revision=revision, amount_minor=amount, **{**defaults, **fields})


def a_claim(
    contract: Contract | None = None, *, state: ClaimState = ClaimState.ENTITLED, **fields: Any
) -> Any:
    contract = contract or a_contract_with_power()
    defaults = {
        "reference": f"CL-{next(NUMBERS)}",
        "currency": contract.currency,
        "opened_at": JULY,
        "opened_by": person(),
    }
    return Claim.objects.create(contract=contract, state=state, **{**defaults, **fields})


def a_claim_of(
    *amounts: int, state: ClaimState = ClaimState.ENTITLED, month: str = "2019-06", **fields: Any
) -> Any:
    """Return a claim for new credits of these amounts, entered in the register."""
    agreement = fields.pop("agreement", None)
    statement = a_statement(agreement, month=month)
    claim = a_claim(statement.agreement.contract, state=state, **fields)
    for amount in amounts:
        attach(a_credit_row(amount, revision=a_revision(statement)), claim=claim)
    return claim


def attach(credit: ServiceCredit, *, claim: Claim, now: datetime = JULY) -> RegisterEntry:
    ClaimPart.objects.create(
        claim=claim,
        credit=credit,
        amount_minor=credit.amount_minor,
        quantity=credit.quantity,
        recorded_at=now,
        recorded_by=person(),
    )
    return register.enter_credit(credit, claim=claim, by=person(), now=now)


def moved(
    claim: Claim, state: ClaimState, *, amount: int | None = None, at: datetime = JULY
) -> list[RegisterEntry]:
    """Move a claim past the table of moves, and tell the register."""
    move = ClaimMove.objects.create(
        claim=claim,
        old_state=claim.state,
        new_state=state,
        amount_minor=amount,
        happened_at=at,
        recorded_at=at,
        by=person(),
        why="told so",
    )
    claim.state = state
    claim.save(update_fields=["state"])
    return register.enter_move(move, by=person(), now=at)


def entered(
    kind: str, amount: int = 0, *, claim: Claim, on: date | None = None, now: datetime = JULY, **fields: Any
) -> Any:
    return register.enter(
        kind, claim=claim, amount_minor=amount, on=on or now.date(), by=person(), now=now, **fields
    )


def rows_of(claim: Claim) -> list[tuple[str, int, int]]:
    """Return kind, change of what is owed, change of what is recognised."""
    entries = RegisterEntry.objects.filter(claim=claim).order_by("pk")
    return list(entries.values_list("kind", "amount_minor", "recognised_minor"))


def days(quantity: int) -> dict[str, Any]:
    return {"pays": "service_days", "quantity": Fraction(quantity), "amount": 0}
