"""Secrets in mails: made from the message's key when it leaves, and kept nowhere.

Whoever reads the database, or the messages in the admin, sees the words around the secret alone: it is
signed with RECOURSE_SECRET_KEY from the key of the message. A new RECOURSE_SECRET_KEY makes other secrets.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from django.utils.crypto import salted_hmac

from sla.models import OutboxMessage

SALT = "sla.outbox.sealing"
LINK, CODE = "statement-link/", "answer-code/"
# Stands in the text where the secret will.
MARK = "(not kept here)"
CODE_DIGITS = 8


def link_key(key: str) -> str:
    """Return the 256 bits that a message's key stands for, as 43 letters of an address."""
    return base64.urlsafe_b64encode(_bytes(key)).decode().rstrip("=")


def code(key: str) -> str:
    """Return the code that a message's key stands for: eight digits."""
    return f"{int.from_bytes(_bytes(key), 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}}"


SECRETS: Mapping[str, Callable[[str], str]] = {LINK: link_key, CODE: code}


def revealed(message: OutboxMessage) -> str:
    """Return a message's text as it leaves."""
    for prefix, secret in SECRETS.items():
        if message.key.startswith(prefix):
            return message.text.replace(MARK, secret(message.key))
    return message.text


def _bytes(key: str) -> bytes:
    return salted_hmac(SALT, key, algorithm="sha256").digest()
