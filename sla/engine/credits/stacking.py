"""One root cause that misses several levels: each pays, the best pays, the most points count (A30)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from sla.engine.credits.lines import NOTHING, Line, Setting, cut, removal, same_kind
from sla.engine.intervals import Interval
from sla.engine.results import CreditState
from sla.engine.terms.credits import Pays
from sla.engine.terms.versions import Stacking
from sla.engine.trace import rules

rules(
    credit__stacked="{winner} pays more for the same event ({roots}), so {value} of this credit is not paid.",
    credit__stacked_selected="The customer selects one credit for the same event ({roots}); until then "
    "the highest, {winner}, pays: {value} of this one is not paid.",
    credit__stacked_points="Only the failure with the most points counts for one event ({roots}): {winner}, "
    "so {value} do not.",
)

_RULES = {
    Stacking.EACH: "credit.stacked",
    Stacking.BEST: "credit.stacked",
    Stacking.SELECT: "credit.stacked_selected",
    Stacking.MAX_POINTS: "credit.stacked_points",
}

# Where a piece stands: the place of its line and its place in the line.
Place = tuple[int, int]


def stacked(lines: Sequence[Line], *, setting: Setting) -> list[Line]:
    """Return the lines with only the selected credit left for each root cause."""
    found = list(lines)
    if len({line.target for line in lines}) < 2:
        return found
    for group in _groups(found, setting=setting):
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for i, j in group:
            sums[found[i].target] += found[i].pieces[j].left
        if len(sums) < 2:
            continue
        # The lower code wins a tie, so that the order of input plays no part.
        winner = min(sums, key=lambda target: (-sums[target], target))
        for i in sorted({i for i, _ in group}):
            if found[i].target != winner:
                places = [j for line, j in group if line == i]
                found[i] = _lost(found[i], places=places, winner=winner, setting=setting)
    return found


def _groups(lines: Sequence[Line], *, setting: Setting) -> list[list[Place]]:
    """Return the pieces that stand for the same cause, in groups."""
    places = [(i, j) for i, line in enumerate(lines) for j, piece in enumerate(line.pieces) if piece.left]
    parent = {place: place for place in places}

    def top(place: Place) -> Place:
        while parent[place] != place:
            place = parent[place]
        return place

    for n, one in enumerate(places):
        for other in places[:n]:
            if _exclusive(lines, one=one, other=other, setting=setting):
                parent[max(top(one), top(other))] = min(top(one), top(other))
    groups: dict[Place, list[Place]] = defaultdict(list)
    for place in places:
        groups[top(place)].append(place)
    return list(groups.values())


def _exclusive(lines: Sequence[Line], *, one: Place, other: Place, setting: Setting) -> bool:
    """Return whether only one of two pieces may pay."""
    left, right = lines[one[0]], lines[other[0]]
    if left.version != right.version or left.target == right.target or not same_kind(left.pays, right.pays):
        return False
    rule = setting.versions[left.version].stacking
    points = left.pays is Pays.POINTS
    by_terms = points if rule is Stacking.MAX_POINTS else rule is not Stacking.EACH
    named = _names(left, right.target) or _names(right, left.target)
    if not by_terms and not named:
        return False
    roots, others = left.pieces[one[1]].roots, right.pieces[other[1]].roots
    if roots and others:
        return not set(roots).isdisjoint(others)
    # Without a recorded event, alternatives meet in the same time.
    return named and _meet(left.window.during, right.window.during)


def _names(line: Line, target: str) -> bool:
    return line.rule is not None and target in line.rule.alternatives


def _meet(left: Interval, right: Interval) -> bool:
    return left.start < right.end and right.start < left.end


def _lost(line: Line, *, places: Sequence[int], winner: str, setting: Setting) -> Line:
    terms = setting.versions[line.version]
    roots = sorted({root for place in places for root in line.pieces[place].roots})
    step = removal(
        _RULES[terms.stacking],
        line=line,
        currency=setting.schedule.currency,
        clause=terms.stacking_clause,
        winner=winner,
        roots=", ".join(roots) or "same time",
    )
    shorter = cut(line, lefts=dict.fromkeys(places, NOTHING), code="stacking", step=step)
    return shorter if shorter.left else replace(shorter, state=CreditState.NOT_SELECTED)
