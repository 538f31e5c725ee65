"""By when a credit must be claimed, what the clause wants from us before, and when the vendor must answer.

Limits: clauses.md 2.8; business days A42; several readings of one limit A41: each is given, and the
earliest is the one to warn by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from sla.engine.claims.anchors import (
    IN_WORDS,
    SHARED,
    Moment,
    Moments,
    anchor_date,
    anchored,
    incident_moments,
)
from sla.engine.facts import Facts
from sla.engine.intervals import MICROSECOND
from sla.engine.periods import (
    DAY,
    BusinessCalendar,
    Period,
    WeeklyHours,
    Zone,
    add_months,
    is_working_day,
)
from sla.engine.results import ClaimTerms, Due
from sla.engine.terms.rules import Anchor, CalendarOp, ClaimRule, ClaimStep, Offset, OffsetUnit
from sla.engine.terms.versions import Schedule
from sla.engine.trace import Step, notes, rules, written_fraction

rules(
    due__hours="{what}: {limit} from {anchor}, {anchor_at}, end at {value}.",
    due__day="{what}: {limit} from {anchor}, {anchor_at}, last to the end of {due_on}.",
)

# For a clause that speaks of working days and names no calendar: without holidays the date is earliest.
WEEKDAYS = BusinessCalendar(
    code="", zone="UTC", weekly=tuple(WeeklyHours(weekday=day, opens=0, closes=1440) for day in range(5))
)

LONGEST_SEARCH = timedelta(days=3660)

_UNIT_WORDS = {
    OffsetUnit.BILLING_CYCLES: "billing cycles beyond the current one",
    OffsetUnit.MONTH_ENDS: "calendar months beyond the current one",
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What every limit of one period is found with."""

    schedule: Schedule
    facts: Facts
    period: Period


def due_at(
    offset: Offset,
    *,
    anchor_at: datetime,
    zone: Zone,
    calendars: Sequence[BusinessCalendar],
    billing_day: int = 1,
) -> tuple[date, datetime]:
    """Return the last local date and the exclusive last instant of a time limit.

    Hours run exactly; every other unit lasts to the end of its local day. For an anchor that is the
    end of a period, ``anchor_at`` is the exclusive end, the midnight after its last date. Raises
    ValueError for a calendar that is not among ``calendars``.
    """
    if offset.unit is OffsetUnit.HOURS:
        until = anchor_at + timedelta(microseconds=int(offset.n * 3_600_000_000))
        return zone.date_of(until - MICROSECOND), until
    start = anchor_date(offset.anchor, at=anchor_at, zone=zone)
    last = _last_date(offset, start=start, calendars=calendars, billing_day=billing_day)
    return last, zone.midnight(last + DAY)


def _last_date(
    offset: Offset, *, start: date, calendars: Sequence[BusinessCalendar], billing_day: int
) -> date:
    count = int(offset.n)
    if offset.unit is OffsetUnit.DAYS:
        return start + timedelta(days=count)
    if offset.unit is OffsetUnit.WEEKS:
        return start + timedelta(weeks=count)
    if offset.unit is OffsetUnit.MONTHS:
        return add_months(start, count)
    if offset.unit is OffsetUnit.WORKING_DAYS:
        return _working_day(offset, start=start, calendars=calendars)
    opens = billing_day if offset.unit is OffsetUnit.BILLING_CYCLES else 1
    own = add_months(start.replace(day=1), 0 if start.day >= opens else -1)
    return add_months(own, count + 1).replace(day=opens) - DAY


def _working_day(offset: Offset, *, start: date, calendars: Sequence[BusinessCalendar]) -> date:
    """Return the n-th working day after a date; A42 says whether one calendar's day off is enough."""
    used = [_calendar(code, calendars=calendars) for code in (offset.calendar, *offset.more_calendars)]
    is_open = any if offset.calendar_op is CalendarOp.CLOSED_ON_ALL else all
    on, left = start, int(offset.n)
    latest = start + LONGEST_SEARCH
    while left:
        if on >= latest:
            codes = ", ".join(calendar.code for calendar in used)
            raise ValueError(
                f"{offset.n} working days of {codes} do not come within ten years of {start}. "
                f"Correct their open days."
            )
        on += DAY
        left -= is_open(is_working_day(on, calendar=calendar) for calendar in used)
    return on


def _calendar(code: str, *, calendars: Sequence[BusinessCalendar]) -> BusinessCalendar:
    if not code:
        return WEEKDAYS
    for calendar in calendars:
        if calendar.code == code:
            return calendar
    known = ", ".join(sorted(calendar.code for calendar in calendars)) or "none yet"
    raise ValueError(
        f"A time limit names calendar {code!r}, which is unknown. Add it, or use one of: {known}."
    )


def claim_terms(
    rule: ClaimRule | None,
    *,
    schedule: Schedule,
    facts: Facts,
    period: Period,
    incidents: Sequence[str],
    eligible_at: datetime | None = None,
) -> ClaimTerms | None:
    """Return how and by when the credits of a period are to be claimed; None where no clause says.

    ``deadlines`` are every reading for every incident, the earliest first; an automatic credit has
    none. ``eligible_at`` is when the level was first missed for certain, where that is known.
    """
    if rule is None:
        return None
    setting = Setting(schedule=schedule, facts=facts, period=period)
    around = incident_moments(incidents, facts=facts, eligible_at=eligible_at) or [_no_incident(period)]
    limits = () if rule.automatic else rule.deadlines
    return ClaimTerms(
        automatic=rule.automatic,
        deadlines=_earliest_first(
            due
            for limit in limits
            for due in dues(limit, what="claim", clause=rule.clause, around=around, setting=setting)
        ),
        steps=_earliest_first(
            due for step in rule.steps for due in _step_dues(step, rule=rule, around=around, setting=setting)
        ),
        remedy=rule.remedy.value,
        channel=rule.channel,
        must_contain=rule.must_contain,
    )


def answers_due(
    rule: ClaimRule,
    *,
    schedule: Schedule,
    facts: Facts,
    period: Period,
    submitted_at: datetime | None = None,
    decided_at: datetime | None = None,
) -> tuple[Due, ...]:
    """Return by when the vendor must decide (``decision``) and credit (``issue``), as far as known.

    Steps wanted from us after a submission or decision are among them.
    """
    setting = Setting(schedule=schedule, facts=facts, period=period)
    around = [Moments(submitted_at=submitted_at, decided_at=decided_at)]
    limits = (("decision", rule.decide_within), ("issue", rule.issue_within))
    answers = [
        due
        for what, limit in limits
        if limit is not None
        for due in dues(limit, what=what, clause=rule.clause, around=around, setting=setting)
    ]
    asked = [step for step in rule.steps if step.due.anchor in (Anchor.SUBMITTED, Anchor.DECIDED)]
    answers += [due for step in asked for due in _step_dues(step, rule=rule, around=around, setting=setting)]
    return _earliest_first(answers)


def _no_incident(period: Period) -> Moments:
    """Return the earliest instants that a miss without a recorded incident can have."""
    start = period.during.start
    return Moments(
        started_at=start,
        ended_at=start,
        reported_at=start,
        aware_at=start,
        closed_at=start,
        eligible_at=start,
    )


def _step_dues(
    step: ClaimStep, *, rule: ClaimRule, around: Sequence[Moments], setting: Setting
) -> Iterator[Due]:
    clause = step.clause or rule.clause
    return dues(
        step.due, what=step.code, clause=clause, around=around, setting=setting, is_required=step.required
    )


def dues(
    limit: Offset,
    *,
    what: str,
    clause: str,
    around: Sequence[Moments],
    setting: Setting,
    is_required: bool = True,
) -> Iterator[Due]:
    """Yield the date that a limit sets for each incident and reading; once where all share the anchor."""
    for moments in around[:1] if limit.anchor in SHARED else around:
        for moment in anchored(
            limit.anchor,
            moments=moments,
            period=setting.period,
            zone=setting.facts.zone,
            schedule=setting.schedule,
        ):
            incident = "" if limit.anchor in SHARED else moments.incident
            found = _due(limit, moment=moment, what=what, incident=incident, clause=clause, setting=setting)
            yield found if is_required else replace(found, required=False)


def _due(limit: Offset, *, moment: Moment, what: str, incident: str, clause: str, setting: Setting) -> Due:
    facts = setting.facts
    due_on, due_until = due_at(
        replace(limit, anchor=Anchor.PERIOD_END) if moment.is_period_end else limit,
        anchor_at=moment.at,
        zone=facts.zone,
        calendars=facts.calendars,
        billing_day=setting.schedule.billing_day,
    )
    reading = ", ".join(filter(None, (limit.reading, moment.reading)))
    step = Step(
        "due.hours" if limit.unit is OffsetUnit.HOURS else "due.day",
        due_until,
        unit="instant",
        clause=clause,
        notes=notes(
            what=" ".join(filter(None, (what, incident))),
            limit=_limit_in_words(limit),
            anchor=IN_WORDS[limit.anchor],
            anchor_at=moment.at,
            due_on=due_on,
            reading=reading,
        ),
    )
    return Due(
        what=what,
        anchor_at=moment.at,
        due_on=due_on,
        due_until=due_until,
        reading=reading,
        incident=incident,
        clause=clause,
        step=step,
    )


def _limit_in_words(limit: Offset) -> str:
    unit = _UNIT_WORDS.get(limit.unit, limit.unit.value.replace("_", " "))
    return f"{written_fraction(Fraction(limit.n))} {unit}"


def _earliest_first(found: Iterable[Due]) -> tuple[Due, ...]:
    return tuple(sorted(found, key=lambda due: (due.due_until, due.what, due.incident, due.reading)))
