"""Several units as one: down while any of them is, or only while all are (F4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sla.engine.intervals import Interval, intersect, subtract, union
from sla.engine.ledger.pieces import Piece, joined, joint
from sla.engine.results import TimeClass
from sla.engine.terms.counting import Combine


@dataclass(slots=True)
class Timeline:
    """One unit, or a combined group as one unit, over the window and the outages around it."""

    units: tuple[str, ...]
    pieces: list[Piece]
    not_in_service: list[Interval] = field(default_factory=list)
    outside: list[Interval] = field(default_factory=list)
    unknown: list[Interval] = field(default_factory=list)
    removable: list[Interval] = field(default_factory=list)


_ORDER_ANY = (
    TimeClass.DOWN,
    TimeClass.UNKNOWN,
    TimeClass.NOT_ATTRIBUTED,
    TimeClass.STOPPED,
    TimeClass.EXCLUDED,
    TimeClass.UNCOUNTED,
    TimeClass.UP,
    TimeClass.OUTSIDE_HOURS,
    TimeClass.NOT_IN_SERVICE,
)


def combined(lines: Sequence[Timeline], *, combine: Combine, span: Interval) -> Timeline:
    """Return several units as one: down while any of them is, or only while all are (F4)."""
    spans = [_classes(line) for line in lines]
    edges = sorted(
        {span.start, span.end, *(edge for pieces in spans for piece in pieces for edge in piece.during)}
    )
    group = Timeline(tuple(unit for line in lines for unit in line.units), [])
    positions = [0] * len(spans)
    for start, end in pairwise(edges):
        here: list[Piece | None] = []
        for i, pieces in enumerate(spans):
            while positions[i] < len(pieces) and pieces[positions[i]].during.end <= start:
                positions[i] += 1
            at = pieces[positions[i]] if positions[i] < len(pieces) else None
            here.append(at if at is not None and at.during.start <= start else None)
        _place(group, here, during=Interval(start, end), combine=combine)
    group.pieces = joined(group.pieces)
    group.not_in_service, group.outside = union(group.not_in_service), union(group.outside)
    group.removable = _removable(lines, combine=combine, absent=group.not_in_service)
    return group


def _removable(lines: Sequence[Timeline], *, combine: Combine, absent: list[Interval]) -> list[Interval]:
    """Return the announced time of any unit, or of all units that are in service."""
    if combine is Combine.ANY:
        return union(piece for line in lines for piece in line.removable)
    common, *others = [union([*line.removable, *line.not_in_service]) for line in lines]
    for other in others:
        common = intersect(common, other)
    return subtract(common, absent)


def _classes(line: Timeline) -> list[Piece]:
    """Return everything but plain up time of one unit, sorted."""
    plain = [
        Piece(piece, label, ())
        for label, pieces in (
            (TimeClass.NOT_IN_SERVICE, line.not_in_service),
            (TimeClass.OUTSIDE_HOURS, line.outside),
            (TimeClass.UNKNOWN, line.unknown),
        )
        for piece in pieces
    ]
    return sorted([*plain, *line.pieces])


def _place(group: Timeline, here: Sequence[Piece | None], *, during: Interval, combine: Combine) -> None:
    chosen = _any(here) if combine is Combine.ANY else _all(here)
    if chosen is None:
        return
    if chosen.time_class is TimeClass.NOT_IN_SERVICE:
        group.not_in_service.append(during)
    elif chosen.time_class is TimeClass.OUTSIDE_HOURS:
        group.outside.append(during)
    elif chosen.time_class is TimeClass.UNKNOWN:
        group.unknown.append(during)
    else:
        disturbed = [piece for piece in here if piece is not None]
        if chosen.time_class is TimeClass.DOWN:
            disturbed = [piece for piece in disturbed if piece.time_class is TimeClass.DOWN]
        together = joint(chosen, of=disturbed)
        group.pieces.append(together._replace(during=during, weight=chosen.weight))


def _any(here: Sequence[Piece | None]) -> Piece | None:
    labels = [piece.time_class if piece else TimeClass.UP for piece in here]
    best = min(labels, key=_ORDER_ANY.index)
    same = [piece for piece in here if piece and piece.time_class is best]
    return max(same, key=lambda piece: piece.weight) if same else None


def _all(here: Sequence[Piece | None]) -> Piece | None:
    """Return the group's piece where only the units in service are asked."""
    asked = [piece for piece in here if piece is None or piece.time_class is not TimeClass.NOT_IN_SERVICE]
    if not asked:
        return here[0]
    disturbed = [piece for piece in asked if piece is not None]
    if len(disturbed) < len(asked):
        if any(piece.time_class is TimeClass.DOWN for piece in disturbed):
            down = next(piece for piece in disturbed if piece.time_class is TimeClass.DOWN)
            return down._replace(time_class=TimeClass.UNCOUNTED, rule="combine.another_unit_up")
        return None
    for label in (
        TimeClass.OUTSIDE_HOURS,
        TimeClass.UNKNOWN,
        TimeClass.NOT_ATTRIBUTED,
        TimeClass.STOPPED,
        TimeClass.EXCLUDED,
        TimeClass.UNCOUNTED,
    ):
        for piece in disturbed:
            if piece.time_class is label:
                return piece
    return min(disturbed, key=lambda piece: piece.weight)
