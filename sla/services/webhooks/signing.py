"""The secrets of a target, and the signature of a message by the Standard Webhooks specification.

The row keeps a random seed; the secret is signed from it with RECOURSE_SECRET_KEY. Whoever reads the database
alone can forge nothing. A new RECOURSE_SECRET_KEY makes other secrets for all targets.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac
from standardwebhooks import Webhook

from sla.models import WebhookTarget

SALT = "sla.webhooks"
PREFIX = "whsec_"


def secret_of(seed: str, *, key: str = "") -> str:
    """Return the secret that a seed stands for, such as whsec_MfKQ9r8G…: 256 bits; `key` is an older key."""
    signed = salted_hmac(SALT, seed, secret=key or None, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(signed).decode()


def secrets_at(target: WebhookTarget, *, at: datetime) -> Iterator[str]:
    """Yield the secrets that sign at a UTC instant: the new one, and the one before until it ends.

    Those of older keys sign too, as long as RECOURSE_SECRET_KEY_OLD names them.
    """
    seeds = [target.seed]
    if target.earlier_seed and target.earlier_until is not None and at < target.earlier_until:
        seeds.append(target.earlier_seed)
    for key in ("", *settings.SECRET_KEY_FALLBACKS):
        yield from (secret_of(seed, key=key) for seed in seeds)


def signed_headers(target: WebhookTarget, *, message_id: str, body: str, at: datetime) -> dict[str, str]:
    """Return the headers that prove who sends a body, and when; one signature for each secret."""
    found = [
        Webhook(secret).sign(msg_id=message_id, timestamp=at, data=body)
        for secret in secrets_at(target, at=at)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(found),
    }
