"""Zones as people write them behind a time: UTC, PDT, PT, US/Pacific, UTC+02:00.

A word such as "PST" is read as printed. Where clocks in the place showed another letter that day ("PST" in
July), the hour is a question that only a person can answer: it is noted, and the place's own offset is
taken only where the caller says which zone the texts are written in.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# The letters of a place, with its offset in minutes from UTC, for winter and summer.
_LETTERS: dict[str, tuple[int, str]] = {
    "AKST": (-540, "America/Anchorage"),
    "AKDT": (-480, "America/Anchorage"),
    "PST": (-480, "America/Los_Angeles"),
    "PDT": (-420, "America/Los_Angeles"),
    "MST": (-420, "America/Denver"),
    "MDT": (-360, "America/Denver"),
    # China and Cuba print CST too: the caller's zone decides where it is given.
    "CST": (-360, "America/Chicago"),
    "CDT": (-300, "America/Chicago"),
    "EST": (-300, "America/New_York"),
    "EDT": (-240, "America/New_York"),
    "BST": (60, "Europe/London"),
    "CET": (60, "Europe/Berlin"),
    "CEST": (120, "Europe/Berlin"),
    "EET": (120, "Europe/Helsinki"),
    "EEST": (180, "Europe/Helsinki"),
    "ACST": (570, "Australia/Adelaide"),
    "ACDT": (630, "Australia/Adelaide"),
    "AEST": (600, "Australia/Sydney"),
    "AEDT": (660, "Australia/Sydney"),
    "NZST": (720, "Pacific/Auckland"),
    "NZDT": (780, "Pacific/Auckland"),
}
_FIXED: dict[str, int] = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "HST": -600,
    "BRT": -180,
    "SAST": 120,
    "MSK": 180,
    "SGT": 480,
    "HKT": 480,
    "AWST": 480,
    "JST": 540,
    "KST": 540,
}
# India, Ireland and Israel; Halifax and Riyadh: without the caller's zone nobody can say.
_ANYWHERE = ("IST", "AST")
_RULES: dict[str, str] = {
    "PT": "America/Los_Angeles",
    "PACIFIC": "America/Los_Angeles",
    "MT": "America/Denver",
    "MOUNTAIN": "America/Denver",
    "CT": "America/Chicago",
    "CENTRAL": "America/Chicago",
    "ET": "America/New_York",
    "EASTERN": "America/New_York",
}
_OFFSET = re.compile(r"(?:UTC|GMT)\s?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_SPELT = re.compile(r"(Pacific|Mountain|Central|Eastern)(?:\s(Standard|Daylight))?(?:\sTime)?", re.IGNORECASE)

ZONE_WORD = (
    r"(?:(?:US|America|Europe|Asia|Australia|Pacific|Africa|Atlantic|Etc)/[A-Z][A-Za-z_]{1,20}"
    r"(?:/[A-Z][A-Za-z_]{1,20})?"
    r"|(?:UTC|GMT|utc|gmt)\s?[+-](?:0?\d|1[0-4])(?::?[0-5]\d)?(?!\d|:\d)"
    r"|(?:Pacific|Mountain|Central|Eastern|pacific|eastern)(?:\s(?:Standard|Daylight))?(?:\sTime)?\b(?!\s?Europ)"
    r"|(?:" + "|".join(sorted({*_LETTERS, *_FIXED, *_ANYWHERE} - {"Z"}, key=len, reverse=True)) + r")\b"
    r"|(?:utc|gmt|pst|pdt|edt|cdt|mdt)\b|[PMCE]T\b|Z\b)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The instant of a written local time, None where its zone is not known, and what to look at."""

    at: datetime | None
    note: str = ""


def instant_of(local: datetime, *, word: str, zone: tzinfo | None) -> Reading:
    """Read a local time (naive) with the zone word that follows it, "" for none.

    `zone` is the zone that the texts are written in, where somebody said so: it holds for times without a
    word, and decides a word that several places share or that does not fit the season.
    """
    if zone is not None and (not word or _says(zone, word=word, local=local)):
        return _by_rules(local, zone=zone)
    clock = _clock(word)
    if clock is None:
        return Reading(at=None, note=_no_zone(local, word=word))
    if word.upper() not in _LETTERS:
        return _by_rules(local, zone=clock)
    at = local.replace(tzinfo=clock).astimezone(UTC)
    place = ZoneInfo(_LETTERS[word.upper()][1])
    if at.astimezone(place).tzname() == word.upper():
        return Reading(at=at)
    if zone is not None and _uses(zone, word=word, year=local.year):
        read = _by_rules(local, zone=zone)
        return Reading(at=read.at, note=f"{_wrong(local, word=word)}; the clock of {zone} is taken.")
    return Reading(at=at, note=f"{_wrong(local, word=word)}; it is read as printed, an hour may be wrong.")


def clock_of(word: str, *, zone: tzinfo | None) -> tzinfo | None:
    """Return the clock by which the word's local days are told, None where nobody knows it."""
    return _clock(word) or zone


def _by_rules(local: datetime, *, zone: tzinfo) -> Reading:
    """Read by a zone's own rules; where clocks jump, the reading before the jump is taken and noted."""
    at = local.replace(tzinfo=zone).astimezone(UTC)
    later = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if at == later:
        return Reading(at=at)
    happens = at.astimezone(zone).replace(tzinfo=None) == local
    said = "comes twice" if happens else "does not exist"
    return Reading(
        at=at, note=f"{local:%Y-%m-%d %H:%M} {said} in {zone}, where clocks changed; check the hour."
    )


def _wrong(local: datetime, *, word: str) -> str:
    return f"'{word}' is printed for {local:%Y-%m-%d %H:%M}, but clocks there showed another letter that day"


def _no_zone(local: datetime, *, word: str) -> str:
    said = f"the zone '{word}', which several places use" if word else "no zone"
    return f"The time {local:%H:%M} bears {said}; say which zone this source writes in."


def _says(zone: tzinfo, *, word: str, local: datetime) -> bool:
    return local.replace(tzinfo=zone).tzname() == word.upper()


def _uses(zone: tzinfo, *, word: str, year: int) -> bool:
    return any(_says(zone, word=word, local=datetime(year, month, 15)) for month in (1, 7))  # noqa: DTZ001


@lru_cache(maxsize=256)
def _clock(word: str) -> tzinfo | None:
    """Return what a word alone says, None for one that says nothing certain."""
    upper = word.upper()
    if upper in _LETTERS:
        return timezone(timedelta(minutes=_LETTERS[upper][0]), upper)
    if upper in _FIXED:
        return timezone(timedelta(minutes=_FIXED[upper]), upper)
    if upper in _RULES:
        return ZoneInfo(_RULES[upper])
    if offset := _OFFSET.fullmatch(word):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if spelt := _SPELT.fullmatch(word):
        season = (spelt[2] or "")[:1]
        return _clock(f"{spelt[1][0]}{season}T".upper())
    try:
        return ZoneInfo(word) if "/" in word else None
    except (LookupError, ValueError, OSError):
        return None
