"""From pieces to counted runs: minimum run, spanning rule, granularity, weight (steps 6 and 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from sla.engine.facts import ONE
from sla.engine.intervals import ZERO, Interval, clip, intersect, micro, subtract, total, union
from sla.engine.ledger.pieces import Piece
from sla.engine.results import TimeClass
from sla.engine.terms.counting import (
    Alignment,
    Attribution,
    Counting,
    Granularity,
    IntervalRule,
    Overlap,
    RunCounts,
)


@dataclass(slots=True)
class Run:
    """One counted run: its whole length, and what counts of it in the window."""

    during: Interval
    counted: list[Interval]  # the parts that count in the window, before granularity and weight
    elapsed_us: int  # their length
    counted_us: Fraction  # after granularity and weight
    incidents: tuple[str, ...]
    affected: Fraction = ONE


def counted_runs(
    pieces: Sequence[Piece], *, counting: Counting, window: Interval
) -> tuple[list[Run], list[Piece]]:
    """Return the runs that count in the window, and the pieces with short runs relabelled."""
    down = [piece for piece in pieces if piece.time_class is TimeClass.DOWN]
    if not down:
        return [], list(pieces)
    runs: list[Run] = []
    passing: list[Interval] = []
    for stream in _streams(down, overlap=counting.overlap):
        for run in _runs(stream):
            kept = _kept(run, counting=counting)
            if kept is not None:
                passing.append(kept)
                runs += _placed(run, kept=kept, pieces=stream, counting=counting, window=window)
    if counting.min_run > ZERO:
        pieces = _relabelled(pieces, passing=union(passing))
    if counting.granularity is not None:
        _apply_granularity(runs, granularity=counting.granularity, window=window)
    return runs, list(pieces)


def _streams(down: list[Piece], *, overlap: Overlap) -> Iterable[list[Piece]]:
    """Yield what forms runs together: all incidents as one, or each for itself (A15)."""
    if overlap is Overlap.UNION:
        yield down
        return
    unnamed = [piece for piece in down if not piece.incidents]
    if unnamed:
        yield unnamed
    for incident in sorted({ref for piece in down for ref in piece.incidents}):
        yield [
            piece._replace(incidents=(incident,), weight=piece.weight_of(incident), weights=())
            for piece in down
            if incident in piece.incidents
        ]


def _runs(pieces: list[Piece]) -> list[Interval]:
    return union(piece.during for piece in pieces)


def _kept(run: Interval, *, counting: Counting) -> Interval | None:
    """Return the part of a run that counts: none, the whole, or the excess over the minimum (A24)."""
    length = run.end - run.start
    long_enough = length >= counting.min_run if counting.min_run_inclusive else length > counting.min_run
    if not long_enough:
        return None
    if counting.run_counts is RunCounts.EXCESS:
        return Interval(run.start + counting.min_run, run.end)
    return run


def _placed(
    run: Interval, *, kept: Interval, pieces: list[Piece], counting: Counting, window: Interval
) -> list[Run]:
    """Return the run as the spanning rule places it in the window, empty where it belongs elsewhere."""
    rule = counting.attribution
    if rule is Attribution.SPLIT:
        parts = clip([kept], to=window)
    elif rule is Attribution.START:
        parts = [kept] if window.start <= run.start < window.end else []
    else:
        parts = [kept] if window.start < run.end <= window.end else []
    if not any(part.start < part.end for part in parts):
        return []
    inside = [piece for piece in pieces if piece.during.start < run.end and piece.during.end > run.start]
    elapsed = micro(total(parts))
    plain = all(piece.weight is ONE or piece.weight == ONE for piece in inside)
    weighted = Fraction(elapsed) if plain else _weighted(parts, inside)
    incidents = inside[0].incidents
    if len(inside) > 1:
        incidents = tuple(sorted({ref for piece in inside for ref in piece.incidents}))
    return [Run(run, parts, elapsed, weighted, incidents, _most(inside))]


def _most(pieces: list[Piece]) -> Fraction:
    """Return the largest affected share of the pieces."""
    if len(pieces) == 1:
        return pieces[0].affected
    return max(piece.affected for piece in pieces)


def _weighted(parts: list[Interval], pieces: list[Piece]) -> Fraction:
    return sum(
        (micro(total(intersect(parts, [piece.during]))) * piece.weight for piece in pieces), Fraction(0)
    )


def _relabelled(pieces: Sequence[Piece], *, passing: list[Interval]) -> list[Piece]:
    """Return the pieces with what no run counts made `uncounted`."""
    found: list[Piece] = []
    for piece in pieces:
        if piece.time_class is not TimeClass.DOWN:
            found.append(piece)
            continue
        counts = intersect([piece.during], passing)
        short = subtract([piece.during], passing)
        found += [piece._replace(during=part) for part in counts]
        found += [
            piece._replace(during=part, time_class=TimeClass.UNCOUNTED, rule="run.too_short")
            for part in short
        ]
    return sorted(found)


def _apply_granularity(runs: list[Run], *, granularity: Granularity, window: Interval) -> None:
    """Replace each run's counted time by its whole intervals (F16, A26).

    On the clock grid an interval belongs to the first run that touches it, so that none counts twice.
    """
    taken: set[int] = set()
    for run in sorted(runs, key=lambda run: run.during):
        share = run.counted_us / run.elapsed_us if run.elapsed_us else ONE
        if granularity.alignment is Alignment.RUN:
            micros = sum((_run_intervals(part, granularity=granularity) for part in run.counted), 0)
        else:
            micros = _clock_intervals(run, runs=runs, granularity=granularity, window=window, taken=taken)
        run.counted_us = Fraction(micros) * share


def _run_intervals(part: Interval, *, granularity: Granularity) -> int:
    size = granularity.size
    whole, rest = divmod(part.end - part.start, size)
    if granularity.rule is IntervalRule.TOUCHED and rest > ZERO:
        whole += 1
    if granularity.rule is IntervalRule.AT_LEAST and rest >= max(
        granularity.threshold, timedelta(microseconds=1)
    ):
        whole += 1
    if granularity.rule is IntervalRule.NEAREST and rest * 2 >= size:
        whole += 1
    return whole * micro(size)


def _clock_intervals(
    run: Run, *, runs: list[Run], granularity: Granularity, window: Interval, taken: set[int]
) -> int:
    size = granularity.size
    parts = union(part for each in runs for part in each.counted)
    count = 0
    for part in run.counted:
        first = (part.start - window.start) // size
        last = -((window.start - part.end) // size)
        for number in range(first, last):
            interval = Interval(window.start + number * size, window.start + (number + 1) * size)
            if number not in taken and _counts(total(clip(parts, to=interval)), granularity=granularity):
                taken.add(number)
                count += 1
    return count * micro(size)


def _counts(down: timedelta, *, granularity: Granularity) -> bool:
    size = granularity.size
    if granularity.rule is IntervalRule.FULL:
        return down >= size
    if granularity.rule is IntervalRule.TOUCHED:
        return down > ZERO
    if granularity.rule is IntervalRule.AT_LEAST:
        return down >= max(granularity.threshold, timedelta(microseconds=1))
    return down * 2 >= size
