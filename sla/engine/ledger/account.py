"""Units combined, runs judged, and the account that balances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from sla.engine.facts import ONE
from sla.engine.intervals import Interval, clip, intersect, micro, subtract, total, union
from sla.engine.ledger.disturbances import Disturbances, Piece, disturbances, joined
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.ledger.runs import Run, counted_runs
from sla.engine.results import Ledger, LedgerLine, TimeClass
from sla.engine.terms.counting import Combine, Counting, NoData

NOTHING = Fraction(0)


@dataclass(slots=True)
class Timeline:
    """One unit, or a combined group as one unit, over the window and the outages around it."""

    units: tuple[str, ...]
    pieces: list[Piece]
    not_in_service: list[Interval] = field(default_factory=list)
    outside: list[Interval] = field(default_factory=list)
    unknown: list[Interval] = field(default_factory=list)
    removable: list[Interval] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    """What one timeline comes to, with unknown time taken as up or as down."""

    runs: list[Run]
    down_us: int  # ledger down
    counted_us: Fraction
    pieces: list[Piece]  # after runs were judged, not clipped


@dataclass(slots=True)
class Account:
    """The balanced account of a group of units and its counts for both ends of the range."""

    ledger: Ledger
    timelines: list[Timeline]
    counts: list[Count]  # by the no-data rule, what has not happened taken as up; one per timeline
    worst: list[Count]  # what is unknown taken as down; the same list where nothing is
    gap_us: list[int]  # unmeasured time that is over, per timeline
    removable_us: list[int]
    provisional: list[str]
    contested: bool


def account_of(units: Sequence[str], *, combine: Combine, index: FactIndex, scope: Scope) -> Account:
    """Return the account of the units over the scope's window.

    Combined by any or all, the group is one unit; pooled and each sum one account per unit. Classes
    sum to elapsed time x accounts, in unit-microseconds.
    """
    window = scope.window.during
    found = [disturbances(unit, index=index, scope=scope) for unit in units]
    span = _span(window, found)
    lines = [
        _timeline(unit, d, span=span, index=index, scope=scope) for unit, d in zip(units, found, strict=True)
    ]
    if combine in (Combine.ANY, Combine.ALL) and len(lines) > 1:
        lines = [_combined(lines, combine=combine, span=span)]
    counting = scope.target.counting
    counts = worst = judged = [_count(line, counting=counting, window=window) for line in lines]
    gaps = [[piece for piece in line.unknown if piece.start < scope.known_until] for line in lines]
    if any(gaps) and counting.no_data is NoData.FAILED:
        counts = worst = [
            _count(_failed(line, also=gap), counting=counting, window=window)
            for line, gap in zip(lines, gaps, strict=True)
        ]
    if any(line.unknown for line in lines):
        lost = [_doubtful(line, gaps=gap, counting=counting) for line, gap in zip(lines, gaps, strict=True)]
        worst = [
            _count(_failed(line, also=also), counting=counting, window=window)
            for line, also in zip(lines, lost, strict=True)
        ]
    provisional = list(dict.fromkeys(reason for d in found for reason in d.provisional))
    return Account(
        ledger=_ledger(tuple(units), lines=lines, counts=judged, window=window),
        timelines=lines,
        counts=counts,
        worst=worst,
        gap_us=[micro(total(clip(gap, to=window))) for gap in gaps],
        removable_us=[micro(total(clip(line.removable, to=window))) for line in lines],
        provisional=provisional,
        contested=any(d.contested for d in found),
    )


def _span(window: Interval, found: Sequence[Disturbances]) -> Interval:
    """Return the window widened to every outage that touches it, so that runs keep their length."""
    start, end = window
    touching = sorted((piece.during for d in found for piece in d.pieces), key=lambda during: during.start)
    for during in touching:
        if during.end >= window.start and during.start <= window.end:
            start, end = min(start, during.start), max(end, during.end)
    return Interval(start, end)


def _timeline(unit: str, found: Disturbances, *, span: Interval, index: FactIndex, scope: Scope) -> Timeline:
    fact = index.units.get(unit)
    if fact is None:
        raise ValueError(
            f"Service {unit!r} of {scope.target.code!r} is not among the facts. Add the service."
        )
    line = Timeline((unit,), found.pieces)
    agreed = [span]
    if fact.in_service_from is not None or fact.in_service_until is not None:
        inside = Interval(
            max(span.start, fact.in_service_from or span.start),
            min(span.end, fact.in_service_until or span.end),
        )
        agreed = [inside] if inside.start < inside.end else []
        line.not_in_service = subtract([span], agreed)
    if scope.target.calendar:
        open_hours = list(index.open_hours(scope.target.calendar, during=span))
        line.outside = subtract(agreed, open_hours)
        agreed = intersect(agreed, open_hours)
    line.unknown = _unknown(found, agreed=agreed, known_until=scope.known_until, end=span.end)
    line.removable = intersect(found.removable, agreed)
    known = subtract(agreed, line.unknown)
    if known != [span]:
        line.pieces = _cut(found.pieces, to=known)
    elif found.pieces:
        line.pieces = [p for p in found.pieces if p.during.end > span.start and p.during.start < span.end]
    return line


def _unknown(
    found: Disturbances, *, agreed: list[Interval], known_until: datetime, end: datetime
) -> list[Interval]:
    """Return what nobody measured and what has not happened, apart at the instant between them."""
    future = intersect(agreed, [Interval(known_until, end)]) if known_until < end else []
    if not found.unmeasured:
        return future
    past = intersect(agreed, found.unmeasured)
    return sorted([*subtract(past, future), *future])


def _cut(pieces: Sequence[Piece], *, to: list[Interval]) -> list[Piece]:
    return [piece._replace(during=part) for piece in pieces for part in intersect([piece.during], to)]


def _doubtful(line: Timeline, *, gaps: list[Interval], counting: Counting) -> list[Interval]:
    """Return the unknown time that may turn out as down: gaps only where the clause leaves them open."""
    if counting.no_data in (NoData.UNKNOWN, NoData.FAILED):
        return line.unknown
    return subtract(line.unknown, gaps)


def _failed(line: Timeline, *, also: list[Interval]) -> Timeline:
    """Return the timeline with unknown time taken as down."""
    unknown = [Piece(piece, TimeClass.DOWN, (), rule="unknown.as_down") for piece in also]
    return Timeline(line.units, sorted([*line.pieces, *unknown]), line.not_in_service, line.outside)


# --- several units as one -------------------------------------------------------------------------

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


def _combined(lines: Sequence[Timeline], *, combine: Combine, span: Interval) -> Timeline:
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
    removable = [line.removable for line in lines]
    group.removable = (
        union(piece for each in removable for piece in each) if combine is Combine.ANY else removable[0]
    )
    if combine is Combine.ALL:
        for each in removable[1:]:
            group.removable = intersect(group.removable, each)
    return group


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
        incidents = tuple(sorted({ref for piece in here if piece for ref in piece.incidents}))
        group.pieces.append(chosen._replace(during=during, incidents=incidents))


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


# --- runs and the ledger --------------------------------------------------------------------------


def _count(line: Timeline, *, counting: Counting, window: Interval) -> Count:
    runs, pieces = counted_runs(line.pieces, counting=counting, window=window)
    down = total(clip(union(p.during for p in pieces if p.time_class is TimeClass.DOWN), to=window))
    counted = sum((run.counted_us for run in runs[1:]), runs[0].counted_us) if runs else NOTHING
    return Count(runs, micro(down), counted, pieces)


def _ledger(
    units: tuple[str, ...], *, lines: Sequence[Timeline], counts: Sequence[Count], window: Interval
) -> Ledger:
    sums: Counter[TimeClass] = Counter()
    entries: list[LedgerLine] = []
    length = micro(window.length)
    for line, count in zip(lines, counts, strict=True):
        own = (line.units[0],) if len(line.units) == 1 else ()
        disturbed = 0
        for time_class, pieces in (
            (TimeClass.NOT_IN_SERVICE, line.not_in_service),
            (TimeClass.OUTSIDE_HOURS, line.outside),
            (TimeClass.UNKNOWN, line.unknown),
        ):
            for piece in clip(pieces, to=window):
                sums[time_class] += micro(piece.length)
                disturbed += micro(piece.length)
                entries.append(LedgerLine(time_class, piece, own))
        for piece in count.pieces:
            for during in clip([piece.during], to=window):
                sums[piece.time_class] += micro(during.length)
                disturbed += micro(during.length)
                entries.append(
                    LedgerLine(
                        piece.time_class,
                        during,
                        own,
                        piece.incidents,
                        piece.rule,
                        piece.clause,
                        piece.by,
                        piece.why,
                    )
                )
        sums[TimeClass.UP] += length - disturbed
    return Ledger(
        units=units,
        total_us=length * len(lines),
        classes=tuple((label, sums[label]) for label in TimeClass if sums[label] or label is TimeClass.UP),
        lines=tuple(sorted(entries, key=lambda entry: (entry.during, entry.units))),
    )


def affected_share(account: Account) -> Fraction:
    """Return the largest affected share among what counted, one where nothing did."""
    if not any(count.runs for count in account.counts):
        return ONE
    shares = [
        piece.affected
        for count in account.counts
        for piece in count.pieces
        if piece.time_class is TimeClass.DOWN
    ]
    return max(shares, default=ONE)
