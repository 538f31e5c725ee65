"""Rows of levels: which one a value lies in, with the edges as the clause writes them (A2-A4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from sla.engine.intervals import micro
from sla.engine.money import RoundingMode, round_minor
from sla.engine.terms.credits import Level, Pick, Tier, TierGap
from sla.engine.trace import in_words

# A cut lies right before (0) or right after (1) a value; a row is what lies between two cuts.
Cut = tuple[Fraction, int]


class Row(NamedTuple):
    """A tier between two cuts; None is open."""

    tier: Tier
    low: Cut | None
    high: Cut | None

    def holds(self, value: Fraction) -> bool:
        """Return whether the value lies in the row."""
        return not self.is_above(value) and not self.is_below(value)

    def is_above(self, value: Fraction) -> bool:
        """Return whether all of the row lies above the value."""
        return self.low is not None and not _is_past(value, cut=self.low)

    def is_below(self, value: Fraction) -> bool:
        """Return whether all of the row lies below the value."""
        return self.high is not None and _is_past(value, cut=self.high)


def _is_past(value: Fraction, *, cut: Cut) -> bool:
    """Return whether a value lies on the far side of a cut."""
    at, side = cut
    # Whole numbers: every level passes here several times, and fractions compare five times slower.
    distance = value.numerator * at.denominator - at.numerator * value.denominator
    return distance > 0 or (distance == 0 and side == 0)


class Chosen(NamedTuple):
    """The row that holds, if any, and how it was found: row, overlap, gap or outside."""

    tier: Tier | None
    how: str


@lru_cache(maxsize=1024)
def exact(level: Level | Fraction) -> Fraction:
    """Return a level as an exact number: microseconds for a length of time."""
    return Fraction(micro(level)) if isinstance(level, timedelta) else Fraction(level)


@lru_cache(maxsize=1024)
def rows_of(tiers: tuple[Tier, ...]) -> tuple[Row, ...]:
    """Return the rows with both cuts; a row with one bound reaches to the next row."""
    given = [Row(tier, _low(tier), _high(tier)) for tier in tiers]
    found = []
    for row in given:
        low, high = row.low, row.high
        if low is None and high is not None:
            low = max(
                (other.high for other in given if other.high is not None and other.high < high), default=None
            )
        elif high is None and low is not None:
            high = min(
                (other.low for other in given if other.low is not None and other.low > low), default=None
            )
        found.append(Row(row.tier, low, high))
    return tuple(found)


def _low(tier: Tier) -> Cut | None:
    if tier.at_least is not None:
        return exact(tier.at_least), 0
    return None if tier.above is None else (exact(tier.above), 1)


def _high(tier: Tier) -> Cut | None:
    if tier.below is not None:
        return exact(tier.below), 0
    return None if tier.at_most is None else (exact(tier.at_most), 1)


def choose(tiers: tuple[Tier, ...], *, value: Fraction, pick: Pick, gap: TierGap) -> Chosen:
    """Return the row a value lies in; overlaps and gaps are resolved by the stored options."""
    rows = rows_of(tiers)
    holding = [row.tier for row in rows if row.holds(value)]
    if holding:
        return Chosen(_picked(holding, pick=pick), "row" if len(holding) == 1 else "overlap")
    below = [row for row in rows if row.is_below(value)]
    above = [row for row in rows if row.is_above(value)]
    if not (below and above):
        return Chosen(None, "outside")
    if gap is TierGap.LOWER:
        return Chosen(max(below, key=lambda row: row.high or (value, 0)).tier, "gap")
    if gap is TierGap.HIGHER:
        return Chosen(min(above, key=lambda row: row.low or (value, 0)).tier, "gap")
    return Chosen(None, "gap")


def _picked(tiers: Sequence[Tier], *, pick: Pick) -> Tier:
    if pick is Pick.FIRST:
        return tiers[0]
    return (max if pick is Pick.CUSTOMER else min)(tiers, key=lambda tier: tier.credit)


def rounded(value: Fraction, *, decimals: int | None, mode: RoundingMode = RoundingMode.HALF_UP) -> Fraction:
    """Return the value with so many decimals; None leaves it exact."""
    if decimals is None:
        return value
    scale = 10**decimals
    return Fraction(round_minor(value * scale, mode=mode), scale)


def edges(tiers: tuple[Tier, ...]) -> list[Fraction]:
    """Return every value at which a row begins or ends, ascending."""
    cuts = [cut for row in rows_of(tiers) for cut in (row.low, row.high) if cut is not None]
    return sorted({value for value, _ in cuts})


@lru_cache(maxsize=1024)
def describe(tier: Tier) -> str:
    """Return the bounds of a row in words."""
    words = (
        ("at least", tier.at_least),
        ("above", tier.above),
        ("below", tier.below),
        ("at most", tier.at_most),
    )
    found = [f"{word} {in_words(level)}" for word, level in words if level is not None]
    return " and ".join(found) or "any value"
