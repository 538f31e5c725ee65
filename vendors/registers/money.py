"""Read the amounts of a table's column, one decimal sign for the whole column.

`1.234` is a thousand and more in one country and one and a bit in another. Whether a point or a comma stands
before the cents is never decided value by value: an amount with both signs, or with one or two digits behind
its only sign, proves it for the column, or a person states it.
"""

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal

from vendors.files.errors import FileError
from vendors.files.rows import shown

LONGEST_AMOUNT = 60
POINT, COMMA = "point", "comma"
_SIGNS = {POINT: ".", COMMA: ","}
_CURRENCY = re.compile(r"[A-Za-z]{3}|[A-Za-z]{0,3}[$€£¥]|kr\.?|Kč|zł")
_BODY = re.compile(r"[0-9]+(?:[.,' ][0-9]+)*")
# Signs that stand for one currency only.
_CODES = {"US$": "USD", "€": "EUR", "£": "GBP"}
# A spreadsheet shows 15 digits of a number and stores up to two more of rounding.
DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAmount:
    """An exact amount, and the currency that stands beside it where it is named for certain."""

    value: Decimal
    currency: str = ""


@dataclass(slots=True, kw_only=True)
class ColumnAmounts:
    """The amounts of one column; learn all of them before the first is read."""

    column: str
    decimal: str = ""
    _proofs: dict[str, str] = field(default_factory=dict)

    def learn(self, value: str, *, row: int) -> None:
        """Look at one value for what it proves."""
        try:
            body = _parts(value)[1]
        except ValueError:
            return
        proved = _proved(body)
        if proved:
            self._proofs.setdefault(proved, f"row {row} has {shown(value)}")

    def settle(self) -> None:
        """Decide the sign before the cents.

        Raises:
            FileError: the column proves both.

        """
        if not self.decimal and len(self._proofs) == 2:
            both = " and ".join(self._proofs.values())
            raise FileError(
                f"Column {shown(self.column)} has a point and a comma before the cents: {both}. "
                f"Correct the file, or state the decimal sign: {POINT} or {COMMA}."
            )
        self.decimal = self.decimal or next(iter(self._proofs), "")

    def read(self, value: str) -> ReadAmount:
        """Read one amount: `$4,867.50`, `999.99 `, `(1,250.00)` and `1,250.00-` for less than nothing.

        Raises:
            ValueError: no amount, or one of two readings that nothing in the column decides.

        """
        below, body, named = _parts(value)
        sign = _SIGNS.get(self.decimal, "")
        if not sign:
            if "." in body or "," in body:
                raise ValueError(
                    f"it can be read as thousands or as cents; state the decimal sign: {POINT} or {COMMA}"
                )
            sign = "."
        whole, _, cents = body.replace("'", " ").rpartition(sign) if sign in body else (body, "", "")
        groups = re.split(r"[.,' ]", whole)
        if sign in whole or (not cents.isdecimal() and cents) or any(len(part) != 3 for part in groups[1:]):
            raise ValueError(f"its digits are not grouped as with a decimal {self.decimal or POINT}")
        read = as_shown(Decimal("".join(groups) + (f".{cents}" if cents else "")))
        code = named.upper() if len(named) == 3 and named.isascii() and named.isalpha() else ""
        return ReadAmount(value=-read if below else read, currency=_CODES.get(named, code))


def as_shown(number: Decimal) -> Decimal:
    """Return a number as a spreadsheet shows it: 0.30000000000000004 is 0.3."""
    return DIGITS.plus(number) if len(number.as_tuple().digits) > DIGITS.prec else number


def _parts(value: str) -> tuple[bool, str, str]:
    """Take a value apart: whether it is below zero, its digits with their signs, its currency."""
    text = " ".join(value.replace("\u2212", "-").split())
    if len(text) > LONGEST_AMOUNT:
        raise ValueError("longer than any amount")
    below = text.startswith("(") and text.endswith(")")
    if below:
        text = text[1:-1]
    found = re.search(r"[0-9].*[0-9]|[0-9]", text)
    if found is None or not _BODY.fullmatch(found[0]):
        raise ValueError("not an amount such as 4867.50")
    around = text[: found.start()] + " " + text[found.end() :]
    minus = around.count("-")
    named = around.replace("-", " ").split()
    if minus > 1 or (minus and below) or len(named) > 1 or not all(map(_CURRENCY.fullmatch, named)):
        raise ValueError("not an amount such as 4867.50")
    return below or bool(minus), found[0], named[0] if named else ""


def _proved(body: str) -> str:
    """Say which sign stands before the cents in this amount; empty where it can be read both ways."""
    point, comma = body.count("."), body.count(",")
    if point and comma:
        return POINT if body.rindex(".") > body.rindex(",") else COMMA
    if point + comma == 1:
        sign = "." if point else ","
        return {".": POINT, ",": COMMA}[sign] if len(body) - body.index(sign) - 1 != 3 else ""
    if point + comma > 1:
        return COMMA if point else POINT
    return ""
