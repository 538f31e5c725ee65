"""Which report schedules make no sense: said at the field, before one is saved."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User

from sla.models import ReportSchedule

Audience = ReportSchedule.Audience
NOBODY = "Choose at least one reader, or write a further address: otherwise nobody would get it."
NO_LOGIN = (
    "Vendors read without a login: leave this empty. Their contacts get it, of the kind that is chosen below."
)
ONE_EACH = "Each vendor gets a mail of its own in any case: leave this off."


def schedule_problems(schedule: ReportSchedule, *, readers: Collection[User]) -> dict[str, str]:
    """Return what cannot go together, by field; the model's own checks stand beside it."""
    problems = {}
    if schedule.audience == Audience.VENDORS:
        if readers:
            problems["readers"] = NO_LOGIN
        if schedule.one_per_vendor:
            problems["one_per_vendor"] = ONE_EACH
    if schedule.audience == Audience.FINANCE and schedule.is_active and not readers and not schedule.further:
        problems["readers"] = NOBODY
    return problems
