"""Levels made of instant samples: means, percentiles, shares in band, interval success, time out of band."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from sla.engine.facts import Outage, Sample
from sla.engine.intervals import Interval, clip, union
from sla.engine.ledger import index_facts
from sla.engine.measurement.elapsed import nearest_rank
from sla.engine.measurement.judging import Frame, Range, conclude, unit_of
from sla.engine.measurement.time_based import time_group
from sla.engine.results import Measured
from sla.engine.terms.counting import Combine, NoData, OutageKind, Sampled, Statistic
from sla.engine.trace import Step, rules

rules(
    samples__mean="The mean of {samples} samples is {value}.",
    samples__percentile="The {percentile}th percentile of {samples} samples is {value}.",
    samples__minimum="The smallest of {samples} samples is {value}.",
    samples__maximum="The largest of {samples} samples is {value}.",
    samples__share="{within} of {samples} samples lie in the band {band}: {value}.",
    samples__intervals=(
        "The mean success of {intervals} intervals is {value}; "
        "{empty} had too few requests to judge ({rule})."
    ),
    samples__none="No sample of '{series}' lies in the window.",
)


def sampled(frame: Frame) -> list[Measured]:
    """Return the level of each unit that the series was sampled at."""
    params = frame.target.params
    assert isinstance(params, Sampled)
    window = frame.scope.window.during
    until = min(window.end, frame.scope.known_until)
    rows: dict[str, list[Sample]] = defaultdict(list)
    for sample in frame.index.facts.samples:
        if sample.series == params.series and window.start <= sample.at < until:
            rows[sample.unit].append(sample)
    units = [unit for unit in frame.units if unit in rows] or list(frame.units[:1])
    if params.statistic is Statistic.TIME_OUT_OF_BAND:
        return [_out_of_band(frame, unit=unit, params=params) for unit in units]
    return [_level(frame, unit=unit, params=params, samples=rows.get(unit, [])) for unit in units]


def _level(frame: Frame, *, unit: str, params: Sampled, samples: list[Sample]) -> Measured:
    samples = [sample for sample in samples if _agreed(sample, frame=frame)]
    in_intervals = params.statistic is Statistic.INTERVAL_SUCCESS
    step = (
        _intervals(frame, params=params, samples=samples)
        if in_intervals
        else _statistic(frame, params=params, samples=samples)
    )
    future = frame.scope.known_until < frame.scope.window.during.end
    value = None if step.value is None else Fraction(step.value)  # type: ignore[arg-type]
    return conclude(
        frame,
        units=(unit,),
        found=Range(
            value=value, best=value, worst=value, why=f"no sample of '{params.series}' lies in the window"
        ),
        value_step=step,
        provisional=["the period has not ended"] if future else [],
    )


def _agreed(sample: Sample, *, frame: Frame) -> bool:
    """Return whether a sample was taken in agreed hours and outside announced work."""
    if frame.target.calendar:
        instant = Interval(sample.at, sample.at + timedelta(microseconds=1))
        if not frame.index.open_hours(frame.target.calendar, during=instant):
            return False
    return True


def _statistic(frame: Frame, *, params: Sampled, samples: Sequence[Sample]) -> Step:
    clause, unit = frame.target.clause, unit_of(frame.target)
    values = sorted(Fraction(sample.value - params.baseline) for sample in samples)
    volume = sum(sample.volume for sample in samples)
    if not values or (params.statistic is Statistic.MEAN and not volume):
        return Step("samples.none", None, unit, clause, (), (("series", params.series),))
    noted: tuple[tuple[str, object], ...] = (("samples", len(values)),)
    if params.statistic is Statistic.MEAN:
        weighted = sum((Fraction(s.value - params.baseline) * s.volume for s in samples), Fraction(0))
        return Step("samples.mean", weighted / volume, unit, clause, (), noted)
    if params.statistic is Statistic.PERCENTILE:
        assert params.percentile is not None
        value = nearest_rank(values, percentile=Fraction(params.percentile))
        return Step(
            "samples.percentile", value, unit, clause, (), (*noted, ("percentile", params.percentile))
        )
    if params.statistic is Statistic.MINIMUM:
        return Step("samples.minimum", values[0], unit, clause, (), noted)
    if params.statistic is Statistic.SHARE_WITHIN:
        within = sum(_in_band(sample.value, params=params) for sample in samples)
        value = Fraction(100 * within, len(values))
        return Step(
            "samples.share", value, "%", clause, (), (*noted, ("within", within), ("band", _band(params)))
        )
    return Step("samples.maximum", values[-1], unit, clause, (), noted)


def _in_band(value: Decimal, *, params: Sampled) -> bool:
    return (params.lo is None or value >= params.lo) and (params.hi is None or value <= params.hi)


def _band(params: Sampled) -> str:
    low = "any" if params.lo is None else f"{params.lo:f}"
    return f"{low} to {'any' if params.hi is None else f'{params.hi:f}'}"


def _intervals(frame: Frame, *, params: Sampled, samples: Sequence[Sample]) -> Step:
    """Return the mean success of the window's intervals; idle ones by the no-data rule (H2, H7)."""
    assert params.every is not None
    window = frame.scope.window.during
    until = min(window.end, frame.scope.known_until)
    failed: dict[int, Fraction] = defaultdict(Fraction)
    asked: dict[int, int] = defaultdict(int)
    for sample in samples:
        number = (sample.at - window.start) // params.every
        failed[number] += Fraction(sample.value)
        asked[number] += sample.volume
    judged = [number for number, volume in asked.items() if volume and volume >= params.min_volume]
    success = sum((1 - failed[number] / asked[number] for number in judged), Fraction(0))
    total = -((window.start - until) // params.every)
    idle = total - len(judged)
    rule = frame.counting.no_data
    count = len(judged) if rule in (NoData.OMIT, NoData.UNKNOWN) else total
    success += idle if rule is NoData.MET else 0
    value = 100 * success / count if count else None
    rule_word = {NoData.MET: "taken as 100 %", NoData.FAILED: "taken as 0 %"}.get(rule, "left out")
    return Step(
        "samples.intervals",
        value,
        "%",
        frame.target.clause,
        (),
        (("intervals", count), ("empty", idle), ("rule", rule_word)),
    )


def _out_of_band(frame: Frame, *, unit: str, params: Sampled) -> Measured:
    """Return how long a series stayed out of its band, counted like downtime with its minimum run."""
    samples = sorted(
        (s for s in frame.index.facts.samples if s.series == params.series and s.unit == unit),
        key=lambda sample: sample.at,
    )
    rows: list[Outage] = []
    covered: list[Interval] = []
    # Not strict: without any sample there is only the None.
    for sample, after in zip(samples, [*samples[1:], None], strict=False):
        end = sample.at + params.every if params.every is not None else None
        if after is not None:
            end = after.at if end is None else min(end, after.at)
        end = end or frame.scope.known_until
        covered.append(Interval(sample.at, end))
        if not _in_band(sample.value, params=params):
            rows.append(
                Outage(
                    incident=f"{params.series} out of {_band(params)}",
                    unit=unit,
                    started_at=sample.at,
                    ended_at=end,
                )
            )
    window = frame.scope.window.during
    rows += _gaps(unit, covered=covered, window=window)
    facts = replace(frame.index.facts, outages=tuple(rows))
    return time_group(replace(frame, index=index_facts(facts)), units=(unit,), combine=Combine.EACH)


def _gaps(unit: str, *, covered: list[Interval], window: Interval) -> list[Outage]:
    """Return the stretches of the window that no sample covers, as unmeasured."""
    found, at = [], window.start
    for piece in clip(union(covered), to=window):
        if piece.start > at:
            found.append(Interval(at, piece.start))
        at = piece.end
    if at < window.end:
        found.append(Interval(at, window.end))
    return [
        Outage(
            incident="no sample",
            unit=unit,
            started_at=gap.start,
            ended_at=gap.end,
            kind=OutageKind.UNMEASURED,
        )
        for gap in found
    ]
