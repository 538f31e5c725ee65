"""Targets: made with a secret that is shown once, given a new one, tried, and who may say what they hear."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.services.web.asking import WebError
from sla.models import OutboxMessage, WebhookState, WebhookTarget
from sla.services.webhooks.addresses import check_address
from sla.services.webhooks.announcing import write
from sla.services.webhooks.signing import secret_of
from vendors import nudges
from vendors.models import Approval, LegalEntity, Vendor, sees_all_vendors
from vendors.services import Links, Saved, save_record

TEST = "test"
OVERLAP = timedelta(days=7)


@transaction.atomic
def save_target(
    target: WebhookTarget,
    *,
    by: User,
    reason: str,
    links: Links | None = None,
    second: Approval | None = None,
) -> Saved:
    """Save a target; raise ValidationError for an address that is not sent to and what `by` may not see.

    Raises SecondPersonNeeded where something would be sent that was not, or to elsewhere.
    """
    try:
        check_address(target.url)
    except WebError as error:
        raise ValidationError({"url": str(error)}) from error
    _check_scope(target, by=by)
    if not target.seed:
        target.seed = secrets.token_urlsafe(32)
    saved = save_record(target, by=by, reason=reason, links=links, second=second)
    if target.is_active:
        # Who switches it on again starts the days of failing anew.
        WebhookState.objects.filter(target=target).update(failing_since=None)
    return saved


def _check_scope(target: WebhookTarget, *, by: User) -> None:
    """Refuse to send out what the person could not read."""
    if sees_all_vendors(by):
        return
    seen = (
        Vendor.objects.managed_by(by).filter(pk=target.vendor_id).exists()
        if target.vendor_id is not None
        else LegalEntity.objects.all().read_by(by).filter(pk=target.entity_id).exists()
    )
    if not seen:
        raise ValidationError(
            "Choose a vendor that you manage or a company that you read: only who sees all vendors sends out"
            " more.",
            code="scope",
        )


def secret_to_show(target: WebhookTarget) -> str:
    """Return the secret of a target; show it only when it was made."""
    return secret_of(target.seed)


@transaction.atomic
def renew_secret(target: WebhookTarget, *, by: User, now: datetime) -> str:
    """Return a new secret; the one before signs beside it for seven more days, so that nothing is refused."""
    row: WebhookTarget = WebhookTarget.objects.select_for_update(of=("self",)).get(pk=target.pk)
    row.earlier_seed, row.earlier_until = row.seed, now + OVERLAP
    row.seed = secrets.token_urlsafe(32)
    save_record(row, by=by, reason="A new secret")
    return secret_of(row.seed)


def send_test(target: WebhookTarget, *, by: User, now: datetime) -> OutboxMessage:
    """Write an event that says nothing, to see whether it arrives; raise ValidationError where it cannot."""
    if not target.is_active:
        raise ValidationError(f"{target} is switched off. Switch it on, then send a test.", code="off")
    data = {"webhook": target.code, "asked_by": by.get_username()}
    message = write(target, event=TEST, subject=f"{now:%Y%m%dT%H%M%S%f}", data=data, now=now)
    nudges.after_commit()
    return message
