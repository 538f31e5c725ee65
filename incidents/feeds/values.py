"""What every feed reader returns, whatever the format: plain values, all times UTC.

Three times of an incident are kept apart: when it began, when the vendor first posted it, and when it
ended. A window that a text tells of stands beside them and replaces none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from vendors.files.columns import SeenColumn as SeenColumn
from vendors.files.columns import SeenTable as SeenTable
from vendors.files.errors import FileError, FileProblem

# A feed's file fails as any other does.
FeedError = FileError
FeedProblem = FileProblem


class Clock(StrEnum):
    """Whose clock the times of a format come from, in the words of the register."""

    US = "us"
    VENDOR_TICKET = "vendor_ticket"
    VENDOR_STATUS_PAGE = "vendor_status_page"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContext:
    """What a reader must be told besides the bytes.

    `received_at` is when the file reached us, in UTC; some senders state no time of their own. `zone` is
    that of times without one, None where nobody said. `columns` names, for tables, the column of each
    of our fields. `parser` is the command of the Python that reads vendors' own mails, empty where there is
    none: see `incidents.feeds.parser_process`. `is_sent` says that its sender brought the file: then
    `received_at` is when what it tells reached us, not only when somebody fetched or saved it.
    """

    received_at: datetime
    zone: tzinfo | None = None
    file_name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    parser: tuple[str, ...] = ()
    is_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedComponent:
    """A part of the vendor's service by the feed's name, and the worst status the feed gave it."""

    name: str
    worst_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWindow:
    """The time that a text tells of, `[start, end)` in UTC, and the words that say so."""

    start: datetime
    end: datetime
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMoment:
    """A moment that a ticket records, in UTC; `kind` is one of the register's, such as "acknowledged"."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWait:
    """Time in which a ticket waited for us: `[stopped_at, resumed_at)` in UTC, open where it still waits."""

    stopped_at: datetime
    resumed_at: datetime | None
    reason: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIncident:
    """One incident as the feed tells it; all times UTC.

    `started_at` is None where the feed does not say it: a person has to. `severity` and `status` are the
    feed's own words. `changed_at` orders two tellings of one incident: the later one holds. `notes` say
    what a person should look at.
    """

    external_id: str
    title: str
    narrative: str = ""
    severity: str = ""
    status: str = ""
    planned: bool = False
    started_at: datetime | None
    first_posted_at: datetime | None
    resolved_at: datetime | None
    changed_at: datetime | None
    components: tuple[FeedComponent, ...] = ()
    windows: tuple[FeedWindow, ...] = ()
    moments: tuple[FeedMoment, ...] = ()
    waits: tuple[FeedWait, ...] = ()
    address: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """A part of an incident's story that came alone, as from a webhook.

    `said` holds what this event tells, with None and empty text for what it does not. `event_id` is the
    same whenever the same event is sent again. One that states `said.started_at` without an end says that
    the trouble began (or began again) at `at`; one that states `said.resolved_at` says that it is over.
    `recurring` says that `external_id` names what is watched, not one incident: each of its failures is an
    incident of its own, and an event without an end says that it has failed. See `incidents.feeds.events`.
    """

    external_id: str
    event_id: str
    at: datetime
    said: FeedIncident
    recurring: bool = False


class NoticeStatus(StrEnum):
    """Where announced work stands."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    IN_PROCESS = "in_process"
    COMPLETED = "completed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMaintenance:
    """One window of a notice of work as the feed tells it; all times UTC.

    A notice with several windows gives several of these; `notice` is then the vendor's number that they
    share. `replaces` is the number of an earlier notice whose place this one takes. `impact` is the
    feed's own word. `noticed_at` is the time of notice that counts; `has_arrived` says that it is when the
    notice reached us, else it is only what its sender states. `stated_at` is the sender's word beside an
    arrival. `status` is None where this telling does not say it: what an earlier one said holds.
    """

    external_id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    noticed_at: datetime | None
    has_arrived: bool = False
    stated_at: datetime | None = None
    actual_started_at: datetime | None = None
    actual_ended_at: datetime | None = None
    components: tuple[FeedComponent, ...] = ()
    status: NoticeStatus | None = NoticeStatus.CONFIRMED
    emergency: bool = False
    impact: str = ""
    notice: str = ""
    replaces: str = ""
    account: str = ""
    narrative: str = ""
    changed_at: datetime | None = None
    sequence: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSample:
    """One measured value at a UTC instant, by the feed's name of what was measured."""

    component: str
    metric: str
    at: datetime
    value: Decimal
    volume: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLetter:
    """A mail that a person must read, because no reader could: `text` is plain, `notes` say why.

    `sent_at` is what the sender's clock said and `received_at` when it arrived, both in UTC and None where
    the mail does not say. `message_id` is the same however often the mail is read.
    """

    message_id: str
    subject: str
    sender: str
    sent_at: datetime | None
    received_at: datetime | None
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Everything read from one file; `heard_at` is when the page itself last changed."""

    page_name: str = ""
    heard_at: datetime | None = None
    incidents: tuple[FeedIncident, ...] = ()
    events: tuple[FeedEvent, ...] = ()
    maintenances: tuple[FeedMaintenance, ...] = ()
    samples: tuple[FeedSample, ...] = ()
    letters: tuple[FeedLetter, ...] = ()
    problems: tuple[FeedProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that can be read. `read` raises FeedError where nothing of the file can be used.

    `clock` is whose times they are. `polled` formats lie at an address that is fetched again and again;
    `pushed` ones are sent to us, and come as files only where they are `filed` as well. `needs_zone` says
    that its times bear none. `hidden` ones are offered only where the settings switch them on.
    """

    code: str
    label: str
    read: Callable[[bytes, FeedContext], Feed]
    clock: Clock
    polled: bool = False
    pushed: bool = False
    filed: bool = False
    needs_zone: bool = False
    hidden: bool = False
    table: "TableFormat | None" = None

    @property
    def by_file(self) -> bool:
        """Say whether a person may bring it as a file, or paste its text."""
        return self.polled or self.filed or not self.pushed


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """A format whose columns a person names: our fields and options in words, and a first look at a file."""

    fields: Mapping[str, str]
    options: Mapping[str, str]
    look: Callable[[bytes, Mapping[str, str]], SeenTable]
