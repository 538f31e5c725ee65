"""Read maintenance notices in iCalendar, with the X-MAINTNOTE properties of the draft NANOG standard.

The standard asks for thirteen properties; real notices lack some. Without a number, a start or an end
there is no window, so the record is refused; what else is missing is noted. Nothing that repeats is
expanded: a notice tells of windows, not of rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event

from incidents.feeds.calendar_files import (
    CalendarFile,
    Times,
    plain,
    read_calendars,
    text_of,
    texts_of,
    values_of,
    visible,
)
from incidents.feeds.json_files import SHOWN
from incidents.feeds.notices import (
    LONGEST_NUMBER,
    arrived,
    components,
    is_emergency,
    numbered,
    read_impact,
    read_status,
    replaced,
)
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedMaintenance,
    FeedProblem,
    Format,
    NoticeStatus,
)

OURS = "X-MAINTNOTE-"
ASKED_FOR = (
    *("DTSTAMP", "UID", "SUMMARY", "ORGANIZER", "SEQUENCE"),
    *(f"{OURS}{name}" for name in ("PROVIDER", "ACCOUNT", "MAINTENANCE-ID", "OBJECT-ID", "IMPACT")),
)
REPEATS = ("RRULE", "RDATE", "EXDATE", "EXRULE")
# Of an invitation, only what its organiser sends is a notice.
ANSWERS = frozenset({"REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER"})
LARGEST_SEQUENCE = 2**31 - 1


def read_maintnote(content: bytes, context: FeedContext) -> Feed:
    """Read every event of the file as one announced window; a bad one is listed, the others are kept.

    Raises:
        FeedError: not iCalendar, too large, cut off, or without any event.

    """
    file = read_calendars(content)
    tellings: dict[tuple[str, ...], _Telling] = {}
    problems: list[FeedProblem] = []
    providers: dict[str, None] = {}
    for number, (calendar, event) in enumerate(_events(file), start=1):
        reading = _Reading(file=file, calendar=calendar, event=event, context=context)
        try:
            telling = reading.telling()
            providers |= dict.fromkeys(reading.texts("PROVIDER"))
        except _Refused as refused:
            place = f"event {number}{refused.where}"
            problems.append(FeedProblem(place=place, message=f"{refused.why}{_found(event, refused.where)}."))
        else:
            tellings[telling.window] = telling.newer(tellings.get(telling.window))
    return Feed(
        page_name=", ".join(providers)[:SHOWN],
        maintenances=tuple(numbered(telling.read() for telling in tellings.values())),
        problems=tuple(problems),
    )


def _events(file: CalendarFile) -> Iterator[tuple[Calendar, Event]]:
    for calendar in file.calendars:
        yield from ((calendar, event) for event in calendar.walk("VEVENT") if isinstance(event, Event))


def _found(event: Event, where: str) -> str:
    """Quote what stands in a property that could not be read."""
    name = where.removeprefix(".")
    if name not in event:
        return ""
    value = event[name]
    raw = value.to_ical() if hasattr(value, "to_ical") else str(value)
    shown = repr(raw.decode(errors="replace") if isinstance(raw, bytes) else raw)
    return f" (found {shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + '…'})"


class _Refused(ValueError):
    """One event cannot be used: where in it, and why."""

    def __init__(self, why: str, *, where: str = "") -> None:
        super().__init__(why)
        self.why, self.where = why, f".{where}" if where else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """One event as read, which window it tells of, and how often the file tells of that."""

    window: tuple[str, ...]
    said: FeedMaintenance
    times_told: int = 1

    def newer(self, other: "_Telling | None") -> "_Telling":
        """Keep the later of two tellings of one window, whatever their order in the file."""
        if other is None:
            return self
        later = max(other, self, key=_Telling._age)
        return replace(later, times_told=self.times_told + other.times_told)

    def _age(self) -> tuple[int, float, str]:
        sequence = -1 if self.said.sequence is None else self.said.sequence
        return (sequence, self.said.changed_at.timestamp() if self.said.changed_at else 0.0, repr(self.said))

    def read(self) -> FeedMaintenance:
        if self.times_told == 1:
            return self.said
        told = f"The file tells of this window {self.times_told} times; the newest telling is kept."
        return replace(self.said, notes=(*self.said.notes, told))


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One event being read."""

    file: CalendarFile
    calendar: Calendar
    event: Event
    context: FeedContext
    notes: list[str] = field(default_factory=list)

    def telling(self) -> _Telling:
        """Read the event. Raises _Refused where it is no window of a notice."""
        number, uid = self._number(), self._text("UID")
        starts_at, ends_at = self._window()
        stamp, changed = self._at("DTSTAMP"), self._at("LAST-MODIFIED")
        title = self._text("SUMMARY") or number
        story = self._text("DESCRIPTION")
        impact = next(iter(self.texts("IMPACT")), "")
        self._note_what_is_missing()
        said = FeedMaintenance(
            external_id=number,
            title=title,
            starts_at=starts_at,
            ends_at=ends_at,
            noticed_at=self.context.received_at if self.context.is_sent else self._stated(stamp),
            has_arrived=self.context.is_sent,
            stated_at=stamp,
            components=self._components(impact),
            status=self._status(),
            emergency=is_emergency(title),
            impact=impact,
            replaces=replaced(f"{title}\n{story}", number=number),
            account=next(iter(self.texts("ACCOUNT")), ""),
            narrative=story,
            changed_at=max(filter(None, (stamp, changed)), default=None),
            sequence=self._sequence(),
            notes=tuple(dict.fromkeys(self.notes)),
        )
        # Without a UID nothing says that two events are one window told twice.
        moved = str(starts_at) if not uid else ",".join(_plainly(self.event, "RECURRENCE-ID"))
        return _Telling(window=(number, uid, moved), said=said)

    def _stated(self, stamp: datetime | None) -> datetime | None:
        """Return what the sender states, but never after we had it in hand."""
        return arrived(stamp, received_at=self.context.received_at, what="Its DTSTAMP", notes=self.notes)

    def texts(self, name: str) -> list[str]:
        """Return the texts of a property of the standard, which may lie on the event or on the calendar."""
        try:
            return texts_of(self.event, OURS + name) or texts_of(self.calendar, OURS + name)
        except ValueError as error:
            raise _Refused(str(error), where=OURS + name) from None

    def _text(self, name: str) -> str:
        try:
            return text_of(self.event, name)
        except ValueError as error:
            raise _Refused(str(error), where=name) from None

    def _number(self) -> str:
        """Return the vendor's number, the primary one of several; a plain event has only its UID."""
        if self._method() in ANSWERS:
            raise _Refused("an answer to an invitation, no notice: it is passed over")
        name = f"{OURS}MAINTENANCE-ID"
        numbers = self.texts("MAINTENANCE-ID")
        primary = [
            plain(value)
            for value in values_of(self.event, name) or values_of(self.calendar, name)
            if _parameter(value, f"{OURS}PRECEDENCE") == "PRIMARY"
        ]
        number = next(iter([*primary, *numbers, self._text("UID")]), "")
        if not number:
            raise _Refused("it has neither X-MAINTNOTE-MAINTENANCE-ID nor UID; nothing tells it from others")
        if len(number) > LONGEST_NUMBER:
            raise _Refused(f"its number is longer than {LONGEST_NUMBER} letters ('{number[:40]}…')")
        others = [other for other in numbers if other != number]
        if others:
            self.notes.append(f"It bears other numbers, too: {', '.join(others)[:200]}.")
        return number

    def _method(self) -> str:
        """Return what the calendar is sent for, such as REQUEST or CANCEL."""
        return visible(next(iter(values_of(self.calendar, "METHOD")), "")).strip().upper()

    def _window(self) -> tuple[datetime, datetime]:
        """Return the announced window: a length that nobody states is not guessed."""
        starts_at = self._at("DTSTART")
        if starts_at is None:
            raise _Refused("it has no DTSTART, so there is no window")
        ends_at = self._at("DTEND")
        if ends_at is None:
            ends_at = self._end_by_length(starts_at)
        if ends_at < starts_at:
            raise _Refused(f"it ends ({ends_at}) before it begins ({starts_at})")
        if ends_at == starts_at:
            self.notes.append("The window is of no length: it ends when it begins.")
        if any(name in self.event for name in REPEATS):
            self.notes.append("It repeats; only the first window is read. Ask for a notice of each.")
        return starts_at, ends_at

    def _end_by_length(self, starts_at: datetime) -> datetime:
        length, is_day = _delta(self.event, "DURATION"), _is_day(self.event)
        if length is None and is_day:
            self.notes.append("It names a day and no end: the whole day is taken.")
            length = timedelta(days=1)
        if length is None or not timedelta() <= length < timedelta(days=3660):
            raise _Refused("it has no DTEND and no DURATION that can be read, so there is no window")
        midnight = self._at("DTSTART", days_later=length.days) if is_day else None
        return midnight or starts_at + length

    def _at(self, name: str, *, days_later: int = 0) -> datetime | None:
        times = Times(file=self.file, zone=self.context.zone)
        try:
            return times.at(self.event, name, days_later=days_later)
        except ValueError as error:
            if name in ("DTSTART", "DTEND"):
                raise _Refused(str(error), where=name) from None
            self.notes.append(f"{name} cannot be read: {error}{_found(self.event, name)}.")
            return None
        finally:
            self.notes.extend(times.notes)

    def _components(self, impact: str) -> tuple[FeedComponent, ...]:
        name = f"{OURS}OBJECT-ID"
        objects = values_of(self.event, name) or values_of(self.calendar, name)
        self.texts("OBJECT-ID")
        general = read_impact(impact, notes=self.notes)
        named = [(plain(value), _parameter(value, f"{OURS}OBJECT-IMPACT")) for value in objects]
        return components(
            (part, read_impact(own, notes=self.notes) if own else general) for part, own in named if part
        )

    def _status(self) -> NoticeStatus | None:
        """Return the standard's status, else the calendar's own."""
        if self._method() == "CANCEL":
            return NoticeStatus.CANCELLED
        word = next(iter(self.texts("STATUS")), "") or self._text("STATUS")
        if not word:
            self.notes.append("It states no status; what an earlier notice said holds.")
        return read_status(word, notes=self.notes)

    def _sequence(self) -> int | None:
        try:
            number = int(values_of(self.event, "SEQUENCE")[0])
        except Exception:
            # Missing, no number, or thousands of digits: then DTSTAMP alone orders the tellings.
            return None
        return number if 0 <= number <= LARGEST_SEQUENCE else None

    def _note_what_is_missing(self) -> None:
        """Say once what the standard asks for and the event lacks, or that it is no such notice at all."""
        there = {*self.event, *self.calendar}
        if not any(name.startswith(OURS) for name in there):
            self.notes.append("A plain calendar event: number, objects and impact are not stated.")
            return
        missing = [name for name in ASKED_FOR if name not in there]
        if missing:
            self.notes.append(f"The standard asks for {', '.join(missing)}, which it lacks.")
        if f"{OURS}IMPACT" in missing:
            self.notes.append("Without an impact the standard wants OUTAGE to be read.")


def _parameter(value: Any, name: str) -> str:
    given = getattr(value, "params", {}).get(name, "")
    return visible(given[0] if isinstance(given, list) and given else given).strip().upper()


def _plainly(event: Mapping[str, Any], name: str) -> list[str]:
    return [repr(value) for value in values_of(event, name)]


def _delta(event: Event, name: str) -> timedelta | None:
    try:
        given = values_of(event, name)[0].dt
    except Exception:
        return None
    return given if isinstance(given, timedelta) else None


def _is_day(event: Event) -> bool:
    given = values_of(event, "DTSTART")[0].dt
    return isinstance(given, date) and not isinstance(given, datetime)


FORMAT = Format(
    code="maintnote",
    label="Maintenance notice (iCalendar)",
    read=read_maintnote,
    clock=Clock.VENDOR_TICKET,
    polled=True,
    pushed=True,
)
