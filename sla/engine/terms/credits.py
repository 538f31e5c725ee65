"""What a missed service level pays: schemes, their base, their modifiers and their limits.

The shapes R1-R14 of clauses.md 2.6 are covered by six schemes: tiered (R1 R2 R3 R8 R14), increments
(R4 R9), prorated (R5), fixed (R6 R7 R12 R13), points (R10) and pooled (R11); what they pay in is
``pays``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from sla.engine.intervals import ZERO

Level = Decimal | timedelta


class Scheme(StrEnum):
    """How the credit is found; each has one parameter class, in `SCHEMES`."""

    TIERED = "tiered"
    INCREMENTS = "increments"
    PRORATED = "prorated"
    FIXED = "fixed"
    POINTS = "points"
    POOLED = "pooled"


class Pays(StrEnum):
    """The unit a scheme's figure is in."""

    PERCENT = "percent"  # of the base
    MONEY = "money"  # major units of the contract's currency
    DAYS = "days"  # of the base fee, as money
    HOURS = "hours"
    SERVICE_DAYS = "service_days"  # days added to the term: no money
    SERVICE_HOURS = "service_hours"
    POINTS = "points"
    CHARGE = "charge"  # that many times a named fee is not charged


class Per(StrEnum):
    """What the scheme is applied to once."""

    WINDOW = "window"
    EVENT = "event"  # each counted run or case
    DAY = "day"  # each local calendar day with a counted run
    WEEK = "week"
    UNIT = "unit"


class TierOn(StrEnum):
    """Which figure selects the row."""

    VALUE = "value"
    COUNTED = "counted"  # counted downtime of the window, or of the event
    LATENESS = "lateness"  # time past the level, per event


class Pick(StrEnum):
    """Which of two overlapping rows holds (A3)."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    FIRST = "first"


class TierGap(StrEnum):
    """What a value between two rows pays (A4)."""

    NOTHING = "nothing"
    LOWER = "lower"  # the row with the lower levels
    HIGHER = "higher"


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One row: the bounds its value lies in, and the credit.

    A row with one bound reaches to the next row. ``at_least`` and ``at_most`` include their value,
    ``above`` and ``below`` do not.
    """

    credit: Decimal
    below: Level | None = None
    at_most: Level | None = None
    at_least: Level | None = None
    above: Level | None = None
    name: str = ""
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class Tiered:
    """Rows of levels, each with a credit; one row is selected (R1, R2, R3, R8, R14)."""

    tiers: tuple[Tier, ...]
    pays: Pays = Pays.PERCENT
    on: TierOn = TierOn.VALUE
    per: Per = Per.WINDOW
    pick: Pick = Pick.CUSTOMER
    gap: TierGap = TierGap.NOTHING
    row_decimals: int | None = None  # A2: the value is rounded so before a row is selected


class IncrementOn(StrEnum):
    """What is cut into increments."""

    COUNTED = "counted"  # counted downtime
    SHORTFALL = "shortfall"  # distance between value and level, in the metric's unit
    LATENESS = "lateness"  # time past the level, per event
    CASES = "cases"  # number of counted runs, or of late cases


class Rounding(StrEnum):
    """A broken increment (A5)."""

    FLOOR = "floor"
    CEIL = "ceil"
    PRORATA = "prorata"


@dataclass(frozen=True, kw_only=True)
class Retroactive:
    """Beyond this many increments another credit holds for all of them (N12)."""

    beyond: Decimal
    credit: Decimal


@dataclass(frozen=True, kw_only=True)
class Increments:
    """So much for each step of time, points or cases (R4, R9).

    ``initial`` is due at once; ``first_size`` with ``first_credit`` is a different first step;
    ``after`` is free (A7: what is counted from); ``prorata_from`` makes what lies beyond that many
    increments proportional.
    """

    size: Level
    credit: Decimal
    pays: Pays = Pays.PERCENT
    on: IncrementOn = IncrementOn.COUNTED
    per: Per = Per.WINDOW  # A6: cumulative in the window, or each event
    rounding: Rounding = Rounding.FLOOR
    initial: Decimal = Decimal(0)
    first_size: Level | None = None
    first_credit: Decimal | None = None
    after: Level = ZERO
    prorata_from: Decimal | None = None
    retroactive: Retroactive | None = None


@dataclass(frozen=True, kw_only=True)
class Prorated:
    """The fee of the lost time, times a multiplier (R5)."""

    multiplier: Decimal = Decimal(1)
    excess_only: bool = False  # A7: only what lies beyond the level's allowance
    per: Per = Per.WINDOW


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A stated figure for each miss, event, day or unit (R6, R7, R12, R13)."""

    credit: Decimal
    pays: Pays = Pays.PERCENT
    per: Per = Per.WINDOW
    times: Decimal = Decimal(1)  # amps, ports: how many there are of what it is paid for


@dataclass(frozen=True, kw_only=True)
class Band:
    """Points up to and including ``up_to`` (None: all further ones) are worth ``rate`` each."""

    rate: Decimal
    up_to: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points for this level of failure; the version's points rule turns the sum into a credit (R10)."""

    tiers: tuple[Tier, ...]
    row_decimals: int | None = None
    gap: TierGap = TierGap.NOTHING
    pick: Pick = Pick.CUSTOMER


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """At-risk amount x pool allocation x credit allocation (R11): A x B x C, in percent each."""

    at_risk_percent: Decimal
    pool_percent: Decimal
    allocation_percent: Decimal


SchemeParams = Tiered | Increments | Prorated | Fixed | Points | Pooled

SCHEMES: dict[Scheme, type[SchemeParams]] = {
    Scheme.TIERED: Tiered,
    Scheme.INCREMENTS: Increments,
    Scheme.PRORATED: Prorated,
    Scheme.FIXED: Fixed,
    Scheme.POINTS: Points,
    Scheme.POOLED: Pooled,
}


class BaseSelect(StrEnum):
    """Which fees are the base (A8)."""

    UNITS = "units"  # of the units that missed
    SERVICES = "services"  # of the target's services
    CONTRACT = "contract"  # every fee of the contract
    CHARGES = "charges"  # the listed fee codes


class BasePeriod(StrEnum):
    """Whose period's fees they are (F51)."""

    FAILURE = "failure"  # the window that was missed
    PRECEDING = "preceding"
    FOLLOWING = "following"  # the invoice it lands on
    RESTORATION = "restoration"  # the period in which service came back
    STATEMENT = "statement"


@dataclass(frozen=True, kw_only=True)
class Base:
    """The amount a credit is a percentage of (F50).

    ``kinds`` are fee kinds; ``greater_of`` takes the larger of recurring and usage fees (N2);
    ``share`` is a percentage of the fees (G5); ``by_affected`` multiplies by the affected share
    (S10, D10); ``slice_days`` takes that many days of the period's fee (a week's abatement);
    ``day_basis`` is what a day of fee is divided by: None is the days of the period, 30 and 360
    as the clause says (A9).
    """

    select: BaseSelect = BaseSelect.UNITS
    charges: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("recurring", "usage")
    greater_of: bool = False
    net_of_discounts: bool = True
    period: BasePeriod = BasePeriod.FAILURE
    share: Decimal = Decimal(100)
    by_affected: bool = False
    slice_days: int | None = None
    day_basis: int | None = None
    clause: str = ""


class CapScope(StrEnum):
    """What a cap is laid over, from the inside out (A31)."""

    EVENT = "event"
    DAY = "day"
    UNIT = "unit"
    TARGET = "target"
    CATEGORY = "category"
    AGREEMENT = "agreement"
    ACCOUNT = "account"
    ORDER = "order"
    MASTER = "master"


class CapPeriod(StrEnum):
    """Over which time its room is used up."""

    EVENT = "event"
    WINDOW = "window"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ROLLING_12 = "rolling_12"
    TERM = "term"


class Overflow(StrEnum):
    """What a cap cut off (A33)."""

    LOST = "lost"
    CARRIED = "carried"


@dataclass(frozen=True, kw_only=True)
class Cap:
    """An upper limit of credits: percent of a base, money, days, hours or a count of credits."""

    code: str
    limit: Decimal
    pays: Pays = Pays.PERCENT  # the limit's unit
    is_count: bool = False  # S11: the limit counts credits
    scope: CapScope = CapScope.TARGET
    period: CapPeriod = CapPeriod.WINDOW
    base: Base = field(default_factory=Base)
    category: str = ""
    overflow: Overflow = Overflow.LOST
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """A factor when the same level was missed in the periods right before (G1, A36-A38).

    ``factors`` hold for the second, third, ... consecutive miss; the last one stays.
    """

    factors: tuple[Decimal, ...] = (Decimal(2),)
    no_data_breaks: bool = False
    clause: str = ""


class MinimumKind(StrEnum):
    """What happens to a credit below the minimum (F54)."""

    DROP = "drop"
    RAISE = "raise"


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """The smallest credit: below it none is issued, or it is raised to it.

    ``inclusive``: a credit of exactly the minimum is issued; AWS issues only what is greater.
    """

    amount: Decimal
    pays: Pays = Pays.MONEY
    kind: MinimumKind = MinimumKind.DROP
    inclusive: bool = True
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class Deductible:
    """What is free before credits begin, used up over a period (48 h a year, F53)."""

    amount: Level
    period: CapPeriod = CapPeriod.YEAR
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class CreditRule:
    """How a miss of one service level becomes a credit before caps, and what limits it."""

    scheme: Scheme = Scheme.TIERED
    params: SchemeParams
    base: Base = field(default_factory=Base)
    waives: str = ""  # fee code, for what pays in a fee not charged
    repeat: Repeat | None = None
    multiplier: Decimal = Decimal(1)
    deductible: Deductible | None = None
    caps: tuple[Cap, ...] = ()
    minimum: Minimum | None = None
    only_if_missed: bool = True  # False: the rows alone decide (rows that begin above the level)
    alternatives: tuple[str, ...] = ()  # R: choose-best between targets; see Stacking
    clause: str = ""

    def __post_init__(self) -> None:
        expected = SCHEMES[self.scheme]
        if not isinstance(self.params, expected):
            raise ValueError(
                f"Parameters are {type(self.params).__name__}. "
                f"A credit by the scheme {self.scheme.value} has {expected.__name__} parameters."
            )
        # In a document both are the key `multiplier`, and they would do the same twice.
        if isinstance(self.params, Prorated) and self.multiplier != 1:
            raise ValueError(
                f"multiplier is {self.multiplier} beside the pro-rata scheme's own {self.params.multiplier}. "
                f"Give the scheme the product, and leave the rule's at 1."
            )
