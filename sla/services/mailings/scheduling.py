"""Which report schedules make no sense: said at the field, before one is saved."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Max, Min

from sla.models import Duty, ReportSchedule
from sla.services.duties.periods import due_periods
from sla.services.duties.planning import report_calendar

Audience = ReportSchedule.Audience
NOBODY = "Choose at least one reader, or write a further address: otherwise nobody would get it."
NO_LOGIN = (
    "Vendors read without a login: leave this empty. Their contacts get it, of the kind that is chosen below."
)
# So many reports that are due already may go out at once when a schedule is entered or switched on.
MOST_OVERDUE = 3
FLOOD = (
    "{count} reports, from {first} on, would go out at once, each marked as late. Begin with the period of"
    " {today}, or one before; earlier figures are under Reports."
)
# A quarter's report that leaves after the next quarter says nothing that one could act on.
LATEST = 92
TOO_LATE = f"At most {LATEST} days: a later report would tell of a period that nobody can act on any more."
ONE_EACH = "Each vendor gets a mail of its own in any case: leave this off."


def schedule_problems(
    schedule: ReportSchedule, *, readers: Collection[User], now: datetime
) -> dict[str, str]:
    """Return what cannot go together, by field; the model's own checks stand beside it.

    `now` (UTC) says which reports would be due at once.
    """
    problems = {}
    if schedule.audience == Audience.VENDORS:
        if readers:
            problems["readers"] = NO_LOGIN
        if schedule.one_per_vendor:
            problems["one_per_vendor"] = ONE_EACH
    if schedule.audience == Audience.FINANCE and schedule.is_active and not readers and not schedule.further:
        problems["readers"] = NOBODY
    if schedule.days_after > LATEST:
        problems["days_after"] = TOO_LATE
    overdue = _overdue(schedule, now=now) if schedule.is_active else []
    if len(overdue) > MOST_OVERDUE:
        problems["starts_on"] = FLOOD.format(count=len(overdue), first=overdue[0], today=now.date())
    return problems


def _overdue(schedule: ReportSchedule, *, now: datetime) -> list[str]:
    """Return the periods that are due and were not planned yet, the earliest first."""
    planned = Duty.objects.filter(kind=Duty.Kind.REPORT, schedule=schedule.pk).order_by()
    days = planned.aggregate(first=Min("ends_on"), last=Max("ends_on"))
    known = (days["first"], days["last"]) if days["last"] is not None else None
    try:
        return [found.period.label for found in due_periods(report_calendar(schedule, known=known), at=now)]
    except ValueError:
        return []  # no time zone, or no month: refused where it stands
