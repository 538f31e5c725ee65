"""The report schedules that are there from the beginning, until somebody says otherwise."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sla.models import ReportSchedule
from vendors.services import save_record, system_user

REASON = "There from the beginning: change or switch it off as you need"
Audience = ReportSchedule.Audience


def make_default_schedules(*, now: datetime) -> int:
    """Make the monthly summaries where there never was a report schedule; return how many were made.

    They begin with the period in which they are made. What somebody changed or took away stays so.
    """
    if ReportSchedule.history.exists():
        return 0
    rows = (
        ReportSchedule(
            code="monthly-managers",
            name="Monthly summary for vendor managers",
            audience=Audience.MANAGERS,
            starts_on=now.date(),
        ),
        ReportSchedule(
            code="monthly-finance",
            name="Monthly summary for finance",
            audience=Audience.FINANCE,
            starts_on=now.date(),
            # Until somebody says who reads it.
            is_active=False,
        ),
    )
    try:
        with transaction.atomic():
            for row in rows:
                save_record(row, by=system_user(), reason=REASON)
    except (IntegrityError, ValidationError):
        return 0  # another round made them at the same moment
    return len(rows)
