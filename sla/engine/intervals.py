"""Half-open stretches of time ``[start, end)`` and their set algebra.

Every list of intervals that these functions take or return is sorted and disjoint, except where
the name says ``raw``; touching pieces are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

ZERO = timedelta(0)
MICROSECOND = timedelta(microseconds=1)


class Interval(NamedTuple):
    """Instants from ``start`` up to but not including ``end``, both UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """Return the elapsed time, zero where the end is not after the start."""
        return self.end - self.start if self.end > self.start else ZERO


def union(raw: Iterable[Interval]) -> list[Interval]:
    """Return the instants covered by any of the intervals; empty and backward ones vanish."""
    merged: list[Interval] = []
    for piece in sorted(raw):
        if piece.end <= piece.start:
            continue
        if merged and piece.start <= merged[-1].end:
            if piece.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, piece.end)
        else:
            merged.append(piece)
    return merged


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the instants in both."""
    found: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start, right[j].start)
        end = min(left[i].end, right[j].end)
        if start < end:
            found.append(Interval(start, end))
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return found


def subtract(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the instants in ``left`` that are not in ``right``."""
    if not right:
        return list(left)
    found: list[Interval] = []
    j = 0
    for piece in left:
        start = piece.start
        while j < len(right) and right[j].end <= start:
            j += 1
        k = j
        while k < len(right) and right[k].start < piece.end:
            if right[k].start > start:
                found.append(Interval(start, right[k].start))
            start = max(start, right[k].end)
            k += 1
        if start < piece.end:
            found.append(Interval(start, piece.end))
    return found


def clip(pieces: Iterable[Interval], *, to: Interval) -> list[Interval]:
    """Return the parts of the pieces that lie inside ``to``."""
    return [
        Interval(max(p.start, to.start), min(p.end, to.end))
        for p in pieces
        if p.start < to.end and p.end > to.start and p.start < p.end
    ]


def total(pieces: Iterable[Interval]) -> timedelta:
    """Return the summed length."""
    return sum((p.end - p.start for p in pieces), ZERO)


def micro(length: timedelta) -> int:
    """Return a length as whole microseconds."""
    return length // MICROSECOND
