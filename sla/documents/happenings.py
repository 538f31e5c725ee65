"""What happened, as a document tells it: incidents with what belongs to them, works, readings, history.

Instants are UTC once read. A time without an offset is in the entry's ``zone``, else the contract's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from sla.engine.facts import Party, Responsible, Verdict
from sla.engine.intervals import ZERO
from sla.engine.money import Money
from sla.engine.terms import Measurer, Milestone, OutageKind

ONE = Fraction(1)
LONGEST_SERIES = timedelta(days=3660)


class Bearer(StrEnum):
    """Who bears an outage; unconfirmed counts against the vendor and leaves the figure provisional."""

    VENDOR = "vendor"
    US = "us"
    THIRD_PARTY = "third_party"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, kw_only=True)
class PositionEntry:
    """What one party says of an outage, or of all outages of an incident; the last of a party holds."""

    party: Party
    started_at: datetime | None = None
    ended_at: datetime | None = None
    responsible: Responsible | None = None
    share: Fraction | None = None
    exclusion: str = ""
    clause: str = ""
    by: str = ""
    why: str = ""
    stated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OutageEntry:
    """One service disturbed, as one measurer saw it; without ``ended_at`` it is still open."""

    service: str
    started_at: datetime
    ended_at: datetime | None = None
    kind: OutageKind = OutageKind.OUTAGE
    affected: Fraction = ONE
    measured_by: Measurer = Measurer.US
    responsible: Bearer = Bearer.VENDOR
    share: Fraction = ONE
    positions: tuple[PositionEntry, ...] = ()
    evidence: str = ""

    def __post_init__(self) -> None:
        for name, share in (("affected", self.affected), ("share", self.share)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}. A share lies between 0 and 1, such as 120/500 or 24%.")


@dataclass(frozen=True, kw_only=True)
class MilestoneEntry:
    """When the incident reached a milestone; of one service, or of all."""

    kind: Milestone
    at: datetime
    service: str = ""
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class ClockStopEntry:
    """Time in which the vendor waited for us; ``cause`` vendor gives it back where the clause says so."""

    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    why: str = ""
    cause: Responsible | None = None
    service: str = ""
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class ImpactEntry:
    """What we lost: shown beside the outage, never counted."""

    what_we_lost: str
    started_at: datetime
    ended_at: datetime | None = None
    cost: Money | None = None
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class IncidentEntry:
    """A recorded disturbance; ``root_event`` names the event it shares with other incidents."""

    reference: str
    title: str = ""
    narrative: str = ""
    severity: str = ""
    planned: bool = False
    root_event: str = ""
    root_cause: str = ""
    source: str = ""
    external_id: str = ""
    zone: str = ""  # of the local times below; empty: the contract's
    outages: tuple[OutageEntry, ...] = ()
    milestones: tuple[MilestoneEntry, ...] = ()
    clock_stops: tuple[ClockStopEntry, ...] = ()
    positions: tuple[PositionEntry, ...] = ()
    impacts: tuple[ImpactEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MaintenanceEntry:
    """An announced window of work."""

    reference: str
    title: str = ""
    services: tuple[str, ...]
    started_at: datetime
    ended_at: datetime
    noticed_at: datetime | None = None
    stated_at: datetime | None = None
    received_at: datetime | None = None
    emergency: bool = False
    cancelled_at: datetime | None = None
    work_started_at: datetime | None = None
    work_ended_at: datetime | None = None
    evidence: str = ""
    zone: str = ""

    def __post_init__(self) -> None:
        if self.ended_at < self.started_at:
            raise ValueError(f"ended_at ({self.ended_at}) lies before started_at. Swap the two.")


@dataclass(frozen=True, kw_only=True)
class SampleEntry:
    """Readings of a series: one ``value`` at ``at``, or ``values`` that follow each other ``every`` so long.

    ``volume`` is how many requests or readings one value stands for; ``volumes`` gives one for each.
    """

    series: str
    service: str
    at: datetime
    value: Decimal | None = None
    volume: int = 1
    every: timedelta | None = None
    values: tuple[Decimal, ...] = ()
    volumes: tuple[int, ...] = ()
    evidence: str = ""
    zone: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.values) or bool(self.values) != (self.every is not None):
            raise ValueError("Give either one value, or values together with every.")
        if self.every is not None and self.every <= ZERO:
            raise ValueError("every is 0s. Give the time between two values, such as 5 min.")
        if self.every is not None and len(self.values) > LONGEST_SERIES // self.every:
            raise ValueError(f"The values reach over more than {LONGEST_SERIES.days} days. Check every.")
        if self.volumes and len(self.volumes) != len(self.values):
            raise ValueError(
                f"There are {len(self.volumes)} volumes for {len(self.values)} values. Give one each."
            )


@dataclass(frozen=True, kw_only=True)
class FigureEntry:
    """A figure that somebody reported for a period: a value, or so many good ones of all."""

    figure: str
    period: str
    service: str = ""
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    by: str = ""
    document: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (self.denominator is None) or (self.numerator is None) != (
            self.denominator is None
        ):
            raise ValueError("Give either value, or numerator and denominator.")
        if self.denominator is not None and self.denominator <= 0:
            raise ValueError(f"denominator is {self.denominator}. Give the number of all, more than 0.")


@dataclass(frozen=True, kw_only=True)
class DeliveryEntry:
    """Something owed by a date; ``subject`` is an incident, a period label, or empty for one time."""

    what: str
    subject: str = ""
    due_at: datetime | None = None
    delivered_at: datetime | None = None
    document: str = ""
    evidence: str = ""
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class ConditionEntry:
    """A fact that a clause asks for, confirmed or denied by a person."""

    code: str
    met: bool
    service: str = ""
    incident: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    by: str = ""
    evidence: str = ""
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class ExclusionEntry:
    """A decision that a clause takes an incident, or a stretch of time, out."""

    rule: str
    incident: str = ""
    services: tuple[str, ...] = ()  # empty: all
    started_at: datetime | None = None
    ended_at: datetime | None = None
    party: Party = Party.AGREED
    by: str = ""
    why: str = ""
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class WatchEntry:
    """A source that would have told of an outage, and when it was last heard."""

    source: str
    service: str = ""
    watched_from: datetime | None = None
    last_heard_at: datetime | None = None
    confirmed_by: str = ""
    confirmed_until: datetime | None = None
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """A counted run of an earlier period."""

    started_at: datetime
    ended_at: datetime
    services: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UsedEntry:
    """How much of an exclusion's quota an earlier period used."""

    exclusion: str
    length: timedelta = ZERO
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """What an earlier window of one service level came to: brought forward, never computed again.

    Without ``first_on`` and ``last_on`` the dates are those that ``period`` names in the level's
    window. ``value`` is in the metric's unit; lengths of time are in ``counted``.
    """

    agreement: str = ""  # empty: the only one
    target: str
    period: str
    services: tuple[str, ...] = ()
    first_on: date | None = None
    last_on: date | None = None
    verdict: Verdict
    value: Fraction | None = None
    expected_missed: bool = False
    counted: timedelta = ZERO
    points: Fraction = Fraction(0)
    credit: Money | None = None
    carried: Money | None = None
    cap_reached: tuple[str, ...] = ()
    excluded: tuple[UsedEntry, ...] = ()
    runs: tuple[RunEntry, ...] = ()
    earned_back: Money | None = None
    offset_balance: Money | None = None
    zone: str = ""
