"""One dated version of an SLA schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sla.engine.money import RoundingMode
from sla.engine.periods import PeriodRule
from sla.engine.terms.credits import Band, Base, Cap, Minimum, Pays
from sla.engine.terms.rules import ChronicRule, ClaimRule, EarnBack, ExclusionRule
from sla.engine.terms.targets import Target


class Stacking(StrEnum):
    """One root cause that misses several levels (A30)."""

    EACH = "each"  # each pays, then caps
    BEST = "best"  # the highest credit only
    SELECT = "select"  # the customer selects; until then the highest
    MAX_POINTS = "max_points"  # the failure with the most points only


class MoneyRounding(StrEnum):
    """Where an exact amount is rounded (A35)."""

    TOTAL = "total"
    LINE = "line"
    RATE = "rate"


class Split(StrEnum):
    """How a period with an amendment inside is judged."""

    BY_DAY = "by_day"  # each part by its own terms, credit in proportion
    START = "start"  # the terms at the period's start hold for all of it
    END = "end"


@dataclass(frozen=True, kw_only=True)
class PointsRule:
    """How the sum of points becomes a credit (R10): marginal bands, or a table of steps."""

    bands: tuple[Band, ...] = ()
    steps: tuple[Band, ...] = ()  # table: the row reached gives its rate, not multiplied
    pays: Pays = Pays.PERCENT
    base: Base = field(default_factory=Base)
    cap: Decimal | None = None
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A critical failure after which ordinary credits of the period do not accrue (G2)."""

    target: str
    keeps: tuple[str, ...] = ()  # targets whose credits stay
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadingNote:
    """Why one reading of an unclear clause was chosen, by whom (A43)."""

    about: str
    note: str
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The promises of one SLA schedule from a local date on, until the next version."""

    effective_from: date
    targets: tuple[Target, ...] = ()
    exclusions: tuple[ExclusionRule, ...] = ()
    caps: tuple[Cap, ...] = ()
    claim: ClaimRule | None = None
    chronic: tuple[ChronicRule, ...] = ()
    earn_back: tuple[EarnBack, ...] = ()
    stacking: Stacking = Stacking.EACH
    stacking_clause: str = ""
    points: PointsRule | None = None
    suppression: tuple[Suppression, ...] = ()
    minimum: Minimum | None = None
    money_rounding: MoneyRounding = MoneyRounding.TOTAL
    rounding_mode: RoundingMode = RoundingMode.HALF_UP
    split: Split = Split.BY_DAY
    consumes_downtime: bool = False  # F35: downtime of a granted claim is not used again
    source: str = ""  # the document, and its date
    amendment: str = ""
    signed_on: date | None = None
    past_periods: str = ""  # what an amendment does to periods before it, in its own words
    signed_off_by: str = ""
    reading_notes: tuple[ReadingNote, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """An SLA schedule: its identity, its zone and how statements are cut."""

    contract: str
    code: str
    name: str
    currency: str
    zone: str
    period: PeriodRule = field(default_factory=PeriodRule)
    billing_day: int = 1  # anchor of billing cycles, for claim deadlines
