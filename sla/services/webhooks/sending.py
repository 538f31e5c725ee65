"""Handing one event to its target over HTTPS: no address of ours inside, no redirect, no long answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from incidents.services.web.asking import Limits, Web, WebError, send_to
from incidents.services.web.internet import INTERNET
from sla.models import OutboxMessage, WebhookState, WebhookTarget
from sla.services.outbox.mail import RefusedError
from sla.services.outbox.posting import post
from sla.services.webhooks.addresses import limits_for
from sla.services.webhooks.signing import signed_headers
from vendors.services import save_record, system_user

# Tests put a server of their own in this place.
WEB: Web = INTERNET
LIMITS = Limits(seconds=10.0, size=16_384)
GONE = 410
MOST_SAID = 300
DISABLED_AFTER = timedelta(days=5)


def hand_over(message: OutboxMessage) -> None:
    """Send one event; raise RefusedError where it was not taken.

    What a broken line leaves open is sent again: its `webhook-id` stays, by which the receiver knows it.
    """
    target = message.target
    if target is None or not target.is_active:
        raise RefusedError(f"The webhook {message.name} is not sent to any more.", for_good=True)
    at = taken_at(message)
    try:
        _send(message, target=target, at=at)
    except RefusedError as error:
        note_refused(target, said=str(error), at=at)
        raise
    WebhookState.objects.update_or_create(
        target=target, defaults={"failing_since": None, "taken_at": at, "error": ""}
    )


def taken_at(message: OutboxMessage) -> datetime:
    """Return when a message was taken from the outbox to be sent."""
    assert message.lease_until is not None
    return message.lease_until - timedelta(seconds=settings.SEND_LEASE_SECONDS)


def webhook_id(message: OutboxMessage) -> str:
    """Return the number of a message, the same at every try."""
    return f"msg_{message.message_id.strip('<').partition('@')[0]}"


def _send(message: OutboxMessage, *, target: WebhookTarget, at: datetime) -> None:
    body = message.text
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Recourse webhooks",
        **signed_headers(target, message_id=webhook_id(message), body=body, at=at),
    }
    limits = limits_for(target.url, usual=LIMITS)
    try:
        answer = send_to(target.url, body=body.encode(), headers=headers, web=WEB, limits=limits)
    except WebError as error:
        raise RefusedError(str(error)[:MOST_SAID]) from error
    if not 200 <= answer.status < 300:
        said = " ".join(answer.body.decode("utf-8", "replace").split())
        words = f"It answered {answer.status}. {said}".strip()[:MOST_SAID]
        raise RefusedError(words, for_good=answer.status == GONE)


@transaction.atomic
def note_refused(target: WebhookTarget, *, said: str, at: datetime) -> None:
    """Keep since when a target takes nothing; after five days switch it off, and tell who owns it."""
    state, _ = WebhookState.objects.select_for_update().get_or_create(target=target)
    state.error, state.failing_since = said, state.failing_since or at
    state.save()
    if at - state.failing_since < DISABLED_AFTER:
        return
    row: WebhookTarget = WebhookTarget.objects.select_for_update(of=("self",)).get(pk=target.pk)
    if row.is_active:
        row.is_active = False
        save_record(
            row, by=system_user(), reason=f"It has taken nothing since {state.failing_since:%Y-%m-%d}"
        )
        _warn(row, state=state, at=at)


def _warn(target: WebhookTarget, *, state: WebhookState, at: datetime) -> None:
    owner = target.owner
    if not owner.is_active or not owner.email.strip():
        return
    post(
        key=f"webhook-off/{target.pk}/{at:%Y%m%dT%H%M%S}",
        subject=f"The webhook {target.code} is switched off",
        text=(
            f"The webhook {target.code} has taken nothing since {state.failing_since:%Y-%m-%d %H:%M} UTC, and"
            f" is not sent to any more.\n\nLast it said: {state.error}\n\nMend the receiver, send a test, and"
            " switch it on again under Webhooks. What it missed stands among the messages.\n"
        ),
        address=owner.email,
        name=owner.get_full_name() or owner.get_username(),
        reader=owner,
        now=at,
    )
