"""What every feed reader returns, whatever the format."""

from dataclasses import dataclass
from datetime import datetime


class FeedError(ValueError):
    """The whole file cannot be read; its text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedComponent:
    """A part of the vendor's service by the feed's name, and the worst status the feed gave it."""

    name: str
    worst_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIncident:
    """One incident as the feed tells it; all times UTC."""

    external_id: str
    title: str
    narrative: str
    severity: str
    status: str
    planned: bool
    started_at: datetime
    first_posted_at: datetime
    resolved_at: datetime | None
    changed_at: datetime | None
    components: tuple[FeedComponent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMaintenance:
    """One notice of work as the feed tells it; all times UTC."""

    external_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    noticed_at: datetime | None
    actual_started_at: datetime | None
    actual_ended_at: datetime | None
    components: tuple[FeedComponent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedProblem:
    """One record, or a part of it, that could not be used."""

    place: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Everything read from one file; `heard_at` is when the page itself last changed."""

    page_name: str
    heard_at: datetime | None
    incidents: tuple[FeedIncident, ...]
    maintenances: tuple[FeedMaintenance, ...]
    problems: tuple[FeedProblem, ...]
