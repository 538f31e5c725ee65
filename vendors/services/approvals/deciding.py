"""Approve, refuse or withdraw a request for a second person: once, whoever is first."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction

from vendors import nudges
from vendors.models import Approval
from vendors.services.approvals.asking import run, subject_of
from vendors.services.approvals.checking import makers_of_tokens, may_act
from vendors.services.approvals.registry import Place, act_of

Decision = Approval.Decision


class _OvertakenError(Exception):
    """The records are no longer what the request was about."""


@transaction.atomic
def approve(approval: Approval, *, by: User, now: datetime, note: str = "") -> Approval:
    """Do what was asked, as who asked it, approved by another person; return the request as it then stands.

    Where the records changed since, nothing is done and the request is overtaken. Raises ValidationError,
    and leaves it waiting, for a person who may not approve it.
    """
    held = _held(approval)
    _check_may(held, by=by)
    _check_asker(held)
    held.decision, held.decided_by, held.decided_at = Decision.APPROVED, by, now
    held.note = note.strip()
    try:
        with transaction.atomic():
            _carry_out(held, now=now)
    except (_OvertakenError, ValidationError, ObjectDoesNotExist) as error:
        held.decision, held.note = Decision.OVERTAKEN, _because(error)
    held.save()
    nudges.after_commit()
    return held


@transaction.atomic
def refuse(approval: Approval, *, by: User, now: datetime, note: str) -> Approval:
    """Refuse a request, with a note that says why; nothing is done."""
    held = _held(approval)
    _check_may(held, by=by)
    if not note.strip():
        raise ValidationError("Say why it is refused: who asked reads it.", code="note")
    return _decided(held, decision=Decision.REFUSED, by=by, now=now, note=note)


@transaction.atomic
def withdraw(approval: Approval, *, by: User, now: datetime, note: str = "") -> Approval:
    """Take one's own request back; nothing is done."""
    held = _held(approval)
    if held.asked_by_id != by.pk:
        raise ValidationError(
            f"{held.asked_by} asked for it: only who asked withdraws a request. Refuse it instead.",
            code="not_yours",
        )
    return _decided(held, decision=Decision.WITHDRAWN, by=by, now=now, note=note)


def place_of_request(approval: Approval) -> Place:
    """Return where a request belongs."""
    return Place(contract=approval.contract, vendor=approval.vendor)


def why_not(approval: Approval, *, user: User) -> str:
    """Return why somebody may not decide a request, empty where they may."""
    act = act_of(approval.act)
    if approval.asked_by_id == user.pk:
        return "You asked for it: another person approves or refuses it. You may withdraw it."
    if makers_of_tokens(approval.asked_by).filter(created_by=user).exists():
        return f"You made a token of {approval.asked_by}, who asked for it: another person decides it."
    try:
        row = subject_of(approval)
    except ObjectDoesNotExist:
        return ""  # approving says that it is gone
    if not may_act(user, act=act, row=row, place=place_of_request(approval)):
        return f"To decide it one needs the permission for “{act.label}”, and to see what it is about."
    return ""


def _held(approval: Approval) -> Approval:
    """Lock a request that still waits; raise ValidationError that says who decided it."""
    rows = Approval.objects.select_for_update(of=("self",), no_key=True)
    # Not joined with who decided it: after a wait PostgreSQL reads the row anew, and not what was joined.
    held: Approval = rows.select_related("asked_by", "contract", "vendor").get(pk=approval.pk)
    if not held.is_open:
        raise ValidationError(
            f"Request {held.pk} is decided: {held.get_decision_display().lower()} by {held.decided_by} on"
            f" {held.decided_at:%Y-%m-%d %H:%M} UTC.",
            code="decided",
        )
    return held


def _check_may(held: Approval, *, by: User) -> None:
    said = why_not(held, user=by)
    if said:
        raise ValidationError(said, code="may_not")


def _check_asker(held: Approval) -> None:
    if not held.asked_by.is_active:
        raise ValidationError(
            f"{held.asked_by} asked for it and is no longer active. Refuse it; whoever may do it asks anew.",
            code="asker",
        )


def _carry_out(held: Approval, *, now: datetime) -> None:
    ran, fingerprint = run(held, now=now)
    if ran.effect != held.effect:
        raise _OvertakenError(f"The records changed since it was asked. Now it would be: {ran.effect}")
    if fingerprint != held.fingerprint:
        raise _OvertakenError("The records that it is about changed since it was asked.")


def _because(error: Exception) -> str:
    said = " ".join(getattr(error, "messages", None) or [str(error)])
    return f"Nothing was done. {said}"


def _decided(held: Approval, *, decision: Decision, by: User, now: datetime, note: str) -> Approval:
    held.decision, held.decided_by, held.decided_at = decision, by, now
    held.note = note.strip()
    held.save()
    nudges.after_commit()
    return held
