"""The instants that contractual time limits are counted from (clauses.md 2.8, A41)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sla.engine.facts import Facts, MilestoneFact, Outage
from sla.engine.intervals import MICROSECOND
from sla.engine.periods import Period, PeriodKind, PeriodRule, Zone, period_on
from sla.engine.terms.rules import Anchor
from sla.engine.terms.targets import Milestone
from sla.engine.terms.versions import Schedule

# The end of a stretch: the instant is exclusive, the date meant is the last one before it.
ENDS = frozenset({Anchor.PERIOD_END, Anchor.MONTH_END, Anchor.RESTORED_MONTH_END, Anchor.QUARTER_END})
# The same instant for every incident of the period.
SHARED = frozenset({Anchor.PERIOD_END, Anchor.QUARTER_END, Anchor.SUBMITTED, Anchor.DECIDED})

IN_WORDS = {
    Anchor.INCIDENT_START: "the start of the incident",
    Anchor.INCIDENT_END: "the end of the incident",
    Anchor.REPORTED: "the report",
    Anchor.TICKET_CLOSED: "the closing of the ticket",
    Anchor.AWARE: "the first knowledge of it",
    Anchor.PERIOD_END: "the end of the period",
    Anchor.MONTH_END: "the end of the incident's month",
    Anchor.RESTORED_MONTH_END: "the end of the month of restoration",
    Anchor.QUARTER_END: "the end of the quarter",
    Anchor.ELIGIBLE: "becoming eligible",
    Anchor.SUBMITTED: "the submission of the claim",
    Anchor.DECIDED: "the vendor's decision",
}


class Moment(NamedTuple):
    """An instant that a limit is counted from, and the reading behind it where there are several."""

    at: datetime
    reading: str = ""
    is_period_end: bool = False


@dataclass(frozen=True, kw_only=True)
class Moments:
    """What is known of the instants around one incident, pattern or claim; None is not known yet."""

    incident: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reported_at: datetime | None = None
    aware_at: datetime | None = None
    closed_at: datetime | None = None
    eligible_at: datetime | None = None
    submitted_at: datetime | None = None
    decided_at: datetime | None = None


def incident_moments(
    names: Collection[str], *, facts: Facts, eligible_at: datetime | None = None
) -> list[Moments]:
    """Return the instants around each incident, in order of name.

    An outage that is still open leaves the end unknown; a milestone that nobody recorded falls back
    to the earlier instant that bounds it, so that a limit is never told too late.
    """
    wanted = frozenset(names)
    outages: dict[str, list[Outage]] = defaultdict(list)
    for outage in facts.outages:
        if outage.incident in wanted:
            outages[outage.incident].append(outage)
    milestones: dict[str, list[MilestoneFact]] = defaultdict(list)
    for fact in facts.milestones:
        if fact.incident in wanted:
            milestones[fact.incident].append(fact)
    return [
        _moments(name, outages=outages[name], milestones=milestones[name], eligible_at=eligible_at)
        for name in sorted(wanted)
    ]


def _moments(
    name: str,
    *,
    outages: Sequence[Outage],
    milestones: Sequence[MilestoneFact],
    eligible_at: datetime | None,
) -> Moments:
    reached: dict[Milestone, list[datetime]] = defaultdict(list)
    for fact in milestones:
        reached[fact.kind].append(fact.at)
    started_at = _earliest([outage.started_at for outage in outages] + reached[Milestone.OCCURRED])
    ended_at = _latest(reached[Milestone.RESTORED]) or _end(outages)
    reported_at = _earliest(reached[Milestone.REPORTED]) or started_at
    known = reached[Milestone.REPORTED] + reached[Milestone.DETECTED]
    return Moments(
        incident=name,
        started_at=started_at,
        ended_at=ended_at,
        reported_at=reported_at,
        aware_at=_earliest(known) or started_at,
        closed_at=_latest(reached[Milestone.CLOSED]) or ended_at,
        eligible_at=eligible_at or started_at,
    )


def _end(outages: Sequence[Outage]) -> datetime | None:
    """Return when the last unit came back: rows of other measurers are alternatives, the earliest holds."""
    ends: Mapping[str, list[datetime | None]] = defaultdict(list)
    for outage in outages:
        ends[outage.measured_by].append(outage.ended_at)
    closed = [max(at for at in seen if at) for seen in ends.values() if all(seen)]
    return _earliest(closed)


def _earliest(instants: Iterable[datetime]) -> datetime | None:
    return min(instants, default=None)


def _latest(instants: Iterable[datetime]) -> datetime | None:
    return max(instants, default=None)


def anchored(
    anchor: Anchor, *, moments: Moments, period: Period, zone: Zone, schedule: Schedule
) -> list[Moment]:
    """Return the instants an anchor may mean, none where the fact is not known yet.

    ``eligible`` has two readings: when the level was first missed, and when the period was over.
    """
    if anchor is Anchor.ELIGIBLE:
        readings = [Moment(period.during.end, "eligible when the period is over", is_period_end=True)]
        if moments.eligible_at is not None:
            readings.append(Moment(moments.eligible_at, "eligible when it happened"))
        return readings
    at = _plain(anchor, moments=moments)
    if anchor is Anchor.PERIOD_END:
        at = period.during.end
    elif anchor is Anchor.QUARTER_END:
        rule = PeriodRule(kind=PeriodKind.QUARTER, anchor_month=schedule.period.anchor_month)
        at = period_on(period.last_on, rule=rule, zone=zone).during.end
    elif at is not None and anchor in ENDS:
        at = period_on(zone.date_of(at), rule=PeriodRule(), zone=zone).during.end
    return [] if at is None else [Moment(at)]


def _plain(anchor: Anchor, *, moments: Moments) -> datetime | None:
    return {
        Anchor.INCIDENT_START: moments.started_at,
        Anchor.INCIDENT_END: moments.ended_at,
        Anchor.REPORTED: moments.reported_at,
        Anchor.TICKET_CLOSED: moments.closed_at,
        Anchor.AWARE: moments.aware_at,
        Anchor.MONTH_END: moments.started_at,
        Anchor.RESTORED_MONTH_END: moments.ended_at,
        Anchor.SUBMITTED: moments.submitted_at,
        Anchor.DECIDED: moments.decided_at,
    }.get(anchor)


def anchor_date(anchor: Anchor, *, at: datetime, zone: Zone) -> date:
    """Return the local date a limit in days counts from: the last date of a period that ends at ``at``."""
    return zone.date_of(at - MICROSECOND if anchor in ENDS else at)
