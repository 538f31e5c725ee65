"""Facts by what they belong to, built once for an evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sla.engine.facts import (
    ClockStop,
    Condition,
    Exclusion,
    Facts,
    Incident,
    Maintenance,
    Outage,
    Outcome,
    Party,
    Unit,
)
from sla.engine.intervals import Interval
from sla.engine.periods import BusinessCalendar, Period, Zone, open_time
from sla.engine.terms.rules import ExclusionRule
from sla.engine.terms.targets import Milestone, Target


@dataclass(frozen=True, kw_only=True)
class FactIndex:
    """The facts of one contract, found by unit, incident and code."""

    facts: Facts
    units: Mapping[str, Unit]
    incidents: Mapping[str, Incident]
    outages: Mapping[str, Sequence[Outage]]  # by unit
    milestones: Mapping[tuple[str, str], Mapping[Milestone, datetime]]  # by incident and unit
    stops: Mapping[str, Sequence[ClockStop]]  # by incident
    maintenance: Mapping[str, Sequence[Maintenance]]  # by unit
    exclusions: Mapping[str, Sequence[Exclusion]]  # by rule
    conditions: Mapping[str, Sequence[Condition]]  # by code
    calendars: Mapping[str, BusinessCalendar]
    zones: Mapping[str, Zone]

    def milestone(self, incident: str, *, unit: str, kind: Milestone) -> datetime | None:
        """Return when the incident reached a milestone at a unit, else for all units."""
        own = self.milestones.get((incident, unit), {}).get(kind)
        return own or self.milestones.get((incident, ""), {}).get(kind)

    def open_hours(self, calendar: str, *, during: Interval) -> tuple[Interval, ...]:
        """Return the open time of a calendar code; the empty code is open around the clock."""
        if not calendar:
            return (during,)
        found = self.calendars.get(calendar)
        if found is None:
            raise ValueError(
                f"Calendar {calendar!r} is not among the facts. Add it to the contract's calendars."
            )
        return open_time(found, self.zones[found.zone], during)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one account is asked for: a level, its window, its exclusions and whose reading."""

    target: Target
    window: Period
    exclusions: tuple[ExclusionRule, ...]
    known_until: datetime
    reading: Party = Party.OURS
    history: tuple[Outcome, ...] = ()
    consumes_downtime: bool = False


def index_facts(facts: Facts) -> FactIndex:
    """Return the facts arranged for look-up."""
    outages: dict[str, list[Outage]] = defaultdict(list)
    for outage in facts.outages:
        outages[outage.unit].append(outage)
    milestones: dict[tuple[str, str], dict[Milestone, datetime]] = defaultdict(dict)
    for milestone in facts.milestones:
        milestones[milestone.incident, milestone.unit][milestone.kind] = milestone.at
    stops: dict[str, list[ClockStop]] = defaultdict(list)
    for stop in facts.clock_stops:
        stops[stop.incident].append(stop)
    maintenance: dict[str, list[Maintenance]] = defaultdict(list)
    for work in facts.maintenance:
        for unit in work.units:
            maintenance[unit].append(work)
    exclusions: dict[str, list[Exclusion]] = defaultdict(list)
    for exclusion in facts.exclusions:
        exclusions[exclusion.rule].append(exclusion)
    conditions: dict[str, list[Condition]] = defaultdict(list)
    for condition in facts.conditions:
        conditions[condition.code].append(condition)
    return FactIndex(
        facts=facts,
        units={unit.code: unit for unit in facts.units},
        incidents={incident.reference: incident for incident in facts.incidents},
        outages=outages,
        milestones=milestones,
        stops=stops,
        maintenance=maintenance,
        exclusions=exclusions,
        conditions=conditions,
        calendars={calendar.code: calendar for calendar in facts.calendars},
        zones={zone.name: zone for zone in chain(facts.calendar_zones, [facts.zone])},
    )
