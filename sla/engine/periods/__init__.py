"""Calendars without a clock: zone tables, measurement periods, business hours."""

from sla.engine.periods.hours import (
    BusinessCalendar,
    SpecialDay,
    WeeklyHours,
    add_working_days,
    closed_time,
    is_working_day,
    open_time,
)
from sla.engine.periods.spans import (
    Period,
    PeriodKind,
    PeriodRule,
    add_months,
    period_named,
    period_on,
    periods_ending_in,
)
from sla.engine.periods.zones import DAY, LocalTimeError, Zone, days_of, zone_info, zone_table

__all__ = [
    "DAY",
    "BusinessCalendar",
    "LocalTimeError",
    "Period",
    "PeriodKind",
    "PeriodRule",
    "SpecialDay",
    "WeeklyHours",
    "Zone",
    "add_months",
    "add_working_days",
    "closed_time",
    "days_of",
    "is_working_day",
    "open_time",
    "period_named",
    "period_on",
    "periods_ending_in",
    "zone_info",
    "zone_table",
]
