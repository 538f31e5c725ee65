"""Handing a message to the house's chat, whichever it is."""

from __future__ import annotations

import logging

import apprise
from django.conf import settings

from sla.models import OutboxMessage
from sla.services.outbox.mail import RefusedError

# Longer ones are cut by the chats themselves, each at another place.
LONGEST = 3_500


def hand_over(message: OutboxMessage) -> None:
    """Give one message to the chat; raise RefusedError where it did not take it.

    A chat says no more than yes or no: one that took the message and answered too late gets it twice.
    """
    chat = apprise.Apprise()
    if not settings.CHAT_URL or not chat.add(settings.CHAT_URL):
        raise RefusedError("RECOURSE_CHAT_URL names no chat that Recourse can write to.", for_good=True)
    with apprise.LogCapture(level=logging.WARNING) as said:
        taken = chat.notify(title=message.subject, body=message.text[:LONGEST])
        if not taken:
            raise RefusedError(said.getvalue().strip()[-500:] or "The chat did not take it.")
