"""One cell of our own workbook as a value: strict, since a form that we hand out need not guess.

Each reader raises ValueError that says what is wrong and how to write it.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from vendors.registers.money import as_shown

LONGEST_NUMBER = 40
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
# A code: an ISO 4217 name or a sign, before or behind the amount.
_AROUND = re.compile(r"^(?:[A-Z]{3}|[A-Z]{0,2}[$€£¥])?\s*(.*?)\s*(?:[A-Z]{3}|[€$£¥])?$", re.DOTALL)
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NAMED_DAY = re.compile(
    r"(?:(?P<a>[0-9]{1,2})[ -](?P<b>[A-Za-z]{3,9})|(?P<c>[A-Za-z]{3,9}) (?P<d>[0-9]{1,2}))"
    r",?[ -]+(?P<y>[0-9]{4})"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YES = frozenset({"yes", "y", "true", "1", "x"})
_NO = frozenset({"no", "n", "false", "0"})


def day_of(text: str) -> date:
    """Read a day that can be read in one way only: 2019-06-25, 25 June 2019, a date cell."""
    try:
        read = _day(text.strip())
    except ValueError as error:
        raise ValueError(f"{error}; write it as 2019-06-25") from None
    if not EARLIEST <= read <= LATEST:
        raise ValueError(f"the year {read.year} lies outside {EARLIEST.year} to {LATEST.year}")
    return read


def _day(text: str) -> date:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("longer than any date")
    if found := _NAMED_DAY.fullmatch(text):
        name = (found["b"] or found["c"])[:3].lower()
        if name in _MONTHS:
            return date(int(found["y"]), _MONTHS.index(name) + 1, int(found["a"] or found["d"]))
    if re.fullmatch(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}", text):
        raise ValueError("day and month can be read either way round")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a day") from None
    if read.tzinfo is not None or read.time() != datetime.min.time():
        raise ValueError("a time of day stands in it, and only a day is meant")
    return read.date()


def amount_of(text: str) -> Decimal:
    """Read an amount with a decimal point: 4867.50, $4,867.50, (4,867.50) for less than nothing."""
    given = " ".join(text.replace("\u00a0", " ").replace("\u2212", "-").split())
    if len(given) > LONGEST_NUMBER:
        raise ValueError("longer than any amount")
    below = given.startswith("(") and given.endswith(")")
    if below:
        given = given[1:-1]
    sign, given = ("-", given[1:].strip()) if given.startswith("-") else ("", given)
    found = _AROUND.match(given)
    bare = found[1] if found else given
    if bare.startswith("-") and not sign:
        sign, bare = "-", bare[1:].strip()
    if not (_PLAIN.fullmatch(bare) or _GROUPED.fullmatch(bare)):
        raise ValueError("not an amount; write it as 4867.50, with a point before the cents")
    read = as_shown(Decimal(bare.replace(",", "")))
    return -read if below != bool(sign) else read


def number_of(text: str) -> Decimal:
    """Read a number with a decimal point."""
    if len(text) > LONGEST_NUMBER or not _PLAIN.fullmatch(text):
        raise ValueError("not a number; write it as 2.5")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number; write it as 2.5") from None


def whole_of(text: str) -> int:
    """Read a whole number that is not negative."""
    bare = text.removesuffix(".0")
    if not (bare.isascii() and bare.isdecimal() and len(bare) < 10):
        raise ValueError("not a whole number; write it as 30")
    return int(bare)


def yes_of(text: str) -> bool:
    """Read yes or no."""
    word = text.strip().casefold()
    if word not in _YES | _NO:
        raise ValueError("neither yes nor no")
    return word in _YES


def list_of(text: str) -> tuple[str, ...]:
    """Read texts with a semicolon between, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))


def shares_of(text: str) -> tuple[tuple[str, Decimal], ...]:
    """Read names with a percentage each, such as `IT 60; Sales 40`; they sum to 100."""
    read = []
    for part in list_of(text):
        name, _, percent = part.rpartition(" ")
        if not name.strip():
            raise ValueError("write each as name and percent, such as IT 60; Sales 40")
        read.append((name.strip(), number_of(percent.rstrip("%"))))
    total = sum((percent for _, percent in read), Decimal(0))
    if total != 100:
        raise ValueError(f"the shares sum to {total} percent, not to 100")
    return tuple(read)


def text_of(text: str) -> str:
    """Read a text: without blanks at its ends."""
    return text.strip()


READERS: dict[str, Callable[[str], Any]] = {
    "text": text_of,
    "day": day_of,
    "amount": amount_of,
    "number": number_of,
    "whole number": whole_of,
    "yes or no": yes_of,
    "list": list_of,
    "shares": shares_of,
}


def day_after(day: date) -> date:
    """Return the first day after a last day."""
    return day + timedelta(days=1)
