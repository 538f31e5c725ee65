"""What iCalendar files need before their events can be trusted: limits, zones and times in UTC.

The library builds zones from the file's own rules and keeps them for the files after it, so a file could
change how the next one is read, or name a rule that takes hours. Here zones are taken out first, and
rules are used only where they say no more than real ones do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from icalendar import Calendar, Event, Timezone
from icalendar.timezone import tzp

from incidents.feeds.json_files import EARLIEST_YEAR, LATEST_YEAR, plausible, storable
from incidents.feeds.values import FeedError

LARGEST_CALENDAR = 2_000_000
MOST_LINES = 40_000
DEEPEST = 6
LONGEST_ZONE = 5_000

_OWN = "zone of the file at hand"
_TZID = re.compile(r"^TZID(?:;[^:\r\n]*)?:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(r"\n+[ \t]")
# A summer time begins on one day of one month: more than that is no rule of a zone.
_RULE = re.compile(
    r"RRULE:(?:(?:FREQ=YEARLY|BYMONTH=\d{1,2}|BYDAY=[+-]?\d?[A-Z]{2}|BYMONTHDAY=[\d,-]{1,30}|WKST=[A-Z]{2}"
    r"|INTERVAL=1|UNTIL=\d{8}T\d{6}Z?)(?:;|$))+",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"(?:BEGIN:|END:|TZID|DTSTART|TZNAME|TZOFFSETFROM:|TZOFFSETTO:|LAST-MODIFIED:|X-|COMMENT|TZURL)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFile:
    """The calendars of a file, and its own zones by their names, as text that nothing has run yet."""

    calendars: tuple[Calendar, ...]
    zones: Mapping[str, str] = field(default_factory=dict)


def read_calendars(content: bytes) -> CalendarFile:
    """Return the calendars of one file.

    Raises:
        FeedError: too large, not UTF-8, cut off, nested without end, or not iCalendar.

    """
    if len(content) > LARGEST_CALENDAR:
        raise FeedError(f"The calendar has {len(content)} bytes, more than {LARGEST_CALENDAR}. Split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeedError(f"The calendar is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    text = _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines, blocks = _parted([line for line in text.split("\n") if line.strip()])
    # Bytes, for the library opens a file where it is given text of one line.
    given = "\r\n".join([*lines, ""]).encode()
    try:
        found = Calendar.from_ical(given, multiple=True)
    except Exception as error:
        # Whatever the library stumbles over, the file is what is wrong.
        raise FeedError(f"The file is not iCalendar: {visible(error)[:200]}. Bring it whole.") from None
    calendars = tuple(part for part in found if isinstance(part, Calendar))
    if not any(calendar.walk("VEVENT") for calendar in calendars):
        raise FeedError("The calendar holds no event (VEVENT). Expected is a maintenance notice.")
    zones = {name: block for block in blocks if (name := _zone_name(block))}
    return CalendarFile(calendars=calendars, zones=zones)


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """Part the zones, each as one text, from the rest; refuse what is cut off or nests without end."""
    if len(lines) > MOST_LINES:
        raise FeedError(f"The calendar has {len(lines)} lines, more than {MOST_LINES}. Split it.")
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        raise FeedError("The file is not iCalendar: it does not begin with BEGIN:VCALENDAR.")
    rest: list[str] = []
    zones: list[str] = []
    opened: list[str] = []
    for number, line in enumerate(lines, start=1):
        word, name = _mark(line)
        inside = "VTIMEZONE" in opened
        if word == "BEGIN":
            opened.append(name)
        elif word == "END" and (not opened or opened.pop() != name):
            raise FeedError(
                f"The calendar is broken at line {number}: END:{visible(name)[:60]} closes nothing."
            )
        if len(opened) > DEEPEST:
            raise FeedError(f"The calendar nests without end at line {number}. It is no notice.")
        if inside:
            zones[-1] += f"{line}\r\n"
        elif opened and opened[-1] == "VTIMEZONE":
            zones.append(f"{line}\r\n")
        else:
            rest.append(f"{word}:{name}" if word else line)
    if opened:
        raise FeedError(
            f"The calendar was cut off: END:{visible(opened[-1])[:60]} is missing. Bring it whole."
        )
    return rest, zones


def _mark(line: str) -> tuple[str, str]:
    """Tell what a line opens or closes, ("", "") where it does neither."""
    found = re.match(r"\s*(BEGIN|END)\s*(?:;[^:]*)?:(.*)", line, re.IGNORECASE)
    return (found[1].upper(), found[2].strip().upper()) if found else ("", "")


def _zone_name(block: str) -> str:
    named = _TZID.search(block)
    return named[1].strip() if named else ""


def text_of(event: Mapping[str, Any], name: str) -> str:
    """Return the first text of a property without blanks at its ends, "" where it is missing.

    Raises:
        ValueError: text that no database can hold.

    """
    return next(iter(texts_of(event, name)), "")


def texts_of(event: Mapping[str, Any], name: str) -> list[str]:
    """Return every text of a property that may stand more than once, without empty ones."""
    return [text for value in values_of(event, name) if (text := plain(value))]


def values_of(event: Mapping[str, Any], name: str) -> list[Any]:
    """Return every value of a property, with its parameters."""
    found = event.get(name)
    return found if isinstance(found, list) else [] if found is None else [found]


def visible(given: object) -> str:
    """Return what a file said as a message can quote it."""
    return str(given).replace("\x00", "\N{REPLACEMENT CHARACTER}")


def plain(value: Any) -> str:
    """Return a value as text; some senders escape commas where the standard does not ask for it."""
    text = str(storable(str(value)))
    return re.sub(r"\\([,;\\])", r"\1", text).replace("\\n", "\n").replace("\\N", "\n").strip()


@dataclass(slots=True, kw_only=True)
class Times:
    """The times of one event in UTC, and what is to be said of how they were read."""

    file: CalendarFile
    zone: tzinfo | None
    notes: list[str] = field(default_factory=list)

    def at(self, event: Event, name: str, *, days_later: int = 0) -> datetime | None:
        """Return one time in UTC, None where the property is missing; a day has 23 hours when clocks change.

        Raises:
            ValueError: no time, a zone that nobody knows, or none where one is needed.

        """
        values = values_of(event, name)
        if not values:
            return None
        if len(values) > 1:
            raise ValueError("it stands more than once")
        try:
            given = values[0].dt
        except Exception:
            raise ValueError("not a time such as 20190625T041500Z") from None
        if isinstance(given, datetime):
            return self._instant(given, tzid=str(values[0].params.get("TZID", "")))
        if isinstance(given, date):
            day = datetime.combine(given, time()) + timedelta(days=days_later)
            return self._instant(day, tzid=str(values[0].params.get("TZID", "")))
        raise ValueError("not a time such as 20190625T041500Z")

    def _instant(self, given: datetime, *, tzid: str) -> datetime:
        if not EARLIEST_YEAR <= given.year <= LATEST_YEAR:
            raise ValueError(f"the year lies outside {EARLIEST_YEAR} to {LATEST_YEAR}")
        if given.tzinfo is not None and not tzid:
            return plausible(given)
        wall = given.replace(tzinfo=None)
        return self._local(wall, zone=self._named(tzid) if tzid else self._floating())

    def _named(self, tzid: str) -> tzinfo:
        zone = _known(tzid) or _stated(self.file.zones.get(tzid, ""))
        if zone is None:
            raise ValueError(
                f"the time zone '{visible(tzid)[:60]}' is not known; name one such as Europe/Amsterdam"
            )
        if tzid in ("EST", "MST", "HST"):
            self.notes.append(
                f"The times are in '{tzid}', which has no summer time: ask whether it is meant."
            )
        return zone

    def _floating(self) -> tzinfo:
        if self.zone is None:
            raise ValueError("the time has no zone; set the time zone of this feed")
        note = f"Times without a zone are read in {self.zone}."
        if note not in self.notes:
            self.notes.append(note)
        return self.zone

    def _local(self, wall: datetime, *, zone: tzinfo) -> datetime:
        """Return a local time in UTC: of two the first, of none as before the change (RFC 5545, 3.3.5)."""
        first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
        if first.utcoffset() != second.utcoffset():
            there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == wall
            said = "happens twice; the first is taken" if there else "does not exist; the old offset is taken"
            self.notes.append(f"{wall:%Y-%m-%d %H:%M} in {zone} {said}, because clocks change: check it.")
        return plausible(first)


def _known(tzid: str) -> tzinfo | None:
    """Find a zone by its IANA or Windows name, also behind a maker's path."""
    try:
        return None if tzid == _OWN else tzp.timezone(tzid)
    except Exception:
        return None


def _stated(block: str) -> tzinfo | None:
    """Build a zone from the file's own rules where they are as simple as real ones."""
    if not block or len(block) > LONGEST_ZONE:
        return None
    if len(_TZID.findall(block)) != 1:
        return None
    if not all(_PLAIN.match(line) or _RULE.fullmatch(line) for line in block.split("\r\n") if line):
        return None
    try:
        # The library remembers each zone by its name, for all files to come: so it never hears the name.
        nameless = _TZID.sub(f"TZID:{_OWN}", block, count=1)
        stated = Timezone.from_ical(nameless.encode())
        zone: tzinfo | None = stated.to_tz(lookup_tzid=False) if isinstance(stated, Timezone) else None
        probe = datetime(2020, 7, 1, tzinfo=zone).utcoffset()
    except Exception:
        # Rules that contradict themselves: the file's zone is then as good as none.
        return None
    return zone if probe is not None and abs(probe) < timedelta(hours=24) else None
