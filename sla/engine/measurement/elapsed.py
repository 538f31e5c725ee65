"""Time between two milestones of each incident, and one figure made of them.

The account of these levels is one of cases: counted, excluded or not yet due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sla.engine.facts import Party, Responsible, Verdict
from sla.engine.intervals import Interval, intersect, micro, subtract, total
from sla.engine.measurement.judging import (
    Behind,
    Frame,
    Range,
    conclude,
    events_in_order,
    level_of,
    root_events,
    satisfied,
)
from sla.engine.measurement.moments import excluded_by, incidents_of, moment
from sla.engine.results import Case, CaseState, Event, Measured
from sla.engine.terms.counting import Attribution, Elapsed, NoData, Statistic
from sla.engine.trace import Quantity, Step, rules

rules(
    case__timed="{incident}: {since} {start}, {until} {end}: {value} on the agreed clock.",
    case__running="{incident}: {since} {start}, not yet {until}: {value} so far.",
    cases__worst="The longest of {cases} cases took {value}.",
    cases__share="{within} of {cases} cases kept {limit}: {value}.",
    cases__mean="The mean of {cases} cases is {value}.",
    cases__percentile="The {percentile}th percentile of {cases} cases is {value}.",
    cases__none="No case fell into the window.",
)


@dataclass(frozen=True, slots=True)
class Timed:
    """One case with its clock: from, until, time that ran, and whether it still runs."""

    incident: str
    start: datetime
    end: datetime
    took: int  # microseconds on the agreed clock
    limit: int  # microseconds that the clause gives this case
    running: bool
    excluded: str

    @property
    def late(self) -> int:
        """Return by how much the case is over its limit so far, in microseconds."""
        return max(self.took - self.limit, 0)


def elapsed(frame: Frame) -> list[Measured]:
    """Return the level of a time between two milestones, over the incidents of the window."""
    params = frame.target.params
    assert isinstance(params, Elapsed)
    timed = [
        case
        for reference in incidents_of(frame, severities=params.severities)
        if (case := _timed(reference, params=params, frame=frame)) is not None
    ]
    timed = [case for case in timed if _belongs(case, frame=frame)]
    timed.sort(key=lambda case: (case.start, case.incident))
    counted = [case for case in timed if not case.excluded]
    found, step, verdict = _statistic(counted, params=params, frame=frame)
    return [
        conclude(
            frame,
            units=frame.units,
            found=found,
            value_step=step,
            verdict=verdict,
            provisional=[f"{case.incident} is still open" for case in counted if case.running],
            behind=Behind(
                cases=tuple(_case(case) for case in timed),
                events=_events(counted, frame=frame),
                contested=any(_is_contested(case.incident, frame=frame) for case in timed),
            ),
        )
    ]


def _timed(reference: str, *, params: Elapsed, frame: Frame) -> Timed | None:
    """Return an incident's clock: open hours from one milestone to the other, less waiting on us."""
    start = moment(reference, kind=params.since, frame=frame, first=True)
    if start is None or start >= frame.scope.known_until:
        return None
    end = moment(reference, kind=params.until, frame=frame, first=False)
    running = end is None or end > frame.scope.known_until
    until = frame.scope.known_until if end is None or running else end
    during = Interval(start, max(start, until))
    open_pieces = list(frame.index.open_hours(frame.target.calendar, during=during)) if start < until else []
    for stop in frame.index.stops.get(reference, ()):
        kept = not (frame.counting.restore_if_vendor_cause and stop.cause is Responsible.VENDOR)
        if frame.counting.clock_stops and kept and stop.unit in ("", *frame.units):
            cut = Interval(stop.started_at, stop.ended_at or until)
            open_pieces = subtract(open_pieces, [cut] if cut.start < cut.end else [])
    took = micro(total(intersect(open_pieces, [during])))
    limit = _limit(reference, params=params, frame=frame)
    return Timed(reference, start, until, took, limit, running, excluded_by(reference, frame=frame))


def _is_contested(reference: str, *, frame: Frame) -> bool:
    return any(
        fact.party is Party.VENDORS and fact.incident == reference for fact in frame.index.facts.exclusions
    )


def _belongs(case: Timed, *, frame: Frame) -> bool:
    """Return whether a case is judged in this window: by its start, or by its end (A13)."""
    window = frame.scope.window.during
    if frame.counting.attribution is Attribution.END:
        return window.start < case.end <= window.end if not case.running else case.start < window.end
    return window.start <= case.start < window.end


def _limit(reference: str, *, params: Elapsed, frame: Frame) -> int:
    """Return the time a case may take, in microseconds: a condition of its own incident may set another."""
    if params.within is not None:
        return micro(params.within)
    return int(level_of(frame, units=frame.units, incident=reference)[0])


def _case(case: Timed) -> Case:
    waiting = case.running and not case.late
    state = CaseState.EXCLUDED if case.excluded else CaseState.NOT_YET_DUE if waiting else CaseState.COUNTED
    late = case.late if state is CaseState.COUNTED else 0
    return Case(
        subject=case.incident,
        state=state,
        late=late > 0,
        elapsed_us=case.took,
        lateness_us=late,
        done_at=None if case.running else case.end,
        why=case.excluded,
    )


def _case_step(case: Timed, *, params: Elapsed) -> Step:
    notes = (
        ("incident", case.incident),
        ("since", params.since.replace("_", " ")),
        ("start", case.start),
        ("until", params.until.replace("_", " ")),
        ("end", case.end),
    )
    return Step("case.running" if case.running else "case.timed", case.took, "us", "", (), notes)


def _statistic(
    cases: list[Timed], *, params: Elapsed, frame: Frame
) -> tuple[Range, Step, tuple[Verdict, bool] | None]:
    """Return the figure made of the cases, its step, and a verdict where cases give one themselves.

    A case that still runs can only grow: the figure takes it as it stands, which is its best case.
    """
    clause = frame.target.clause
    if not cases:
        nothing = Range(value=None, best=None, worst=None, why="no case fell into the window")
        unit = "%" if params.statistic is Statistic.SHARE_WITHIN else "us"
        return nothing, Step("cases.none", None, unit, clause), _without_cases(frame)
    steps = tuple(_case_step(case, params=params) for case in cases)
    waiting = sum(case.running and not case.late for case in cases)
    if params.statistic is Statistic.SHARE_WITHIN:
        late = sum(case.late > 0 for case in cases)
        step = _share(len(cases), late=late, limit=cases[0].limit)
        worst = Fraction(100 * (len(cases) - late - waiting), len(cases))
        verdict = _low_volume(len(cases), late=late, waiting=waiting, params=params)
        found = Range(value=_number(step), best=_number(step), worst=worst, future=waiting > 0)
    else:
        step = _length(sorted(Fraction(case.took) for case in cases), params=params)
        found = Range(value=_number(step), best=_number(step), worst=None if waiting else _number(step))
        verdict = _open_ended(cases, value=_number(step), waiting=waiting, params=params, frame=frame)
    return found, step._replace(clause=clause, inputs=steps), verdict


def _number(step: Step) -> Fraction:
    assert isinstance(step.value, Fraction)
    return step.value


def _open_ended(
    cases: Sequence[Timed], *, value: Fraction, waiting: int, params: Elapsed, frame: Frame
) -> tuple[Verdict, bool] | None:
    """Return the verdict on a length of time: each case by its own limit, or the figure by the level."""
    if params.statistic is Statistic.EACH:
        misses = any(
            not satisfied(Fraction(c.took), op=frame.target.op, level=Fraction(c.limit)) for c in cases
        )
    else:
        level = level_of(frame, units=frame.units)[0]
        misses = not satisfied(value, op=frame.target.op, level=level)
    if misses:
        return Verdict.MISSED, True
    return (Verdict.PROVISIONAL if waiting else Verdict.MET), False


def _share(cases: int, *, late: int, limit: int) -> Step:
    noted = (("cases", cases), ("within", cases - late), ("limit", Quantity(limit, "us")))
    return Step("cases.share", Fraction(100 * (cases - late), cases), "%", notes=noted)


def _length(times: Sequence[Fraction], *, params: Elapsed) -> Step:
    noted: tuple[tuple[str, object], ...] = (("cases", len(times)),)
    if params.statistic is Statistic.MEAN:
        return Step("cases.mean", sum(times, Fraction(0)) / len(times), "us", notes=noted)
    if params.statistic is Statistic.PERCENTILE:
        assert params.percentile is not None
        value = nearest_rank(times, percentile=Fraction(params.percentile))
        return Step("cases.percentile", value, "us", notes=(*noted, ("percentile", params.percentile)))
    return Step("cases.worst", times[-1], "us", notes=noted)


def nearest_rank(ordered: Sequence[Fraction], *, percentile: Fraction) -> Fraction:
    """Return the smallest value that at least ``percentile`` percent of the values do not exceed."""
    rank = -(-(percentile * len(ordered)) // 100)
    return ordered[max(int(rank), 1) - 1]


def _without_cases(frame: Frame) -> tuple[Verdict, bool]:
    """Return the verdict where no case fell into the window: nothing was late (F20)."""
    if frame.counting.no_data is NoData.FAILED:
        return Verdict.MISSED, True
    return (Verdict.NOT_MEASURABLE if frame.counting.no_data is NoData.OMIT else Verdict.MET), False


def _low_volume(cases: int, *, late: int, waiting: int, params: Elapsed) -> tuple[Verdict, bool] | None:
    """Return the verdict where the clause counts late cases below a volume (G6), else none."""
    rule = params.low_volume
    if rule is None or cases > rule.up_to:
        return None
    if late > rule.late:
        return Verdict.MISSED, True
    return (Verdict.PROVISIONAL if late + waiting > rule.late else Verdict.MET), False


def _events(cases: Sequence[Timed], *, frame: Frame) -> tuple[Event, ...]:
    return events_in_order(
        [
            Event(
                during=Interval(case.start, case.end),
                counted_us=Fraction(case.took),
                lateness_us=case.late,
                incidents=(case.incident,),
                root_events=root_events(frame, incidents=(case.incident,)),
                units=frame.units,
            )
            for case in cases
            if case.late
        ]
    )
