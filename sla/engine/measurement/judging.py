"""The level that holds, the comparison with it, and the verdict (step 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache

from sla.engine.facts import Outcome, Verdict
from sla.engine.intervals import micro
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.money import round_minor
from sla.engine.results import Case, Event, Ledger, Measured
from sla.engine.terms.counting import Combine, Counting, Metric
from sla.engine.terms.targets import Basis, Level, Op, Target
from sla.engine.terms.versions import Schedule, Terms
from sla.engine.trace import Quantity, Step, rules

rules(
    verdict__met="The level is met: {achieved}, where the clause asks for {op} {level}.",
    verdict__met_unconfirmed=(
        "No miss is on record: {achieved}, where the clause asks for {op} {level}; but nobody has "
        "confirmed that nothing happened ({watched})."
    ),
    verdict__missed="The level is missed: {achieved}, where the clause asks for {op} {level}.",
    verdict__not_measurable="The level cannot be judged: {why}.",
    verdict__provisional=(
        "Not settled yet: from {best} at best to {worst} at worst, where the clause asks for {op} {level}."
    ),
    level__agreed="The clause asks for {op} {level}.",
    level__conditional="While '{condition}' holds, the clause asks for {op} {level}.",
    value__rounded="Rounded to {decimals} decimals as the clause says, {exact} becomes {value}.",
)

IN_WORDS = {Op.AT_LEAST: "at least", Op.ABOVE: "more than", Op.AT_MOST: "at most", Op.BELOW: "less than"}
UNITS = {
    Metric.AVAILABILITY: "%",
    Metric.DOWNTIME: "us",
    Metric.LONGEST_OUTAGE: "us",
    Metric.COUNT: "count",
    Metric.OBLIGATION: "count",
}

# A figure or a reading is itself the evidence: there is nothing that might have gone unrecorded.
_EVIDENCE = (Metric.REPORTED, Metric.SAMPLED)


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


@lru_cache(maxsize=1024)
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
                        ("op", IN_WORDS[target.op]),
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
        notes=(("op", IN_WORDS[target.op]), ("level", Quantity(value, unit_of(target)))),
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


def verdict_of(frame: Frame, *, found: Range, level: Fraction, unwatched: str) -> tuple[Verdict, bool]:
    """Return the verdict and whether the value found so far misses the level."""
    if found.value is None or found.best is None or found.worst is None:
        return Verdict.NOT_MEASURABLE, False
    op = frame.target.op
    best = satisfied(found.best, op=op, level=level)
    worst = best if found.worst is found.best else satisfied(found.worst, op=op, level=level)
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
    if frame.target.basis is not Basis.BY_EXCEPTION or frame.target.metric in _EVIDENCE:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """The account behind a value: of time, or of cases, with the events that credits look at."""

    ledger: Ledger | None = None
    cases: tuple[Case, ...] = ()
    adjustments: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()
    counted_us: Fraction = Fraction(0)
    denominator_us: Fraction = Fraction(0)
    affected: Fraction = Fraction(1)
    contested: bool = False


def conclude(
    frame: Frame,
    *,
    units: tuple[str, ...],
    found: Range,
    value_step: Step,
    behind: Behind = Behind(),
    level: tuple[Fraction, Step] | None = None,
    provisional: Sequence[str] = (),
    verdict: tuple[Verdict, bool] | None = None,
) -> Measured:
    """Return the measured level: value, range, verdict and their steps together."""
    target = frame.target
    level = level or level_of(frame, units=units)
    if frame.counting.value_decimals is not None:
        found, value_step = _rounded(found, value_step=value_step, frame=frame)
    silent = unwatched(frame, units=units)
    said, misses = verdict or verdict_of(frame, found=found, level=level[0], unwatched=silent)
    expected = exact(target.expected) if target.expected is not None else None
    return Measured(
        target=target.code,
        window=frame.scope.window,
        units=units,
        unit=value_step.unit,
        level=level[0],
        expected=expected,
        value=found.value,
        best=found.best,
        worst=found.worst,
        verdict=said,
        misses=misses,
        step=_verdict_step(frame, verdict=said, found=found, steps=(value_step, level[1]), silent=silent),
        provisional=tuple(dict.fromkeys(provisional)),
        version=frame.version,
        ledger=behind.ledger,
        cases=behind.cases,
        adjustments=behind.adjustments,
        events=behind.events,
        counted_us=behind.counted_us,
        denominator_us=behind.denominator_us,
        affected=behind.affected,
        contested=behind.contested,
        expected_missed=expected is not None
        and found.value is not None
        and not satisfied(found.value, op=target.op, level=expected),
    )


def _rounded(found: Range, *, value_step: Step, frame: Frame) -> tuple[Range, Step]:
    """Return the range at the decimals that the clause judges, and the step that says so."""
    counting = frame.counting
    value, best, worst = (
        None if v is None else rounded(v, counting=counting) for v in (found.value, found.best, found.worst)
    )
    if value is None or value == found.value:
        return found, value_step
    noted = (("decimals", counting.value_decimals), ("exact", Quantity(found.value, value_step.unit)))
    step = Step("value.rounded", value, value_step.unit, frame.target.clause, (value_step,), noted)
    return replace(found, value=value, best=best, worst=worst), step


def _verdict_step(
    frame: Frame, *, verdict: Verdict, found: Range, steps: tuple[Step, Step], silent: str
) -> Step:
    value_step, level_step = steps
    unit = value_step.unit
    noted = (
        ("achieved", Quantity(found.value, unit)),
        ("best", Quantity(found.best, unit)),
        ("worst", "no limit" if found.worst is None else Quantity(found.worst, unit)),
        ("op", IN_WORDS[frame.target.op]),
        ("level", dict(level_step.notes)["level"]),
        ("watched", silent),
        ("why", found.why),
    )
    return Step(f"verdict.{verdict.value}", verdict.value, "", frame.target.clause, steps, noted)


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
