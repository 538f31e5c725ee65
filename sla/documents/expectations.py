"""What a golden case expects of its own evaluation; nothing but tests reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sla.engine.facts import Verdict
from sla.engine.terms import Pays

_FIGURE = re.compile(r"-?\d+(\.\d+)?|-?\d+/\d+")


@dataclass(frozen=True, kw_only=True)
class ExpectedAccount:
    """Unit-time by class of the time account; a class left out is not compared."""

    up: timedelta | None = None
    down: timedelta | None = None
    excluded: timedelta | None = None
    stopped: timedelta | None = None
    not_attributed: timedelta | None = None
    uncounted: timedelta | None = None
    outside_hours: timedelta | None = None
    not_in_service: timedelta | None = None
    unknown: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class ExpectedLevel:
    """One service level in one window. A figure as ``n/d`` is exact; else it has the decimals given."""

    target: str
    window: str = ""  # empty: the statement period
    services: tuple[str, ...] = ()  # empty: whichever it is
    verdict: Verdict | None = None
    value: str = ""
    best: str = ""
    worst: str = ""
    counted: timedelta | None = None
    account: ExpectedAccount | None = None
    events: int | None = None
    late: int | None = None
    credit_before_caps: Decimal | None = None
    credit_due: Decimal | None = None
    credit_state: str = ""
    pays: Pays | None = None
    provisional: bool | None = None

    def __post_init__(self) -> None:
        for name in ("value", "best", "worst"):
            figure = getattr(self, name)
            if figure and not _FIGURE.fullmatch(figure):
                raise ValueError(
                    f"{name} is {figure!r}. Write a decimal such as '99.8880' or a fraction 'n/d'."
                )


@dataclass(frozen=True, kw_only=True)
class ExpectedTotal:
    """The schedule's credits in one unit; money in major units."""

    pays: Pays = Pays.MONEY
    before_caps: Decimal | None = None
    due: Decimal


@dataclass(frozen=True, kw_only=True)
class ExpectedDue:
    """A claim deadline or a step's date: the last day that is still in time."""

    due_on: date
    reading: str = ""
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class ExpectedChronic:
    """A chronic counter."""

    code: str
    reached: bool
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExpectedEarned:
    """What is earned back."""

    target: str
    period: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What one SLA schedule must come to in one statement period, and where the answer is printed."""

    agreement: str = ""  # empty: the only one
    period: str
    known_until: datetime | None = None
    source: str = ""
    reading: str = ""
    levels: tuple[ExpectedLevel, ...] = ()
    totals: tuple[ExpectedTotal, ...] = ()
    points: Fraction | None = None
    carried: Decimal | None = None
    agreed: Decimal | None = None
    contested: Decimal | None = None
    deadlines: tuple[ExpectedDue, ...] = ()
    steps: tuple[ExpectedDue, ...] = ()
    chronic: tuple[ExpectedChronic, ...] = ()
    earned_back: tuple[ExpectedEarned, ...] = ()
