"""Do it, or ask for a second person: first tried and taken back, so that what it does is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction

from vendors import nudges
from vendors.models import Approval
from vendors.services.approvals.checking import Asking, SecondPersonNeeded, carried
from vendors.services.approvals.plain import digest_of, from_plain, to_plain
from vendors.services.approvals.registry import Ran, act_of

Made = TypeVar("Made")


def done_or_asked(act: Callable[[], Made], *, now: datetime) -> Made | Approval:
    """Do it and return what it returns; where it needs a second person, return the request for one.

    `now` is a UTC instant. Raises ValidationError where it would be refused in any case.
    """
    try:
        with transaction.atomic():
            return act()
    except SecondPersonNeeded as needed:
        return ask(needed, now=now)


@transaction.atomic
def ask(needed: SecondPersonNeeded, *, now: datetime) -> Approval:
    """Write a request for a second person and return it.

    Raises ValidationError where the act would be refused in any case, and where the same waits already, or
    an act that may not wait beside it.
    """
    asking = needed.asking
    approval = request_of(asking, now=now)
    codes = {approval.act, *asking.act.beside}
    waiting = Approval.objects.waiting().filter(act__in=codes, key=approval.key).order_by("pk").first()
    if waiting is not None:
        wanted = "it" if waiting.act == approval.act else f"“{act_of(waiting.act).label}”"
        raise ValidationError(
            f"{asking.act.label}, {asking.named}: {waiting.asked_by} asked for {wanted} on"
            f" {waiting.asked_at:%Y-%m-%d %H:%M} UTC (request {waiting.pk}). It waits for a second person;"
            " withdraw that request to ask for something else.",
            code="waiting",
        )
    ran, approval.fingerprint = tried(approval, now=now)
    approval.effect = ran.effect
    approval.full_clean()
    approval.save()
    nudges.after_commit()
    return approval


def request_of(asking: Asking, *, now: datetime) -> Approval:
    """Return a request as it would be written."""
    place = asking.place
    contract = place.contract
    return Approval(
        act=asking.act.code,
        model=asking.subject._meta.label_lower,
        row=asking.subject.pk,
        subject=asking.named[:300],
        key=asking.act.key(asking.subject, **asking.asked)[:300],
        contract=contract,
        vendor=contract.vendor if contract is not None else place.vendor,
        asked=to_plain(asking.asked),
        why=asking.why,
        asked_by=asking.by,
        asked_at=now,
    )


def tried(approval: Approval, *, now: datetime) -> tuple[Ran, str]:
    """Run what a request asks for and take it back; return what it does, and the fingerprint."""
    with transaction.atomic():
        found = run(approval, now=now)
        transaction.set_rollback(True)
    return found


def run(approval: Approval, *, now: datetime) -> tuple[Ran, str]:
    """Run what a request asks for, exactly so; return what it did, and the fingerprint to compare.

    Raises ValidationError where the service refuses it, ObjectDoesNotExist where a record is gone.
    """
    act, subject, asked = act_of(approval.act), subject_of(approval), from_plain(approval.asked)
    state = act.state(subject, **asked)
    with carried(approval):
        ran = act.run(subject, by=approval.asked_by, second=approval, now=now, **asked)
    return ran, digest_of([state, ran.mark, ran.effect])


def subject_of(approval: Approval) -> Any:
    """Return what a request is about, as it is stored; a blank one where it is yet to be made.

    Raises ObjectDoesNotExist where it is gone.
    """
    model: type[models.Model] = apps.get_model(approval.model)
    if approval.row is None:
        return model()
    return model._default_manager.get(pk=approval.row)
