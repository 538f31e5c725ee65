"""Trying a run again by hand, at once, whatever its next time was."""

from __future__ import annotations

import logging
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sla.models import Duty
from vendors import nudges

logger = logging.getLogger(__name__)

State = Duty.State


def retry_run(duty: Duty, *, by: User, now: datetime) -> None:
    """Let a run that failed, or waits for its next try, be begun at once, as if it had never been tried.

    Raises ValidationError where it is done or running: nothing is done twice.
    """
    waiting = Duty.objects.filter(pk=duty.pk, state__in=(State.FAILED, State.DUE))
    if not waiting.update(state=State.DUE, next_at=now, attempts=0, finished_at=None):
        duty.refresh_from_db()
        raise ValidationError(f"{duty} is {duty.get_state_display().lower()}: there is nothing to try again.")
    logger.info("%s tried again by %s", duty, by)
    nudges.after_commit()
