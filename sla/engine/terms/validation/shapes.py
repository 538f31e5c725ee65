"""What each metric and scheme needs: the kind of its levels, its direction, its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from enum import Enum, StrEnum

from sla.engine.intervals import micro
from sla.engine.money import RoundingMode
from sla.engine.terms.counting import Elapsed, Metric, Obligation, Sampled, Statistic
from sla.engine.terms.credits import (
    CapPeriod,
    IncrementOn,
    Increments,
    Level,
    Per,
    Points,
    Tiered,
    TierOn,
)
from sla.engine.terms.problems import Problem
from sla.engine.terms.rules import Anchor, ExclusionSource, OffsetUnit, Quota
from sla.engine.terms.targets import Milestone, Op, Target
from sla.engine.terms.versions import Terms
from sla.engine.trace import written_length


class Kind(StrEnum):
    """What a level is."""

    PERCENT = "a percentage such as 99.9"
    LENGTH = "a length of time such as 4 h"
    NUMBER = "a number"


_ELAPSED = (Statistic.EACH, Statistic.SHARE_WITHIN, Statistic.MEAN, Statistic.PERCENTILE)
_SAMPLED = (
    Statistic.MEAN,
    Statistic.PERCENTILE,
    Statistic.MINIMUM,
    Statistic.MAXIMUM,
    Statistic.SHARE_WITHIN,
    Statistic.INTERVAL_SUCCESS,
    Statistic.TIME_OUT_OF_BAND,
)
_PERCENT = (Statistic.SHARE_WITHIN, Statistic.INTERVAL_SUCCESS)


def shape_problems(terms: Terms) -> Iterator[Problem]:
    """Yield what a metric, a scheme or a rule lacks or cannot have."""
    for index, target in enumerate(terms.targets):
        for problem in (
            *_levels(target),
            *_direction(target),
            *_params(target),
            *_credit(target, terms=terms),
        ):
            yield problem.under(f"targets[{index}]")
    for index, rule in enumerate(terms.exclusions):
        if rule.source is ExclusionSource.CONDITION and not rule.condition:
            yield Problem(f"exclusions[{index}].condition", "The rule goes by a condition. Name its code.")
        for number, quota in enumerate(rule.quotas):
            for problem in _quota(quota):
                yield problem.under(f"exclusions[{index}].quotas[{number}]")


def _quota(quota: Quota) -> Iterator[Problem]:
    if (quota.length is None) == (quota.count is None):
        yield Problem("", "A quota is either a length of time or a count. Give one of them.")
    if quota.period is CapPeriod.EVENT:
        yield Problem("period", "A quota of one event is the exclusion's own `max_per_event`. Use that.")
    if quota.period in (CapPeriod.ROLLING_12, CapPeriod.TERM):
        yield Problem(
            "period",
            f"A quota by {quota.period.value!r} cannot be computed yet. Use window, month, quarter or year.",
        )


def kind_of(target: Target) -> Kind:
    """Return what the levels of a service level are."""
    params = target.params
    if target.metric is Metric.AVAILABILITY:
        return Kind.PERCENT
    if target.metric in (Metric.DOWNTIME, Metric.LONGEST_OUTAGE):
        return Kind.LENGTH
    if isinstance(params, Elapsed):
        return Kind.PERCENT if params.statistic is Statistic.SHARE_WITHIN else Kind.LENGTH
    if isinstance(params, Sampled):
        if params.statistic is Statistic.TIME_OUT_OF_BAND:
            return Kind.LENGTH
        return Kind.PERCENT if params.statistic in _PERCENT else Kind.NUMBER
    return Kind.NUMBER


def _levels(target: Target) -> Iterator[Problem]:
    kind = kind_of(target)
    levels: list[tuple[str, Level | None]] = [("level", target.level), ("expected", target.expected)]
    levels += [(f"levels_when[{i}].level", row.level) for i, row in enumerate(target.levels_when)]
    for place, level in levels:
        if level is not None:
            yield from _level(place, level, kind=kind, name=target.name)


def _level(place: str, level: Level, *, kind: Kind, name: str) -> Iterator[Problem]:
    if isinstance(level, timedelta) != (kind is Kind.LENGTH):
        yield Problem(
            place, f"{_shown(level)} does not fit {name!r}, which measures {kind.value}. Write one."
        )
    elif isinstance(level, Decimal) and kind is Kind.PERCENT and not 0 <= level <= 100:
        yield Problem(place, f"{_shown(level)} is no percentage of {name!r}. Use 0 to 100.")


def _shown(level: Level) -> str:
    return f"{level.normalize():f}" if isinstance(level, Decimal) else written_length(micro(level))


def _direction(target: Target) -> Iterator[Problem]:
    falls = target.metric is Metric.AVAILABILITY or (
        isinstance(target.params, Elapsed | Sampled) and target.params.statistic in _PERCENT
    )
    rises = not falls and not (
        target.metric is Metric.REPORTED
        or (isinstance(target.params, Sampled) and target.params.statistic is not Statistic.TIME_OUT_OF_BAND)
    )
    if (falls and target.op in (Op.AT_MOST, Op.BELOW)) or (rises and target.op in (Op.AT_LEAST, Op.ABOVE)):
        better, use = ("higher", ">=") if falls else ("lower", "<=")
        yield Problem(
            "op", f"{target.op.value} makes a good {target.name!r} a miss: {better} is better. Use {use}."
        )


def _params(target: Target) -> Iterator[Problem]:
    params = target.params
    if isinstance(params, Elapsed):
        yield from _word("since", params.since, Milestone)
        yield from _word("until", params.until, Milestone)
        yield from _statistic(params.statistic, _ELAPSED)
        if params.statistic is Statistic.SHARE_WITHIN and params.within is None:
            yield Problem("within", "A share of cases in time needs that time. Give within, such as 4 h.")
    if isinstance(params, Sampled):
        yield from _statistic(params.statistic, _SAMPLED)
        banded = params.statistic in (Statistic.SHARE_WITHIN, Statistic.TIME_OUT_OF_BAND)
        if banded and params.lo is None and params.hi is None:
            yield Problem("lo", "A band has at least one bound. Give lo, hi or both.")
    if isinstance(params, Elapsed | Sampled) and params.statistic is Statistic.PERCENTILE:
        yield from _percentile(params)
    if isinstance(params, Obligation):
        yield from _word("unit", params.unit, OffsetUnit)
        yield from _word("anchor", params.anchor, Anchor)
    yield from _word("counting.value_rounding", target.counting.value_rounding, RoundingMode)


def _percentile(params: Elapsed | Sampled) -> Iterator[Problem]:
    if params.percentile is None or not 0 < params.percentile <= 100:
        yield Problem("percentile", "A percentile lies above 0, up to 100. Give one, such as 95.")


def _word(place: str, word: str, allowed: type[Enum]) -> Iterator[Problem]:
    words = [member.value for member in allowed]
    if word not in words:
        yield Problem(place, f"{word!r} is not allowed. Use one of: {', '.join(words)}.")


def _statistic(statistic: Statistic, allowed: tuple[Statistic, ...]) -> Iterator[Problem]:
    if statistic not in allowed:
        words = ", ".join(item.value for item in allowed)
        yield Problem("statistic", f"{statistic.value!r} is not one of this metric. Use one of: {words}.")


def _credit(target: Target, *, terms: Terms) -> Iterator[Problem]:
    rule = target.credit
    if rule is None:
        return
    params = rule.params
    if isinstance(params, Tiered | Points):
        on_value = isinstance(params, Points) or params.on is TierOn.VALUE
        kind = kind_of(target) if on_value else Kind.LENGTH
        for i, tier in enumerate(params.tiers):
            for name in ("at_least", "above", "below", "at_most"):
                level = getattr(tier, name)
                if level is not None:
                    yield from _level(f"credit.tiers[{i}].{name}", level, kind=kind, name=target.name)
    if isinstance(params, Increments):
        yield from _increments(params, target=target)
    if isinstance(params, Increments | Tiered) and params.on.value == "lateness":
        yield from _lateness(params, target=target)
    if isinstance(params, Points) and terms.points is None:
        yield Problem("credit", "Points pay nothing by themselves. Give the version a points table.")


_CASES = (Metric.ELAPSED, Metric.OBLIGATION)
_TIMES = (Metric.AVAILABILITY, Metric.DOWNTIME)


def _lateness(params: Increments | Tiered, *, target: Target) -> Iterator[Problem]:
    """Yield why a level has no time past it: cases have, and downtime has in the window as a whole."""
    if target.metric not in (*_CASES, *_TIMES):
        yield Problem(
            "credit.on",
            f"{target.metric.value!r} knows no time past its level. Use another figure than lateness.",
        )
    elif target.metric in _TIMES and params.per is not Per.WINDOW:
        yield Problem(
            "credit.per",
            "Downtime passes a level in the window as a whole. Use per = 'window' with lateness, or count "
            "each outage with on = 'counted'.",
        )


def _increments(params: Increments, *, target: Target) -> Iterator[Problem]:
    kinds = {
        IncrementOn.COUNTED: Kind.LENGTH,
        IncrementOn.LATENESS: Kind.LENGTH,
        IncrementOn.SHORTFALL: kind_of(target),
        IncrementOn.CASES: Kind.NUMBER,
    }
    for name in ("size", "first_size", "after"):
        level = getattr(params, name)
        if level is not None and (level or name != "after"):
            yield from _level(f"credit.{name}", level, kind=kinds[params.on], name=target.name)
    for name in ("size", "first_size"):
        if getattr(params, name) is not None and not getattr(params, name):
            yield Problem(f"credit.{name}", "An increment of nothing never ends. Give its size.")
