"""Single values: how each is written in plain data, and how it is read back.

A reader takes what TOML or JSON gave and returns the value, or raises ValueError with what is
wrong and what to write instead; the place is added by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sla.engine.intervals import MICROSECOND, Interval, micro
from sla.engine.money import Money, exponent, to_minor
from sla.engine.trace import Quantity

# A wall-clock time becomes an instant by the zone of its record.
Local = Callable[[datetime], datetime]

_MICROS = {
    "us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000,
    "d": 86_400_000_000, "w": 604_800_000_000,
}  # fmt: skip
_SPELLINGS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "min", "mins": "min", "minute": "min",
    "minutes": "min", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
}  # fmt: skip
_LENGTH_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zµ]+)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?")
# A mean over thousands of intervals keeps an exact, long denominator; Python reads 4300 digits at most.
_RATIO = re.compile(r"([+-]?\d{1,4300})\s*/\s*(\d{1,4300})")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONEY = re.compile(r"([+-]?\d{1,18}(?:\.\d{1,4})?) ([A-Z]{3})")
_YEARS = (1900, 2199)
_PLACES = 12
_WHOLE = 10**18

# Records that stand inside a reason's free values, with the tag that tells them apart.
TAGGED_RECORDS: dict[type, str] = {Quantity: "quantity", Interval: "interval"}

LENGTH_ADVICE = "Write a length of time such as 30 min, 1h30m, 4 min 23 s or 7 days."
INSTANT_ADVICE = "Write a time such as 2019-06-25T04:15:00Z, or 2019-06-25T04:15:00 for the contract's zone."


def shown(value: object) -> str:
    """Return a refused value for a message, shortened."""
    text = repr(str(value)) if isinstance(value, Decimal | date | datetime) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_text(value: object) -> str:
    """Return text that any database and any encoding can hold."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no text. Put it in quotes.")
    if "\x00" in value:
        raise ValueError(f"{shown(value)} holds a NUL character. Remove it.")
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError(f"{shown(value)} holds half a character pair. Write the whole character.")
    return value


def read_bool(value: object) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false. Write true or false, without quotes.")
    return value


def read_int(value: object) -> int:
    """Return a whole number of at most 18 digits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{shown(value)} is no whole number. Write it without quotes and decimals.")
    if abs(value) >= _WHOLE:
        raise ValueError("The number has more than 18 digits. Check it.")
    return value


def read_decimal(value: object) -> Decimal:
    """Return an exact decimal number; floats never appear."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(f"{shown(value)} is no number. Write one such as 99.9.")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        advice = (
            "Write the number alone, without the % sign."
            if value.endswith("%")
            else "Write one such as 99.9."
        )
        raise ValueError(f"{shown(value)} is no number. {advice}")
    if isinstance(value, int) and abs(value) >= _WHOLE:
        raise ValueError("The number has more than 12 digits before the point. Check it.")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{shown(value)} is no number. Write one such as 99.9.")
    if number and (number.adjusted() >= _PLACES or int(number.as_tuple().exponent) < -_PLACES):
        raise ValueError(
            f"{shown(value)} has more than {_PLACES} digits before or after the point. Shorten it."
        )
    return number


def write_decimal(value: Decimal) -> str:
    """Return a decimal in its one spelling, without exponent and trailing zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def read_fraction(value: object) -> Fraction:
    """Return an exact fraction from ``120/500``, ``0.24``, ``24%`` or a number."""
    if isinstance(value, str):
        text = value.strip()
        if ratio := _RATIO.fullmatch(text):
            if int(ratio[2]) == 0:
                raise ValueError(f"{shown(value)} divides by zero. Give the number of all.")
            return Fraction(int(ratio[1]), int(ratio[2]))
        if text.endswith("%") and _NUMBER.fullmatch(text[:-1].strip()):
            return Fraction(text[:-1].strip()) / 100
        if _NUMBER.fullmatch(text):
            return Fraction(text)
        raise ValueError(f"{shown(value)} is no share. Write one such as 120/500, 0.24 or 24%.")
    return Fraction(read_decimal(value))


def write_fraction(value: Fraction) -> str:
    """Return a fraction as ``n/d``, also where it is whole."""
    return f"{value.numerator}/{value.denominator}"


def parse_length(text: str) -> timedelta:
    """Return a length of time from text such as ``1h30m``, ``43200 min`` or ``4 min 23 s``."""
    total, seen, at = Fraction(0), set(), 0
    while at < len(text.rstrip()):
        part = _LENGTH_PART.match(text, at)
        word = part[2].lower() if part else ""
        unit = _SPELLINGS.get(word, word)
        if part is None or unit not in _MICROS or unit in seen:
            raise ValueError(f"{shown(text)} is no length of time. {LENGTH_ADVICE}")
        total += Fraction(part[1]) * _MICROS[unit]
        seen.add(unit)
        at = part.end()
    if not seen:
        raise ValueError(f"{shown(text)} is no length of time. {LENGTH_ADVICE}")
    if total.denominator != 1:
        raise ValueError(f"{shown(text)} is finer than a microsecond. Round it.")
    if total > 200 * 366 * _MICROS["d"]:
        raise ValueError(f"{shown(text)} is longer than 200 years. Check the unit.")
    return int(total) * MICROSECOND


def read_length(value: object) -> timedelta:
    """Return a length of time, never negative."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit. {LENGTH_ADVICE}")
    if not isinstance(value, str) or len(value) > 100:
        raise ValueError(f"{shown(value)} is no length of time. {LENGTH_ADVICE}")
    return parse_length(value)


def written_length_text(value: timedelta) -> str:
    """Return a length in its one spelling: hours, minutes and seconds such as ``168h`` or ``4m23.5s``.

    Days are written as 24 hours: in clauses a day may be a calendar or a working day.
    """
    micros = micro(value)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    seconds, rest = divmod(micros, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    if seconds or rest or not text:
        text += write_decimal(Decimal(seconds) + Decimal(rest).scaleb(-6)) + "s"
    return sign + text


def read_level(value: object) -> Decimal | timedelta:
    """Return a number, or a length of time where the text has a unit."""
    if isinstance(value, str) and any(sign.isalpha() for sign in value):
        return read_length(value)
    return read_decimal(value)


def read_date(value: object) -> date:
    """Return a calendar date of the years 1900 to 2199."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            value = date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{shown(value)} is no date: {error}. Check the calendar.") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{shown(value)} is no date. Write one such as 2019-06-25.")
    _check_year(value.year)
    return value


def read_instant(value: object, local: Local | None) -> datetime:
    """Return a UTC instant; a time without offset is read in the zone at hand, if there is one."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{shown(value)} is no time: {error}. {INSTANT_ADVICE}") from None
    if not isinstance(value, datetime):
        raise ValueError(f"{shown(value)} is no time. {INSTANT_ADVICE}")
    _check_year(value.year)
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    if local is None:
        raise ValueError(f"{shown(value)} has no UTC offset. Write it with Z or an offset such as -07:00.")
    return local(value)


def _check_year(year: int) -> None:
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise ValueError(
            f"The year {year} is out of range. Check it; where there is no end, leave the key out."
        )


def write_instant(value: datetime) -> str:
    """Return an instant as ``2019-06-25T04:15:00.000000Z``."""
    if value.tzinfo is None:
        raise TypeError(f"{value} has no zone. Instants of values are UTC.")
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_money(value: object) -> Money:
    """Return money from ``{minor, currency}`` or from text such as ``120.00 USD``."""
    if isinstance(value, str) and (parts := _MONEY.fullmatch(value)):
        return Money(to_minor(Decimal(parts[1]), currency=parts[2]), parts[2])
    if isinstance(value, dict) and value.keys() == {"minor", "currency"}:
        currency = value["currency"]
        if isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency):
            return Money(read_int(value["minor"]), currency)
    raise ValueError(f"{shown(value)} is no amount of money. Write one such as 120.00 USD.")


def write_money(value: Money) -> dict[str, object]:
    """Return money as whole minor units and currency."""
    return {"currency": value.currency, "minor": value.minor}


def money_words(value: Money) -> str:
    """Return money as people write it in a document, such as ``120.00 USD``."""
    return f"{Decimal(value.minor).scaleb(-exponent(value.currency)):f} {value.currency}"
