"""Earlier windows and this period's as one line of `Outcome` values, for the rules that look back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sla.engine.facts import Outcome, Run, Verdict
from sla.engine.money import Money
from sla.engine.periods import DAY, Period, PeriodKind, PeriodRule, Zone, add_months, period_on
from sla.engine.results import Credit, Credits, Measured
from sla.engine.terms.credits import Pays
from sla.engine.terms.versions import Schedule

Key = tuple[str, str, tuple[str, ...]]


def window_outcomes(measured: Sequence[Measured], *, credits: Credits | None) -> list[Outcome]:
    """Return what each window of this period came to, in the form history keeps.

    Quotas, carried amounts and balances are not among it.
    """
    lines: dict[Key, list[Credit]] = {}
    for line in credits.lines if credits else ():
        lines.setdefault((line.target, line.window, line.units), []).append(line)
    return [
        _outcome(found, lines=lines.get((found.target, found.window.label, found.units), []))
        for found in measured
    ]


def _outcome(found: Measured, *, lines: Sequence[Credit]) -> Outcome:
    money = [line.due for line in lines if line.due is not None]
    return Outcome(
        target=found.target,
        period=found.window.label,
        units=found.units,
        first_on=found.window.first_on,
        last_on=found.window.last_on,
        verdict=Verdict.MISSED if found.missed else found.verdict,
        value=found.value,
        level=found.level,
        expected_missed=found.expected_missed,
        counted_us=int(found.counted_us),
        points=sum(
            (line.before_caps for line in lines if line.pays is Pays.POINTS), start=found.affected * 0
        ),
        credit=Money(sum(amount.minor for amount in money), money[0].currency) if money else None,
        cap_reached=tuple(sorted({cut.code for line in lines for cut in line.removed})),
        runs=tuple(
            Run(started_at=event.during.start, ended_at=event.during.end, units=event.units)
            for event in found.events
        ),
    )


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
