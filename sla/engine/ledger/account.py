"""Units combined, runs judged, and the account that balances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sla.engine.facts import ONE
from sla.engine.intervals import Interval, clip, intersect, micro, subtract, total, union
from sla.engine.ledger.combining import Timeline, combined
from sla.engine.ledger.disturbances import Disturbances, disturbances
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.ledger.pieces import Piece
from sla.engine.ledger.runs import Run, counted_runs
from sla.engine.results import Ledger, LedgerLine, TimeClass
from sla.engine.terms.counting import Combine, Counting, ExclusionArithmetic, NoData

NOTHING = Fraction(0)


@dataclass(slots=True)
class Count:
    """What one timeline comes to, with unknown time taken as up or as down."""

    runs: list[Run]
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
    removed_us: list[int]  # what the clause takes out of the agreed time, if it does, per timeline
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
        lines = [combined(lines, combine=combine, span=span)]
    counting = scope.target.counting
    judged = [_count(line, counting=counting, window=window) for line in lines]
    gaps = [[piece for piece in line.unknown if piece.start < scope.known_until] for line in lines]
    counts = worst = judged
    if any(gaps) and counting.no_data is NoData.FAILED:
        counts = worst = _counts_with(lines, also=gaps, counting=counting, window=window)
    if any(line.unknown for line in lines):
        lost = [_doubtful(line, gaps=gap, counting=counting) for line, gap in zip(lines, gaps, strict=True)]
        worst = _counts_with(lines, also=lost, counting=counting, window=window)
    provisional = sorted({reason for d in found for reason in d.provisional})
    return Account(
        ledger=_ledger(tuple(units), lines=lines, counts=judged, window=window),
        timelines=lines,
        counts=counts,
        worst=worst,
        gap_us=[micro(total(clip(gap, to=window))) for gap in gaps],
        removed_us=[
            micro(total(clip(_removed(line, but=gap if counting.no_data is NoData.OMIT else []), to=window)))
            for line, gap in zip(lines, gaps, strict=True)
            if counting.exclusion_arithmetic is ExclusionArithmetic.REMOVED
        ],
        provisional=provisional,
        contested=any(d.contested for d in found),
    )


def _counts_with(
    lines: Sequence[Timeline], *, also: Sequence[list[Interval]], counting: Counting, window: Interval
) -> list[Count]:
    """Return the counts with more time taken as down."""
    return [
        _count(_failed(line, also=more), counting=counting, window=window)
        for line, more in zip(lines, also, strict=True)
    ]


def _span(window: Interval, found: Sequence[Disturbances]) -> Interval:
    """Return the window widened to every chain of outages that touches it, so that runs keep their length."""
    start, end = window
    recorded = [piece.during for d in found for piece in d.pieces]
    for during in union(recorded + [gap for d in found for gap in d.unmeasured]):
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
    line.removable = intersect(found.removable, agreed)
    if scope.known_until < span.end:
        future = intersect(agreed, [Interval(scope.known_until, span.end)])
        agreed = subtract(agreed, future)
        line.unknown = clip(future, to=scope.window.during)
    gaps = intersect(agreed, found.unmeasured)
    line.unknown = [*gaps, *line.unknown]
    known = subtract(agreed, gaps)
    if known != [span]:
        line.pieces = _cut(found.pieces, to=known)
    elif found.pieces:
        line.pieces = [p for p in found.pieces if p.during.end > span.start and p.during.start < span.end]
    return line


def _removed(line: Timeline, *, but: list[Interval]) -> list[Interval]:
    """Return what a clause takes out of the denominator: overflow that counts stays in it (F33)."""
    down = [piece.during for piece in line.pieces if piece.time_class is TimeClass.DOWN]
    out = [piece.during for piece in line.pieces if piece.time_class is TimeClass.EXCLUDED]
    return subtract(union([*line.removable, *out]), union([*down, *but]))


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


def _count(line: Timeline, *, counting: Counting, window: Interval) -> Count:
    runs, pieces = counted_runs(line.pieces, counting=counting, window=window)
    counted = sum((run.counted_us for run in runs[1:]), runs[0].counted_us) if runs else NOTHING
    return Count(runs, counted, pieces)


def _ledger(
    units: tuple[str, ...], *, lines: Sequence[Timeline], counts: Sequence[Count], window: Interval
) -> Ledger:
    sums: dict[TimeClass, int] = dict.fromkeys(TimeClass, 0)
    entries: list[LedgerLine] = []
    length = micro(window.length)
    for line, count in zip(lines, counts, strict=True):
        sums[TimeClass.UP] += length
        for entry in _entries(line, pieces=count.pieces, window=window):
            micros = micro(entry.during.end - entry.during.start)
            sums[entry.time_class] += micros
            sums[TimeClass.UP] -= micros
            entries.append(entry)
    return Ledger(
        units=units,
        total_us=length * len(lines),
        classes=tuple((label, us) for label, us in sums.items() if us or label is TimeClass.UP),
        lines=tuple(sorted(entries, key=lambda entry: (entry.during, entry.units))),
    )


def _entries(line: Timeline, *, pieces: Sequence[Piece], window: Interval) -> Iterator[LedgerLine]:
    """Yield the account's lines of one timeline: everything that is not plain up time."""
    own = line.units if len(line.units) == 1 else ()
    for label, stretches in (
        (TimeClass.NOT_IN_SERVICE, line.not_in_service),
        (TimeClass.OUTSIDE_HOURS, line.outside),
        (TimeClass.UNKNOWN, line.unknown),
    ):
        for during in clip(stretches, to=window):
            yield LedgerLine(label, during, own)
    for piece in pieces:
        for during in clip([piece.during], to=window):
            yield LedgerLine(
                piece.time_class,
                during,
                own,
                piece.incidents,
                piece.rule,
                piece.clause,
                piece.by,
                piece.why,
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
