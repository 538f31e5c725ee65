"""The class that its own incident gives each second of an outage (steps 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from sla.engine.facts import ONE, ClockStop, Outage, Position, Responsible
from sla.engine.intervals import Interval, intersect, subtract
from sla.engine.ledger.exclusions import Grant, taken_out
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.ledger.pieces import Piece
from sla.engine.results import TimeClass
from sla.engine.terms.counting import Counting


class Stretch(NamedTuple):
    """One outage row with its interval after positions and the start and end rule."""

    outage: Outage
    during: Interval
    responsible: Responsible | None
    share: Fraction
    exclusion: Position | None


def labelled(stretch: Stretch, *, index: FactIndex, scope: Scope, grants: Sequence[Grant]) -> Iterable[Piece]:
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
    for piece, grant in taken_out(grants, outage=row, during=during, position=stretch.exclusion, left=left):
        yield _excluded(piece, grant=grant, incidents=incidents)
        left = subtract(left, [piece])
    yield from _counted(stretch, left=left, index=index, scope=scope)


def _excluded(piece: Interval, *, grant: Grant, incidents: tuple[str, ...]) -> Piece:
    rule = grant.rule
    return Piece(
        piece,
        TimeClass.EXCLUDED,
        incidents,
        rule=f"exclusion.{rule.code}",
        clause=rule.clause,
        by=grant.by,
        why=grant.why,
    )


def _counted(stretch: Stretch, *, left: list[Interval], index: FactIndex, scope: Scope) -> Iterable[Piece]:
    """Yield what no stop and no exclusion took: down, or of a kind that does not count."""
    row, counting = stretch.outage, scope.target.counting
    weight = _weight(stretch, counting=counting)
    reason = _not_counted(stretch, index=index, counting=counting)
    label, clause = (TimeClass.UNCOUNTED, scope.target.clause) if reason else (TimeClass.DOWN, "")
    for piece in left:
        yield Piece(piece, label, (row.incident,), weight, rule=reason, clause=clause, affected=row.affected)


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
    if counting.affected_at_least and row.affected < counting.affected_at_least:
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
