"""Settings of the programs under test: the real ones, with short holds and a clock that a test sets.

`CHAOS_NOW` is the instant that it was at `CHAOS_SINCE`, in seconds of the machine's clock: the months of the
portfolio end when a test wants them to, and time goes on from there.
"""

import importlib
import os
import time
from datetime import datetime, timedelta

from django.utils import timezone

HOLD_SECONDS = 2

real = importlib.import_module("config.settings")
globals().update({name: value for name, value in vars(real).items() if name.isupper()})

RUN_LEASE_SECONDS = SEND_LEASE_SECONDS = HOLD_SECONDS
EMAIL_TIMEOUT = 1


def now() -> datetime:
    """Return the instant of the test (UTC)."""
    begun = datetime.fromisoformat(os.environ["CHAOS_NOW"])
    return begun + timedelta(seconds=time.time() - float(os.environ["CHAOS_SINCE"]))


timezone.now = now
