"""What a summary says to a vendor manager or to finance, as plain values: money in minor units, times UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sla.engine.money import Money


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What the period comes to in one currency.

    `to_claim` is what of all periods was not claimed yet, `lost` the part of it whose last date has passed.
    """

    currency: str
    due_minor: int = 0
    contested_minor: int = 0
    claimed_minor: int = 0
    received_minor: int = 0
    to_claim_minor: int = 0
    lost_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class LevelMissed:
    """A level that was missed, with what was achieved against its target."""

    name: str
    services: str
    window: str
    target: str
    achieved: str
    credit: Money


@dataclass(frozen=True, kw_only=True)
class StatementTold:
    """One service level statement; `credit` is as printed, in other units than money too."""

    number: str
    vendor: str
    schedule: str
    period: str
    last_on: date
    state: str
    revision: int | None
    missed: tuple[LevelMissed, ...]
    credit: str
    contested: str
    claim_by: date | None
    automatic: bool
    questions: int = 0
    correction: str = ""  # what today's records would make of a finalised one
    error: str = ""  # why today's records give no figures

    @property
    def is_draft(self) -> bool:
        """Say whether it still follows the records."""
        return self.revision is None


@dataclass(frozen=True, kw_only=True)
class ToDo:
    """One thing to do: `by` is a day or a local moment in words, empty where no clause states a date."""

    what: str
    about: str
    vendor: str
    by: str = ""
    note: str = ""
    amount: str = ""
    is_vendors: bool = False
    is_overdue: bool = False
    is_lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """A figure that is no longer what an earlier report said, or that none said; and why."""

    number: str
    vendor: str
    told_as: str  # "as a draft", "as r1", empty where no report told it
    told_in: str  # the period of the report that told it
    was: str
    is_now: str
    difference: str
    causes: tuple[str, ...]
    is_draft: bool

    @property
    def is_new(self) -> bool:
        """Say whether no report told it."""
        return not self.told_in


@dataclass(frozen=True, kw_only=True)
class NotClosed:
    """A period that could not be closed, and why."""

    number: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Late:
    """A report that left late: since when it was due, and when it was made (UTC)."""

    due_at: datetime
    made_at: datetime
    zone: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What one reader is told of one period."""

    schedule: str
    period: str
    first_on: date
    last_on: date
    about: str  # which vendors
    why: str  # why the reader gets it
    headline: str
    sums: tuple[Sums, ...]
    statements: tuple[StatementTold, ...]
    todos: tuple[ToDo, ...]
    changes: tuple[Change, ...]
    is_first: bool  # no earlier report told this reader anything
    not_closed: tuple[NotClosed, ...] = ()
    running: tuple[StatementTold, ...] = ()
    shows_running: bool = False
    late: Late | None = None
    notes: tuple[str, ...] = ()
    origin: str = ""

    @property
    def drafts(self) -> int:
        """Return how many of the statements are drafts."""
        return sum(each.is_draft for each in self.statements)
