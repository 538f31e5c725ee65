"""Recorded outages of one unit -> labelled, disjoint pieces of agreed service time.

Order: whose clock, whose position, start and end rule, clock stops, exclusions; then several
incidents in one second: the most countable label stands (design: the first rule that takes a
second names it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sla.engine.facts import Outage, Party, Position
from sla.engine.intervals import Interval, union
from sla.engine.ledger.exclusions import granted
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.ledger.labels import Stretch, labelled
from sla.engine.ledger.pieces import Piece, merge
from sla.engine.terms.counting import EndRule, OutageKind, StartRule
from sla.engine.terms.targets import Milestone


@dataclass(slots=True)
class Disturbances:
    """The labelled pieces of one unit, what nobody measured, and why the result is provisional."""

    pieces: list[Piece] = field(default_factory=list)
    unmeasured: list[Interval] = field(default_factory=list)
    removable: list[Interval] = field(default_factory=list)  # announced windows that pass their tests
    provisional: list[str] = field(default_factory=list)
    contested: bool = False


def disturbances(unit: str, *, index: FactIndex, scope: Scope) -> Disturbances:
    """Return the labelled pieces of one unit, each second once, sorted, not yet clipped."""
    found = Disturbances()
    rows = index.outages.get(unit)
    grants = granted(unit, index=index, scope=scope)
    found.removable = union(piece for grant in grants for piece in grant.removable)
    if not rows:
        return found
    stretches = []
    for row in chosen_rows(rows, scope=scope, provisional=found.provisional):
        if row.kind is OutageKind.UNMEASURED:
            end = row.ended_at or min(scope.known_until, scope.window.during.end)
            found.unmeasured.append(Interval(row.started_at, end))
        else:
            stretches.append(_stretch(row, index=index, scope=scope, found=found))
    stretches.sort(key=lambda stretch: (stretch.during, stretch.outage.incident))
    raw = [
        piece for stretch in stretches for piece in labelled(stretch, index=index, scope=scope, grants=grants)
    ]
    found.pieces = merge(raw)
    found.unmeasured = union(found.unmeasured)
    return found


def chosen_rows(rows: Sequence[Outage], *, scope: Scope, provisional: list[str]) -> list[Outage]:
    """Return the rows by the clock of record: measurers of one incident are alternatives."""
    if len({row.measured_by for row in rows}) == 1 and rows[0].measured_by is scope.target.measured_by[0]:
        return list(rows)
    by_incident: dict[str, list[Outage]] = {}
    for row in rows:
        by_incident.setdefault(row.incident, []).append(row)
    order = [*scope.target.measured_by, *dict.fromkeys(row.measured_by for row in rows)]
    chosen: list[Outage] = []
    for incident, theirs in by_incident.items():
        best = min(order.index(row.measured_by) for row in theirs)
        chosen += [row for row in theirs if row.measured_by is order[best]]
        if best:
            provisional.append(
                f"{incident} has no times by {order[0].value.replace('_', ' ')}, the clock of record; "
                f"those by {order[best].value.replace('_', ' ')} are used"
            )
    return chosen


def _stretch(row: Outage, *, index: FactIndex, scope: Scope, found: Disturbances) -> Stretch:
    held = _positions(row, reading=scope.reading)
    start, end, responsible, share = row.started_at, row.ended_at, row.responsible, row.share
    exclusion = None
    for position in held:
        start = position.started_at or start
        end = position.ended_at or end
        responsible = position.responsible or responsible
        share = position.share if position.share is not None else share
        exclusion = position if position.exclusion else exclusion
    found.contested = found.contested or any(p.party is Party.VENDORS for p in row.positions)
    if end is None:
        end = min(scope.known_until, scope.window.during.end)
        found.provisional.append(f"{row.incident} is still open")
    if responsible is None:
        found.provisional.append(f"nobody has confirmed who is responsible for {row.incident}")
    during = _ruled(row, during=Interval(start, end), index=index, scope=scope, found=found)
    return Stretch(row, during, responsible, share, exclusion)


def _positions(row: Outage, *, reading: Party) -> list[Position]:
    """Return the positions that hold in a reading, the strongest last.

    Determined beats agreed beats a party's own. Our own position shapes our reading, the vendor's
    the vendor's; what is agreed or determined shapes both.
    """
    order = [reading, Party.AGREED, Party.DETERMINED]
    held = [position for position in row.positions if position.party in order]
    return sorted(held, key=lambda position: order.index(position.party))


def _ruled(row: Outage, *, during: Interval, index: FactIndex, scope: Scope, found: Disturbances) -> Interval:
    """Return the interval by the start rule (F13) and the end rule (F14)."""
    counting = scope.target.counting
    start, end = during
    if counting.start is not StartRule.OCCURRED:
        known = _known_at(row, rule=counting.start, index=index)
        if known is None:
            found.provisional.append(
                f"{row.incident} has no time '{counting.start.value.replace('_', ' ')}', which starts "
                f"the clock; the start of the outage is used"
            )
        start = max(start, known or start)
    if counting.end is not EndRule.RESTORED:
        closed = index.milestone(row.incident, unit=row.unit, kind=Milestone.CLOSED)
        if closed is None and counting.end is EndRule.CLOSED:
            found.provisional.append(f"{row.incident} has no time 'closed', which ends the clock")
        if closed is not None:
            end = min(end, closed) if counting.end is EndRule.FIRST else max(end, closed)
    return Interval(start, end)


def _known_at(row: Outage, *, rule: StartRule, index: FactIndex) -> datetime | None:
    kinds = {
        StartRule.DETECTED: (Milestone.DETECTED,),
        StartRule.REPORTED: (Milestone.REPORTED,),
        StartRule.ACKNOWLEDGED: (Milestone.ACKNOWLEDGED,),
        StartRule.FIRST_KNOWN: (Milestone.REPORTED, Milestone.DETECTED, Milestone.ACKNOWLEDGED),
    }[rule]
    times = [index.milestone(row.incident, unit=row.unit, kind=kind) for kind in kinds]
    return min((at for at in times if at), default=None)
