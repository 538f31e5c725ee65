"""Recorded outages of one unit -> labelled, disjoint pieces of agreed service time.

Order: whose clock, whose position, start and end rule, clock stops, exclusions; then several
incidents in one second: the most countable label stands (design: the first rule that takes a
second names it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from sla.engine.facts import ONE, ClockStop, Outage, Party, Position, Responsible
from sla.engine.intervals import Interval, intersect, subtract, union
from sla.engine.ledger.exclusions import Grant, granted
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.results import TimeClass
from sla.engine.terms.counting import Counting, EndRule, OutageKind, StartRule
from sla.engine.terms.targets import Milestone

# The class that names a second which several incidents claim: down while any of them counts.
_RANK = {
    TimeClass.DOWN: 0,
    TimeClass.NOT_ATTRIBUTED: 1,
    TimeClass.STOPPED: 2,
    TimeClass.EXCLUDED: 3,
    TimeClass.UNCOUNTED: 4,
}


class Piece(NamedTuple):
    """A labelled stretch of one unit, or of a combined group."""

    during: Interval
    time_class: TimeClass
    incidents: tuple[str, ...]
    weight: Fraction = ONE
    rule: str = ""
    clause: str = ""
    by: str = ""
    why: str = ""
    affected: Fraction = ONE


@dataclass(slots=True)
class Disturbances:
    """The labelled pieces of one unit, what nobody measured, and why the result is provisional."""

    pieces: list[Piece] = field(default_factory=list)
    unmeasured: list[Interval] = field(default_factory=list)
    removable: list[Interval] = field(default_factory=list)  # announced windows that pass their tests
    provisional: list[str] = field(default_factory=list)
    contested: bool = False


class Stretch(NamedTuple):
    """One outage row with its interval after positions and the start and end rule."""

    outage: Outage
    during: Interval
    responsible: Responsible | None
    share: Fraction
    exclusion: Position | None


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
        piece
        for stretch in stretches
        for piece in _labelled(stretch, index=index, scope=scope, grants=grants)
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


def _labelled(
    stretch: Stretch, *, index: FactIndex, scope: Scope, grants: Sequence[Grant]
) -> Iterable[Piece]:
    """Yield the pieces of one outage, each with the class its own incident gives it."""
    row, during, counting = stretch.outage, stretch.during, scope.target.counting
    if during.end <= during.start:
        return
    incidents = (row.incident,)
    if counting.fault_required and stretch.responsible not in (None, Responsible.VENDOR):
        yield Piece(
            during,
            TimeClass.NOT_ATTRIBUTED,
            incidents,
            rule="fault.not_the_vendors",
            clause=scope.target.clause,
            why=f"borne by {stretch.responsible.value}",
        )
        return
    left = [during]
    for stop in _stops(row, index=index, counting=counting):
        cut = Interval(stop.started_at, stop.ended_at or during.end)
        for piece in intersect(left, [cut]):
            yield Piece(piece, TimeClass.STOPPED, incidents, rule="clock.stopped", why=stop.reason)
        left = subtract(left, [cut] if cut.start < cut.end else [])
    for grant in grants:
        for piece in grant.pieces_for(stretch.outage, during=during, position=stretch.exclusion, left=left):
            yield Piece(
                piece,
                TimeClass.EXCLUDED,
                incidents,
                rule=f"exclusion.{grant.rule.code}",
                clause=grant.rule.clause,
                by=grant.by,
                why=grant.why,
            )
            left = subtract(left, [piece])
    weight = _weight(stretch, counting=counting)
    reason = _not_counted(stretch, index=index, counting=counting)
    label = TimeClass.UNCOUNTED if reason else TimeClass.DOWN
    for piece in left:
        yield Piece(
            piece,
            label,
            incidents,
            weight,
            rule=reason,
            clause=scope.target.clause if reason else "",
            affected=row.affected,
        )


def _stops(row: Outage, *, index: FactIndex, counting: Counting) -> list[ClockStop]:
    if not counting.clock_stops:
        return []
    return [
        stop
        for stop in index.stops.get(row.incident, ())
        if stop.unit in ("", row.unit)
        and not (counting.restore_if_vendor_cause and stop.cause is Responsible.VENDOR)
    ]


def _not_counted(stretch: Stretch, *, index: FactIndex, counting: Counting) -> str:
    """Return the rule by which an outage never counts, empty where it does."""
    row = stretch.outage
    if row.kind not in counting.kinds and all(weight.kind is not row.kind for weight in counting.weights):
        return "kind.not_counted"
    if row.affected < counting.affected_at_least:
        return "affected.too_few"
    if counting.severities:
        incident = index.incidents.get(row.incident)
        if incident is not None and incident.severity not in counting.severities:
            return "severity.not_counted"
    return ""


def _weight(stretch: Stretch, *, counting: Counting) -> Fraction:
    """Return how much a second of this outage counts (F23)."""
    weight = ONE
    for entry in counting.weights:
        if entry.kind is stretch.outage.kind:
            weight = entry.share
    if counting.by_affected:
        weight *= stretch.outage.affected
    if counting.apportioned:
        weight *= stretch.share
    return weight


def merge(raw: list[Piece]) -> list[Piece]:
    """Return disjoint pieces: in each second the most countable label, its incidents together."""
    pieces = sorted(piece for piece in raw if piece.during.start < piece.during.end)
    if all(a.during.end <= b.during.start for a, b in pairwise(pieces)):
        return joined(pieces)
    edges = sorted({edge for piece in pieces for edge in piece.during})
    merged: list[Piece] = []
    active: list[Piece] = []
    position = 0
    for start, end in pairwise(edges):
        active = [piece for piece in active if piece.during.end > start]
        while position < len(pieces) and pieces[position].during.start <= start:
            active.append(pieces[position])
            position += 1
        if active:
            merged.append(_strongest(active, during=Interval(start, end)))
    return joined(merged)


def _strongest(active: list[Piece], *, during: Interval) -> Piece:
    rank = min(_RANK[piece.time_class] for piece in active)
    same = [piece for piece in active if _RANK[piece.time_class] == rank]
    first = min(same, key=lambda piece: (piece.incidents, piece.rule, piece.why))
    incidents = tuple(sorted({ref for piece in same for ref in piece.incidents}))
    weight = max(piece.weight for piece in same)
    affected = max(piece.affected for piece in same)
    return first._replace(during=during, incidents=incidents, weight=weight, affected=affected)


def joined(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with touching ones of the same label made one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].during.end == piece.during.start and found[-1][1:] == piece[1:]:
            found[-1] = piece._replace(during=Interval(found[-1].during.start, piece.during.end))
        else:
            found.append(piece)
    return found
