"""Read the times of a table's columns, one order of day and month for a whole column.

Whether 05/03/2016 is the fifth of March is never decided value by value: a value above 12 in the column
proves the order, or one in another column whose dates are written alike, or a person states it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum

from vendors.files.documents import plausible
from vendors.files.errors import FileError
from vendors.files.rows import shown

LONGEST_TIME = 60
NO_TIME = "not a date and time such as 2016-02-29 01:16"


class Order(StrEnum):
    """Which of two numbers of a date is the day."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTime:
    """An instant in UTC, and what a person should look at."""

    at: datetime
    notes: tuple[str, ...] = ()


_CLOCK = (
    r"(?:[T ,]+(?:-[ ]+|at[ ]+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?(?:[ ]?(?P<half>[AaPp]\.?[Mm]\.?))?"
    r"(?:[ ]?(?P<shift>Z|[+-][0-9]{2}:?[0-9]{2})|[ ]\(?(?P<letters>[A-Za-z]{1,5}))?\)?)?"
)
_DAY_NAME = r"(?:[A-Za-z]{3,9},?[ ]+)?"
_MONTH_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})([-/.])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})" + _CLOCK)
_NUMBERS = re.compile(
    r"(?P<one>[0-9]{1,2})(?P<sign>[-/.])(?P<two>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})" + _CLOCK
)
_DAY_NAMED = re.compile(
    _DAY_NAME
    + r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[- ]"
    + _MONTH_NAME
    + r"[-, ]{1,2}(?P<year>[0-9]{4}|[0-9]{2})"
    + _CLOCK
)
_MONTH_NAMED = re.compile(
    _DAY_NAME + _MONTH_NAME + r"[ ]+(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?[ ]+(?P<year>[0-9]{4})" + _CLOCK
)
_PACKED = re.compile(
    r"(?P<year>(?:19|20|21)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:T?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?(?P<shift>Z)?)?"
)
_NUMBER = re.compile(r"[0-9]{5,16}(?:[.,][0-9]{1,17})?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
# Days since Excel's own beginning, seconds, milliseconds and microseconds since 1970, by their length.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS = {10: 1, 13: 1_000, 16: 1_000_000}
_FROM_1900 = datetime(1899, 12, 30)  # noqa: DTZ001
_UTC_LETTERS = frozenset({"Z", "UTC", "GMT", "UT"})


@dataclass(slots=True, kw_only=True)
class ColumnTimes:
    """Everything known of how one column writes its dates; learn first, then read."""

    column: str
    zone: tzinfo | None
    order: Order | None = None
    _proofs: dict[Order, str] = field(default_factory=dict)
    _doubtful: str = ""
    _shapes: set[tuple[str, int]] = field(default_factory=set)
    _from_excel: int = 0
    _from_excel_example: str = ""

    def learn(self, value: str, *, row: int) -> None:
        """Look at one value for what it proves."""
        found = _NUMBERS.match(value[:LONGEST_TIME])
        if found is None:
            self._see_excel(value, row=row)
            return
        one, two = int(found["one"]), int(found["two"])
        self._shapes.add((found["sign"], len(found["year"])))
        if one > 12 >= two:
            self._proofs.setdefault(Order.DAY_FIRST, f"row {row} has {shown(value)}")
        elif two > 12 >= one:
            self._proofs.setdefault(Order.MONTH_FIRST, f"row {row} has {shown(value)}")
        elif one != two and not self._doubtful:
            self._doubtful = f"row {row} has {shown(value)}"

    def _see_excel(self, value: str, *, row: int) -> None:
        if value[:5].isdecimal() or (value[4:5] == "-" and value[:4].isdecimal()):
            self._from_excel += 1
            self._from_excel_example = self._from_excel_example or f"row {row} has {shown(value)}"

    def read(self, value: str) -> ReadTime:
        """Read one value as UTC.

        Raises:
            ValueError: not a time, or no time of the calendar.
            FileError: no zone was stated and the value has none; or a date of two readings.

        """
        if len(value) > LONGEST_TIME:
            raise ValueError("longer than any time")
        for pattern in (_YEAR_FIRST, _NUMBERS, _DAY_NAMED, _MONTH_NAMED, _PACKED):
            if found := pattern.fullmatch(value):
                given = found.groupdict()
                return self._localised(
                    value, given=given, local=_local(given, day_month=self._day_month(given))
                )
        if _NUMBER.fullmatch(value):
            return self._from_number(value.replace(",", "."))
        raise ValueError(NO_TIME)

    def _day_month(self, given: dict[str, str | None]) -> tuple[int, int]:
        if "one" in given:
            one, two = int(given["one"] or 0), int(given["two"] or 0)
            if self.order is None and one != two:
                raise FileError(self._question())
            return (two, one) if self.order is Order.MONTH_FIRST else (one, two)
        day = int(given["day"] or 0)
        if "name" in given:
            month = _MONTHS.get((given["name"] or "").lower())
            if month is None:
                raise ValueError(f"'{given['name']}' is no month; write it in English or as a number")
            return day, month
        return day, int(given["month"] or 0)

    def _question(self) -> str:
        return (
            f"Column {shown(self.column)}: its dates can be read day first or month first; {self._doubtful}. "
            f"State the order of dates: {Order.DAY_FIRST} or {Order.MONTH_FIRST}."
        )

    def _from_number(self, value: str) -> ReadTime:
        """Read a count of days since 1900, or of seconds and their parts since 1970."""
        whole, _, part = value.partition(".")
        unit = _EPOCH_UNITS.get(len(whole))
        if unit:
            exact = int(whole) * (1_000_000 // unit) + int(part.ljust(6, "0")[:6] or 0) // unit
            return ReadTime(at=plausible(_EPOCH + timedelta(microseconds=exact)))
        if len(whole) not in (5, 6):
            raise ValueError(
                "a number of neither days since 1900 nor seconds, milliseconds or microseconds since 1970"
            )
        days = timedelta(milliseconds=round(float(value) * 86_400_000))
        return self._localised(value, given={"hour": "0"}, local=_FROM_1900 + days)

    def _localised(self, value: str, *, given: dict[str, str | None], local: datetime) -> ReadTime:
        """Place a local time in UTC by its own offset, else by the zone."""
        notes = () if given["hour"] is not None else (f"{shown(value)} has no time of day; read as 00:00.",)
        shift, named = given.get("shift"), (given.get("letters") or "").upper()
        if shift or named in _UTC_LETTERS:
            return ReadTime(at=plausible(local.replace(tzinfo=_offset(shift or "Z"))), notes=notes)
        if self.zone is None:
            said = f"'{named}' names no zone for certain" if named else "it says no zone"
            raise FileError(
                f"Column {shown(self.column)} has {shown(value)}: {said}. State the zone of the times."
            )
        at, more = in_zone(local, zone=self.zone, named=named)
        return ReadTime(at=plausible(at), notes=notes + more)

    def settle(self, *, proven: dict[tuple[str, int], Order]) -> None:
        """Decide the order by what was learnt here, else by columns whose dates are written alike.

        Raises:
            FileError: the column proves both orders.

        """
        if self.order is not None:
            return
        if len(self._proofs) == 2:
            both = " and ".join(self._proofs.values())
            raise FileError(
                f"Column {shown(self.column)} has dates day first and month first: {both}. "
                "Correct the file, or state the order of dates; the rows that do not fit are then listed."
            )
        alike = {proven[shape] for shape in self._shapes if shape in proven}
        self.order = next(iter(self._proofs), None) or (alike.pop() if len(alike) == 1 else None)
        if self.order is None and self._doubtful:
            raise FileError(self._question())

    @property
    def proven(self) -> Iterable[tuple[tuple[str, int], Order]]:
        """The shapes of this column's dates with the order that it proves alone."""
        return [(shape, order) for order in self._proofs for shape in self._shapes if len(self._proofs) == 1]

    @property
    def mixed(self) -> str:
        """Say that dates turned by a spreadsheet stand beside dates left as text, else nothing.

        A program that expects day first turns 05/03/2016 into a date whatever was meant, and leaves
        13/25/2016 as text: day and month of the former may then be swapped.
        """
        if not (self._shapes and self._from_excel):
            return ""
        return (
            f"it mixes dates as numbers or year first ({self._from_excel_example}) with dates as text. "
            "Where a spreadsheet program turned only some of them, day and month of those may be swapped: "
            "compare with the source."
        )


def settle_all(columns: Iterable[ColumnTimes]) -> None:
    """Decide the order of every column of one table.

    Raises:
        FileError: a column proves both orders, or neither and no other column like it does.

    """
    proven: dict[tuple[str, int], set[Order]] = {}
    asked = list(columns)
    for column in asked:
        for shape, order in column.proven:
            proven.setdefault(shape, set()).add(order)
    certain = {shape: next(iter(orders)) for shape, orders in proven.items() if len(orders) == 1}
    for column in asked:
        column.settle(proven=certain)


def _local(given: dict[str, str | None], *, day_month: tuple[int, int]) -> datetime:
    """Build the time as the clock on the wall showed it."""
    day, month = day_month
    year = int(given["year"] or 0)
    if len(given["year"] or "") == 2:
        # No feed has seen the years before 1990.
        year += 1900 if year >= 90 else 2000
    hour = int(given["hour"] or 0)
    half = (given.get("half") or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"there is no {hour} o'clock {half}")
        hour = hour % 12 + 12 * (half == "pm")
    micro = int((given.get("part") or "").ljust(6, "0")[:6])
    minute, second = int(given["minute"] or 0), int(given.get("second") or 0)
    try:
        return datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001
    except ValueError as error:
        raise ValueError(f"no date of the calendar: {error}") from None


def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(f"there is no offset {text}")
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def in_zone(local: datetime, *, zone: tzinfo, named: str = "") -> tuple[datetime, tuple[str, ...]]:
    """Place a local time in a zone; `named` are letters such as PDT that stood behind it.

    Returns the instant in UTC and notes: on a time that the clocks showed twice (the first is taken, or the
    one that the letters name) or never, and on letters that do not hold in the zone at that time.
    """
    first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    at = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return at, _misnamed(first, zone=zone, named=named)
    if named and first.tzname() != second.tzname() and named in (first.tzname(), second.tzname()):
        chosen = first if named == first.tzname() else second
        if chosen.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == local:
            return chosen.astimezone(UTC), ()
    back = at.astimezone(zone).replace(tzinfo=None, fold=0) == local
    other = second.astimezone(UTC)
    what = "came twice" if back else "never came"
    return at, (
        f"{local:%Y-%m-%d %H:%M} {what} in {zone}, as the clocks changed; "
        f"read as {at:%Y-%m-%d %H:%M} UTC, it could be {other:%Y-%m-%d %H:%M} UTC.",
    )


def _misnamed(read: datetime, *, zone: tzinfo, named: str) -> tuple[str, ...]:
    """Point out letters of the other season, as "PST" in July, or of another zone."""
    if not named or named == read.tzname():
        return ()
    at = read.astimezone(UTC)
    seasons = (datetime(read.year, month, 1, tzinfo=zone) for month in (1, 7))
    shift = next((season.utcoffset() for season in seasons if season.tzname() == named), None)
    meant = "another time" if shift is None else f"{read.replace(tzinfo=UTC) - shift:%Y-%m-%d %H:%M} UTC"
    return (
        f"{read:%Y-%m-%d %H:%M} {named}: {zone} had {read.tzname()} then; read as {at:%Y-%m-%d %H:%M} UTC. "
        f"If {named} is right, it is {meant}.",
    )
