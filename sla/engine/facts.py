"""What happened and what it cost, as frozen values: the only facts the engine knows.

Instants are UTC, half-open, whole microseconds. ``None`` as an end means still open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from sla.engine.money import Money
from sla.engine.periods import BusinessCalendar, Period, Zone
from sla.engine.terms.counting import OutageKind
from sla.engine.terms.targets import Measurer, Milestone
from sla.engine.terms.versions import Schedule, Terms

ONE = Fraction(1)


class Party(StrEnum):
    """Who holds a position on a fact."""

    OURS = "ours"
    VENDORS = "vendors"
    AGREED = "agreed"
    DETERMINED = "determined"


class Responsible(StrEnum):
    """Who bears an outage."""

    VENDOR = "vendor"
    US = "us"
    THIRD_PARTY = "third_party"


class ChargeKind(StrEnum):
    """What a fee is for."""

    RECURRING = "recurring"
    USAGE = "usage"  # an estimate until billed
    ONE_TIME = "one_time"
    BILLED = "billed"  # the actual amount of a period, from its invoice
    DISCOUNT = "discount"


class Every(StrEnum):
    """How often a fee falls due."""

    ONCE = "once"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MonthBy(StrEnum):
    """How a month of a fee for a longer term is found."""

    TWELFTH = "twelfth"  # equal months
    DAYS = "days"  # by the days of each month


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A service, the unit of measurement. ``weight`` counts users or capacity for pooled levels."""

    code: str
    name: str = ""
    vendor_identifier: str = ""
    weight: Fraction = ONE
    in_service_from: datetime | None = None
    in_service_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """A recorded disturbance; ``root_event`` names the event it shares with other incidents."""

    reference: str
    title: str = ""
    severity: str = ""
    planned: bool = False
    root_event: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """What one party says of an outage: its times, who bears it, or that a clause excludes it."""

    party: Party
    started_at: datetime | None = None
    ended_at: datetime | None = None
    responsible: Responsible | None = None
    share: Fraction | None = None
    exclusion: str = ""
    clause: str = ""
    by: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """One service disturbed by one incident, as one measurer saw it.

    Rows of the same incident and unit from different measurers are alternatives. ``responsible``
    None is unconfirmed: it counts against the vendor and makes the result provisional.
    """

    incident: str
    unit: str
    started_at: datetime
    ended_at: datetime | None = None
    kind: OutageKind = OutageKind.OUTAGE
    affected: Fraction = ONE
    measured_by: Measurer = Measurer.US
    responsible: Responsible | None = Responsible.VENDOR
    share: Fraction = ONE
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneFact:
    """When an incident reached a milestone; of one unit, or of all."""

    incident: str
    kind: Milestone
    at: datetime
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockStop:
    """Time in which the vendor waited for us. ``cause`` vendor gives the time back (A23)."""

    incident: str
    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    cause: Responsible | None = None
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Maintenance:
    """An announced window of work on units.

    ``stated_at`` is when its sender says that it was sent, ``received_at`` when it was first seen here.
    """

    reference: str
    units: tuple[str, ...]
    started_at: datetime
    ended_at: datetime
    noticed_at: datetime | None = None
    emergency: bool = False
    cancelled: bool = False
    work_ended_at: datetime | None = None
    stated_at: datetime | None = None
    received_at: datetime | None = None

    @property
    def by_senders_word(self) -> bool:
        """Return whether the time of notice is only what its sender states: it could be written later."""
        return self.noticed_at is not None and self.stated_at == self.noticed_at != self.received_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion:
    """A decision that a clause takes an incident, or a stretch of it, out."""

    rule: str
    incident: str = ""
    units: tuple[str, ...] = ()  # empty: all
    started_at: datetime | None = None
    ended_at: datetime | None = None
    party: Party = Party.AGREED
    by: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One reading of a series; ``volume`` is how many requests or readings it stands for."""

    series: str
    unit: str
    at: datetime
    value: Decimal
    volume: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedFigure:
    """A figure that somebody reported for a period."""

    figure: str
    period: str
    unit: str = ""
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    by: str = ""
    document: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Something owed by a date: ``subject`` is an incident, a period label or empty for one time."""

    what: str
    subject: str = ""
    due_at: datetime | None = None
    delivered_at: datetime | None = None
    document: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A fact that a clause asks for, confirmed or denied by a person."""

    code: str
    met: bool
    unit: str = ""
    incident: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    by: str = ""
    evidence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """A source that would have told of an outage, and when it was last heard."""

    source: str
    unit: str = ""
    last_heard_at: datetime | None = None
    confirmed_by: str = ""
    confirmed_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """A fee. ``unit`` empty is the whole contract; dates are local, ``ends_on`` exclusive.

    A billed row is the actual amount of ``starts_on`` to ``ends_on`` and replaces the usage
    estimate of the same code and unit there.
    """

    code: str
    amount: Money
    unit: str = ""
    kind: ChargeKind = ChargeKind.RECURRING
    every: Every = Every.MONTH
    month_by: MonthBy = MonthBy.TWELFTH
    starts_on: date
    ends_on: date | None = None
    in_base: bool = True
    invoice: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomLeft:
    """What is left of a cap that spans several SLA schedules, in minor units."""

    cap: str
    room: Money


class Verdict(StrEnum):
    """How the achieved value stands to the level."""

    MET = "met"
    MET_UNCONFIRMED = "met_unconfirmed"
    MISSED = "missed"
    NOT_MEASURABLE = "not_measurable"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A counted run of an earlier window, for rules that look back."""

    started_at: datetime
    ended_at: datetime
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What an earlier window came to: history for repeats, quotas, earn-back and chronic rules."""

    target: str
    period: str
    units: tuple[str, ...] = ()
    first_on: date
    last_on: date
    verdict: Verdict
    value: Fraction | None = None
    level: Fraction | None = None
    expected_missed: bool = False
    counted_us: int = 0
    points: Fraction = Fraction(0)
    credit: Money | None = None
    carried: Money | None = None  # what a cap cut off and lets stand over
    cap_reached: tuple[str, ...] = ()
    excluded_us: tuple[tuple[str, int], ...] = ()  # by exclusion code, for yearly quotas
    excluded_count: tuple[tuple[str, int], ...] = ()
    runs: tuple[Run, ...] = ()
    earned_back: Money | None = None
    offset_balance: Money | None = None
    brought_forward: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything of one contract that the judged period needs, and the tables it is read with."""

    zone: Zone
    units: tuple[Unit, ...]
    incidents: tuple[Incident, ...] = ()
    outages: tuple[Outage, ...] = ()
    milestones: tuple[MilestoneFact, ...] = ()
    clock_stops: tuple[ClockStop, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    samples: tuple[Sample, ...] = ()
    figures: tuple[ReportedFigure, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    conditions: tuple[Condition, ...] = ()
    watches: tuple[Watch, ...] = ()
    charges: tuple[Charge, ...] = ()
    rooms: tuple[RoomLeft, ...] = ()
    calendars: tuple[BusinessCalendar, ...] = ()
    calendar_zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything that one statement is computed from: what is frozen with it and fingerprinted.

    ``versions`` are those that touch the period, oldest first; ``known_until`` is a UTC instant;
    ``history`` goes oldest first.
    """

    schedule: Schedule
    versions: tuple[Terms, ...]
    facts: Facts
    period: Period
    known_until: datetime
    history: tuple[Outcome, ...] = ()
