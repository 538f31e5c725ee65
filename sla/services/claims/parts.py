"""Move parts of credits between claims: what is agreed goes ahead, the rest is argued on its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Sum

from sla.engine.claims.moves import FINAL, ClaimState
from sla.models import Claim, ClaimPart, LineAnswer, ServiceCredit, StatementLine
from sla.services import register
from sla.services.claims.answers import agreed_by, agreed_if_said, agreed_of
from sla.services.claims.balances import balance, held_parts
from sla.services.claims.moves import answer_claim
from sla.services.claims.opening import next_reference, write_birth
from sla.services.claims.stepping import check_allowed, locked_claim
from vendors.models import Contract, money_text
from vendors.services import checked_reason


@transaction.atomic
def split_claim(
    claim: Claim, *, parts: Mapping[ServiceCredit, int], by: User, why: str, now: datetime
) -> Claim:
    """Move parts of a claim's credits (minor units) to a new claim and return that.

    It begins in the same state, with the same dates; what was accepted stays as far as it fits. A credit
    in days, hours or fees moves whole: give 0. Raise ValidationError for more than is held or open.
    """
    why = checked_reason(why)
    Contract.objects.select_for_update(no_key=True).get(pk=claim.contract_id)
    held = locked_claim(claim)
    if held.state in FINAL:
        state = held.state.replace("_", " ")
        raise ValidationError(f"{held} is {state}: nothing of it can be moved.", code="final")
    moving = _checked(held, parts=parts)
    accepted = balance(held).accepted
    new = _twin(held)
    left = balance(held).asked - sum(amount for amount, _ in moving.values())
    came_along = max(accepted - max(left, 0), 0)
    # What comes without asking is accepted whatever it comes to later.
    answered = None if new.automatic and accepted == balance(held).asked else came_along
    write_birth(new, by=by, why=f"Split from {held}. {why}", now=now, amount_minor=answered)
    for credit, (amount, quantity) in moving.items():
        _move(credit, amount=amount, quantity=quantity, old=held, new=new, by=by, why=why, now=now)
    return new


def _checked(
    claim: Claim, *, parts: Mapping[ServiceCredit, int]
) -> dict[ServiceCredit, tuple[int, Fraction]]:
    known = held_parts(claim)
    moving: dict[ServiceCredit, tuple[int, Fraction]] = {}
    for credit, amount in parts.items():
        held, quantity = known.get(credit, (0, Fraction(0)))
        if not min(0, held) <= amount <= max(0, held) or (credit not in known):
            raise ValidationError(
                f"{money_text(amount, currency=claim.currency)} of '{credit.description}' cannot be moved:"
                f" {claim} holds {money_text(held, currency=claim.currency)} of it.",
                code="amount",
            )
        if amount or quantity:
            moving[credit] = amount, quantity
    if not moving or moving == known:
        raise ValidationError(
            f"Choose a part of {claim} to move: not nothing, and not all of it.", code="parts"
        )
    return moving


def _twin(held: Claim) -> Claim:
    new = Claim(
        reference=next_reference(held.contract),
        contract=held.contract,
        account=held.account,
        statement=held.statement,
        incident=held.incident,
        currency=held.currency,
        state=held.state,
        automatic=held.automatic,
        vendor_reference=held.vendor_reference,
        opened_at=held.opened_at,
        opened_by=held.opened_by,
        submitted_at=held.submitted_at,
        decided_at=held.decided_at,
        expected_invoice=held.expected_invoice,
    )
    new.full_clean()
    new.save()
    return new


def _move(
    credit: ServiceCredit,
    *,
    amount: int,
    quantity: Fraction,
    old: Claim,
    new: Claim,
    by: User,
    why: str,
    now: datetime,
    on: date | None = None,
) -> None:
    """Write the two parts, which sum to nothing, and the same in the register."""
    for claim, sign in ((old, -1), (new, 1)):
        ClaimPart(
            claim=claim,
            credit=credit,
            amount_minor=sign * amount,
            quantity=sign * quantity if quantity else None,
            recorded_at=now,
            recorded_by=by,
            why=why,
        ).save()
    register.enter_transfer(
        credit,
        old=old,
        new=new,
        on=on or now.date(),
        by=by,
        now=now,
        amount_minor=amount,
        quantity=quantity or None,
        why=why,
    )


@transaction.atomic
def spread_correction(credit: ServiceCredit, *, claim: Claim, by: User, now: datetime) -> None:
    """Take a correction downwards from all open claims that hold a part of what it corrects.

    Its claim was given the whole; what that does not hold goes on to the others, so that none of them
    asks for what is no longer due.
    """
    if credit.amount_minor >= 0 or credit.corrects is None or claim.settled_finally:
        return
    parts = ClaimPart.objects.filter(of_family(credit.corrects), claim__currency=credit.currency)
    sums = parts.order_by().values_list("claim").annotate(held=Sum("amount_minor"))
    held: dict[int, int] = dict(sums)
    over = -held.get(claim.pk, 0)
    others = Claim.objects.filter(pk__in=held, settled_finally=False).exclude(state__in=[*FINAL])
    for other in others.exclude(pk=claim.pk).order_by("pk"):
        amount = min(over, held[other.pk])
        if amount > 0:
            over -= amount
            why = f"{other} holds that part of what is corrected."
            _move(
                credit,
                amount=-amount,
                quantity=Fraction(0),
                old=claim,
                new=other,
                by=by,
                why=why,
                now=now,
                on=credit.posting_month,
            )


def of_family(corrected: ServiceCredit) -> Q:
    """Keep the parts of a credit and of all that was ever recorded to correct it."""
    root = corrected
    while root.corrects is not None:
        root = root.corrects
    return Q(credit=root) | Q(credit__corrects=root) | Q(credit=corrected)


@transaction.atomic
def settle_agreed_part(
    claim: Claim, *, by: User, why: str, now: datetime, happened_at: datetime | None = None
) -> Claim:
    """Let the agreed part of a claim go ahead as accepted, and argue about the rest in a claim of its own.

    What is agreed follows from the vendor's newest answers line by line, and from its positions where it
    has not answered. The agreed part stays in the claim that is returned; the rest moves to a new claim in
    the same state. Raise ValidationError where nothing, or everything, is agreed.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    check_allowed(held, new=ClaimState.ACCEPTED)
    known = held_parts(held)
    rest = _contested({credit: amount for credit, (amount, _) in known.items()})
    agreed = sum(amount for amount, _ in known.values()) - sum(rest.values())
    if agreed <= 0:
        raise ValidationError(
            f"Nothing of {held} is agreed. Record the vendor's answer first.", code="agreed"
        )
    if rest:
        new = split_claim(held, parts=rest, by=by, why=f"What is contested. {why}", now=now)
        why = f"{why} What is contested went to {new}."
    return answer_claim(
        held,
        state=ClaimState.ACCEPTED,
        happened_at=happened_at or now,
        by=by,
        why=why,
        now=now,
    )


def _contested(held: Mapping[ServiceCredit, int]) -> dict[ServiceCredit, int]:
    """Return what the vendor does not agree to: line by line, from the newest credits of a line first."""
    lines: dict[tuple[int, int | None], list[ServiceCredit]] = defaultdict(list)
    for credit in sorted(held, key=lambda one: -one.pk):
        lines[credit.revision.statement_id, credit.line_number].append(credit)
    found: dict[ServiceCredit, int] = {}
    for credits in lines.values():
        part = sum(held[credit] for credit in credits)
        left = part - _agreed(credits[-1], part=part)
        for credit in credits:
            amount = min(left, max(held[credit], 0))
            if amount:
                found[credit] = amount
            left -= amount
    return found


def _agreed(credit: ServiceCredit, *, part: int) -> int:
    """Return how much of all that is held of a credit's line the vendor agrees to."""
    agreed = agreed_by(newest_answer(credit), positions=_agreed_by_positions(credit))
    return agreed_of(part, agreed=agreed)


def _agreed_by_positions(credit: ServiceCredit) -> int | None:
    """Return what the vendor's positions give for a credit's line, by the newest revision; None for all."""
    rows = StatementLine.objects.filter(
        revision__statement=credit.revision.statement_id, number=credit.line_number
    )
    line = rows.order_by("-revision__number").first()
    return credit.agreed_minor if line is None else line.agreed_minor


def agreed_now(credit: ServiceCredit) -> int | None:
    """Return what the vendor agrees to of a credit in minor units; None where it said nothing of it."""
    positions = _agreed_by_positions(credit)
    return agreed_if_said(credit.amount_minor, answer=newest_answer(credit), positions=positions)


def newest_answer(credit: ServiceCredit) -> LineAnswer | None:
    """Return what the vendor last said of a credit's line, in any revision."""
    rows = LineAnswer.objects.filter(
        revision__statement=credit.revision.statement_id, line_number=credit.line_number
    )
    found: LineAnswer | None = rows.order_by("-said_at", "-pk").first()
    return found
