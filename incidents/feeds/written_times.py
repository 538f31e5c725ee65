"""Clock times as they stand in a text, with the day and the zone word beside them.

Found are times (12:53 PM, 00:06, 5 pm) and days (2022-06-11, August 6, 2026, 16 September 2024, 7/6/2018,
Tuesday, yesterday). Each pattern is short and bounded, so that the time taken grows with the text alone.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta

from incidents.feeds.zone_words import ZONE_WORD

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday|s|rs|r)?\b"
_DAY = re.compile(
    rf"\b(?:{_WEEKDAY}\.?,?\s)?(?:the\s)?(?:"
    r"(?P<year>(?:19|20|21)\d\d)(?P<cut>[-/])(?P<month>\d{1,2})(?P=cut)(?P<day>\d{1,2})(?!\d)"
    rf"|(?P<month2>{_MONTH})\s{{1,2}}(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])"
    r"(?:,?\s(?P<year2>(?:19|20|21)\d\d)(?![\d:]))?"
    rf"|(?P<day3>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month3>{_MONTH})\b"
    r"(?:,?\s(?P<year3>(?:19|20|21)\d\d)(?![\d:]))?"
    r"|(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<year4>(?:20)?\d\d)(?![\d/])"
    rf"|(?P<named>yesterday|today|{_WEEKDAY})"
    r")",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\d:.])(?:(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d{1,9})?)?(?![\d:])"
    r"(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|(?P<hour2>1[0-2]|0?[1-9])\s?(?P<half2>[ap])\.?m\b\.?)",
    re.IGNORECASE,
)
_ZONE = re.compile(rf"\s?(?:\(({ZONE_WORD})\)|({ZONE_WORD}))")
_EAST = re.compile(r"\s?(\+(?:0\d|1[0-4]):?[0-5]\d)(?![\d:])")
_SIGNED = re.compile(r"([+-](?:0\d|1[0-4]):?[0-5]\d)(?![\d:])")
_DAY_AFTER = re.compile(r",?\s{0,2}(?:on|of)?\s{0,2}", re.IGNORECASE)
_YEAR_AFTER = re.compile(r",?\s((?:19|20|21)\d\d)(?![\d:])")
_TIME_NEXT = re.compile(r"[\s,T]{0,3}(?:at\s)?\d{1,2}(?::\d\d|\s?[ap]\.?m)", re.IGNORECASE)
_BETWEEN_DAY_AND_TIME = frozenset(
    ("at", "from", "between", "approximately", "approx", "around", "about", "roughly", "the", "t", "starting")
)
_LONGEST_GAP = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDay:
    """A day as written: with or without its year, or by name alone."""

    year: int | None = None
    month: int = 0
    day: int = 0
    named: str = ""
    either: bool = False

    def near(self, other: date) -> date | None:
        """Return the day that is meant in a text of the day `other`; None for the 31st of February.

        A day without a year is the nearest such day; "Tuesday" is the last one; of 7/6 the nearer reading.
        """
        if self.named:
            back = _days_back(self.named, other=other)
            return other - timedelta(days=back) if other.toordinal() > back else None
        years = (self.year,) if self.year else (other.year - 1, other.year, other.year + 1)
        orders = [(self.month, self.day), *([(self.day, self.month)] if self.either else [])]
        days = [_day(year, month, day) for year in years for month, day in orders]
        return min((day for day in days if day), key=lambda day: abs(day - other), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTime:
    """A time of day as written; `half` is "a", "p" or "", `zone` the word behind it.

    The whole stands at `begin` to `end` of the text, with its day; the digits alone begin at `at`.
    """

    begin: int
    at: int
    end: int
    hour: int
    minute: int
    second: int
    half: str
    zone: str
    day: WrittenDay | None

    @property
    def seconds(self) -> int | None:
        """Return the seconds since midnight as printed; None for 13:00 am and 24:30."""
        hour = self.hour
        if self.half and hour <= 12:
            hour = hour % 12 + (12 if self.half == "p" else 0)
        elif self.half == "a":
            return None
        seconds = hour * 3600 + self.minute * 60 + self.second
        return seconds if seconds <= 86_400 else None


def written_times(text: str) -> list[WrittenTime]:
    """Return the times of a text in the order in which they stand."""
    if _TIME.search(text) is None:
        return []
    days = list(_DAY.finditer(text))
    ends = [day.end() for day in days]
    found: list[WrittenTime] = []
    free_from = 0
    for match in _TIME.finditer(text):
        # The hours of an offset are no time of their own.
        if match.start() < free_from:
            continue
        end, zone = _zone_after(text, match.end(), iso=text[match.start() - 1 : match.start()] == "T")
        begin, day = _day_before(text, match.start(), days=days, ends=ends, free_from=free_from)
        if day is None:
            end, day = _day_after(text, end)
        if day and day.month and day.year is None and (year := _YEAR_AFTER.match(text, end)):
            end, day = year.end(), WrittenDay(year=int(year[1]), month=day.month, day=day.day)
        if not zone:
            end, zone = _zone_after(text, end, iso=False)
        found.append(_time(match, begin=begin, end=end, zone=zone, day=day))
        free_from = end
    return found


def _zone_after(text: str, end: int, *, iso: bool) -> tuple[int, str]:
    """Return where the zone behind a time ends, and its word: "" for none.

    A bare "-07:00" is an offset only behind a time with a T before it: "4:15-05:28" is a span.
    """
    if zoned := _ZONE.match(text, end):
        return zoned.end(), zoned[1] or zoned[2]
    if signed := (_SIGNED if iso else _EAST).match(text, end):
        return signed.end(), f"UTC{signed[1]}"
    return end, ""


def _time(match: re.Match[str], *, begin: int, end: int, zone: str, day: WrittenDay | None) -> WrittenTime:
    return WrittenTime(
        begin=begin,
        at=match.start(),
        end=end,
        hour=int(match["hour"] or match["hour2"]),
        minute=int(match["minute"] or 0),
        second=int(match["second"] or 0),
        half=(match["half"] or match["half2"] or "").lower(),
        zone=zone,
        day=day,
    )


def _day_before(
    text: str, at: int, *, days: Sequence[re.Match[str]], ends: Sequence[int], free_from: int
) -> tuple[int, WrittenDay | None]:
    """Return the day right before a time, and where it begins: "August 6, 2026, between 15:05"."""
    number = bisect_right(ends, at) - 1
    if number < 0 or days[number].start() < free_from or at - ends[number] > _LONGEST_GAP:
        return at, None
    gap = re.sub(r"[\s,(~:*-]+", " ", text[ends[number] : at]).lower().split()
    if not set(gap) <= _BETWEEN_DAY_AND_TIME:
        return at, None
    return days[number].start(), _written(days[number])


def _day_after(text: str, end: int) -> tuple[int, WrittenDay | None]:
    """Return the day right behind a time, unless another time follows it: "16:29 UTC on August 12"."""
    gap = _DAY_AFTER.match(text, end)
    day = _DAY.match(text, gap.end() if gap else end)
    if day is None or _TIME_NEXT.match(text, day.end()):
        return end, None
    return day.end(), _written(day)


def _written(match: re.Match[str]) -> WrittenDay:
    if match["named"]:
        return WrittenDay(named=match["named"].lower())
    if match["one"]:
        year = int(match["year4"])
        return WrittenDay(
            year=year + 2000 if year < 100 else year,
            month=int(match["one"]),
            day=int(match["two"]),
            either=True,
        )
    year_said = match["year"] or match["year2"] or match["year3"]
    name = match["month2"] or match["month3"]
    return WrittenDay(
        year=int(year_said) if year_said else None,
        month=_index(_MONTHS, name.lower()) + 1 if name else int(match["month"]),
        day=int(match["day"] or match["day2"] or match["day3"]),
    )


def _days_back(named: str, *, other: date) -> int:
    if named in ("today", "yesterday"):
        return int(named == "yesterday")
    return (other.weekday() - _index(_WEEKDAYS, named)) % 7


def _index(names: Sequence[str], word: str) -> int:
    return next(number for number, name in enumerate(names) if word.startswith(name))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if MINYEAR < year < MAXYEAR else None
    except ValueError:
        return None
