"""What a service level would pay: made-up outages of stated lengths, judged like real ones.

Money catches a clause that was entered wrongly; a sentence does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sla.engine.evaluation import evaluate
from sla.engine.facts import (
    Condition,
    Delivery,
    Facts,
    Incident,
    MilestoneFact,
    Outage,
    ReportedFigure,
    Sample,
)
from sla.engine.intervals import ZERO, Interval, intersect
from sla.engine.periods import Period, open_time
from sla.engine.results import Credit, Measured, Result
from sla.engine.terms import (
    Combine,
    Elapsed,
    Measurer,
    Metric,
    Milestone,
    Op,
    Pays,
    Reported,
    Sampled,
    Statistic,
    Target,
    Terms,
    Tier,
    TierOn,
)
from sla.engine.terms.versions import Schedule
from sla.reports.figures import shown_credit, shown_value
from sla.reports.sentences.wording import length as length_text
from sla.reports.sentences.wording import number
from sla.reports.words import VERDICTS

STANDARD = tuple(timedelta(minutes=each) for each in (5, 44, 60, 240, 1440))
SECOND = timedelta(seconds=1)
FURTHER = (Decimal(1), Decimal(5))
TIMED = {Metric.AVAILABILITY, Metric.DOWNTIME, Metric.LONGEST_OUTAGE, Metric.COUNT}
TOGETHER = {Combine.ALL, Combine.POOLED}
READINGS = {Statistic.MEAN, Statistic.PERCENTILE, Statistic.MINIMUM, Statistic.MAXIMUM}
EVENT = "example"


@dataclass(frozen=True, kw_only=True)
class Payout:
    """One line of the pay-out table; ``edge`` marks a row's limit in the contract's table."""

    label: str
    achieved: str
    verdict: str
    credit: str
    pays: bool
    edge: bool = False


class Example(NamedTuple):
    """An outage to make up; ``edge`` where its length comes from the contract's own table."""

    label: str
    length: timedelta
    edge: bool


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What made-up outages are judged on: the schedule, its terms, a whole period, services and fees."""

    schedule: Schedule
    terms: Terms
    facts: Facts  # without anything that happened
    period: Period


def payouts(target: Target, *, ground: Ground) -> list[Payout]:
    """Return what the level pays for usual lengths of downtime, a whole period, and at each row's edge.

    For reported figures and readings the lines are values. An empty list means that the measure has
    no example that can be made up. Every condition of the credit is taken as confirmed.
    """
    alone = _alone(target, ground=ground)
    if target.metric in TIMED or target.metric is Metric.ELAPSED:
        return [_timed(target, ground=alone, example=each) for each in _lengths(target, ground=alone)]
    if target.metric is Metric.OBLIGATION:
        return [
            _judged(target, ground=alone, facts=facts, label=label) for label, facts in _late(target, alone)
        ]
    return [_figure(target, ground=alone, value=each) for each in _values(target)]


def _alone(target: Target, *, ground: Ground) -> Ground:
    """Return the ground with this level only: no history, no other level, all conditions confirmed."""
    terms = replace(
        ground.terms,
        targets=(target,),
        effective_from=min(ground.terms.effective_from, ground.period.first_on),
        suppression=(),
        chronic=(),
        claim=None,
        earn_back=(),
    )
    confirmed = tuple(Condition(code=code, met=True) for code in target.conditions)
    return replace(ground, terms=terms, facts=replace(ground.facts, conditions=confirmed))


def _lengths(target: Target, *, ground: Ground) -> Iterator[Example]:
    whole = ground.period.during.length
    found = [(each, False) for each in STANDARD]
    for edge in _edges(target, ground=ground):
        found += [(edge, True), (edge + SECOND, True)] if ZERO < edge < whole else []
    usual = {length for length, of_table in found if not of_table}
    for length, of_table in sorted(set(found)):
        if not (of_table and length in usual):
            yield Example(length_text(length), length, of_table)
    if target.metric in TIMED:
        yield Example(f"The whole {ground.schedule.period.kind.value}", whole, False)


def _edges(target: Target, *, ground: Ground) -> list[timedelta]:
    """Return the lengths of downtime at which the level, or another row of its table, is reached."""
    timed = target.level if isinstance(target.level, timedelta) else ZERO
    params = getattr(target.credit, "params", None)
    tiers: Sequence[Tier] = getattr(params, "tiers", ())
    on = getattr(params, "on", TierOn.VALUE)
    bounds = [
        b for tier in tiers for b in (tier.below, tier.at_most, tier.at_least, tier.above) if b is not None
    ]
    found = {timed} | {b for b in bounds if isinstance(b, timedelta) and on is not TierOn.LATENESS}
    if on is TierOn.LATENESS:
        found |= {timed + b for b in bounds if isinstance(b, timedelta)}
    if target.metric is Metric.AVAILABILITY:
        shares = [b for b in (*bounds, target.level) if isinstance(b, Decimal)]
        found |= {_allowed(share, agreed=_agreed(target, ground=ground)) for share in shares}
    return sorted(found)


def _allowed(percent: Decimal, *, agreed: Fraction) -> timedelta:
    lost = agreed * (1 - Fraction(percent) / 100)
    return timedelta(microseconds=int(lost))


def _agreed(target: Target, *, ground: Ground) -> Fraction:
    measured = _one(_evaluated(ground, facts=ground.facts).measured)
    each = Fraction(1) if measured is None else measured.denominator_us
    units = len(measured.units) if measured is not None else 1
    return each / units if getattr(target.params, "combine", None) is Combine.POOLED else each


def _timed(target: Target, *, ground: Ground, example: Example) -> Payout:
    label, length, edge = example
    begins = _begins(target, ground=ground)
    ends = min(begins + length, ground.period.during.end)
    if length >= ground.period.during.length:
        begins = ground.period.during.start
    if target.metric is Metric.ELAPSED:
        ends = begins + length
    facts = _with_outage(target, facts=ground.facts, during=Interval(begins, ends))
    return _judged(target, ground=ground, facts=facts, label=label, edge=edge)


def _begins(target: Target, *, ground: Ground) -> datetime:
    """Return the first moment of agreed hours, so that a short outage is not outside them."""
    calendar = next((each for each in ground.facts.calendars if each.code == target.calendar), None)
    if calendar is None:
        return ground.period.during.start
    open_at = intersect(
        list(open_time(calendar, ground.facts.zone, ground.period.during)), [ground.period.during]
    )
    return open_at[0].start if open_at else ground.period.during.start


def _with_outage(target: Target, *, facts: Facts, during: Interval) -> Facts:
    codes = target.services or tuple(unit.code for unit in facts.units)
    hit = codes if getattr(target.params, "combine", None) in TOGETHER else codes[:1]
    kind = target.counting.kinds[0] if target.counting.kinds else None
    outages = tuple(
        Outage(
            incident=EVENT,
            unit=code,
            started_at=during.start,
            ended_at=during.end,
            measured_by=target.measured_by[0] if target.measured_by else Measurer.US,
            **({"kind": kind} if kind else {}),  # type: ignore[arg-type]
        )
        for code in hit
    )
    severities = getattr(target.params, "severities", ()) or target.counting.severities
    incident = Incident(reference=EVENT, severity=severities[0] if severities else "")
    return replace(facts, incidents=(incident,), outages=outages, milestones=_moments(target, during=during))


def _moments(target: Target, *, during: Interval) -> tuple[MilestoneFact, ...]:
    """Return every moment of the incident: those that begin the clock at its start, the others at its end."""
    first = {Milestone.OCCURRED, Milestone.DETECTED, Milestone.REPORTED, Milestone.ACKNOWLEDGED}
    if isinstance(target.params, Elapsed):
        order = list(Milestone)
        first = set(order[: order.index(Milestone(target.params.since)) + 1])
    return tuple(
        MilestoneFact(incident=EVENT, kind=kind, at=during.start if kind in first else during.end)
        for kind in Milestone
        if kind is not Milestone.ROOT_CAUSE_REPORT
    )


def _late(target: Target, ground: Ground) -> Iterator[tuple[str, Facts]]:
    """Yield a delivery in time, a day late, a week late and one that never comes."""
    what = getattr(target.params, "what", "")
    begins = _begins(target, ground=ground)
    base = _with_outage(target, facts=ground.facts, during=Interval(begins, begins + timedelta(hours=1)))
    due = next((case.due_at for one in _evaluated(ground, facts=base).measured for case in one.cases), None)
    if due is None:
        return
    subject = EVENT if what in set(Milestone) or _per_incident(target) else ground.period.label
    for label, late in (
        ("In time", -SECOND),
        ("1 day late", timedelta(days=1)),
        ("7 days late", timedelta(days=7)),
    ):
        done = Delivery(what=what, subject=subject, delivered_at=due + late)
        moment: tuple[MilestoneFact, ...] = ()
        if what in set(Milestone):
            moment = (MilestoneFact(incident=EVENT, kind=Milestone(what), at=due + late),)
        others = tuple(each for each in base.milestones if each.kind.value != what)
        yield label, replace(base, deliveries=(done,), milestones=(*others, *moment))


def _per_incident(target: Target) -> bool:
    return str(getattr(target.params, "anchor", "")) not in {"period_end", "quarter_end"}


def _values(target: Target) -> list[Decimal]:
    """Return the level, what just misses it, and the edges of the table, as values."""
    params = target.params
    if isinstance(params, Sampled) and params.statistic not in READINGS:
        return []
    rows: Sequence[Tier] = getattr(getattr(target.credit, "params", None), "tiers", ())
    bounds = [b for tier in rows for b in (tier.below, tier.at_most, tier.at_least, tier.above)]
    wanted = {b for b in (target.level, *bounds) if isinstance(b, Decimal)}
    worse = -1 if target.op in (Op.AT_LEAST, Op.ABOVE) else 1
    just = {each + worse * Decimal("0.01") for each in wanted}
    further = (
        {target.level + worse * each for each in FURTHER} if isinstance(target.level, Decimal) else set()
    )
    return sorted(wanted | just | further, reverse=worse < 0)


def _figure(target: Target, *, ground: Ground, value: Decimal) -> Payout:
    params = target.params
    unit = (target.services or tuple(each.code for each in ground.facts.units) or ("",))[0]
    if isinstance(params, Reported):
        label = ground.period.label
        figure = ReportedFigure(figure=params.figure, period=label, value=value)
        facts = replace(ground.facts, figures=(figure, replace(figure, unit=unit)))
    else:
        series = getattr(params, "series", "")
        at = _begins(target, ground=ground)
        reading = Sample(
            series=series, unit=unit, at=at, value=value + getattr(params, "baseline", Decimal(0))
        )
        facts = replace(ground.facts, samples=(reading,))
    edge = value == target.level
    return _judged(target, ground=ground, facts=facts, label=number(value), edge=edge)


def _judged(target: Target, *, ground: Ground, facts: Facts, label: str, edge: bool = False) -> Payout:
    result = _evaluated(ground, facts=facts)
    measured = _worst(result.measured)
    achieved = "nothing to judge"
    if measured is not None:
        achieved = shown_value(measured.value, unit=measured.unit, beside=measured.level)
    paid = _paid(result)
    return Payout(
        label=label,
        achieved=achieved,
        verdict="" if measured is None else VERDICTS[measured.verdict],
        credit=paid or "nothing",
        pays=bool(paid),
        edge=edge,
    )


def _evaluated(ground: Ground, *, facts: Facts) -> Result:
    return evaluate(
        (ground.terms,),
        schedule=ground.schedule,
        facts=facts,
        period=ground.period,
        known_until=ground.period.during.end + timedelta(days=366),
    )


def _one(measured: Sequence[Measured]) -> Measured | None:
    return measured[0] if measured else None


def _worst(measured: Sequence[Measured]) -> Measured | None:
    return next((one for one in measured if one.missed), _one(measured))


def _paid(result: Result) -> str:
    """Return what the schedule's totals come to, in every unit that pays something."""
    said = []
    for total in result.credits.totals:
        if total.due_exact:
            amount = total.due if total.due is not None else None
            shown = shown_credit(total.due_exact, pays=total.pays, currency=result.currency)
            said.append(str(amount) if amount is not None else shown)
    if not said and result.credits.points:
        said.append(shown_credit(result.credits.points, pays=Pays.POINTS, currency=result.currency))
    return " and ".join(said) or _waived(result.credits.lines)


def _waived(lines: Sequence[Credit]) -> str:
    return next(
        (f"the fee {line.waives} is not charged" for line in lines if line.waives and line.due_exact), ""
    )
