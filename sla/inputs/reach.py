"""How far back a statement has to look: facts before its period, and outcomes of earlier periods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from sla.engine.facts import Outcome
from sla.engine.intervals import Interval
from sla.engine.periods import DAY, Period, PeriodKind, PeriodRule, Zone, period_on, periods_ending_in
from sla.engine.terms import (
    Anchor,
    Cap,
    CapPeriod,
    ClaimRule,
    Metric,
    Obligation,
    Offset,
    OffsetUnit,
    Overflow,
    Reported,
    Target,
    Terms,
)

# A run over the period's edge is judged by its whole length, also where several outages make it up.
MARGIN = timedelta(days=31)
SHORT = frozenset({PeriodKind.HOUR, PeriodKind.DAY, PeriodKind.WEEK})
ROLLING = frozenset({PeriodKind.ROLLING_DAYS, PeriodKind.ROLLING_MONTHS, PeriodKind.HOUR})
# Calendar days that one unit of a time limit takes at most; working days with their holidays.
UNIT_DAYS = {
    OffsetUnit.HOURS: 1,
    OffsetUnit.DAYS: 1,
    OffsetUnit.WORKING_DAYS: 4,
    OffsetUnit.WEEKS: 7,
    OffsetUnit.MONTHS: 31,
    OffsetUnit.BILLING_CYCLES: 62,
    OffsetUnit.MONTH_ENDS: 62,
}
# Calendar days that a window takes at most, for each of its length.
WINDOW_DAYS = {
    PeriodKind.HOUR: 1,
    PeriodKind.DAY: 1,
    PeriodKind.WEEK: 7,
    PeriodKind.MONTH: 31,
    PeriodKind.QUARTER: 92,
    PeriodKind.YEAR: 366,
    PeriodKind.ROLLING_DAYS: 1,
    PeriodKind.ROLLING_MONTHS: 31,
}
# Instants that no incident moves.
OF_THE_PERIOD = frozenset({Anchor.PERIOD_END, Anchor.QUARTER_END, Anchor.SUBMITTED, Anchor.DECIDED})
INSIDE = frozenset({CapPeriod.EVENT, CapPeriod.WINDOW})


def looks_back(versions: Iterable[Terms], *, rule: PeriodRule) -> bool:
    """Say whether any rule of the terms reads what earlier periods came to."""
    return any(_looks_back(terms, rule=rule) for terms in versions)


def _looks_back(terms: Terms, *, rule: PeriodRule) -> bool:
    return (
        bool(terms.chronic)
        or bool(terms.earn_back)
        or any(_spans(cap.period, rule=rule) or cap.overflow is Overflow.CARRIED for cap in _caps(terms))
        or any(_spans(quota.period, rule=rule) for each in terms.exclusions for quota in each.quotas)
        or any(_target_looks_back(target, rule=rule) for target in terms.targets)
    )


def reach_back(versions: Iterable[Terms], *, rule: PeriodRule) -> timedelta | None:
    """Return at least how long before its period a statement reads facts; None where without an end.

    The margin of `span_of` comes on top.
    """
    every = list(versions)
    if looks_back(every, rule=rule):
        return None
    reach = timedelta(0)
    for target in (target for terms in every for target in terms.targets):
        if target.window is not None:
            reach = max(reach, timedelta(days=WINDOW_DAYS[target.window.kind] * target.window.length))
        if isinstance(target.params, Obligation):
            reach = max(reach, _allowed(target.params))
    return reach


def measures_cases(versions: Iterable[Terms]) -> bool:
    """Say whether any rule of the terms hangs on whole incidents: their length, their end, their report."""
    return any(_measures_cases(terms) for terms in versions)


def _measures_cases(terms: Terms) -> bool:
    limits = _limits(terms.claim) if terms.claim is not None else ()
    timed = any(target.metric in (Metric.ELAPSED, Metric.OBLIGATION) for target in terms.targets)
    return timed or any(limit.anchor not in OF_THE_PERIOD for limit in limits)


def _limits(rule: ClaimRule) -> Iterator[Offset]:
    yield from rule.deadlines
    yield from (step.due for step in rule.steps)


def _target_looks_back(target: Target, *, rule: PeriodRule) -> bool:
    if isinstance(target.params, Reported) and target.params.average_with_previous:
        return True
    credit = target.credit
    if credit is None:
        return False
    free = credit.deductible
    return credit.repeat is not None or (free is not None and _spans(free.period, rule=rule))


def _caps(terms: Terms) -> Iterator[Cap]:
    yield from terms.caps
    for target in terms.targets:
        if target.credit is not None:
            yield from target.credit.caps


def _spans(period: CapPeriod, *, rule: PeriodRule) -> bool:
    """Return whether room of such a period may have been used up before the statement's own."""
    if period in INSIDE:
        return False
    aligned = rule.anchor_day == 1
    if period is CapPeriod.MONTH:
        return rule.kind in SHORT or not aligned
    return (
        period is not CapPeriod.QUARTER
        or rule.kind not in (PeriodKind.QUARTER, PeriodKind.YEAR)
        or not aligned
    )


def span_of(versions: Iterable[Terms], *, periods: Sequence[Period], zone: Zone) -> Interval:
    """Return the time whose facts some window of these periods may need, UTC."""
    starts = [period.during.start for period in periods]
    for target in (target for terms in versions for target in terms.targets):
        if target.window is not None:
            windows = periods_ending_in(periods[0], rule=target.window, zone=zone)
            starts += [window.during.start for window in windows]
        if isinstance(target.params, Obligation):
            starts.append(periods[0].during.start - _allowed(target.params))
    return Interval(min(starts) - MARGIN, periods[-1].during.end + MARGIN)


def _allowed(params: Obligation) -> timedelta:
    """Return at least the time that a delivery may take: what fell due now began so long ago."""
    return timedelta(days=float(params.n) * UNIT_DAYS[OffsetUnit(params.unit)])


def earlier_periods(period: Period, *, since: date, rule: PeriodRule, zone: Zone) -> list[Period]:
    """Return the statement periods from the one that holds ``since`` up to this one, without it.

    Rolling periods overlap, and hours are too many: for these only what was brought forward counts.
    """
    if rule.kind in ROLLING or since >= period.first_on:
        return []
    found = [period_on(since, rule=rule, zone=zone)]
    while found[-1].last_on + DAY < period.first_on:
        found.append(period_on(found[-1].last_on + DAY, rule=rule, zone=zone))
    return found


def key_of(outcome: Outcome) -> tuple[str, str, tuple[str, ...]]:
    """Return what makes an outcome the same window of the same service level."""
    return outcome.target, outcome.period, tuple(sorted(outcome.units))


def in_force(versions: Iterable[Terms], *, period: Period) -> tuple[Terms, ...]:
    """Return the versions in force on any date of the period, oldest first."""
    begun = sorted(
        (terms for terms in versions if terms.effective_from <= period.last_on),
        key=lambda terms: terms.effective_from,
    )
    first = max((i for i, terms in enumerate(begun) if terms.effective_from <= period.first_on), default=0)
    return tuple(begun[first:])
