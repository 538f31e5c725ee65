"""One measurable promise of an SLA schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from sla.engine.periods import PeriodRule
from sla.engine.terms.counting import PARAMS, Availability, Counting, Metric, OutageKind, Params
from sla.engine.terms.credits import CreditRule

# A level is a number in the metric's own unit, or a length of time for metrics of time.
Level = Decimal | timedelta

__all__ = ["Basis", "ConditionalLevel", "Level", "Measurer", "Milestone", "Op", "OutageKind", "Target"]


class Op(StrEnum):
    """How the achieved value must stand to the level (42 in field-notes: the clause says which)."""

    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"


class Basis(StrEnum):
    """What the figure rests on."""

    MEASURED = "measured"  # continuous measurement; a gap is unknown
    BY_EXCEPTION = "by_exception"  # no recorded outage means up
    VENDOR_REPORTED = "vendor_reported"


class Measurer(StrEnum):
    """Whose clock a record was read from."""

    US = "us"
    VENDOR_TICKET = "vendor_ticket"
    VENDOR_STATUS_PAGE = "vendor_status_page"
    THIRD_PARTY = "third_party"


class Milestone(StrEnum):
    """The moments of an incident that clauses name."""

    OCCURRED = "occurred"
    DETECTED = "detected"
    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    ACCESS_GRANTED = "access_granted"
    REPAIR_STARTED = "repair_started"
    RESTORED = "restored"
    RESOLVED = "resolved"
    CLOSED = "closed"
    ROOT_CAUSE_REPORT = "root_cause_report"


@dataclass(frozen=True, kw_only=True)
class ConditionalLevel:
    """Another level that holds while a condition is confirmed (8 h if a dispatch is needed)."""

    condition: str
    level: Level
    clause: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One service level: what is measured, of which services, against which level, paying what.

    ``level`` is the floor (minimum); ``expected`` the aim, where the clause has both. Levels of
    availability and shares are in percent; of time metrics, lengths of time; of counts, numbers.
    ``window`` is the measurement period where it differs from the statement period.
    """

    code: str
    name: str
    metric: Metric = Metric.AVAILABILITY
    params: Params = field(default_factory=Availability)
    op: Op = Op.AT_LEAST
    level: Level
    expected: Level | None = None
    levels_when: tuple[ConditionalLevel, ...] = ()
    services: tuple[str, ...] = ()  # empty: every service of the contract
    calendar: str = ""  # empty: around the clock
    window: PeriodRule | None = None
    basis: Basis = Basis.BY_EXCEPTION
    measured_by: tuple[Measurer, ...] = (Measurer.US, Measurer.VENDOR_TICKET, Measurer.VENDOR_STATUS_PAGE)
    counting: Counting = field(default_factory=Counting)
    exclusions: tuple[str, ...] | None = None  # codes; None: all of the version
    conditions: tuple[str, ...] = ()  # facts that must be confirmed for a credit
    credit: CreditRule | None = None
    is_critical: bool = False
    category: str = ""
    clause: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        expected = PARAMS[self.metric]
        if not isinstance(self.params, expected):
            raise ValueError(
                f"params of {self.code!r} are {type(self.params).__name__}. "
                f"A target that measures {self.metric.value} has {expected.__name__} parameters."
            )
