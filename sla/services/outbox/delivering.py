"""Taking what waits and handing it over: noted before, noted after, and in doubt where only the first was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models import F
from structlog.contextvars import bound_contextvars

from sla.models import OutboxMessage
from sla.services.duties.holding import Clock
from sla.services.outbox import chat, mail
from sla.services.outbox.mail import DoubtError, RefusedError
from sla.services.webhooks import sending

logger = logging.getLogger(__name__)

Channel, State = OutboxMessage.Channel, OutboxMessage.State
WAYS: Mapping[str, Callable[[OutboxMessage], None]] = {
    Channel.MAIL: mail.hand_over,
    Channel.CHAT: chat.hand_over,
    Channel.HOOK: sending.hand_over,
}
# How much later a message that was not taken is tried again; after the last it is given up.
BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
LOOK_AHEAD = 20
RESTORED = "It waited in a backup of {at:%Y-%m-%d %H:%M} UTC that was restored: it may have been sent since."
BROKEN_OFF = "The worker ended while it was being sent, at {at:%Y-%m-%d %H:%M:%S} UTC or soon after."


def deliver_next(*, clock: Clock) -> OutboxMessage | None:
    """Hand the oldest message that waits to its server, and return it; None where none waits.

    Before it leaves the row says that it is being sent, after the answer what became of it. A worker that
    ends in between leaves the first: see `note_broken_off`.
    """
    message = _taken(clock=clock)
    if message is None:
        return None
    with bound_contextvars(message_key=message.key):
        _settle(message, **_sent(message, clock=clock))
    return message


def note_broken_off(*, now: datetime) -> int:
    """Put in doubt what was being sent by a worker that is gone; return how many.

    Nobody knows whether these arrived. They are not sent again by themselves: a person looks (`stuck`).
    Events for other systems are: the receiver knows by their number one that it had.
    """
    left = OutboxMessage.objects.filter(state=State.SENDING, lease_until__lte=now)
    left.filter(channel=Channel.HOOK).update(  # nosec B106
        state=State.WAITING, next_at=now, token="", lease_until=None
    )
    noted = []
    for message in left:
        since = (
            message.lease_until - timedelta(seconds=settings.SEND_LEASE_SECONDS)
            if message.lease_until
            else now
        )
        # The token stays: should the worker only have been slow, its answer still settles the doubt.
        if left.filter(pk=message.pk).update(state=State.IN_DOUBT, error=BROKEN_OFF.format(at=since)):
            noted.append(message.key)
    if noted:
        logger.warning("%d in doubt, broken off: %s", len(noted), ", ".join(noted[:LOOK_AHEAD]))
    return len(noted)


def note_restored(*, made_at: datetime) -> int:
    """Put in doubt what had not left when a backup was made, now that it is restored; return how many."""
    waited = OutboxMessage.objects.filter(state__in=(State.WAITING, State.SENDING))
    return waited.update(  # nosec B106
        state=State.IN_DOUBT, token="", lease_until=None, error=RESTORED.format(at=made_at.astimezone(UTC))
    )


def _taken(*, clock: Clock) -> OutboxMessage | None:
    """Take one waiting message with a conditional update that is committed before anything leaves."""
    now = clock()
    waiting = OutboxMessage.objects.filter(state=State.WAITING, next_at__lte=now)
    for pk in list(waiting.order_by("next_at", "pk").values_list("pk", flat=True)[:LOOK_AHEAD]):
        token, lease = uuid4().hex, now + timedelta(seconds=settings.SEND_LEASE_SECONDS)
        values = {"state": State.SENDING, "token": token, "lease_until": lease, "attempts": F("attempts") + 1}
        if waiting.filter(pk=pk).update(**values):
            found: OutboxMessage = (
                OutboxMessage.objects.select_related("target__owner").prefetch_related("files").get(pk=pk)
            )
            return found
    return None


def _sent(message: OutboxMessage, *, clock: Clock) -> dict[str, object]:
    """Hand a message over; return what its row says then."""
    try:
        WAYS[message.channel](message)
    except DoubtError as error:
        logger.warning("in doubt: %s", error)
        return {"state": State.IN_DOUBT, "error": f"The line broke before the server answered: {error}"}
    except RefusedError as error:
        return _refused(message, error=error, now=clock())
    logger.info("sent")
    return {"state": State.SENT, "sent_at": clock(), "error": ""}


def _refused(message: OutboxMessage, *, error: RefusedError, now: datetime) -> dict[str, object]:
    if error.for_good or message.attempts > len(BACKOFF):
        logger.warning("given up: %s", error)
        return {"state": State.GIVEN_UP, "error": str(error)}
    until = now + BACKOFF[message.attempts - 1]
    logger.warning("not taken, tried again at %s: %s", until, error)
    return {"state": State.WAITING, "next_at": until, "error": str(error)}


def _settle(message: OutboxMessage, **values: object) -> None:
    held = OutboxMessage.objects.filter(pk=message.pk, token=message.token)
    if not held.filter(state__in=(State.SENDING, State.IN_DOUBT)).update(  # nosec B106
        token="", lease_until=None, **values
    ):
        logger.warning("its row was settled by somebody else meanwhile")
    vars(message).update(values)
