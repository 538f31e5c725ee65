"""The working values of a credit calculation: the setting, credit lines and their pieces.

A line is one missed level; its pieces are what it pays for: the window, or each event, day, week
or unit. Every limit takes from the pieces and leaves a ``Removed`` and a step, so that
``before - sum(removed) == left`` at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.fees import Days, Fees
from sla.engine.facts import Facts, Outcome
from sla.engine.money import Money
from sla.engine.periods import Period
from sla.engine.results import CreditState, Event, Measured, Removed
from sla.engine.terms.credits import Base, CreditRule, Pays
from sla.engine.terms.targets import Target
from sla.engine.terms.versions import Schedule, Split, Terms
from sla.engine.trace import Step, notes

NOTHING = Fraction(0)

# What is limited and compared together; the rest is in a unit of its own.
MONEY = (Pays.MONEY, Pays.CHARGE)
OWN_UNIT = (Pays.SERVICE_DAYS, Pays.SERVICE_HOURS, Pays.POINTS, Pays.CHARGE)

_UNITS = {Pays.SERVICE_DAYS: "days", Pays.SERVICE_HOURS: "hours", Pays.POINTS: "points"}


class Span(NamedTuple):
    """The dates whose fees are meant; ``share`` is below one for a window of less than whole days."""

    days: Days
    share: Fraction | int = 1


class BaseAmount(NamedTuple):
    """A base in exact minor units, the fees of how many days it comes from, and how it was found."""

    amount: Fraction
    fees: Fraction
    days: Fraction
    step: Step
    provisional: tuple[str, ...] = ()

    @property
    def day(self) -> Fraction:
        """Return the fee of a day."""
        return self.fees / self.days


class Asked(NamedTuple):
    """What a base is asked for; within one evaluation the answer stays the same."""

    base: Base
    units: tuple[str, ...]
    services: tuple[str, ...]
    span: Span


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What every stage of the calculation reads."""

    versions: Sequence[Terms]
    schedule: Schedule
    facts: Facts
    period: Period
    history: Sequence[Outcome]
    measured: tuple[Measured, ...]
    fees: Fees
    targets: Mapping[tuple[int, str], Target] = field(default_factory=dict)
    bases: dict[Asked, BaseAmount] = field(default_factory=dict)  # those found so far

    def part_of(self, version: int) -> Period:
        """Return the part of the statement period in which a version's terms hold."""
        used = {item.version for item in self.measured}
        if len(used) < 2 or self.versions[version].split is not Split.BY_DAY:
            return self.period
        windows = [item.window for item in self.measured if item.version == version]
        first = min(windows, key=lambda window: window.during.start)
        last = max(windows, key=lambda window: window.during.end)
        if first.first_on < self.period.first_on:  # a look-back window says nothing about the part
            return self.period
        during = first.during._replace(end=last.during.end)
        return Period(self.period.label, during, first.first_on, last.last_on)


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """What a line pays for one window, event, day, week or unit; ``left`` is what limits left of it."""

    key: str
    on: date
    amount: Fraction
    left: Fraction
    incidents: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One credit on its way through the waterfall; ``pays`` is the unit of its amounts."""

    target: str
    window: Period
    label: str
    units: tuple[str, ...]
    version: int
    pays: Pays
    pieces: tuple[Piece, ...]
    rule: CreditRule | None = None
    promise: Target | None = None
    measured: Measured | None = None
    base: Money | None = None
    state: CreditState = CreditState.DUE
    steps: tuple[Step, ...] = ()
    removed: tuple[Removed, ...] = ()
    provisional: tuple[str, ...] = ()

    @property
    def before(self) -> Fraction:
        """Return the exact amount before anything was taken."""
        return summed([piece.amount for piece in self.pieces])

    @property
    def left(self) -> Fraction:
        """Return the exact amount that is left."""
        return summed([piece.left for piece in self.pieces])

    @property
    def order(self) -> tuple[str, tuple[str, ...], object, int, str]:
        """Return what lines are sorted by, so that the order of input plays no part."""
        return (self.target, self.units, self.window.during, self.version, self.label)


def summed(amounts: Sequence[Fraction]) -> Fraction:
    """Return the exact sum; one amount, which is what most lines have, is not added to nothing."""
    return sum(amounts[1:], amounts[0]) if amounts else NOTHING


def unit_of(pays: Pays, *, currency: str) -> str:
    """Return how a step's value in this unit is read."""
    return _UNITS.get(pays, currency)


def same_kind(left: Pays, right: Pays) -> bool:
    """Return whether two amounts can be summed and compared."""
    return left is right or (left in MONEY and right in MONEY)


def rooted(events: Sequence[Event]) -> tuple[str, ...]:
    """Return the root events behind some events, else the incidents themselves."""
    return tuple(sorted({root for event in events for root in (event.root_events or event.incidents)}))


def noted(line: Line, *, step: Step, provisional: tuple[str, ...] = ()) -> Line:
    """Return the line with one more step."""
    more = tuple(reason for reason in provisional if reason not in line.provisional)
    return replace(line, steps=(*line.steps, step), provisional=line.provisional + more)


def cut(
    line: Line,
    *,
    lefts: Mapping[int, Fraction],
    code: str,
    step: Step,
    carried: bool = False,
    state: CreditState | None = None,
    provisional: tuple[str, ...] = (),
) -> Line:
    """Return the line with new amounts left of the pieces at these places, and the reason kept.

    The step's value is replaced by what was removed; a raised amount is a negative removal.
    """
    pieces = tuple(
        replace(piece, left=lefts[place]) if place in lefts else piece
        for place, piece in enumerate(line.pieces)
    )
    taken = sum((old.left - new.left for old, new in zip(line.pieces, pieces, strict=True)), NOTHING)
    if not taken:
        return line
    shorter = replace(
        line,
        pieces=pieces,
        removed=(*line.removed, Removed(code, taken, step.clause, carried)),
        state=state or line.state,
    )
    return noted(shorter, step=step._replace(value=taken), provisional=provisional)


def emptied(
    line: Line, *, code: str, step: Step, state: CreditState, provisional: tuple[str, ...] = ()
) -> Line:
    """Return the line with nothing left, for the one reason that the step gives."""
    lefts = dict.fromkeys(range(len(line.pieces)), NOTHING)
    return cut(line, lefts=lefts, code=code, step=step, state=state, provisional=provisional)


def removal(
    rule: str, *, line: Line, currency: str, clause: str = "", inputs: tuple[Step, ...] = (), **named: object
) -> Step:
    """Return the step of a removal, whose amount `cut` fills in."""
    unit = unit_of(line.pays, currency=currency)
    return Step(rule, NOTHING, unit, clause, inputs, notes(named))
