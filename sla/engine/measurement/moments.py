"""Which incidents a level is about, when they reached a milestone, and which are taken out whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sla.engine.facts import Outage
from sla.engine.ledger.exclusions import holds
from sla.engine.measurement.judging import Frame
from sla.engine.terms.counting import OutageKind
from sla.engine.terms.targets import Milestone


def incidents_of(frame: Frame, *, severities: Sequence[str]) -> list[str]:
    """Return the incidents that touched the units, or are of the vendor with no unit known.

    A stretch that nobody measured is no failure, and no case, unless somebody reported one to the vendor.
    """
    index = frame.index
    rows = [row for unit in frame.units for row in index.outages.get(unit, ())]
    touched = {row.incident for row in rows}
    unmeasured = touched - {row.incident for row in rows if row.kind is not OutageKind.UNMEASURED}
    elsewhere = {row.incident for rows in index.outages.values() for row in rows} - touched
    found = []
    for fact in index.facts.incidents:
        if fact.reference in elsewhere or (severities and fact.severity not in severities):
            continue
        if fact.reference in unmeasured and not _is_reported(fact.reference, frame=frame):
            continue
        found.append(fact.reference)
    return found


def _is_reported(reference: str, *, frame: Frame) -> bool:
    kind = Milestone.REPORTED
    return any(
        frame.index.milestone(reference, unit=unit, kind=kind) is not None for unit in ("", *frame.units)
    )


def _outages(reference: str, *, frame: Frame) -> list[Outage]:
    rows = [row for unit in frame.units for row in frame.index.outages.get(unit, ())]
    return [row for row in rows if row.incident == reference]


def moment(reference: str, *, kind: str, frame: Frame, first: bool) -> datetime | None:
    """Return when the incident reached a milestone, over all units; else the outage's own edge."""
    milestone = Milestone(kind)
    times = [
        at
        for unit in ("", *frame.units)
        if (at := frame.index.milestone(reference, unit=unit, kind=milestone)) is not None
    ]
    if times:
        return min(times) if first else max(times)
    known = _outages(reference, frame=frame)
    rows = [row for row in known if row.kind is not OutageKind.UNMEASURED] or known
    if milestone is Milestone.OCCURRED and rows:
        return min(row.started_at for row in rows)
    if milestone is Milestone.RESTORED and rows and all(row.ended_at for row in rows):
        return max(row.ended_at for row in rows if row.ended_at)
    return None


def excluded_by(reference: str, *, frame: Frame) -> str:
    """Return the rule by which an incident as a whole is taken out, empty where none is."""
    for rule in frame.scope.exclusions:
        for fact in frame.index.exclusions.get(rule.code, ()):
            whole = fact.incident == reference and fact.started_at is None and fact.ended_at is None
            if whole and holds(fact, rule=rule, reading=frame.scope.reading):
                return rule.code
    return ""
