"""Availability, downtime, longest outage and count of outages: figures of the time account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sla.engine.facts import ONE
from sla.engine.intervals import Interval, clip, micro, total
from sla.engine.ledger import Account, Count, account_of
from sla.engine.ledger.account import affected_share
from sla.engine.ledger.combining import Timeline
from sla.engine.ledger.runs import Run
from sla.engine.measurement.judging import Behind, Frame, Range, conclude, events_in_order, root_events
from sla.engine.results import Event, Measured, TimeClass
from sla.engine.terms.counting import Combine, Denominator, ExclusionArithmetic, Metric, NoData, Overlap
from sla.engine.trace import Quantity, Step, rules

NOTHING = Fraction(0)

rules(
    availability__value=("{counted} of {denominator} counted as down: availability {value}."),
    availability__no_time="There is no agreed service time in the window, so there is nothing to judge.",
    downtime__value="Counted downtime is {value}.",
    longest__value="The longest counted outage lasted {value}.",
    count__value="{value} outages count.",
    counted__downtime="Counted downtime is {value}.",
    run__counted="{incidents}: from {start} to {end} counts {value}.",
    adjust__weight="Impact weighting and affected shares change counted time by {value}.",
    adjust__granularity="Counting in intervals of {size} ({rule}) changes counted time by {value}.",
    adjust__overlap="Incidents are added up, not united: overlaps add {value}.",
    adjust__carried="Runs over the window's edge count in the window of their {attribution}: {value}.",
    adjust__failed="Time that nobody measured counts as down by the clause: {value}.",
    denominator__elapsed="The agreed service time of the window is {value}.",
    denominator__deemed_days="The clause deems every day 24 hours: {days} days are {value}.",
    denominator__fixed="The clause fixes the time at {value}.",
    denominator__removed="Excluded windows leave the agreed time: {value} less.",
    denominator__omitted="Time that nobody measured is left out of the agreed time: {value} less.",
    combine__pooled="Pooled over {units} units by weight: {counted} of {denominator} lost.",
    combine__worst="{unit} has the worst figure and stands for all {units} units.",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One end of the range: counted time, denominator and the value made of them."""

    value: Fraction | None
    counted: Fraction
    denominator: Fraction


def time_based(frame: Frame) -> list[Measured]:
    """Return availability, downtime, longest outage or count of each unit group."""
    combine: Combine = frame.target.params.combine  # type: ignore[union-attr]
    found = [time_group(frame, units=units, combine=combine) for units in frame.groups(combine)]
    if combine is not Combine.WORST or len(found) < 2:
        return found
    return [_worst_of(frame, found=found)]


def time_group(frame: Frame, *, units: tuple[str, ...], combine: Combine) -> Measured:
    """Return the level of one unit group from its account of time."""
    account = account_of(units, combine=combine, index=frame.index, scope=frame.scope)
    bases, base_step = _denominators(frame, account=account)
    weights = _weights(frame, units=units, account=account)
    counts = account.counts
    main = _figures(frame, counts=counts, bases=bases, weights=weights)
    worst = main
    if account.worst is not counts:
        worst = _figures(frame, counts=account.worst, bases=bases, weights=weights)
    best, low = _extremes(main, worst, frame=frame)
    unknown = account.ledger.us(TimeClass.UNKNOWN) > 0
    adjustments = _adjustments(frame, account=account, counts=counts)
    return conclude(
        frame,
        units=units,
        found=Range(
            value=main.value,
            best=best,
            worst=low,
            future=frame.scope.known_until < frame.scope.window.during.end,
            why="" if main.value is not None else "there is no agreed service time in the window",
        ),
        value_step=_value_step(frame, main=main, counts=counts, base_step=base_step, adjustments=adjustments),
        provisional=_reasons(account, frame=frame, unknown=unknown),
        behind=Behind(
            ledger=account.ledger,
            adjustments=adjustments,
            events=_events(frame, units=units, counts=counts),
            counted_us=main.counted,
            denominator_us=main.denominator,
            affected=affected_share(account),
            contested=account.contested,
        ),
    )


def _reasons(account: Account, *, frame: Frame, unknown: bool) -> list[str]:
    reasons = list(account.provisional)
    if account.contested:
        reasons.append("the vendor contests times or responsibility")
    if frame.scope.known_until < frame.scope.window.during.end:
        reasons.append("the period has not ended")
    elif unknown:
        reasons.append("part of the time was not measured")
    return reasons


def _extremes(main: Figures, other: Figures, *, frame: Frame) -> tuple[Fraction | None, Fraction | None]:
    """Return the better and the worse of the figures with unknown time up and with it down.

    Down is not always worse: a run that it lengthens may end in, or begin in, another window.
    """
    if main.value is None or other.value is None:
        return main.value, other.value
    low, high = sorted((main.value, other.value))
    return (high, low) if frame.target.metric is Metric.AVAILABILITY else (low, high)


def _weights(frame: Frame, *, units: tuple[str, ...], account: Account) -> list[Fraction]:
    if len(account.timelines) == 1:
        return [ONE]
    return [frame.index.units[unit].weight for unit in units]


def _denominators(frame: Frame, *, account: Account) -> tuple[list[Fraction], Step]:
    """Return the denominator of each timeline in microseconds, and how it was found (F32, F33)."""
    counting, window = frame.counting, frame.scope.window
    step = None
    if counting.denominator is Denominator.FIXED:
        assert counting.denominator_length is not None
        length = Fraction(micro(counting.denominator_length))
        bases = [length for _ in account.timelines]
        step = Step("denominator.fixed", length, "us", frame.target.clause)
    elif counting.denominator is Denominator.DEEMED_DAYS:
        days = (window.last_on - window.first_on).days + 1
        bases = [Fraction(days * 86_400_000_000) for _ in account.timelines]
        step = Step("denominator.deemed_days", bases[0], "us", frame.target.clause, notes=(("days", days),))
    else:
        bases = [_agreed(line, during=window.during) for line in account.timelines]
        step = Step("denominator.elapsed", sum(bases[1:], bases[0]), "us", frame.target.clause)
    return _shortened(frame, account=account, bases=bases, step=step)


def _agreed(line: Timeline, *, during: Interval) -> Fraction:
    """Return the agreed service time of one timeline inside the window."""
    outside = total(clip(line.not_in_service, to=during)) + total(clip(line.outside, to=during))
    return Fraction(micro(during.length - outside))


def _shortened(
    frame: Frame, *, account: Account, bases: list[Fraction], step: Step
) -> tuple[list[Fraction], Step]:
    counting = frame.counting
    if counting.exclusion_arithmetic is ExclusionArithmetic.REMOVED:
        bases = [base - cut for base, cut in zip(bases, account.removed_us, strict=True)]
        step = Step("denominator.removed", sum(account.removed_us), "us", frame.target.clause, (step,))
    if counting.no_data is NoData.OMIT:
        bases = [base - gap for base, gap in zip(bases, account.gap_us, strict=True)]
        step = Step("denominator.omitted", sum(account.gap_us), "us", frame.target.clause, (step,))
    return bases, step


def _figures(
    frame: Frame, *, counts: Sequence[Count], bases: Sequence[Fraction], weights: Sequence[Fraction]
) -> Figures:
    """Return the metric's value over the given counts, weighted over pooled units."""
    if len(counts) == 1:
        counted, denominator = counts[0].counted_us, bases[0]
    else:
        counted = sum((c.counted_us * w for c, w in zip(counts, weights, strict=True)), Fraction(0))
        denominator = sum((b * w for b, w in zip(bases, weights, strict=True)), Fraction(0))
    metric = frame.target.metric
    if metric is Metric.COUNT:
        return Figures(Fraction(sum(len(c.runs) for c in counts)), counted, denominator)
    if metric is Metric.LONGEST_OUTAGE:
        longest = max((run.counted_us for c in counts for run in c.runs), default=Fraction(0))
        return Figures(longest, counted, denominator)
    if metric in (Metric.DOWNTIME, Metric.SAMPLED):
        return Figures(counted, counted, denominator)
    if denominator <= 0:
        return Figures(None, counted, denominator)
    return Figures(max(100 * (denominator - counted) / denominator, NOTHING), counted, denominator)


_VALUE_RULES = {
    Metric.SAMPLED: ("downtime.value", "us"),
    Metric.AVAILABILITY: ("availability.value", "%"),
    Metric.DOWNTIME: ("downtime.value", "us"),
    Metric.LONGEST_OUTAGE: ("longest.value", "us"),
    Metric.COUNT: ("count.value", "count"),
}


def _value_step(
    frame: Frame, *, main: Figures, counts: Sequence[Count], base_step: Step, adjustments: tuple[Step, ...]
) -> Step:
    clause = frame.target.clause
    runs = [_run_step(run) for count in counts for run in count.runs]
    counted = Step("counted.downtime", main.counted, "us", clause, (*runs, *adjustments))
    rule, unit = _VALUE_RULES[frame.target.metric]
    if main.value is None:
        return Step("availability.no_time", None, unit, clause, (base_step,))
    return Step(
        rule,
        main.value,
        unit,
        clause,
        (counted, base_step),
        (("counted", Quantity(main.counted, "us")), ("denominator", Quantity(main.denominator, "us"))),
    )


def _run_step(run: Run) -> Step:
    return Step(
        "run.counted",
        run.counted_us,
        "us",
        "",
        (),
        (
            ("incidents", run.incidents or ("unmeasured time",)),
            ("start", run.during.start),
            ("end", run.during.end),
        ),
    )


def _adjustments(frame: Frame, *, account: Account, counts: Sequence[Count]) -> tuple[Step, ...]:
    """Return what lies between the ledger's down time and counted downtime, each as a step."""
    counting, clause = frame.counting, frame.target.clause
    steps: list[Step] = []
    down = account.ledger.us(TimeClass.DOWN)
    elapsed = sum(run.elapsed_us for count in counts for run in count.runs)
    counted = sum((count.counted_us for count in counts[1:]), counts[0].counted_us)
    if elapsed != down:
        if counting.no_data is NoData.FAILED and any(account.gap_us):
            steps.append(Step("adjust.failed", elapsed - down, "us", clause))
        elif counting.overlap is Overlap.SUM:
            steps.append(Step("adjust.overlap", elapsed - down, "us", clause))
        else:
            steps.append(
                Step(
                    "adjust.carried",
                    elapsed - down,
                    "us",
                    clause,
                    notes=(("attribution", counting.attribution.value),),
                )
            )
    if counted != elapsed:
        if counting.granularity is not None:
            steps.append(
                Step(
                    "adjust.granularity",
                    counted - elapsed,
                    "us",
                    clause,
                    notes=(("size", counting.granularity.size), ("rule", counting.granularity.rule.value)),
                )
            )
        else:
            steps.append(Step("adjust.weight", counted - elapsed, "us", clause))
    return tuple(steps)


def _events(frame: Frame, *, units: tuple[str, ...], counts: Sequence[Count]) -> tuple[Event, ...]:
    pooled = len(counts) > 1
    return events_in_order(
        [
            Event(
                during=run.during,
                counted_us=run.counted_us,
                incidents=run.incidents,
                root_events=root_events(frame, incidents=run.incidents),
                units=(units[i],) if pooled else units,
                affected=run.affected,
            )
            for i, count in enumerate(counts)
            for run in count.runs
        ]
    )


def _worst_of(frame: Frame, *, found: list[Measured]) -> Measured:
    """Return the unit with the worst figure for all of them (H5)."""
    higher = frame.target.op.value in (">=", ">")
    known = [one for one in found if one.value is not None]
    if not known:
        return found[0]
    worst = (min if higher else max)(known, key=lambda one: one.value or Fraction(0))
    note = Step(
        "combine.worst",
        worst.value,
        worst.unit,
        frame.target.clause,
        (worst.step,),
        (("unit", worst.units[0]), ("units", len(found))),
    )
    return replace(worst, step=worst.step._replace(inputs=(note, *worst.step.inputs[1:])))
