"""Things owed by a date: which came late.

The account of these levels is one of cases: counted, excluded or not yet due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sla.engine.claims.deadlines import due_at
from sla.engine.facts import Verdict
from sla.engine.intervals import MICROSECOND, Interval, micro, total
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
from sla.engine.terms.counting import Attribution, Obligation
from sla.engine.terms.rules import Anchor, Offset, OffsetUnit
from sla.engine.terms.targets import Milestone
from sla.engine.trace import Step, rules

rules(
    case__late="{what} for {subject} was due by {due} and came {done}: {value} late.",
    case__in_time="{what} for {subject} was due by {due} and came {done}.",
    cases__late="{value} of {cases} cases came late.",
)


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing owed: for what, from when, by when, and when it came."""

    subject: str
    arose_at: datetime  # the instant that says which window it is judged in
    due: datetime
    done: datetime | None
    excluded: str = ""


def obligation(frame: Frame) -> list[Measured]:
    """Return how many of the things owed in the window came late."""
    params = frame.target.params
    assert isinstance(params, Obligation)
    owed = [one for one in _owed(params, frame=frame) if _due_in_window(one, frame=frame)]
    owed.sort(key=lambda one: (one.arose_at, one.due, one.subject))
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
        behind=Behind(cases=tuple(cases), events=events_in_order(events)),
    )


def _owed(params: Obligation, *, frame: Frame) -> list[Owed]:
    """Return what the clause makes due: for each incident, for each period, or by recorded dates."""
    offset = Offset(
        n=params.n, unit=OffsetUnit(params.unit), anchor=Anchor(params.anchor), calendar=frame.target.calendar
    )
    if params.what in {milestone.value for milestone in Milestone}:
        return _owed_by_incidents(params, offset=offset, frame=frame)
    end = frame.scope.window.during.end
    found = []
    for fact in frame.index.facts.deliveries:
        if fact.what == params.what:
            due = fact.due_at or _due(offset, anchor_at=end, frame=frame)
            arose_at = (fact.due_at or end) - MICROSECOND  # what is due at midnight belongs to the day before
            found.append(
                Owed(fact.subject or fact.what, arose_at, due, _known(fact.delivered_at, frame=frame))
            )
    label = frame.scope.window.label
    dated = any(fact.what == params.what and fact.due_at for fact in frame.index.facts.deliveries)
    if not dated and offset.anchor is Anchor.PERIOD_END:
        # What came for other periods is judged in theirs.
        missing = Owed(label, end - MICROSECOND, _due(offset, anchor_at=end, frame=frame), None)
        found = [one for one in found if one.subject == label] or [missing]
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
    for reference in incidents_of(frame, severities=params.severities):
        at = moment(reference, kind=since, frame=frame, first=since != "restored")
        if at is not None and at <= frame.scope.known_until:
            done = _known(moment(reference, kind=params.what, frame=frame, first=True), frame=frame)
            due = _due(offset, anchor_at=at, frame=frame)
            found.append(Owed(reference, at, due, done, excluded_by(reference, frame=frame)))
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
    return window.start <= one.arose_at < window.end


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
