"""Per-incident measures: time between two milestones, and things owed by a date.

The account of these levels is one of cases: counted, excluded or not yet due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from sla.engine.claims.deadlines import due_at
from sla.engine.facts import Party, Responsible, Verdict
from sla.engine.intervals import Interval, intersect, micro, subtract, total
from sla.engine.measurement.judging import (
    Frame,
    Range,
    conclude,
    events_in_order,
    level_of,
    root_events,
    satisfied,
)
from sla.engine.results import Case, CaseState, Event, Measured
from sla.engine.terms.counting import Attribution, Elapsed, NoData, Obligation, Statistic
from sla.engine.terms.rules import Anchor, Offset, OffsetUnit
from sla.engine.terms.targets import Milestone
from sla.engine.trace import Step, rules

rules(
    case__timed="{incident}: {since} {start}, {until} {end}: {value} on the agreed clock.",
    case__running="{incident}: {since} {start}, not yet {until}: {value} so far.",
    case__late="{what} for {subject} was due by {due} and came {done}: {value} late.",
    case__in_time="{what} for {subject} was due by {due} and came {done}.",
    cases__worst="The longest of {cases} cases took {value}.",
    cases__share="{within} of {cases} cases kept {limit}: {value}.",
    cases__mean="The mean of {cases} cases is {value}.",
    cases__percentile="The {percentile}th percentile of {cases} cases is {value}.",
    cases__none="No case fell into the window.",
    cases__late="{value} of {cases} cases came late.",
    cases__low_volume=(
        "With {cases} cases, {up_to} or fewer, the clause allows {allowed} late ones; {value} were late."
    ),
)


@dataclass(frozen=True, slots=True)
class Timed:
    """One case with its clock: from, until, time that ran, and whether it still runs."""

    incident: str
    start: datetime
    end: datetime
    took: int  # microseconds on the agreed clock
    running: bool
    excluded: str


def elapsed(frame: Frame) -> list[Measured]:
    """Return the level of a time between two milestones, over the incidents of the window."""
    params = frame.target.params
    assert isinstance(params, Elapsed)
    timed = [
        case
        for reference in _incidents(frame, severities=params.severities)
        if (case := _timed(reference, params=params, frame=frame)) is not None
    ]
    timed = [case for case in timed if _belongs(case, frame=frame)]
    counted = [case for case in timed if not case.excluded]
    limit = _limit(params, frame=frame)
    settled = [case for case in counted if not case.running or case.took > limit]
    cases = tuple(_case(case, limit=limit, settled=case in settled) for case in timed)
    found, step, verdict = _statistic(settled, params=params, limit=limit, frame=frame)
    return [
        conclude(
            frame,
            units=frame.units,
            found=found,
            value_step=step,
            verdict=verdict,
            provisional=_open_reasons(counted),
            cases=cases,
            events=_events(settled, limit=limit, frame=frame),
        )
    ]


def _incidents(frame: Frame, *, severities: Sequence[str]) -> list[str]:
    """Return the incidents that touched the units, or are of the vendor with no unit known."""
    index = frame.index
    touched = {row.incident for unit in frame.units for row in index.outages.get(unit, ())}
    elsewhere = {row.incident for rows in index.outages.values() for row in rows} - touched
    found = []
    for fact in index.facts.incidents:
        if fact.reference in elsewhere or (severities and fact.severity not in severities):
            continue
        found.append(fact.reference)
    return found


def _timed(reference: str, *, params: Elapsed, frame: Frame) -> Timed | None:
    """Return an incident's clock: open hours from one milestone to the other, less waiting on us."""
    start = _moment(reference, kind=params.since, frame=frame, first=True)
    if start is None or start >= frame.scope.known_until:
        return None
    end = _moment(reference, kind=params.until, frame=frame, first=False)
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
    return Timed(reference, start, until, took, running, _excluded(reference, frame=frame))


def _moment(reference: str, *, kind: str, frame: Frame, first: bool) -> datetime | None:
    """Return when the incident reached a milestone, over all units; else the outage's own edge."""
    milestone = Milestone(kind)
    times = [
        at
        for unit in ("", *frame.units)
        if (at := frame.index.milestone(reference, unit=unit, kind=milestone)) is not None
    ]
    if times:
        return min(times) if first else max(times)
    rows = [
        row for unit in frame.units for row in frame.index.outages.get(unit, ()) if row.incident == reference
    ]
    if milestone is Milestone.OCCURRED and rows:
        return min(row.started_at for row in rows)
    if milestone is Milestone.RESTORED and rows and all(row.ended_at for row in rows):
        return max(row.ended_at for row in rows if row.ended_at)
    return None


def _excluded(reference: str, *, frame: Frame) -> str:
    """Return the rule by which an incident as a whole is taken out, empty where none is."""
    for rule in frame.scope.exclusions:
        for fact in frame.index.exclusions.get(rule.code, ()):
            holds = fact.party in (frame.scope.reading, Party.AGREED, Party.DETERMINED)
            if holds and fact.incident == reference and fact.started_at is None and fact.ended_at is None:
                return rule.code
    return ""


def _belongs(case: Timed, *, frame: Frame) -> bool:
    """Return whether a case is judged in this window: by its start, or by its end (A13)."""
    window = frame.scope.window.during
    if frame.counting.attribution is Attribution.END:
        return window.start < case.end <= window.end if not case.running else case.start < window.end
    return window.start <= case.start < window.end


def _limit(params: Elapsed, *, frame: Frame) -> int:
    """Return the time a single case may take, in microseconds."""
    if params.within is not None:
        return micro(params.within)
    return int(level_of(frame, units=frame.units)[0])


def _case(case: Timed, *, limit: int, settled: bool) -> Case:
    late = max(case.took - limit, 0) if settled else 0
    state = CaseState.EXCLUDED if case.excluded else CaseState.COUNTED if settled else CaseState.NOT_YET_DUE
    return Case(
        subject=case.incident,
        state=state,
        late=late > 0 and not case.excluded,
        elapsed_us=case.took,
        lateness_us=0 if case.excluded else late,
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
    cases: list[Timed], *, params: Elapsed, limit: int, frame: Frame
) -> tuple[Range, Step, tuple[Verdict, bool] | None]:
    clause = frame.target.clause
    steps = tuple(_case_step(case, params=params) for case in cases)
    if not cases:
        return (
            Range(value=None, best=None, worst=None, why="no case fell into the window"),
            Step("cases.none", None, "us", clause),
            _without_cases(frame),
        )
    times = sorted(case.took for case in cases)
    late = sum(took > limit for took in times)
    noted = (("cases", len(cases)),)
    if params.statistic is Statistic.SHARE_WITHIN:
        value = Fraction(100 * (len(times) - late), len(times))
        step = Step(
            "cases.share",
            value,
            "%",
            clause,
            steps,
            (*noted, ("within", len(times) - late), ("limit", timedelta(microseconds=limit))),
        )
        return (
            Range(value=value, best=value, worst=value),
            step,
            _low_volume(len(times), late=late, params=params),
        )
    if params.statistic is Statistic.MEAN:
        value = Fraction(sum(times), len(times))
        step = Step("cases.mean", value, "us", clause, steps, noted)
    elif params.statistic is Statistic.PERCENTILE:
        assert params.percentile is not None
        value = nearest_rank([Fraction(took) for took in times], percentile=Fraction(params.percentile))
        step = Step(
            "cases.percentile", value, "us", clause, steps, (*noted, ("percentile", params.percentile))
        )
    else:
        value = Fraction(max(times))
        step = Step("cases.worst", value, "us", clause, steps, noted)
    return Range(value=value, best=value, worst=value), step, None


def nearest_rank(ordered: Sequence[Fraction], *, percentile: Fraction) -> Fraction:
    """Return the smallest value that at least ``percentile`` percent of the values do not exceed."""
    rank = -(-(percentile * len(ordered)) // 100)
    return ordered[max(int(rank), 1) - 1]


def _without_cases(frame: Frame) -> tuple[Verdict, bool]:
    """Return the verdict where no case fell into the window: nothing was late (F20)."""
    if frame.counting.no_data is NoData.FAILED:
        return Verdict.MISSED, True
    return (Verdict.NOT_MEASURABLE if frame.counting.no_data is NoData.OMIT else Verdict.MET), False


def _low_volume(cases: int, *, late: int, params: Elapsed) -> tuple[Verdict, bool] | None:
    rule = params.low_volume
    if rule is None or cases > rule.up_to:
        return None
    return (Verdict.MISSED, True) if late > rule.late else (Verdict.MET, False)


def _open_reasons(cases: Sequence[Timed]) -> list[str]:
    return [f"{case.incident} is still open" for case in cases if case.running]


def _events(cases: Sequence[Timed], *, limit: int, frame: Frame) -> tuple[Event, ...]:
    return events_in_order(
        [
            Event(
                during=Interval(case.start, case.end),
                counted_us=Fraction(case.took),
                lateness_us=case.took - limit,
                incidents=(case.incident,),
                root_events=root_events(frame, incidents=(case.incident,)),
                units=frame.units,
            )
            for case in cases
            if case.took > limit
        ]
    )


# --- things owed by a date ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing owed: for what, from when, by when, and when it came."""

    subject: str
    anchor_at: datetime
    due: datetime
    done: datetime | None
    excluded: str = ""


def obligation(frame: Frame) -> list[Measured]:
    """Return how many of the things owed in the window came late."""
    params = frame.target.params
    assert isinstance(params, Obligation)
    owed = [one for one in _owed(params, frame=frame) if _due_in_window(one, frame=frame)]
    known = frame.scope.known_until
    cases, events, steps = [], [], []
    for one in owed:
        late = _lateness(one, frame=frame)
        settled = one.done is not None or one.due <= known
        state = (
            CaseState.EXCLUDED if one.excluded else CaseState.COUNTED if settled else CaseState.NOT_YET_DUE
        )
        is_late = state is CaseState.COUNTED and late > 0
        cases.append(
            Case(
                subject=one.subject,
                state=state,
                late=is_late,
                lateness_us=late if is_late else 0,
                due_at=one.due,
                done_at=one.done,
                why=one.excluded,
            )
        )
        if state is CaseState.COUNTED:
            steps.append(_owed_step(one, params=params, late=late))
        if is_late:
            events.append(
                Event(
                    during=Interval(one.due, one.done or known),
                    counted_us=Fraction(late),
                    lateness_us=late,
                    incidents=(one.subject,),
                    root_events=root_events(frame, incidents=(one.subject,)),
                    units=frame.units,
                )
            )
    return [_obligation_level(frame, cases=cases, events=events, steps=steps)]


def _obligation_level(frame: Frame, *, cases: list[Case], events: list[Event], steps: list[Step]) -> Measured:
    late = Fraction(sum(case.late for case in cases))
    waiting = sum(case.state is CaseState.NOT_YET_DUE for case in cases)
    level = level_of(frame, units=frame.units)
    worst = late + waiting
    verdict = None
    if not waiting:
        misses = not satisfied(late, op=frame.target.op, level=level[0])
        verdict = (Verdict.MISSED if misses else Verdict.MET, misses)
    step = Step("cases.late", late, "count", frame.target.clause, tuple(steps), (("cases", len(cases)),))
    reasons = [f"{case.subject} is not yet due" for case in cases if case.state is CaseState.NOT_YET_DUE]
    reasons += [f"{case.subject} has not come yet" for case in cases if case.late and case.done_at is None]
    return conclude(
        frame,
        units=frame.units,
        found=Range(value=late, best=late, worst=worst, future=bool(waiting)),
        value_step=step,
        level=level,
        verdict=verdict,
        provisional=reasons,
        cases=tuple(cases),
        events=events_in_order(events),
    )


def _owed(params: Obligation, *, frame: Frame) -> list[Owed]:
    """Return what the clause makes due: for each incident, for each period, or by recorded dates."""
    offset = Offset(
        n=params.n, unit=OffsetUnit(params.unit), anchor=Anchor(params.anchor), calendar=frame.target.calendar
    )
    if params.what in {milestone.value for milestone in Milestone}:
        return _owed_by_incidents(params, offset=offset, frame=frame)
    found = []
    for fact in frame.index.facts.deliveries:
        if fact.what == params.what:
            anchor_at = fact.due_at or frame.scope.window.during.end
            due = fact.due_at or _due(offset, anchor_at=anchor_at, frame=frame)
            found.append(
                Owed(fact.subject or fact.what, anchor_at, due, _known(fact.delivered_at, frame=frame))
            )
    label = frame.scope.window.label
    dated = any(fact.what == params.what and fact.due_at for fact in frame.index.facts.deliveries)
    if not dated and all(one.subject != label for one in found) and offset.anchor is Anchor.PERIOD_END:
        end = frame.scope.window.during.end
        found = [one for one in found if one.subject == label]
        found.append(Owed(label, end, _due(offset, anchor_at=end, frame=frame), None))
    return found


def _owed_by_incidents(params: Obligation, *, offset: Offset, frame: Frame) -> list[Owed]:
    since = {
        Anchor.INCIDENT_START: "occurred",
        Anchor.INCIDENT_END: "restored",
        Anchor.REPORTED: "reported",
        Anchor.TICKET_CLOSED: "closed",
        Anchor.AWARE: "detected",
    }.get(offset.anchor)
    if since is None:
        raise ValueError(
            f"{frame.target.code!r} is owed for each incident, so it cannot be counted from "
            f"{offset.anchor.value}. Use incident_start, incident_end, reported, aware or ticket_closed."
        )
    found = []
    for reference in _incidents(frame, severities=params.severities):
        at = _moment(reference, kind=since, frame=frame, first=since != "restored")
        if at is not None and at <= frame.scope.known_until:
            done = _known(_moment(reference, kind=params.what, frame=frame, first=True), frame=frame)
            due = _due(offset, anchor_at=at, frame=frame)
            found.append(Owed(reference, at, due, done, _excluded(reference, frame=frame)))
    return found


def _due(offset: Offset, *, anchor_at: datetime, frame: Frame) -> datetime:
    return due_at(
        offset,
        anchor_at=anchor_at,
        zone=frame.index.facts.zone,
        calendars=tuple(frame.index.calendars.values()),
        billing_day=frame.schedule.billing_day,
    )[1]


def _known(at: datetime | None, *, frame: Frame) -> datetime | None:
    return at if at is not None and at <= frame.scope.known_until else None


def _due_in_window(one: Owed, *, frame: Frame) -> bool:
    """Return whether a thing owed is judged here: in the window it arose, or fell due, in (A13)."""
    window = frame.scope.window.during
    if frame.counting.attribution is Attribution.END:
        return window.start < one.due <= window.end
    return window.start < one.anchor_at <= window.end or window.start == one.anchor_at


def _lateness(one: Owed, *, frame: Frame) -> int:
    """Return how much open time lies between the due date and the delivery, or what is known."""
    end = one.done or frame.scope.known_until
    if end <= one.due:
        return 0
    pieces = frame.index.open_hours(frame.target.calendar, during=Interval(one.due, end))
    return max(micro(total(pieces)), int(end > one.due))


def _owed_step(one: Owed, *, params: Obligation, late: int) -> Step:
    done: object = one.done if one.done is not None else "not yet"
    noted = (
        ("what", params.what.replace("_", " ")),
        ("subject", one.subject),
        ("due", one.due),
        ("done", done),
    )
    return Step("case.late" if late else "case.in_time", late, "us", "", (), noted)
