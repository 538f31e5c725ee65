"""What a report is about: the days of its run, whatever became of its schedule since, and how late it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sla.engine.periods import DAY, add_months, period_on, zone_table
from sla.models import Duty, ReportSchedule
from sla.reports.mails.summary import Late
from sla.services.duties.periods import due_after
from vendors.models import Vendor

LATE_AFTER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class ReportPeriod:
    """The days that a report is about, both included, and what they are called."""

    label: str
    first_on: date
    last_on: date

    @property
    def until(self) -> date:
        """Return the first day after it."""
        return self.last_on + DAY


def period_of(duty: Duty) -> ReportPeriod:
    """Return the period of a run: from its own label and last day, also where its schedule was changed."""
    assert duty.ends_on is not None
    after = duty.ends_on + DAY
    if re.fullmatch(r"\d{4}-W\d\d", duty.period):
        first = after - timedelta(days=7)
    else:
        months = 3 if "-Q" in duty.period else 1 if "-" in duty.period else 12
        first = add_months(after, -months)
    return ReportPeriod(label=duty.period, first_on=first, last_on=duty.ends_on)


def last_period(schedule: ReportSchedule, *, now: datetime) -> ReportPeriod:
    """Return the last period that was over at a UTC instant where the schedule's days begin."""
    zone = zone_table(schedule.zone, first_year=now.year - 3, last_year=now.year + 1)
    running = period_on(zone.date_of(now), rule=schedule.rule, zone=zone)
    found = period_on(running.first_on - DAY, rule=schedule.rule, zone=zone)
    return ReportPeriod(label=found.label, first_on=found.first_on, last_on=found.last_on)


def next_due(schedule: ReportSchedule, *, now: datetime) -> tuple[ReportPeriod, datetime]:
    """Return the period that is reported next after a UTC instant, and when it goes out (UTC)."""
    zone = zone_table(
        schedule.zone,
        first_year=min(now.year, schedule.starts_on.year) - 3,
        last_year=max(now.year, schedule.starts_on.year) + 3,
    )
    on = max(schedule.starts_on, zone.date_of(now) - DAY * (schedule.days_after + 2))
    while True:
        found = period_on(on, rule=schedule.rule, zone=zone)
        due_at = due_after(found, days=schedule.days_after, hour=schedule.hour, zone=zone)
        if due_at > now:
            return ReportPeriod(label=found.label, first_on=found.first_on, last_on=found.last_on), due_at
        on = found.last_on + DAY


def late_of(duty: Duty, *, now: datetime) -> Late | None:
    """Return since when a report was due that is made more than a day later; None where it is in time."""
    assert duty.schedule is not None
    if now - duty.due_at <= LATE_AFTER:
        return None
    return Late(due_at=duty.due_at, made_at=now, zone=duty.schedule.zone)


def message_key(schedule: ReportSchedule, *, period: str, subject: str) -> str:
    """Return what makes a mail the same mail: its schedule, period and reader."""
    return f"report/{schedule.pk}/{period}/{subject}"


def vendor_run(schedule: ReportSchedule, vendor: Vendor) -> str:
    """Return the subject of the run that writes to a vendor."""
    return f"report/{schedule.pk}/vendor/{vendor.pk}"
