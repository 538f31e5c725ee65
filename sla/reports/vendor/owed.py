"""What is owed: amounts by currency and by other units, and the claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fractions import Fraction

from sla.engine.claims.moves import OPEN, ClaimState
from sla.engine.periods import zone_info
from sla.engine.terms import Pays
from sla.models import Claim, ClaimToDo
from sla.reports.editions.edition import Edition
from sla.reports.vendor.data import Amount, ClaimPart, CorrectionPart, LevelPart, OtherAmount
from sla.reports.vendor.rows import Rows
from sla.reports.words import PAYS

# A claim that was not sent is our own business.
UNSENT = {ClaimState.PROTECTIVE, ClaimState.ENTITLED, ClaimState.NOT_PURSUED, ClaimState.LAPSED}
NO_CREDIT = {Pays.MONEY, Pays.PERCENT, Pays.POINTS}  # counted as money, or for another table


def amounts(
    levels: Sequence[LevelPart], *, earlier: Sequence[CorrectionPart], claims: Sequence[ClaimPart]
) -> tuple[Amount, ...]:
    """Return what is due, with what earlier periods left, and what came, each currency for itself."""
    due = [(each.currency, each.due_minor, each.finalised) for each in levels if each.due_minor]
    due += [(each.currency, each.delta_minor, each.finalised) for each in earlier if each.delta_minor]
    currencies = sorted({currency for currency, _, _ in due} | {each.currency for each in claims})
    return tuple(
        Amount(
            currency=currency,
            due_minor=sum(minor for code, minor, _ in due if code == currency),
            provisional_minor=sum(minor for code, minor, final in due if code == currency and not final),
            contested_minor=sum(each.contested_minor for each in levels if each.currency == currency),
            received_minor=sum(each.received_minor for each in claims if each.currency == currency),
            earlier_minor=sum(each.delta_minor for each in earlier if each.currency == currency),
        )
        for currency in currencies
    )


def other_amounts(levels: Sequence[LevelPart]) -> tuple[OtherAmount, ...]:
    """Return what is due in other units than money, each unit for itself."""
    sums: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for each in levels:
        if each.quantity and each.pays not in NO_CREDIT:
            found = sums[PAYS[each.pays]]
            found[0] += each.quantity
            found[1] += Fraction(0) if each.finalised else each.quantity
    return tuple(
        OtherAmount(unit=unit, quantity=quantity, provisional=provisional)
        for unit, (quantity, provisional) in sorted(sums.items())
    )


def claim_parts(rows: Rows, *, edition: Edition) -> tuple[ClaimPart, ...]:
    """Return the claims about the period; the vendor reads those that reached it."""
    return tuple(_claim(claim, rows=rows) for claim in shown_claims(rows, edition=edition))


def shown_claims(rows: Rows, *, edition: Edition) -> Iterable[Claim]:
    """Return the claims about the period that a reader may know."""
    return [claim for claim in rows.claims if edition is Edition.INTERNAL or known_to_vendor(claim)]


def other_claim_parts(rows: Rows, *, edition: Edition) -> tuple[ClaimPart, ...]:
    """Return the vendor's other open claims; the vendor reads those submitted and not yet credited."""
    return tuple(
        _claim(claim, rows=rows)
        for claim in rows.other_claims
        if edition is Edition.INTERNAL
        or (claim.submitted_at is not None and ClaimState(claim.state) is not ClaimState.CREDITED)
    )


def known_to_vendor(claim: Claim) -> bool:
    """Return whether a claim reached the vendor, or comes without being sent."""
    return claim.submitted_at is not None or claim.automatic or ClaimState(claim.state) not in UNSENT


def _claim(claim: Claim, *, rows: Rows) -> ClaimPart:
    parts, matches = list(claim.parts.all()), list(claim.matches.all())
    account = claim.account or claim.contract.account
    answers = [each.due_on for each in theirs(rows, claim=claim) if each.what == "decision"]
    numbers = dict.fromkeys(part.credit.revision.statement.number for part in parts)
    if claim.statement is not None:
        numbers.setdefault(claim.statement.number)
    return ClaimPart(
        reference=claim.reference,
        vendor_reference=claim.vendor_reference,
        state=claim.get_state_display(),
        contract=claim.contract.reference,
        account=account.number if account is not None else "",
        statements=tuple(sorted(numbers)),
        currency=claim.currency,
        asked_minor=sum(part.amount_minor for part in parts),
        received_minor=sum(match.claim_minor for match in matches),
        sent_on=local_day(claim.submitted_at, zone=claim.contract.zone),
        answer_by=min(answers, default=None),
        expected_invoice=claim.expected_invoice,
        is_open=ClaimState(claim.state) in OPEN,
    )


def local_day(at: datetime | None, *, zone: str) -> date | None:
    """Return the local date of an instant."""
    return None if at is None else at.astimezone(zone_info(zone)).date()


def theirs(rows: Rows, *, claim: Claim) -> list[ClaimToDo]:
    """Return the open dated steps of a claim that the vendor has to do."""
    return [
        each for each in rows.todos if each.claim_id == claim.pk and each.party == ClaimToDo.Party.VENDORS
    ]
