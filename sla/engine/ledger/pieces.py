"""Labelled stretches of time, and several of them in one second: the most countable label stands."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from sla.engine.facts import ONE
from sla.engine.intervals import Interval
from sla.engine.results import TimeClass

# The class that names a second which several incidents claim: down while any of them counts.
_RANK = {
    TimeClass.DOWN: 0,
    TimeClass.NOT_ATTRIBUTED: 1,
    TimeClass.STOPPED: 2,
    TimeClass.EXCLUDED: 3,
    TimeClass.UNCOUNTED: 4,
}


class Piece(NamedTuple):
    """A labelled stretch of one unit, or of a combined group.

    ``weight`` is how much its time counts; ``weights`` are those of its incidents, in their order,
    where several meet, for clauses that add them up.
    """

    during: Interval
    time_class: TimeClass
    incidents: tuple[str, ...]
    weight: Fraction = ONE
    rule: str = ""
    clause: str = ""
    by: str = ""
    why: str = ""
    affected: Fraction = ONE
    weights: tuple[Fraction, ...] = ()

    def weight_of(self, incident: str) -> Fraction:
        """Return how much the time counts for one of its incidents."""
        return self.weights[self.incidents.index(incident)] if self.weights else self.weight


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
    affected = max(piece.affected for piece in same)
    return joint(first, of=same)._replace(during=during, affected=affected)


def joint(piece: Piece, *, of: Sequence[Piece]) -> Piece:
    """Return a piece that stands for several: their incidents together, the largest weight."""
    weights: dict[str, Fraction] = {}
    for one in of:
        for incident in one.incidents:
            weight = one.weight_of(incident)
            weights[incident] = max(weight, weights.get(incident, weight))
    incidents = tuple(sorted(weights))
    own = tuple(weights[incident] for incident in incidents)
    return piece._replace(
        incidents=incidents, weight=max(one.weight for one in of), weights=own if len(set(own)) > 1 else ()
    )


def joined(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with touching ones of the same label made one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].during.end == piece.during.start and found[-1][1:] == piece[1:]:
            found[-1] = piece._replace(during=Interval(found[-1].during.start, piece.during.end))
        else:
            found.append(piece)
    return found
