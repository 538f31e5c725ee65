"""Rows of levels: order, gaps, overlaps, uncovered ends, falling credits, the row that meets the level."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from sla.engine.intervals import micro
from sla.engine.periods import PeriodKind
from sla.engine.terms.counting import Metric
from sla.engine.terms.credits import Level, Points, Tier, Tiered, TierOn
from sla.engine.terms.problems import Problem
from sla.engine.terms.targets import Op, Target
from sla.engine.terms.validation.notes import is_noted, or_note
from sla.engine.terms.versions import Schedule, Terms
from sla.engine.trace import written_length

_DAY_US = 86_400_000_000
_ABOUT = Fraction(15, 100)  # a duration this near to an allowance is meant to be that allowance


class Edge(NamedTuple):
    """A cut right before (0) or right after (1) a level."""

    level: Level
    side: int

    @property
    def at(self) -> tuple[Fraction, int]:
        """Return the cut on the exact scale: microseconds for a length of time."""
        level = self.level
        return (Fraction(micro(level)) if isinstance(level, timedelta) else Fraction(level)), self.side


class Span(NamedTuple):
    """One row between its own two cuts; None is not stated."""

    number: int
    tier: Tier
    low: Edge | None
    high: Edge | None

    @property
    def word(self) -> str:
        """Return the row's number for reading."""
        return f"tier {self.number + 1}"


class Table(NamedTuple):
    """The rows of one service level, with what is needed to judge and to name them."""

    target: Target
    spans: tuple[Span, ...]
    falling: bool
    grain: Fraction  # values between rows that rounding never gives

    @property
    def name(self) -> str:
        """Return the service level's name in quotes."""
        return repr(self.target.name)

    @property
    def advice(self) -> str:
        """Return what to do where the clause really says so."""
        return or_note(self.target.code)

    @property
    def pairs(self) -> Iterator[tuple[Span, Span]]:
        """Yield each row with the one after it."""
        return pairwise(self.spans)


def row_problems(target: Target, *, terms: Terms, schedule: Schedule) -> Iterator[Problem]:
    """Yield what the rows of one service level say against each other and against its level."""
    params = target.credit.params if target.credit else None
    if not isinstance(params, Tiered | Points):
        return
    if not params.tiers:
        yield Problem("credit.tiers", f"{target.name!r} has no tiers. Give at least one row with its credit.")
        return
    spans = tuple(Span(i, tier, _low(tier), _high(tier)) for i, tier in enumerate(params.tiers))
    grain = Fraction(0) if params.row_decimals is None else Fraction(1, 10**params.row_decimals)
    table = Table(target, spans, is_falling(target), grain)
    found = list(_own(table)) or list(_order(table))
    yield from found
    if found or is_noted(terms, target.code):
        return
    yield from (*_joints(table), *_credits(table), *_worst_end(table), *_first_row(table))
    yield from _month_lengths(table, schedule=schedule)


def is_falling(target: Target) -> bool:
    """Return whether worse means lower: so for availability and shares, not for time and counts."""
    params = target.credit.params if target.credit else None
    if isinstance(params, Tiered) and params.on is not TierOn.VALUE:
        return False
    return target.op in (Op.AT_LEAST, Op.ABOVE)


def _low(tier: Tier) -> Edge | None:
    if tier.at_least is not None:
        return Edge(tier.at_least, 0)
    return None if tier.above is None else Edge(tier.above, 1)


def _high(tier: Tier) -> Edge | None:
    if tier.below is not None:
        return Edge(tier.below, 0)
    return None if tier.at_most is None else Edge(tier.at_most, 1)


def _place(span: Span) -> str:
    return f"credit.tiers[{span.number}]"


def _text(level: Level) -> str:
    if isinstance(level, timedelta):
        return written_length(micro(level))
    return f"{level.normalize():f}"


def _own(table: Table) -> Iterator[Problem]:
    for span in table.spans:
        tier, row = span.tier, f"Tier {span.number + 1} of {table.name}"
        doubled = (tier.at_least is not None and tier.above is not None) or (
            tier.below is not None and tier.at_most is not None
        )
        if doubled:
            yield Problem(_place(span), f"{row} has two bounds on one side. Keep one.")
        elif span.low and span.high and span.low.at >= span.high.at:
            bounds = f"{_text(span.low.level)} to {_text(span.high.level)}"
            yield Problem(_place(span), f"{row} runs from {bounds} and holds no value. Correct its bounds.")
        elif span.low is None and span.high is None and len(table.spans) > 1:
            yield Problem(_place(span), f"{row} has no bound beside other tiers. Give it one.")


def _start(span: Span, *, falling: bool) -> Edge | None:
    """Return where a row starts, seen from the good end; a row with one bound starts there."""
    return (span.high or span.low) if falling else (span.low or span.high)


def _order(table: Table) -> Iterator[Problem]:
    for before, after in table.pairs:
        first = _start(before, falling=table.falling)
        second = _start(after, falling=table.falling)
        if first is None or second is None:
            continue
        row = f"Tier {after.number + 1} of {table.name} starts at {_text(second.level)}"
        if first.at == second.at:
            yield Problem(_place(after), f"{row}, like {before.word}. Give each tier a start of its own.")
        elif (second.at > first.at) is table.falling:
            where, way = ("above", "highest level down") if table.falling else ("below", "lowest level up")
            yield Problem(
                _place(after),
                f"{row}, {where} {before.word} ({_text(first.level)}). Order tiers from the {way}.",
            )


def _joints(table: Table) -> Iterator[Problem]:
    for before, after in table.pairs:
        lower, upper = (after, before) if table.falling else (before, after)
        rows = f"Tiers {before.number + 1} and {after.number + 1} of {table.name}"
        end, start = lower.high, upper.low
        if end is None and start is None:
            # A row with one bound reaches to the next row, but then one of the two must have the bound.
            yield Problem(_place(after), f"{rows} have no bound between them. Give one of them one.")
        if end is None or start is None or _touch(end, start, grain=table.grain):
            continue
        low, high = sorted((end, start), key=lambda edge: edge.at)
        between = (
            _text(low.level) if low.at[0] == high.at[0] else f"{_text(low.level)} to {_text(high.level)}"
        )
        if end.at < start.at:
            yield Problem(_place(after), f"{rows} leave {between} uncovered. Close the gap. {table.advice}")
        else:
            yield Problem(_place(after), f"{rows} both hold {between}. End one of them. {table.advice}")


def _touch(end: Edge, start: Edge, *, grain: Fraction) -> bool:
    """Return whether nothing lies between two cuts; rounded values leave the steps between them free."""
    inclusive = end.side == 1 and start.side == 0
    return end.at == start.at or (inclusive and Fraction(0) < start.at[0] - end.at[0] <= grain)


def _credits(table: Table) -> Iterator[Problem]:
    for before, after in table.pairs:
        less, more = after.tier.credit, before.tier.credit
        if less < more:
            yield Problem(
                f"{_place(after)}.credit",
                f"Tier {after.number + 1} of {table.name} pays {_text(less)} for a worse value than "
                f"{before.word}, which pays {_text(more)}. Correct one. {table.advice}",
            )


def _worst_end(table: Table) -> Iterator[Problem]:
    last = table.spans[-1]
    edge, other = (last.low, last.high) if table.falling else (last.high, last.low)
    if edge is None or other is None or (table.falling and edge.at <= (Fraction(0), 0)):
        return
    beyond = "below" if table.falling else "above"
    yield Problem(
        _place(last),
        f"Nothing is paid {beyond} {_text(edge.level)}, where tier {last.number + 1} of {table.name} ends. "
        f"Leave that bound out. {table.advice}",
    )


def _first_row(table: Table) -> Iterator[Problem]:
    """Yield where the first row begins later or earlier than the level is missed."""
    target, first = table.target, table.spans[0]
    rule = target.credit
    if rule is None or (isinstance(rule.params, Tiered) and rule.params.on is not TierOn.VALUE):
        return
    edge = first.high if table.falling else first.low
    level = Edge(target.level, _side_of(target.op))
    if edge is None or edge.at == level.at or type(edge.level) is not type(level.level):
        return
    if Fraction(0) < abs(edge.at[0] - level.at[0]) <= table.grain:
        return
    row = f"Tier 1 of {table.name} starts at {_text(edge.level)}"
    goal = f"the level {target.op.value} {_text(target.level)}"
    if (edge.at < level.at) is table.falling:
        yield Problem(
            _place(first),
            f"{row}: between it and {goal} a miss pays nothing. Start at the level. {table.advice}",
        )
    elif rule.only_if_missed:
        yield Problem(
            _place(first),
            f"{row}, where {goal} is still met. Let it start at the level, "
            f"or set only_if_missed = false if it pays all the same.",
        )


def _side_of(op: Op) -> int:
    """Return on which side of the level the misses begin: `>=` is missed right before it."""
    return 0 if op in (Op.AT_LEAST, Op.BELOW) else 1


def _month_lengths(table: Table, *, schedule: Schedule) -> Iterator[Problem]:
    """Yield where a duration column and a percent level disagree in months of some length."""
    target, first = table.target, table.spans[0]
    edge = first.low
    if target.metric is not Metric.AVAILABILITY or edge is None or not isinstance(edge.level, timedelta):
        return
    if (target.window or schedule.period).kind is not PeriodKind.MONTH or isinstance(target.level, timedelta):
        return
    share, printed = 1 - Fraction(target.level) / 100, Fraction(micro(edge.level))
    fixed = target.counting.denominator_length
    if fixed is not None:
        allowed = {"of the fixed length": share * micro(fixed)}
    else:
        allowed = {f"of {days} days": share * days * _DAY_US for days in (28, 29, 30, 31)}
    if not any(abs(length - printed) <= _ABOUT * length for length in allowed.values() if length):
        return
    odd = [words for words, length in allowed.items() if length != printed]
    if odd:
        yield Problem(
            _place(first),
            f"Tier 1 of {table.name} starts at {_text(edge.level)}, but {_text(target.level)} % allows "
            f"another time in months {', '.join(odd)}. Use one of the two columns only. {table.advice}",
        )
