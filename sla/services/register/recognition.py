"""Which part of a claim stands in the books: the rule, as plain figures.

What is owed and not yet recognised is a memo. The rule:

- An addition is recognised at once where the policy's threshold is reached, else it is a memo.
- What is received passes through the books: what was a memo of it is recognised first.
- Receipts and write-offs take from the recognised part first; what is rejected, not pursued, lapsed,
  earned back or adjusted downwards takes the memo first.
- What we would owe the vendor (a balance below zero) is recognised at once and in full.

So the recognised part never lies outside of what is owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sla.models import RegisterEntry

Kind = RegisterEntry.Kind


class Position(NamedTuple):
    """Where a claim stands in one currency, in minor units: owed, of it recognised, and settled so far."""

    owed: int = 0
    recognised: int = 0
    settled: int = 0


class Movement(NamedTuple):
    """One row to write: how it changes what is owed, and what of that is recognised."""

    kind: str
    amount: int
    recognised: int


def moved(kind: str, *, amount: int, before: Position, at_once: bool) -> Movement:
    """Return one movement; `at_once` says that additions are recognised when they are entered."""
    return Movement(kind, amount, _after(kind, amount, before, at_once=at_once) - before.recognised)


def _after(kind: str, amount: int, before: Position, *, at_once: bool) -> int:
    owed, recognised = before.owed + amount, before.recognised
    if owed <= 0:
        return owed
    if kind == Kind.WRITTEN_OFF or (amount > 0 and at_once):
        recognised += amount
    return min(max(recognised, 0), owed)


def restored(amount: int, *, recognised: int, before: Position) -> int:
    """Return how the recognised part changes when a row of these figures is entered with the other sign."""
    owed = before.owed - amount
    if owed <= 0:
        return owed - before.recognised
    return min(max(before.recognised - recognised, 0), owed) - before.recognised


def settled(amount: int, *, value: int, before: Position, stands: bool) -> Iterator[Movement]:
    """Yield the movements of a receipt that settles an amount of a claim and is worth `value` there.

    The difference is an exchange difference. Below zero it takes a receipt back; unless the policy's
    threshold is reached (`stands`), what is owed again is a memo again.
    """
    difference = value - amount
    if amount > before.recognised >= 0:
        yield Movement(Kind.RECOGNISED, 0, amount - before.recognised)
    receipt = Movement(Kind.RECEIVED, -value, -value)
    exchange = Movement(Kind.EXCHANGE, difference, difference)
    # What adds comes first, so that no row takes more than is there.
    yield from (row for row in sorted((exchange, receipt), key=lambda row: -row.amount) if row.amount)
    if amount < 0 and not stands:
        memo = min(-amount, before.recognised - amount)
        if memo > 0:
            yield Movement(Kind.RECOGNISED, 0, -memo)


def recognised_when_accepted(accepted: int, *, before: Position) -> int:
    """Return the recognised part once the vendor accepted an amount, of which some may have come."""
    return max(min(before.owed, accepted - before.settled), min(before.owed, 0))
