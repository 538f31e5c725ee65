"""What a vendor compliance report says, as plain values: money in minor units, times UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sla.engine.terms import Pays
from sla.reports.editions.edition import Edition
from sla.reports.pictures import DayCalendar, Grid, Standing, Timeline, Trend, Waterfall


@dataclass(frozen=True, kw_only=True)
class StatementPart:
    """One service level statement that the report rests on."""

    number: str  # with its revision where it is finalised
    schedule: str
    contract: str
    period: str
    finalised: bool
    as_of: datetime | None
    zone: str
    calculation: str
    needs_correction: bool
    error: bool
    open_questions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LevelPart:
    """One service level in one window that ends in the period."""

    statement: str
    finalised: bool
    number: int
    name: str
    services: str
    window: str
    first_on: date
    last_on: date
    clause: str
    standing: Standing
    target: str
    achieved: str
    exact: Fraction | None
    shortfall: str
    contested: bool
    total_us: int
    classes: tuple[tuple[str, int], ...]  # class of the time account, microseconds; sums to total_us
    counted_us: int
    incidents: tuple[str, ...]
    currency: str
    base_minor: int | None
    before_caps_minor: int
    due_minor: int
    agreed_minor: int | None
    other_credit: str  # due in another unit than money, in words
    pays: Pays
    quantity: Fraction | None  # due, where not money
    answer: str  # what the vendor says of the line

    @property
    def missed(self) -> bool:
        """Return whether the level was missed."""
        return self.standing is Standing.MISSED

    @property
    def contested_minor(self) -> int:
        """Return how much of the credit is contested."""
        return 0 if self.agreed_minor is None else self.due_minor - self.agreed_minor


@dataclass(frozen=True, kw_only=True)
class IncidentPart:
    """One incident that the period's lines name; `zone` is that of its contract."""

    reference: str
    title: str
    vendor_ticket: str
    severity: str
    starts_at: datetime | None
    ends_at: datetime | None  # None: still open
    zone: str
    services: str
    counted_us: int
    responsible: str
    levels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExclusionPart:
    """Time that a clause took out, by incident."""

    rule: str
    clause: str
    incidents: tuple[str, ...]
    excluded_us: int
    by: str
    statement: str


@dataclass(frozen=True, kw_only=True)
class CorrectionPart:
    """One line that a later revision told otherwise, or a difference that another period settles."""

    statement: str  # number with the new revision
    corrected_at: datetime | None  # None: stands in a draft
    line: int | None
    name: str
    was: str
    is_now: str
    currency: str
    was_due_minor: int | None  # None: only the difference is told
    due_minor: int | None
    delta_minor: int
    cause: str
    finalised: bool = True


@dataclass(frozen=True, kw_only=True)
class ClaimPart:
    """One claim with what it came to."""

    reference: str
    vendor_reference: str
    state: str
    contract: str
    account: str
    statements: tuple[str, ...]
    currency: str
    asked_minor: int
    received_minor: int
    sent_on: date | None
    answer_by: date | None
    expected_invoice: str
    is_open: bool

    @property
    def open_minor(self) -> int:
        """Return what is still to come, nothing once the claim is over."""
        return self.asked_minor - self.received_minor if self.is_open else 0


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to do: who, what, by when; the most pressing first."""

    party: str  # "we" or "vendor"
    what: str
    by: date | None
    reference: str
    clause: str
    currency: str
    amount_minor: int | None
    overdue: bool
    why: str = ""
    undated: str = "no date set"  # said in place of a date


@dataclass(frozen=True, kw_only=True)
class Amount:
    """What the period comes to in one currency."""

    currency: str
    due_minor: int
    provisional_minor: int  # of it on drafts
    contested_minor: int
    received_minor: int  # of the claims shown
    earlier_minor: int = 0  # of it corrections of earlier periods


@dataclass(frozen=True, kw_only=True)
class OtherAmount:
    """What the period comes to in another unit than money, such as days added to the term."""

    unit: str
    quantity: Fraction
    provisional: Fraction  # of it on drafts


@dataclass(frozen=True, kw_only=True)
class VendorReport:
    """The compliance of one vendor in a range of days."""

    vendor: str
    slug: str
    is_demo: bool
    is_released: bool  # only what was released to the vendor: nothing else of it may be said to be none
    edition: Edition
    period: str
    first_on: date
    last_on: date
    run_by: str
    run_at: datetime
    since: date
    zone: str  # of the days in the pictures
    headline: str
    summary: tuple[str, ...]
    provisional: bool
    amounts: tuple[Amount, ...]
    other_amounts: tuple[OtherAmount, ...]
    actions: tuple[Action, ...]
    levels: tuple[LevelPart, ...]
    grids: tuple[Grid, ...]
    calendar: DayCalendar | None
    timelines: tuple[Timeline, ...]
    waterfalls: tuple[Waterfall, ...]
    trends: tuple[Trend, ...]
    incidents: tuple[IncidentPart, ...]
    exclusions: tuple[ExclusionPart, ...]
    corrections: tuple[CorrectionPart, ...]
    claims: tuple[ClaimPart, ...]  # those about the period
    other_claims: tuple[ClaimPart, ...]  # the vendor's other open ones
    statements: tuple[StatementPart, ...]
    notes: tuple[str, ...]

    @property
    def missed(self) -> tuple[LevelPart, ...]:
        """Return the levels missed, the dearest first."""
        found = (level for level in self.levels if level.missed)
        return tuple(sorted(found, key=lambda level: (-level.due_minor, -level.counted_us, level.name)))
