"""How a service level is measured and how its time, cases or samples are counted.

Each option that two careful readers of a clause could set differently is a field, with the default
of clauses.md section 5 (its A number stands at the field).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from sla.engine.intervals import ZERO
from sla.engine.money import RoundingMode


class Metric(StrEnum):
    """What is measured; each has one parameter class, in `PARAMS`."""

    AVAILABILITY = "availability"
    DOWNTIME = "downtime"
    LONGEST_OUTAGE = "longest_outage"
    COUNT = "count"
    ELAPSED = "elapsed"
    SAMPLED = "sampled"
    REPORTED = "reported"
    OBLIGATION = "obligation"


class OutageKind(StrEnum):
    """How a service was disturbed."""

    OUTAGE = "outage"
    DEGRADED = "degraded"
    LOSS_OF_REDUNDANCY = "loss_of_redundancy"
    UNMEASURED = "unmeasured"


class Combine(StrEnum):
    """How several units make one figure (F4)."""

    EACH = "each"  # every unit has its own figure and its own credit
    ANY = "any"  # one unit down is down
    ALL = "all"  # down only while every unit is down (A and B feed, zones, ports)
    POOLED = "pooled"  # unit-minutes, weighted by the units' weights (users, capacity)
    WORST = "worst"  # the unit with the worst figure stands for all


class Statistic(StrEnum):
    """How many cases or samples become one figure."""

    EACH = "each"
    SHARE_WITHIN = "share_within"
    MEAN = "mean"
    PERCENTILE = "percentile"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    INTERVAL_SUCCESS = "interval_success"
    TIME_OUT_OF_BAND = "time_out_of_band"


@dataclass(frozen=True, kw_only=True)
class Availability:
    """Percent of the agreed time in which the service was delivered."""

    combine: Combine = Combine.EACH


@dataclass(frozen=True, kw_only=True)
class Downtime:
    """Counted downtime in the window, as a length of time."""

    combine: Combine = Combine.EACH


@dataclass(frozen=True, kw_only=True)
class LongestOutage:
    """The longest single counted run of the window, as a length of time."""

    combine: Combine = Combine.EACH


@dataclass(frozen=True, kw_only=True)
class Count:
    """The number of counted runs in the window."""

    combine: Combine = Combine.EACH


@dataclass(frozen=True, kw_only=True)
class LowVolume:
    """Where a window has at most ``up_to`` cases, at most ``late`` of them may be late (G6)."""

    up_to: int
    late: int


@dataclass(frozen=True, kw_only=True)
class Elapsed:
    """Time between two milestones of an incident, on the target's calendar.

    ``each`` judges every case against the level; ``share_within`` gives the percent of cases that
    took no longer than ``within``; ``mean`` and ``percentile`` give a length of time.
    """

    since: str = "reported"
    until: str = "restored"
    statistic: Statistic = Statistic.EACH
    within: timedelta | None = None
    percentile: Decimal | None = None
    severities: tuple[str, ...] = ()
    low_volume: LowVolume | None = None


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """A figure made of instant samples of one series.

    ``interval_success``: percent of successful requests per interval, averaged over the intervals
    (H2, H7); the sample's value is the number that failed, its volume the number asked.
    ``time_out_of_band``: how long the samples stayed outside [lo, hi], each holding for ``every``
    or until the next one; it then counts like downtime. ``share_within``: percent of samples in band.
    """

    series: str
    statistic: Statistic = Statistic.MEAN
    percentile: Decimal | None = None
    lo: Decimal | None = None
    hi: Decimal | None = None
    every: timedelta | None = None
    min_volume: int = 0
    baseline: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A figure that somebody reports for a period: a value, or numerator and denominator in percent."""

    figure: str
    average_with_previous: bool = False  # G9: the mean of this and the last window's figure


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """Something owed by a date: each case is on time or late; the figure counts the late ones.

    ``what`` is a milestone, then every incident is a case, or the code of a delivery. It is due ``n``
    ``unit`` (see `Offset`) after ``anchor``, at the end of that local day unless the unit is hours.
    """

    what: str
    n: Decimal = Decimal(0)
    unit: str = "days"
    anchor: str = "period_end"
    severities: tuple[str, ...] = ()


Params = Availability | Downtime | LongestOutage | Count | Elapsed | Sampled | Reported | Obligation

PARAMS: dict[Metric, type[Params]] = {
    Metric.AVAILABILITY: Availability,
    Metric.DOWNTIME: Downtime,
    Metric.LONGEST_OUTAGE: LongestOutage,
    Metric.COUNT: Count,
    Metric.ELAPSED: Elapsed,
    Metric.SAMPLED: Sampled,
    Metric.REPORTED: Reported,
    Metric.OBLIGATION: Obligation,
}


class StartRule(StrEnum):
    """When the vendor's clock starts (F13, A21)."""

    OCCURRED = "occurred"
    DETECTED = "detected"
    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"  # the vendor opened its ticket
    FIRST_KNOWN = "first_known"  # reported or detected, whichever is first


class EndRule(StrEnum):
    """When it ends (F14, A22)."""

    RESTORED = "restored"
    CLOSED = "closed"
    FIRST = "first"  # restored or closed, whichever is first


class Overlap(StrEnum):
    """Several incidents in one minute (A15)."""

    UNION = "union"
    SUM = "sum"


class Attribution(StrEnum):
    """An outage over a period's edge (A13)."""

    SPLIT = "split"
    START = "start"
    END = "end"


class RunCounts(StrEnum):
    """What counts of a run that passed the minimum (A24)."""

    WHOLE = "whole"
    EXCESS = "excess"


class IntervalRule(StrEnum):
    """Which share of a partly down interval counts (A26)."""

    FULL = "full"  # only intervals down throughout
    TOUCHED = "touched"  # every interval with any downtime
    AT_LEAST = "at_least"  # intervals with at least `threshold` of downtime (N5)
    NEAREST = "nearest"


class Alignment(StrEnum):
    """Where intervals begin (F17)."""

    CLOCK = "clock"  # counted from the start of the window
    RUN = "run"  # counted from the start of each run


@dataclass(frozen=True, kw_only=True)
class Granularity:
    """Intervals that downtime is counted in (F16)."""

    size: timedelta
    rule: IntervalRule = IntervalRule.FULL
    alignment: Alignment = Alignment.CLOCK
    threshold: timedelta = ZERO

    def __post_init__(self) -> None:
        if self.size <= ZERO:
            raise ValueError(f"size is {self.size}. An interval has a length above zero.")


class Denominator(StrEnum):
    """The time that downtime is a share of (F32, A12)."""

    ELAPSED = "elapsed"  # agreed service time of the window
    DEEMED_DAYS = "deemed_days"  # calendar days x 24 h, whatever the clock change
    FIXED = "fixed"  # a stated length such as 43,200 minutes


class ExclusionArithmetic(StrEnum):
    """What an exclusion does to the denominator (F33, A16)."""

    UNCHANGED = "unchanged"
    REMOVED = "removed"  # the whole excluded window leaves numerator and denominator
    ADDED_BACK = "added_back"  # (A - B + C) / A with C the excluded downtime


class NoData(StrEnum):
    """What an unmeasured stretch, interval or period is taken for (F20, A27)."""

    UNKNOWN = "unknown"  # a range from best to worst
    MET = "met"
    FAILED = "failed"
    OMIT = "omit"


@dataclass(frozen=True, kw_only=True)
class Weight:
    """How much a minute of one outage kind counts; kinds not listed count in full or not at all."""

    kind: OutageKind
    share: Fraction


@dataclass(frozen=True, kw_only=True)
class Counting:
    """From recorded outages to counted downtime."""

    start: StartRule = StartRule.OCCURRED
    end: EndRule = EndRule.RESTORED
    kinds: tuple[OutageKind, ...] = (OutageKind.OUTAGE,)
    weights: tuple[Weight, ...] = ()  # F23: "unavailable but used" 50 %
    by_affected: bool = False  # F23: minutes x affected share
    affected_at_least: Fraction = Fraction(0)  # F12: "more than 5 % of requests"
    severities: tuple[str, ...] = ()  # empty: all
    clock_stops: bool = True
    restore_if_vendor_cause: bool = True  # A23
    fault_required: bool = False  # counts only where the vendor bears it
    apportioned: bool = False  # a minute counts by the vendor's share of responsibility
    overlap: Overlap = Overlap.UNION
    min_run: timedelta = ZERO
    min_run_inclusive: bool = False  # A25: "more than" unless the clause says "at least"
    run_counts: RunCounts = RunCounts.WHOLE
    granularity: Granularity | None = None
    attribution: Attribution = Attribution.SPLIT
    denominator: Denominator = Denominator.ELAPSED
    denominator_length: timedelta | None = None
    exclusion_arithmetic: ExclusionArithmetic = ExclusionArithmetic.UNCHANGED
    planned_counts: bool = True  # downtime announced but not excluded still counts
    no_data: NoData = NoData.UNKNOWN
    value_decimals: int | None = None  # A1: none = judged on the exact value
    value_rounding: RoundingMode = RoundingMode.HALF_UP

    def __post_init__(self) -> None:
        if (self.denominator is Denominator.FIXED) != (self.denominator_length is not None):
            raise ValueError(
                "denominator_length belongs to denominator = 'fixed', and only to it. "
                "State the clause's fixed time, such as 43200 min, or choose elapsed."
            )
