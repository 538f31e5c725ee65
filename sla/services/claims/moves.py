"""The moves of a claim that the vendor hears of or answers; each with who, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.claims.moves import ClaimState
from sla.models import Claim
from sla.services.claims.balances import asked_minor, balance, held_parts
from sla.services.claims.overlaps import check_claimed_once
from sla.services.claims.readings import in_time_note, readings
from sla.services.claims.stepping import check_allowed, locked_claim, step, write_step
from sla.services.claims.todos import (
    ask_for_receipt,
    finish_receipt,
    finish_sending,
    finish_vendors,
)
from sla.services.claims.vendor_dates import refresh_answers
from vendors.models import money_text
from vendors.services import checked_reason

ANSWERS = (ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.REJECTED)


@transaction.atomic
def submit_claim(
    claim: Claim,
    *,
    by: User,
    why: str,
    now: datetime,
    sent_at: datetime | None = None,
    received_at: datetime | None = None,
) -> Claim:
    """Record that a claim was sent, and received where that is known; both are UTC instants.

    The move notes which readings of the deadline are met. Where only sending is known, a dated step asks
    for the receipt. Raise ValidationError for nothing to ask, and for downtime that may be credited only
    once and is claimed elsewhere.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    check_allowed(held, new=ClaimState.SUBMITTED)
    at = _checked_sending(sent_at=sent_at, received_at=received_at)
    _check_asks(held)
    check_claimed_once(held)
    note = in_time_note(readings(held, sent_at=sent_at, received_at=received_at))
    step(
        held,
        new=ClaimState.SUBMITTED,
        by=by,
        why=f"{why} {note}".strip(),
        happened_at=at,
        sent_at=sent_at,
        now=now,
        amount_minor=asked_minor(held),
        submitted_at=received_at,
    )
    finish_sending(held, by=by, now=now)
    if received_at is None:
        ask_for_receipt(held, sent_at=at)
    refresh_answers(held, now=now)
    return held


def _checked_sending(*, sent_at: datetime | None, received_at: datetime | None) -> datetime:
    """Return when a claim counts as submitted: the receipt, else the sending."""
    at = received_at or sent_at
    if at is None:
        raise ValidationError("Say when the claim was sent, or when the vendor received it.", code="when")
    if sent_at is not None and received_at is not None and received_at < sent_at:
        raise ValidationError(
            f"Received {received_at:%Y-%m-%d %H:%M} UTC lies before sent {sent_at:%Y-%m-%d %H:%M} UTC."
            " Swap them.",
            code="order",
        )
    return at


def _check_asks(claim: Claim) -> None:
    """Refuse to send a claim whose credits come to nothing or less; a protective one has none yet."""
    if claim.state == ClaimState.PROTECTIVE:
        return
    held = held_parts(claim).values()
    if sum(amount for amount, _ in held) <= 0 and not any(quantity > 0 for _, quantity in held):
        asked = money_text(asked_minor(claim), currency=claim.currency)
        raise ValidationError(
            f"{claim} comes to {asked}: there is nothing to ask for. Close it, or leave it open until the"
            f" vendor takes the amount back on an invoice.",
            code="nothing",
        )


@transaction.atomic
def confirm_receipt(claim: Claim, *, received_at: datetime, by: User, why: str, now: datetime) -> Claim:
    """Record when the vendor received a claim of which only the sending was known (UTC)."""
    why = checked_reason(why)
    held = locked_claim(claim)
    sent = held.moves.exclude(sent_at=None).order_by("-pk").values_list("sent_at", flat=True).first()
    if sent is None or held.submitted_at is not None:
        raise ValidationError(
            f"{held} waits for no confirmation: {_heard(held)}. Nothing is to record here.", code="receipt"
        )
    if received_at < sent:
        raise ValidationError(
            f"{held} left on {sent:%Y-%m-%d %H:%M} UTC and cannot be received before. Enter a later moment.",
            code="order",
        )
    note = in_time_note(readings(held, sent_at=sent, received_at=received_at))
    write_step(
        held,
        new=ClaimState(held.state),
        by=by,
        why=f"{why} {note}".strip(),
        happened_at=received_at,
        now=now,
        enters=False,
        submitted_at=received_at,
    )
    finish_receipt(held, by=by, now=now, note=why)
    refresh_answers(held, now=now)
    return held


def _heard(claim: Claim) -> str:
    if claim.submitted_at is None:
        return "it was not sent yet"
    return f"the vendor received it on {claim.submitted_at:%Y-%m-%d}"


@transaction.atomic
def answer_claim(
    claim: Claim,
    *,
    state: str,
    happened_at: datetime,
    by: User,
    why: str,
    now: datetime,
    accepted_minor: int | None = None,
    vendor_reference: str = "",
) -> Claim:
    """Record the vendor's answer: accepted, partly accepted or rejected, at a UTC instant.

    `accepted_minor` is all that it accepts so far, in minor units of the claim's currency; left out, an
    acceptance is of everything. Raise ValidationError for an amount that the state contradicts, or above
    what is asked.
    """
    why = checked_reason(why)
    held = locked_claim(claim)
    new = _answer(state)
    check_allowed(held, new=new)
    if held.state == ClaimState.CREDITED:
        raise ValidationError(
            f"All that was accepted of {held} has come. Undo the match of what belongs elsewhere: then it"
            " stands where it stood before.",
            code="credited",
        )
    columns: dict[str, Any] = {"vendor_reference": vendor_reference} if vendor_reference else {}
    step(
        held,
        new=new,
        by=by,
        why=why,
        happened_at=happened_at,
        now=now,
        amount_minor=_answered_minor(held, new=new, accepted_minor=accepted_minor),
        decided_at=happened_at,
        **columns,
    )
    finish_vendors(held, what="decision", by=by, now=now, note=f"The vendor answered: {new.value}.")
    refresh_answers(held, now=now)
    return held


def _answer(state: str) -> ClaimState:
    if state in ANSWERS:
        return ClaimState(state)
    raise ValidationError(
        f"{state!r} is no answer of a vendor. Choose accepted, partly accepted or rejected.", code="state"
    )


def _answered_minor(claim: Claim, *, new: ClaimState, accepted_minor: int | None) -> int:
    """Return the amount of an answer's move: what is accepted, or what is rejected."""
    figures = balance(claim)
    if new is ClaimState.REJECTED:
        return _rejected_minor(claim, accepted_minor=accepted_minor)
    accepted = figures.asked if accepted_minor is None and new is ClaimState.ACCEPTED else accepted_minor
    asked = money_text(figures.asked, currency=claim.currency)
    if accepted is None:
        raise ValidationError(
            f"Say how much of {asked} the vendor accepts; 0 where it accepts days or hours only.",
            code="amount",
        )
    shown = money_text(accepted, currency=claim.currency)
    if not 0 <= accepted <= max(figures.asked, 0):
        raise ValidationError(
            f"{shown} cannot be accepted of {asked}. Enter between nothing and what is asked; more than that"
            f" is a credit received without a claim.",
            code="amount",
        )
    if accepted < figures.settled:
        raise ValidationError(
            f"{money_text(figures.settled, currency=claim.currency)} has come for {claim} already, more than"
            f" {shown}. Enter all that the vendor accepts so far.",
            code="amount",
        )
    if new is ClaimState.PARTLY_ACCEPTED and accepted == figures.asked and not figures.others:
        raise ValidationError(f"{shown} is all that is asked. Record it as accepted.", code="state")
    if new is ClaimState.ACCEPTED and accepted < figures.asked and claim.state == ClaimState.SUBMITTED:
        raise ValidationError(f"{shown} is not all of {asked}. Record it as partly accepted.", code="state")
    return accepted


def _rejected_minor(claim: Claim, *, accepted_minor: int | None) -> int:
    figures = balance(claim)
    if accepted_minor:
        raise ValidationError(
            "Nothing is accepted of what is rejected. Record it as partly accepted.", code="state"
        )
    stands = max(figures.accepted, figures.settled)
    if stands > 0:
        raise ValidationError(
            f"{money_text(stands, currency=claim.currency)} of {claim} was accepted or has come already."
            " Record it as partly accepted, with what still stands.",
            code="state",
        )
    return figures.asked


@transaction.atomic
def contest_claim(
    claim: Claim, *, by: User, why: str, now: datetime, happened_at: datetime | None = None
) -> Claim:
    """Record that we argue against an answer; what was accepted of the claim stays so."""
    return _told(claim, new=ClaimState.CONTESTED, by=by, why=why, happened_at=happened_at, now=now)


@transaction.atomic
def credit_claim(
    claim: Claim, *, by: User, why: str, now: datetime, happened_at: datetime | None = None
) -> Claim:
    """Record that all that was accepted of a claim has come."""
    held = _told(claim, new=ClaimState.CREDITED, by=by, why=why, happened_at=happened_at, now=now)
    finish_vendors(held, what="issue", by=by, now=now, note=why)
    finish_vendors(held, what="decision", by=by, now=now, note=why)
    return held


@transaction.atomic
def reopen_claim(
    claim: Claim, *, by: User, why: str, now: datetime, happened_at: datetime | None = None
) -> Claim:
    """Take a credited claim back to where it stood: what had come was taken back or belongs elsewhere."""
    held = locked_claim(claim)
    if held.state != ClaimState.CREDITED:
        raise ValidationError(
            f"{held} is {held.state.replace('_', ' ')}: only a credited claim goes back to where it stood.",
            code="move",
        )
    figures, new = balance(held), _stood_at(held)
    # What comes without asking is accepted whatever it comes to later.
    whole = held.automatic and figures.accepted == figures.asked
    write_step(
        held,
        new=new,
        by=by,
        why=checked_reason(why),
        happened_at=happened_at or now,
        now=now,
        amount_minor=None if whole or (new not in ANSWERS and not figures.accepted) else figures.accepted,
    )
    return held


def _stood_at(claim: Claim) -> ClaimState:
    """Return where a claim stood before it was credited."""
    moves = claim.moves.filter(new_state=ClaimState.CREDITED.value).exclude(
        old_state__in=["", ClaimState.CREDITED.value]
    )
    found = moves.order_by("-pk").values_list("old_state", flat=True).first()
    return ClaimState(found or ClaimState.ACCEPTED)


def _told(
    claim: Claim, *, new: ClaimState, by: User, why: str, happened_at: datetime | None, now: datetime
) -> Claim:
    why = checked_reason(why)
    held = locked_claim(claim)
    step(held, new=new, by=by, why=why, happened_at=happened_at or now, now=now)
    return held
