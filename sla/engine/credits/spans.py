"""The dates over which the room of a cap or a deductible is used up."""

from __future__ import annotations

from sla.engine.credits.fees import Days, days_of
from sla.engine.credits.lines import Setting
from sla.engine.periods import Period, PeriodKind, PeriodRule, period_on
from sla.engine.terms.credits import CapPeriod

_KINDS = {
    CapPeriod.MONTH: PeriodKind.MONTH,
    CapPeriod.QUARTER: PeriodKind.QUARTER,
    CapPeriod.YEAR: PeriodKind.YEAR,
}


def cap_days(period: CapPeriod, *, window: Period, setting: Setting) -> Days:
    """Return the local dates of the cap's period that hold the window's last date.

    A rolling year ends with the window; the term runs from the first date that is known.
    """
    cut_by = setting.schedule.period
    if period in _KINDS:
        rule = PeriodRule(kind=_KINDS[period], anchor_day=cut_by.anchor_day, anchor_month=cut_by.anchor_month)
    elif period is CapPeriod.ROLLING_12:
        rule = PeriodRule(kind=PeriodKind.ROLLING_MONTHS, length=12)
    elif period is CapPeriod.TERM:
        first = min((item.first_on for item in setting.history), default=window.first_on)
        return days_of(min(first, window.first_on), last_on=window.last_on)
    else:
        return days_of(window.first_on, last_on=window.last_on)
    found = period_on(window.last_on, rule=rule, zone=setting.facts.zone)
    return days_of(found.first_on, last_on=found.last_on)
