"""What a service level promises, by its measure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sla.engine.terms import (
    Anchor,
    Availability,
    Combine,
    Elapsed,
    Metric,
    Obligation,
    Offset,
    OffsetUnit,
    Op,
    Sampled,
    Statistic,
    Target,
)
from sla.reports.sentences.wording import OPS, Wording, level_text, listed, number, offset_words, spaced

LISTED = 4


def promise_words(target: Target, *, wording: Wording) -> str:
    """Return the promise: what must stand how to which level, over which time."""
    said = PROMISES[target.metric](target, wording)
    if target.calendar:
        said += f", in the hours of calendar {target.calendar}"
    if target.expected is not None:
        said += f" ({level_text(target.expected, unit=_unit(target))} is expected)"
    for other in target.levels_when:
        said += (
            f" ({level_text(other.level, unit=_unit(target))} while {spaced(other.condition)} is confirmed)"
        )
    return said


def services_words(target: Target, *, wording: Wording) -> str:
    """Return the services by name; none named is every one of the contract."""
    names = [wording.service(code) for code in target.services]
    if len(names) > LISTED:
        names = [*names[: LISTED - 1], f"{len(names) - LISTED + 1} more"]
    return listed(names) or "every service of the contract"


def _many(target: Target) -> bool:
    return len(target.services) != 1


def _unit(target: Target) -> str:
    shares = {Statistic.SHARE_WITHIN, Statistic.INTERVAL_SUCCESS}
    share = getattr(target.params, "statistic", None) in shares
    return "%" if target.metric is Metric.AVAILABILITY or share else ""


def _level(target: Target) -> str:
    level = level_text(target.level, unit=_unit(target))
    all_of_it = target.op is Op.AT_LEAST and level == "100 %"
    return level if all_of_it else f"{OPS[target.op]} {level}"


def _every(target: Target, wording: Wording) -> str:
    kind = target.window.kind if target.window else None
    word = "the" if kind is not None and kind.value.startswith("rolling") else "each"
    return f"{word} {wording.window(target.window)}"


def _combined(target: Target, wording: Wording) -> str:
    """Return the services as the subject of an availability."""
    services, combine = services_words(target, wording=wording), getattr(target.params, "combine", None)
    if not _many(target):
        return f"{services} is up"
    if combine is Combine.ALL and not target.services:
        return "at least one service of the contract is up"
    return {
        Combine.ANY: f"{services}: all of them together are up",
        Combine.ALL: f"at least one of {services} is up",
        Combine.POOLED: f"{services}, pooled by weight, are up",
        Combine.WORST: f"the worst of {services} is up",
    }.get(combine, f"each of {services} is up" if target.services else f"{services} is up")  # type: ignore[arg-type]


def _of(target: Target, wording: Wording) -> str:
    """Return the services as that whose downtime is counted."""
    services, combine = services_words(target, wording=wording), getattr(target.params, "combine", None)
    if not _many(target):
        return services
    return {
        Combine.ANY: f"any of {services}",
        Combine.ALL: f"{services}, all down at once,",
        Combine.POOLED: f"{services}, pooled by weight,",
        Combine.WORST: f"the worst of {services}",
    }.get(combine, f"each of {services}" if target.services else services)  # type: ignore[arg-type]


def _availability(target: Target, wording: Wording) -> str:
    assert isinstance(target.params, Availability)
    return f"{_combined(target, wording)} {_level(target)} of {_every(target, wording)}"


def _downtime(target: Target, wording: Wording) -> str:
    return f"counted downtime of {_of(target, wording)} is {_level(target)} in {_every(target, wording)}"


def _longest(target: Target, wording: Wording) -> str:
    return f"the longest outage of {_of(target, wording)} in {_every(target, wording)} is {_level(target)}"


def _count(target: Target, wording: Wording) -> str:
    return f"outages of {_of(target, wording)} in {_every(target, wording)} number {_level(target)}"


def _elapsed(target: Target, wording: Wording) -> str:
    params = target.params
    assert isinstance(params, Elapsed)
    span = f"from {spaced(params.since)} to {spaced(params.until)}"
    of = f"of {services_words(target, wording=wording)}" if target.services else ""
    cases = f"incident {of}".strip()
    if params.severities:
        cases = f"{listed(params.severities, word='or')} {cases}"
    if params.statistic is Statistic.EACH:
        return f"every {cases} takes {_level(target)} {span}"
    if params.statistic is Statistic.SHARE_WITHIN:
        within = level_text(params.within or timedelta(0))
        cases = cases.replace("incident", "incidents", 1)
        return (
            f"{_level(target)} of the {cases} of {_every(target, wording)} take no more than {within} {span}"
        )
    mean = params.statistic is Statistic.MEAN
    figure = (
        "the mean time" if mean else f"the {number(params.percentile or Decimal(0))}th percentile of the time"
    )
    return f"{figure} {span} over every {cases} of {_every(target, wording)} is {_level(target)}"


def _sampled(target: Target, wording: Wording) -> str:
    params = target.params
    assert isinstance(params, Sampled)
    series, over = (
        f"{spaced(params.series)} of {services_words(target, wording=wording)}",
        _every(target, wording),
    )
    band = _band(params)
    if params.statistic is Statistic.SHARE_WITHIN:
        return f"{_level(target)} of the readings of {series} in {over} lie {band}"
    if params.statistic is Statistic.TIME_OUT_OF_BAND:
        return f"{series} is not {band} for {_level(target)} of {over}"
    if params.statistic is Statistic.INTERVAL_SUCCESS:
        size = level_text(params.every or timedelta(0))
        return (
            f"the success rate of {series}, averaged over the {size} intervals of {over}, is {_level(target)}"
        )
    name = params.statistic.value
    if params.statistic is Statistic.PERCENTILE:
        name = f"{number(params.percentile or Decimal(0))}th percentile"
    return f"the {name} of {series} over {over} is {_level(target)}"


def _band(params: Sampled) -> str:
    if params.lo is not None and params.hi is not None:
        return f"between {number(params.lo)} and {number(params.hi)}"
    if params.lo is not None:
        return f"at or above {number(params.lo)}"
    return f"at or below {number(params.hi)}" if params.hi is not None else "in the band"


def _reported(target: Target, wording: Wording) -> str:
    figure = spaced(getattr(target.params, "figure", ""))
    with_previous = getattr(target.params, "average_with_previous", False)
    mean = ", averaged with the one before," if with_previous else ""
    return f"the reported figure {figure} of {_every(target, wording)}{mean} is {_level(target)}"


def _obligation(target: Target, wording: Wording) -> str:
    params = target.params
    assert isinstance(params, Obligation)
    limit = Offset(n=params.n, unit=OffsetUnit(params.unit), anchor=Anchor(params.anchor))
    said = f"{spaced(params.what)} is delivered within {offset_words(limit)}"
    if params.severities:
        said += f" (severity {listed(params.severities, word='or')})"
    if target.op in (Op.AT_MOST, Op.BELOW) and target.level == 0:
        return said
    return f"{said}; late ones in {_every(target, wording)} number {_level(target)}"


PROMISES: dict[Metric, Callable[[Target, Wording], Any]] = {
    Metric.AVAILABILITY: _availability,
    Metric.DOWNTIME: _downtime,
    Metric.LONGEST_OUTAGE: _longest,
    Metric.COUNT: _count,
    Metric.ELAPSED: _elapsed,
    Metric.SAMPLED: _sampled,
    Metric.REPORTED: _reported,
    Metric.OBLIGATION: _obligation,
}
