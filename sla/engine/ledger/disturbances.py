"""Recorded outages of one unit -> labelled, disjoint pieces of agreed service time.

Order: whose clock, whose position, start and end rule, clock stops, exclusions; then several
incidents in one second: the most countable label stands (design: the first rule that takes a
second names it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from sla.engine.facts import Outage, Party, Position, Responsible
from sla.engine.intervals import Interval, union
from sla.engine.ledger.consumption import unused
from sla.engine.ledger.exclusions import POSITIONS_HELD, granted
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.ledger.labels import Stretch, labelled
from sla.engine.ledger.pieces import Piece, merge
from sla.engine.terms.counting import Attribution, EndRule, OutageKind, StartRule
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
    found.pieces = unused(merge(raw), unit=unit, index=index, scope=scope)
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
        kept = [row for row in theirs if row.measured_by is order[best]]
        chosen += kept
        if best and any(_touches((row.started_at, row.ended_at), scope=scope) for row in kept):
            provisional.append(
                f"{incident} has no times by {order[0].value.replace('_', ' ')}, the clock of record; "
                f"those by {order[best].value.replace('_', ' ')} are used"
            )
    return chosen


def _touches(during: tuple[datetime, datetime | None], *, scope: Scope) -> bool:
    """Return whether an outage bears on the window: what lies elsewhere makes nothing provisional."""
    start, end = during
    window = scope.window.during
    return start < window.end and (end is None or end > window.start)


def _undecided(during: Interval, *, scope: Scope) -> bool:
    """Return whether time that is not known yet decides if an outage counts, or in which window."""
    if not during.start < scope.known_until < during.end:
        return False
    counting = scope.target.counting
    so_far = scope.known_until - during.start
    return counting.attribution is not Attribution.SPLIT or so_far <= counting.min_run


class Held(NamedTuple):
    """What holds of an outage in one reading, after the positions of the parties."""

    started_at: datetime
    ended_at: datetime | None
    responsible: Responsible | None
    share: Fraction
    exclusion: Position | None


def _held(row: Outage, *, reading: Party) -> Held:
    """Return an outage as one party reads it: determined beats agreed beats a party's own position.

    The vendor's reading starts from ours: where it is silent, it contests nothing.
    """
    held = Held(row.started_at, row.ended_at, row.responsible, row.share, None)
    for party in POSITIONS_HELD[reading] if row.positions else ():
        for position in row.positions:
            if position.party is party:
                held = Held(
                    position.started_at or held.started_at,
                    position.ended_at or held.ended_at,
                    position.responsible or held.responsible,
                    held.share if position.share is None else position.share,
                    position if position.exclusion else held.exclusion,
                )
    return held


def _stretch(row: Outage, *, index: FactIndex, scope: Scope, found: Disturbances) -> Stretch:
    held = _held(row, reading=scope.reading)
    end = held.ended_at
    reasons = []
    if end is None:
        end = min(scope.known_until, scope.window.during.end)
        reasons.append(f"{row.incident} is still open")
    if held.responsible is None:
        reasons.append(f"nobody has confirmed who is responsible for {row.incident}")
    during = _ruled(row, during=Interval(held.started_at, end), index=index, scope=scope, reasons=reasons)
    if _undecided(during, scope=scope):
        reasons.append(f"{row.incident} was not over at {scope.known_until:%Y-%m-%d %H:%M} UTC")
    if _touches(during, scope=scope):
        found.provisional += reasons
        found.contested = found.contested or _is_contested(row, index=index)
    return Stretch(row, during, held.responsible, held.share, held.exclusion)


def _is_contested(row: Outage, *, index: FactIndex) -> bool:
    """Return whether the vendor's reading of an outage differs from ours."""
    if row.positions and _held(row, reading=Party.OURS) != _held(row, reading=Party.VENDORS):
        return True
    return any(
        fact.party is Party.VENDORS and fact.incident in ("", row.incident) for fact in index.facts.exclusions
    )


def _ruled(row: Outage, *, during: Interval, index: FactIndex, scope: Scope, reasons: list[str]) -> Interval:
    """Return the interval by the start rule (F13) and the end rule (F14)."""
    counting = scope.target.counting
    start, end = during
    if counting.start is not StartRule.OCCURRED:
        known = _known_at(row, rule=counting.start, index=index)
        if known is None:
            reasons.append(
                f"{row.incident} has no time '{counting.start.value.replace('_', ' ')}', which starts "
                f"the clock; the start of the outage is used"
            )
        start = max(start, known or start)
    if counting.end is not EndRule.RESTORED:
        closed = index.milestone(row.incident, unit=row.unit, kind=Milestone.CLOSED)
        if closed is None and counting.end is EndRule.CLOSED:
            reasons.append(f"{row.incident} has no time 'closed', which ends the clock")
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
