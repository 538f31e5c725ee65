"""What a look is made with, and what it finds: plain values, without a row of their own yet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sla.models import Alert, AlertPolicy
from sla.services.outbox.posting import one_line

# A dated thing is first warned of when less than this is left.
SOON = timedelta(days=10)
LONGEST_SUBJECT, LONGEST_HEADLINE, LONGEST_DUE = 250, 300, 60
OVERDUE = 4


@dataclass(frozen=True, kw_only=True)
class Found:
    """A reason for a warning that stands now.

    `rank` says how bad it is: 1 is the first to be told. Texts name dates, never the time that is left, so
    that they stay the same from look to look. Money is minor units of `currency`; `due_at` is UTC, exclusive.
    """

    kind: Alert.Kind
    subject: str
    rank: int
    headline: str
    detail: str = ""
    vendor_id: int | None = None
    contract_id: int | None = None
    statement_id: int | None = None
    claim_id: int | None = None
    incident_id: int | None = None
    currency: str = ""
    amount_minor: int | None = None
    due_at: datetime | None = None
    due_words: str = ""

    def __post_init__(self) -> None:
        # Names in the records may be longer than a line of a list.
        object.__setattr__(self, "headline", one_line(self.headline, most=LONGEST_HEADLINE))
        object.__setattr__(self, "due_words", self.due_words[:LONGEST_DUE])


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look: when (UTC), by which rules, and which warnings stand, by kind and subject.

    `agreements` narrows it to some SLA schedules.
    """

    now: datetime
    policy: AlertPolicy
    standing: Mapping[tuple[str, str], Alert] = field(default_factory=dict)
    agreements: frozenset[int] | None = None

    def earlier(self, kind: Alert.Kind, *, subject: str) -> Alert | None:
        """Return the warning that stands already."""
        return self.standing.get((kind.value, subject))

    def since(self, kind: Alert.Kind, *, subject: str) -> datetime:
        """Return when it was first warned of: now, where it is new."""
        earlier = self.earlier(kind, subject=subject)
        return self.now if earlier is None else earlier.raised_at


def subject_of(*parts: object) -> str:
    """Return what a warning is about as a key that stays the same from look to look."""
    text = "/".join(map(str, parts))
    if len(text) <= LONGEST_SUBJECT:
        return text
    return f"{text[:180]}#{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def stage(until: datetime, *, since: datetime, now: datetime) -> int:
    """Return how far the time to an instant has run since the first warning.

    1 at first, 2 from half of the time that remained then, 3 from a quarter, `OVERDUE` when it is over.
    """
    left, whole = until - now, until - since
    if left <= timedelta(0):
        return OVERDUE
    if 4 * left <= whole:
        return 3
    return 2 if 2 * left <= whole else 1


def lasting(age: timedelta, *, limit: timedelta) -> int:
    """Return the rank of what goes on for too long: 0 within the limit, worse after two and four times it."""
    if age <= limit:
        return 0
    return 1 + sum(bool(limit) and age >= times * limit for times in (2, 4))
