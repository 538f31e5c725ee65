"""How far a level is from being missed, or from the next worse row, and what that row pays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.gross import gross_line
from sla.engine.credits.lines import MONEY, NOTHING, Setting
from sla.engine.credits.occurrences import occurrences
from sla.engine.credits.rows import choose, edges, exact, rounded
from sla.engine.credits.schemes import per_of, scheme_units
from sla.engine.facts import Verdict
from sla.engine.intervals import MICROSECOND, Interval
from sla.engine.money import Money, round_minor
from sla.engine.results import Event, Measured, NextTier
from sla.engine.terms.counting import Metric, Statistic
from sla.engine.terms.credits import IncrementOn, Increments, Per, Points, Tiered, TierOn
from sla.engine.terms.targets import Op, Target
from sla.engine.trace import Step, notes, rules

rules(
    next__level="{value} more downtime is still within the level; beyond it a credit of {credit} follows.",
    next__row="{value} more downtime leaves the credit as it is; beyond it {credit} follows.",
    next__worst="More downtime does not move the credit to another row.",
    next__no_time="The level is no matter of downtime, so no time is left to name.",
)


_HOLDS: dict[Op, Callable[[Fraction, Fraction], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.ABOVE: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
}


class _Now(NamedTuple):
    """A level as it stands, with its target and everything needed to price it."""

    measured: Measured
    target: Target
    setting: Setting


class _State(NamedTuple):
    missed: bool
    units: Fraction


def next_tier(measured: Measured, *, setting: Setting) -> NextTier:
    """Return the further downtime (microseconds) a level or row still bears, and the next credit.

    The credit is before caps, over the base of the whole window; it is None where it is no money.
    ``irreversible`` means that the level is missed even if everything unknown turns out well.
    """
    now = _Now(measured, setting.targets[measured.version, measured.target], setting)
    lost = measured.best is not None and _misses(measured.best, target=now.target, level=measured.level)
    if measured.value is None or not _is_time(now):
        return _next(now, room=None, credit=None, rule="next.no_time", lost=lost)
    here = _state(now, extra=0)
    further = next((e for e in _candidates(now) if _is_worse(_state(now, extra=e), here=here)), None)
    if further is None:
        return _next(now, room=None, credit=None, rule="next.worst", lost=lost)
    rule = "next.row" if here.missed else "next.level"
    return _next(now, room=further - 1, credit=_credit(now, extra=further), rule=rule, lost=lost)


def _next(now: _Now, *, room: int | None, credit: Money | None, rule: str, lost: bool) -> NextTier:
    value = None if room is None else Fraction(room)
    step = Step(rule, value, "us", now.target.clause, (), notes(credit=str(credit) if credit else "no money"))
    measured = now.measured
    return NextTier(
        target=measured.target,
        window=measured.window.label,
        units=measured.units,
        room_us=room,
        credit=credit,
        irreversible=lost,
        step=step,
    )


def _is_time(now: _Now) -> bool:
    """Return whether more downtime moves the figure in a way that can be foretold."""
    metric, params = now.target.metric, now.target.params
    if metric is Metric.AVAILABILITY:
        return now.measured.denominator_us > 0
    if metric is Metric.SAMPLED:
        return getattr(params, "statistic", None) is Statistic.TIME_OUT_OF_BAND
    return metric in (Metric.DOWNTIME, Metric.LONGEST_OUTAGE)


def _value(now: _Now, *, extra: int) -> Fraction:
    """Return the figure as it would be with one more run of so many microseconds."""
    value = now.measured.value
    assert value is not None
    if not extra:
        return value
    if now.measured.unit == "%":
        return value - 100 * extra / now.measured.denominator_us
    if now.target.metric is Metric.LONGEST_OUTAGE:
        return max(value, Fraction(extra))
    return value + extra


def _with(now: _Now, *, extra: int) -> Measured:
    """Return the level as it would be with one more run of so many microseconds."""
    measured = now.measured
    if not extra:
        return measured
    start = max((event.during.end for event in measured.events), default=measured.window.during.start)
    run = Event(
        during=Interval(start, start + extra * MICROSECOND), counted_us=Fraction(extra), units=measured.units
    )
    return replace(
        measured,
        value=_value(now, extra=extra),
        counted_us=measured.counted_us + extra,
        events=(*measured.events, run),
        verdict=Verdict.MISSED,
        misses=True,
    )


def _misses(value: Fraction, *, target: Target, level: Fraction) -> bool:
    counting = target.counting
    judged = rounded(value, decimals=counting.value_decimals, mode=counting.value_rounding)
    return not _HOLDS[target.op](judged, level)


def _missed(now: _Now) -> bool:
    value = now.measured.value
    return value is not None and _misses(value, target=now.target, level=now.measured.level)


def _state(now: _Now, *, extra: int) -> _State:
    measured, figure = now.measured, _value(now, extra=extra)
    missed = _misses(figure, target=now.target, level=measured.level)
    rule = now.target.credit
    if rule is None or (rule.only_if_missed and not missed):
        return _State(missed, NOTHING)
    params = rule.params
    if isinstance(params, (Tiered, Points)) and per_of(params) is Per.WINDOW:
        by_time = isinstance(params, Tiered) and params.on is not TierOn.VALUE
        value = rounded(measured.counted_us + extra if by_time else figure, decimals=params.row_decimals)
        tier = choose(params.tiers, value=value, pick=params.pick, gap=params.gap).tier
        return _State(missed, exact(tier.credit) if tier else NOTHING)
    if isinstance(params, Increments) and params.per is Per.WINDOW:
        measured = _with(now, extra=extra)
        (of,) = occurrences(measured, per=Per.WINDOW, target=now.target, zone=now.setting.facts.zone)
        found = scheme_units(params, of=of, measured=measured, op=now.target.op, clause="")
        return _State(missed, found.units)
    return _State(missed, NOTHING)  # other schemes have no rows: only the level is an edge


def _is_worse(then: _State, *, here: _State) -> bool:
    return (then.missed and not here.missed) or then.units > here.units


def _candidates(now: _Now) -> list[int]:
    """Return the further downtimes at which something may change, ascending."""
    found = {int(edge.__floor__()) + one for edge in _edges(now) for one in (0, 1)}
    return sorted(extra for extra in found if extra > 0)


def _edges(now: _Now) -> Iterator[Fraction]:
    """Yield the further downtimes, exact, at which the level or a row is reached."""
    measured, rule = now.measured, now.target.credit
    if not _missed(now):
        yield from _reached(now, value=measured.level, decimals=now.target.counting.value_decimals)
        if rule is None or rule.only_if_missed:
            return  # no row pays before the level is missed
    params = rule.params if rule else None
    if isinstance(params, Increments) and params.on is IncrementOn.COUNTED:
        yield from _increment_edges(params, counted=measured.counted_us)
    elif isinstance(params, (Tiered, Points)):
        for edge in edges(params.tiers):
            if isinstance(params, Tiered) and params.on is not TierOn.VALUE:
                yield edge - measured.counted_us
            else:
                yield from _reached(now, value=edge, decimals=params.row_decimals)


def _reached(now: _Now, *, value: Fraction, decimals: int | None) -> Iterator[Fraction]:
    """Yield the further downtime that brings the figure to a value, and to where it rounds to it."""
    measured = now.measured
    assert measured.value is not None
    # A rounded value reaches the edge half a digit early or late.
    half = NOTHING if decimals is None else Fraction(1, 2 * 10**decimals)
    for edge in [value + half * steps for steps in range(-2, 3)] if half else [value]:
        if measured.unit == "%":
            yield (measured.value - edge) / 100 * measured.denominator_us
        else:
            yield edge if now.target.metric is Metric.LONGEST_OUTAGE else edge - measured.value


def _increment_edges(params: Increments, *, counted: Fraction) -> Iterator[Fraction]:
    start, size = exact(params.after), exact(params.size)
    yield start - counted
    if params.first_size is not None:
        start += exact(params.first_size)
        yield start - counted
    passed = max(((counted - start) / size).__floor__(), 0)
    for count in range(passed, passed + 3):
        yield start + count * size - counted


def _credit(now: _Now, *, extra: int) -> Money | None:
    line = gross_line(_with(now, extra=extra), setting=now.setting)
    if line is None or line.pays not in MONEY:
        return None
    return Money(round_minor(line.before), now.setting.schedule.currency)
