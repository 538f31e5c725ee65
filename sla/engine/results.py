"""What the engine says: measured levels, the account behind them, credits, claims and counters.

Amounts of money inside a calculation are exact fractions of minor units; ``Money`` is what was
rounded. Times are microseconds where a name ends in ``_us``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from sla.engine.facts import Outcome, Verdict
from sla.engine.intervals import Interval, micro
from sla.engine.money import Money
from sla.engine.periods import Period
from sla.engine.terms.credits import Pays
from sla.engine.trace import Step


class TimeClass(StrEnum):
    """The classes of the time account; every unit-second of a period is in exactly one."""

    UP = "up"
    DOWN = "down"
    EXCLUDED = "excluded"
    STOPPED = "stopped"
    NOT_ATTRIBUTED = "not_attributed"
    UNCOUNTED = "uncounted"
    OUTSIDE_HOURS = "outside_hours"
    NOT_IN_SERVICE = "not_in_service"
    UNKNOWN = "unknown"


class LedgerLine(NamedTuple):
    """One line of the time account: a stretch of one class with its reason."""

    time_class: TimeClass
    during: Interval
    units: tuple[str, ...]
    incidents: tuple[str, ...] = ()
    rule: str = ""  # stable code of the reason, such as exclusion.notice or run.too_short
    clause: str = ""
    by: str = ""
    why: str = ""

    @property
    def unit_us(self) -> int:
        """Return its unit-microseconds: its length times the units it stands for."""
        return micro(self.during.end - self.during.start) * max(len(self.units), 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The time account of one service level, window and unit group.

    ``classes`` are unit-microseconds by class in the order of `TimeClass` and sum to ``total_us``,
    the window's elapsed time x the number of units.
    """

    units: tuple[str, ...]
    total_us: int
    classes: tuple[tuple[TimeClass, int], ...]
    lines: tuple[LedgerLine, ...]  # everything but plain `up`, in order of time

    def us(self, time_class: TimeClass) -> int:
        """Return the unit-microseconds of one class."""
        return dict(self.classes).get(time_class, 0)


class CaseState(StrEnum):
    """Where a case stands in the account of a measure that is not time."""

    COUNTED = "counted"
    EXCLUDED = "excluded"
    NOT_YET_DUE = "not_yet_due"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case of a per-incident measure or obligation."""

    subject: str
    state: CaseState
    late: bool = False
    elapsed_us: int | None = None
    lateness_us: int = 0
    due_at: datetime | None = None
    done_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One counted run, or one late case: what per-event credits, counts and chronic rules see.

    ``during`` is the whole run, also outside the window; ``counted_us`` is what counts of it in the
    window after minimum run, granularity and weight; ``affected`` is the weighted affected share.
    """

    during: Interval
    counted_us: Fraction
    lateness_us: int = 0
    incidents: tuple[str, ...] = ()
    root_events: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    affected: Fraction = Fraction(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one service level came to in one window for one unit group.

    ``value``, ``level``, ``expected`` and the range are in the metric's unit (``unit``: ``%``,
    ``us``, ``count`` or empty). ``best`` and ``worst`` differ where time is unknown. ``counted_us``
    and ``denominator_us`` are the exact time fraction behind an availability.
    """

    target: str
    window: Period
    units: tuple[str, ...]
    unit: str
    level: Fraction
    expected: Fraction | None
    value: Fraction | None
    best: Fraction | None
    worst: Fraction | None
    verdict: Verdict
    step: Step
    misses: bool = False  # the value found misses the level, whatever is still unknown
    ledger: Ledger | None = None
    cases: tuple[Case, ...] = ()
    adjustments: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()
    counted_us: Fraction = Fraction(0)
    denominator_us: Fraction = Fraction(0)
    affected: Fraction = Fraction(1)  # share of the base that was affected (down-weighted units)
    contested: bool = False  # the vendor's positions would give another figure
    provisional: tuple[str, ...] = ()  # reasons in plain words
    expected_missed: bool = False
    version: int = 0  # index of the terms version it was judged by

    @property
    def missed(self) -> bool:
        """Return whether a credit can follow: also the best case misses the level."""
        return self.misses


class CreditState(StrEnum):
    """What became of a credit inside the calculation."""

    DUE = "due"
    PENDING = "pending"  # a condition is not confirmed yet
    REFUSED = "refused"  # a condition is denied
    SUPPRESSED = "suppressed"  # a critical failure takes its place
    NOT_SELECTED = "not_selected"  # another credit of the same root cause pays
    NOT_ISSUED = "not_issued"  # below the minimum
    POINTS = "points"  # counted in the points rule
    NOTHING = "nothing"


class Removed(NamedTuple):
    """What one limit took from a credit: exact amount in the credit's unit."""

    code: str
    amount: Fraction
    clause: str = ""
    carried: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """The credit waterfall of one measured level.

    ``pays`` is MONEY for everything that becomes money; SERVICE_DAYS, SERVICE_HOURS, POINTS and
    CHARGE stay in their own unit. ``before_caps`` and ``due_exact`` are exact (minor units for
    money); ``due`` is rounded money, None for other units.
    """

    target: str
    window: str
    units: tuple[str, ...]
    pays: Pays
    state: CreditState
    base: Money | None
    before_caps: Fraction
    removed: tuple[Removed, ...]
    due_exact: Fraction
    due: Money | None
    step: Step
    agreed: Money | None = None  # what the vendor's own positions come to, where any are contested
    root_events: tuple[str, ...] = ()
    waives: str = ""
    provisional: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditTotal:
    """The schedule's credits of the period in one unit."""

    pays: Pays
    before_caps: Fraction
    removed: tuple[Removed, ...]
    due_exact: Fraction
    due: Money | None
    step: Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Credits:
    """All credits of the period: lines, totals by unit, points and earn-back."""

    lines: tuple[Credit, ...]
    totals: tuple[CreditTotal, ...]
    points: Fraction = Fraction(0)
    carried: Money | None = None

    @property
    def money(self) -> Money | None:
        """Return the money due, None where nothing pays in money."""
        return next((total.due for total in self.totals if total.pays is Pays.MONEY), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A date that a clause sets, by one reading of it: the last instant that is still in time."""

    what: str
    anchor_at: datetime
    due_on: date
    due_until: datetime  # exclusive
    reading: str = ""
    incident: str = ""
    clause: str = ""
    required: bool = True
    step: Step | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimTerms:
    """How and by when the credits of the period are to be claimed."""

    automatic: bool
    deadlines: tuple[Due, ...]  # every reading, the earliest first
    steps: tuple[Due, ...]
    remedy: str
    channel: str
    must_contain: tuple[str, ...]

    @property
    def warn_by(self) -> Due | None:
        """Return the earliest reading."""
        return self.deadlines[0] if self.deadlines else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chronic:
    """A chronic rule's counter: how far the pattern has come, and by when to act.

    ``count`` and ``needed`` are in ``unit``: a count, ``us`` (microseconds) or points. ``target``
    and ``units`` are what the pattern is counted over, empty where it is the whole schedule.
    """

    code: str
    name: str
    reached: bool
    count: int
    needed: int
    opens: str
    ends: str
    notice_by: Due | None
    step: Step
    unit: str = "count"
    target: str = ""
    units: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """Return how much is still missing for the pattern, in ``unit``."""
        return 0 if self.reached else max(self.needed - self.count, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class EarnedBack:
    """A share of an earlier credit that goes back to the vendor, or a balance against later ones.

    ``form`` is ``returned``, ``offset`` (added to the balance) or ``offset_used`` (taken from the
    balance for a credit of this period); ``period`` is that of the credit.
    """

    target: str
    period: str
    amount: Money
    form: str
    step: Step
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NextTier:
    """How far a level still is from a worse credit, over the whole window.

    ``room_us`` is the further downtime that the level or row still bears; ``credit`` is what the
    next row pays; ``irreversible`` means that even without another minute the level is missed.
    """

    target: str
    window: str
    units: tuple[str, ...]
    room_us: int | None
    credit: Money | None
    irreversible: bool
    step: Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Everything that one schedule came to in one statement period."""

    engine_version: str
    contract: str
    schedule: str
    period: Period
    currency: str
    zone: str
    known_until: datetime
    measured: tuple[Measured, ...]
    credits: Credits
    claim: ClaimTerms | None
    chronic: tuple[Chronic, ...]
    earned_back: tuple[EarnedBack, ...]
    next_tiers: tuple[NextTier, ...]
    outcomes: tuple[Outcome, ...]  # what the next period's history takes from this one
    agreed: Money | None = None  # money due by the vendor's own positions, where any are contested
    contested: Money | None = None  # the difference to ours
    provisional: tuple[str, ...] = ()
