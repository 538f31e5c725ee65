"""The Celery application of the product with short waits: what takes a minute there takes a second here."""

from __future__ import annotations

from datetime import timedelta

import django

from config.celery import app
from tests.chaos.settings import HOLD_SECONDS

django.setup()

from sla.services.duties import holding, rounds  # noqa: E402 (models first)
from sla.services.mailings import runs as mailings  # noqa: E402
from sla.services.outbox import delivering  # noqa: E402

__all__ = ["app"]

SOON = timedelta(seconds=1)
BEAT_SECONDS = 1.0

app.conf.update(
    beat_schedule={
        name: {"task": f"sla.{name}", "schedule": BEAT_SECONDS, "options": {"expires": 5}}
        for name in ("sweep", "deliver")
    },
    broker_transport_options={
        **app.conf.broker_transport_options,
        "visibility_timeout": HOLD_SECONDS,
        "unacked_restore_interval": 1,
    },
)
holding.BACKOFF = (SOON,) * len(holding.BACKOFF)
delivering.BACKOFF = (SOON,) * len(delivering.BACKOFF)
mailings.WAIT = SOON
rounds.AT_ONCE = 3 * SOON
