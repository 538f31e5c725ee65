"""Downtime that an earlier claim was granted for: some clauses let it be used once only (F35)."""

from __future__ import annotations

from sla.engine.intervals import Interval, clip, intersect, subtract, union
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.ledger.pieces import Piece
from sla.engine.periods import DAY
from sla.engine.results import TimeClass


def unused(pieces: list[Piece], *, unit: str, index: FactIndex, scope: Scope) -> list[Piece]:
    """Return the pieces with downtime that an earlier credit rests on made `uncounted`."""
    if not scope.consumes_downtime:
        return pieces
    used = _used(unit, index=index, scope=scope)
    found: list[Piece] = []
    for piece in pieces:
        if piece.time_class is not TimeClass.DOWN:
            found.append(piece)
            continue
        found += [piece._replace(during=part) for part in subtract([piece.during], used)]
        found += [
            piece._replace(
                during=part,
                time_class=TimeClass.UNCOUNTED,
                rule="claim.used_up",
                why="an earlier credit was granted for it",
            )
            for part in intersect([piece.during], used)
        ]
    return sorted(found)


def _used(unit: str, *, index: FactIndex, scope: Scope) -> list[Interval]:
    """Return the runs of earlier windows of this level that were credited, inside their windows."""
    zone = index.facts.zone
    raw: list[Interval] = []
    for outcome in scope.history:
        if outcome.target == scope.target.code and outcome.credit is not None and outcome.credit.minor > 0:
            window = Interval(zone.midnight(outcome.first_on), zone.midnight(outcome.last_on + DAY))
            runs = [run for run in outcome.runs if not run.units or unit in run.units]
            raw += clip((Interval(run.started_at, run.ended_at) for run in runs), to=window)
    return union(raw)
