"""Exclusions, claims, earn-back and chronic failures as terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from sla.engine.intervals import ZERO
from sla.engine.terms.credits import CapPeriod


class OffsetUnit(StrEnum):
    """Units of contractual time limits."""

    HOURS = "hours"
    DAYS = "days"  # calendar days
    WORKING_DAYS = "working_days"
    WEEKS = "weeks"
    MONTHS = "months"
    BILLING_CYCLES = "billing_cycles"  # to the end of the n-th cycle after the anchor's own
    MONTH_ENDS = "month_ends"  # to the end of the n-th calendar month after the anchor's own


class Anchor(StrEnum):
    """What a time limit is counted from (F-2.8, A41)."""

    INCIDENT_START = "incident_start"
    INCIDENT_END = "incident_end"
    REPORTED = "reported"
    TICKET_CLOSED = "ticket_closed"
    AWARE = "aware"
    PERIOD_END = "period_end"  # end of the statement period
    MONTH_END = "month_end"  # end of the incident's calendar month
    RESTORED_MONTH_END = "restored_month_end"
    QUARTER_END = "quarter_end"
    ELIGIBLE = "eligible"  # when the level was first missed for certain
    SUBMITTED = "submitted"
    DECIDED = "decided"


class CalendarOp(StrEnum):
    """When a day is no working day, where a clause names several calendars (A42)."""

    CLOSED_ON_ANY = "closed_on_any"
    CLOSED_ON_ALL = "closed_on_all"


@dataclass(frozen=True, kw_only=True)
class Offset:
    """A time limit: so many units after an anchor, to the end of that local day.

    Hours run exactly. Working days count on ``calendar`` and ``more_calendars``; with none named,
    they are Monday to Friday. ``reading`` names the reading of the clause that this limit follows,
    where there are several.
    """

    n: Decimal
    unit: OffsetUnit = OffsetUnit.DAYS
    anchor: Anchor = Anchor.PERIOD_END
    calendar: str = ""
    more_calendars: tuple[str, ...] = ()
    calendar_op: CalendarOp = CalendarOp.CLOSED_ON_ANY
    reading: str = ""

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"n is {self.n}. A time limit lies after its anchor: use 0 or more.")
        if self.unit is not OffsetUnit.HOURS and self.n != self.n.to_integral_value():
            raise ValueError(
                f"n is {self.n}. Only hours can be broken: use a whole number of {self.unit.value}."
            )


class ExclusionSource(StrEnum):
    """What an exclusion is found from."""

    MAINTENANCE = "maintenance"  # announced windows, tested here
    DECISION = "decision"  # a person decided it, with a reason
    CONDITION = "condition"  # while a condition is confirmed (outdoor temperature above 35 degrees)


class Excess(StrEnum):
    """What lies beyond a quota (F-2.4)."""

    COUNTS = "counts"


class Overrun(StrEnum):
    """Work that lasts beyond its announced window (A17)."""

    ONLY_OVERRUN = "only_overrun"
    WHOLE = "whole"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """So much excluded time, or so many windows, per period."""

    period: CapPeriod
    length: timedelta | None = None
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExclusionRule:
    """A clause that takes downtime out, with the tests it must pass.

    Maintenance passes when notice was given (``notice`` before its start, in ``notice_unit``;
    exactly on time is in time unless ``notice_inclusive`` is off, A18), it lies in the open hours
    of ``within`` (a calendar), and quotas have room; what is beyond a quota counts (A19, split).
    """

    code: str
    name: str = ""
    source: ExclusionSource = ExclusionSource.DECISION
    notice: Decimal = Decimal(0)
    notice_unit: OffsetUnit = OffsetUnit.HOURS
    notice_inclusive: bool = True
    notice_calendar: str = ""
    within: str = ""
    emergency_allowed: bool = False  # A20: counts unless listed
    max_per_event: timedelta | None = None
    quotas: tuple[Quota, ...] = ()
    excess: Excess = Excess.COUNTS
    overrun: Overrun = Overrun.ONLY_OVERRUN
    condition: str = ""
    decided_by: str = ""  # who decides, as the clause says: vendor, us, both, expert
    clause: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimStep:
    """Something the clause wants from us, by a date (open a ticket within 24 hours)."""

    code: str
    text: str
    due: Offset
    required: bool = True  # without it there is no credit
    clause: str = ""


class Remedy(StrEnum):
    """Whether a credit closes the matter (recorded, not computed)."""

    SOLE = "sole"
    WITHOUT_PREJUDICE = "without_prejudice"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, kw_only=True)
class ClaimRule:
    """How a credit is claimed: automatic, or asked for by the earliest of the deadline's readings."""

    automatic: bool = False
    deadlines: tuple[Offset, ...] = ()
    steps: tuple[ClaimStep, ...] = ()
    channel: str = ""
    must_contain: tuple[str, ...] = ()
    decide_within: Offset | None = None
    issue_within: Offset | None = None
    good_standing: bool = False
    remedy: Remedy = Remedy.NOT_STATED
    expires_on_termination: bool = True
    may_set_off: bool = False  # we may deduct the credit from an invoice ourselves
    once_only: bool = False  # the same downtime is credited once, whatever other schedule covers it
    clause: str = ""
    text: str = ""


class EarnBackWhen(StrEnum):
    """What must happen for a credit to be earned back (G4)."""

    MET = "met"  # the level is met in each of the following periods
    EXCEEDED = "exceeded"  # it is exceeded in each
    NO_CREDITS = "no_credits"  # the schedule has no credit at all in each


class EarnBackForm(StrEnum):
    """How it comes back to the vendor."""

    RETURNED = "returned"
    OFFSET = "offset"  # a balance against later credits, lapsing at the end of the contract


@dataclass(frozen=True, kw_only=True)
class EarnBack:
    """A share of an earlier credit goes back after ``periods`` good periods."""

    periods: int
    when: EarnBackWhen = EarnBackWhen.MET
    share: Decimal = Decimal(100)
    form: EarnBackForm = EarnBackForm.RETURNED
    targets: tuple[str, ...] = ()  # empty: all
    clause: str = ""


class ChronicKind(StrEnum):
    """The patterns that open termination or escalation (F-2.9)."""

    OUTAGES = "outages"  # n runs, each longer than d, in any rolling span
    CUMULATIVE = "cumulative"  # more than d counted in the span
    SINGLE = "single"  # one run longer than d
    CONSECUTIVE = "consecutive"  # n consecutive periods missed
    MISSES = "misses"  # n missed periods of the last m
    CAP_REACHED = "cap_reached"  # a cap was reached in n of the last m periods
    POINTS = "points"  # more than n points in the span of periods
    BELOW = "below"  # one period below a critical level


@dataclass(frozen=True, kw_only=True)
class ChronicRule:
    """A pattern over history and what it opens; never computed into money.

    ``span_days`` (calendar dates inclusive, by the start of the run, A39), or ``of_last`` periods.
    With neither, misses and runs are counted over all history and everything else in this period
    alone. ``level`` is a literal limit: a length of time, or a value below which (``over``: above
    which) a period counts; ``inclusive`` counts what lies exactly on it. ``expected`` counts misses
    of the expected level instead of the minimum.
    """

    code: str
    name: str = ""
    kind: ChronicKind
    count: int = 1
    longer_than: timedelta = ZERO
    level: Decimal | timedelta | None = None
    over: bool = False
    inclusive: bool = False  # "at least" the length or level, "at most" where lower is worse
    span_days: int | None = None
    of_last: int | None = None
    targets: tuple[str, ...] = ()
    expected: bool = False
    opens: str = ""  # what it opens, in the clause's words
    ends: str = ""  # what can be ended: circuit, order, contract
    notice: Offset | None = None
    waived_if_late: bool = False
    clause: str = ""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count is {self.count}. A pattern is made of at least 1.")
        if self.span_days is not None and self.of_last is not None:
            raise ValueError(
                "span_days and of_last are both given. A pattern has one span: keep one of them."
            )
