"""Which windows a rule that looks back sees: steps of the window's own length, statement periods."""

from __future__ import annotations

from datetime import date

from sla.engine.facts import Outcome
from sla.engine.periods import DAY, Period, PeriodKind, PeriodRule, Zone, add_months, period_on
from sla.engine.terms.versions import Schedule


def look_back_from(window: Outcome | Period, *, count: int) -> date | None:
    """Return the first date of the last ``count`` windows that end with this one.

    None for rolling windows, which follow no grid: there the rows themselves are counted.
    """
    label = window.label if isinstance(window, Period) else window.period
    first, after = window.first_on, window.last_on + DAY
    if label == window.last_on.isoformat() and first != window.last_on:
        return None
    for months in (1, 3, 12):
        if add_months(first, months) == after:
            return add_months(first, -months * (count - 1))
    return first - (after - first) * (count - 1)


def statement_on(on: date, *, schedule: Schedule, zone: Zone) -> Period:
    """Return the statement period that a local date belongs to."""
    is_hourly = schedule.period.kind is PeriodKind.HOUR
    return period_on(on, rule=PeriodRule(kind=PeriodKind.DAY) if is_hourly else schedule.period, zone=zone)
