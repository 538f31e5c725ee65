"""The level that holds, the comparison with it, and the verdict (step 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from sla.engine.facts import Outcome, Verdict
from sla.engine.intervals import micro
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.money import round_minor
from sla.engine.results import Event, Measured
from sla.engine.terms.counting import Combine, Counting, Metric
from sla.engine.terms.targets import Basis, Level, Op, Target
from sla.engine.terms.versions import Schedule, Terms
from sla.engine.trace import Quantity, Step, rules

rules(
    verdict__met="The level is met: {achieved} against {op} {level}.",
    verdict__met_unconfirmed=(
        "No missed level is on record: {achieved} against {op} {level}; but nobody has confirmed that "
        "nothing happened ({watched})."
    ),
    verdict__missed="The level is missed: {achieved} against {op} {level}.",
    verdict__not_measurable="The level cannot be judged: {why}.",
    verdict__provisional="Not settled yet: between {worst} and {best}, against {op} {level}.",
    level__agreed="The clause asks for {op} {level}.",
    level__conditional="While '{condition}' holds, the clause asks for {op} {level}.",
    value__rounded="Rounded to {decimals} decimals as the clause says, {exact} becomes {value}.",
)

UNITS = {
    Metric.AVAILABILITY: "%",
    Metric.DOWNTIME: "us",
    Metric.LONGEST_OUTAGE: "us",
    Metric.COUNT: "count",
    Metric.OBLIGATION: "count",
}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One service level to be measured in one window, with everything it is measured from."""

    target: Target
    terms: Terms
    version: int
    schedule: Schedule
    index: FactIndex
    scope: Scope
    units: tuple[str, ...]
    history: Sequence[Outcome]

    @property
    def counting(self) -> Counting:
        return self.target.counting

    def groups(self, combine: Combine) -> list[tuple[str, ...]]:
        """Return the unit groups that each have a figure of their own."""
        if combine in (Combine.EACH, Combine.WORST):
            return [(unit,) for unit in self.units]
        return [self.units]


def exact(level: Level) -> Fraction:
    """Return a level as an exact number; lengths of time in microseconds."""
    return Fraction(micro(level)) if isinstance(level, timedelta) else Fraction(level)


def level_of(frame: Frame, *, units: Sequence[str], incident: str = "") -> tuple[Fraction, Step]:
    """Return the level that holds for the units, and why: a confirmed condition may set another."""
    target = frame.target
    for conditional in target.levels_when:
        for fact in frame.index.conditions.get(conditional.condition, ()):
            if fact.met and fact.unit in ("", *units) and fact.incident in ("", incident):
                value = exact(conditional.level)
                return value, Step(
                    "level.conditional",
                    value,
                    unit_of(target),
                    conditional.clause or target.clause,
                    notes=(
                        ("op", target.op.value),
                        ("level", Quantity(value, unit_of(target))),
                        ("condition", conditional.condition),
                    ),
                )
    value = exact(target.level)
    return value, Step(
        "level.agreed",
        value,
        unit_of(target),
        target.clause,
        notes=(("op", target.op.value), ("level", Quantity(value, unit_of(target)))),
    )


def unit_of(target: Target) -> str:
    """Return how the metric's value is to be read."""
    if target.metric in UNITS:
        return UNITS[target.metric]
    if isinstance(target.level, timedelta):
        return "us"
    statistic = getattr(target.params, "statistic", "")
    return "%" if statistic in ("share_within", "interval_success") else ""


def satisfied(value: Fraction, *, op: Op, level: Fraction) -> bool:
    """Return whether a value keeps the level."""
    if op is Op.AT_LEAST:
        return value >= level
    if op is Op.ABOVE:
        return value > level
    return value <= level if op is Op.AT_MOST else value < level


def rounded(value: Fraction, *, counting: Counting) -> Fraction:
    """Return the value as the clause has it judged: exact, or at so many decimals (A1)."""
    if counting.value_decimals is None:
        return value
    scale = 10**counting.value_decimals
    return Fraction(round_minor(value * scale, mode=counting.value_rounding), scale)


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The achieved value with its best and worst case; equal where nothing is unknown."""

    value: Fraction | None
    best: Fraction | None
    worst: Fraction | None
    future: bool = False  # part of the window has not happened yet
    why: str = ""  # why there is no value


def _rounded_range(found: Range, *, counting: Counting) -> Range:
    value, best, worst = (
        None if v is None else rounded(v, counting=counting) for v in (found.value, found.best, found.worst)
    )
    return replace(found, value=value, best=best, worst=worst)


def verdict_of(frame: Frame, *, found: Range, level: Fraction, unwatched: str) -> tuple[Verdict, bool]:
    """Return the verdict and whether the value found so far misses the level."""
    if found.value is None or found.best is None or found.worst is None:
        return Verdict.NOT_MEASURABLE, False
    op = frame.target.op
    best = satisfied(found.best, op=op, level=level)
    worst = satisfied(found.worst, op=op, level=level)
    if best and not worst:
        return (Verdict.PROVISIONAL if found.future else Verdict.NOT_MEASURABLE), False
    if not best:
        return Verdict.MISSED, True
    return (Verdict.MET_UNCONFIRMED if unwatched else Verdict.MET), False


def unwatched(frame: Frame, *, units: Sequence[str]) -> str:
    """Return what is missing for "nothing recorded" to mean "nothing happened", empty if nothing is.

    By exception a level is confirmed where a source was heard, or a person vouches, up to the end of
    the window or of what is known.
    """
    if frame.target.basis is not Basis.BY_EXCEPTION:
        return ""
    until = min(frame.scope.window.during.end, frame.scope.known_until)
    silent = []
    for unit in units:
        watches = [watch for watch in frame.index.facts.watches if watch.unit in ("", unit)]
        heard = any(watch.last_heard_at and watch.last_heard_at >= until for watch in watches)
        vouched = any(watch.confirmed_until and watch.confirmed_until >= until for watch in watches)
        if not heard and not vouched:
            silent.append(unit if watches else f"{unit}: no source is watched")
    return "; ".join(silent)


def conclude(
    frame: Frame,
    *,
    units: tuple[str, ...],
    found: Range,
    value_step: Step,
    level: tuple[Fraction, Step] | None = None,
    provisional: Sequence[str] = (),
    verdict: tuple[Verdict, bool] | None = None,
    **parts: object,
) -> Measured:
    """Return the measured level: value, range, verdict and their steps together."""
    target = frame.target
    bar, level_step = level or level_of(frame, units=units)
    unit = value_step.unit
    shown = found if frame.counting.value_decimals is None else _rounded_range(found, counting=frame.counting)
    if shown is not found and shown.value is not None and shown.value != found.value:
        value_step = Step(
            "value.rounded",
            shown.value,
            unit,
            target.clause,
            (value_step,),
            (("decimals", frame.counting.value_decimals), ("exact", found.value)),
        )
    silent = unwatched(frame, units=units)
    said, misses = verdict or verdict_of(frame, found=shown, level=bar, unwatched=silent)
    expected = exact(target.expected) if target.expected is not None else None
    step = Step(
        f"verdict.{said.value}",
        said.value,
        "",
        target.clause,
        (value_step, level_step),
        (
            ("achieved", Quantity(shown.value, unit)),
            ("best", Quantity(shown.best, unit)),
            ("worst", Quantity(shown.worst, unit)),
            ("op", target.op.value),
            ("level", Quantity(bar, unit)),
            ("watched", silent),
            ("why", found.why),
            ("misses", misses),
        ),
    )
    return Measured(
        target=target.code,
        window=frame.scope.window,
        units=units,
        unit=unit,
        level=bar,
        expected=expected,
        value=shown.value,
        best=shown.best,
        worst=shown.worst,
        verdict=said,
        step=step,
        provisional=tuple(dict.fromkeys(provisional)),
        version=frame.version,
        expected_missed=expected is not None
        and shown.value is not None
        and not satisfied(shown.value, op=target.op, level=expected),
        **parts,  # type: ignore[arg-type]
    )


def root_events(frame: Frame, *, incidents: Sequence[str]) -> tuple[str, ...]:
    """Return the root events of incidents: what stacking rules call one event (A30)."""
    names = set()
    for reference in incidents:
        fact = frame.index.incidents.get(reference)
        names.add(fact.root_event if fact is not None and fact.root_event else reference)
    return tuple(sorted(names))


def events_in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """Return events by their start."""
    return tuple(sorted(events, key=lambda event: (event.during, event.incidents)))
