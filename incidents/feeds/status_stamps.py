"""The stamps and the list of parts as a Statuspage prints them, for pages that were copied or scraped."""

import re
from datetime import datetime, timedelta, tzinfo

from incidents.feeds.values import FeedComponent, FeedError
from incidents.feeds.written_times import written_times
from incidents.feeds.zone_words import instant_of

POSTED = re.compile(r"\s{0,9}Posted\b[:\s]", re.IGNORECASE)
_AGO = re.compile(r"\s{0,9}Posted\b:?\s{0,9}(?:[\w ]{1,40}\bago\.\s{0,9})?", re.IGNORECASE)
_DAY_THEN_TIME = re.compile(r"(\d{4})\s{0,3}[-–,]\s{0,3}(?=\d{1,2}:\d\d)")
_AFFECTED = re.compile(
    r"\s{0,9}This (?:incident|scheduled maintenance) affects?(?:ed)?:?\s{0,9}", re.IGNORECASE
)
LONGEST_NAME = 200


def stamp_of(line: str, *, zone: tzinfo | None) -> tuple[datetime, str]:
    """Read "Posted 3 months ago. May 31, 2024 - 18:05 PDT" as UTC, with a note where it is a question.

    Raises:
        FeedError: no day, no year, no time, or no zone that anybody told.

    """
    stamp = _DAY_THEN_TIME.sub(r"\1 ", line[:200][_opening(line) :], count=1)
    told = written_times(stamp)
    day = told[0].day if told else None
    seconds = told[0].seconds if told else None
    if day is None or seconds is None or day.year is None:
        raise FeedError(f"'{line.strip()[:80]}' is no stamp such as 'Posted Jun 02, 2016 - 05:15 PDT'.")
    try:
        local = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)  # noqa: DTZ001
    except ValueError:
        raise FeedError(f"'{line.strip()[:80]}' names no day of the calendar.") from None
    read = instant_of(local, word=told[0].zone, zone=zone)
    if read.at is None:
        raise FeedError(f"'{line.strip()[:80]}': {read.note}")
    return read.at, read.note


def _opening(line: str) -> int:
    found = _AGO.match(line[:200])
    return found.end() if found else 0


def affected_line(line: str) -> str | None:
    """Return what follows "This incident affected:", None for any other line."""
    found = _AFFECTED.match(line)
    return line[found.end() :].strip() if found else None


def affected_parts(said: str) -> tuple[FeedComponent, ...]:
    """Return the parts of "API, Login, and Chat (Web, Phone)."; what stands in brackets stays with its name.

    A page joins with commas and "and"; a name that holds an "and" is told apart only where commas are used.
    """
    names = _split(said.strip().removesuffix("."), mark=", ")
    if len(names) == 1:
        names = _split(names[0], mark=" and ")
    else:
        last = names.pop()
        names.extend([last.removeprefix("and ")] if last.startswith("and ") else _split(last, mark=" and "))
    kept = dict.fromkeys(name.strip()[:LONGEST_NAME] for name in names if name.strip())
    return tuple(FeedComponent(name=name) for name in kept)


def _split(said: str, *, mark: str) -> list[str]:
    """Split at a mark outside of brackets."""
    names, depth, begin = [], 0, 0
    for place, letter in enumerate(said):
        depth = max(depth + (letter == "(") - (letter == ")"), 0)
        if depth == 0 and said.startswith(mark, place):
            names.append(said[begin:place])
            begin = place + len(mark)
    return [*names, said[begin:]]
