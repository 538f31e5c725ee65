"""Money as integer minor units, exact until it is rounded once."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

# ISO 4217 minor-unit exponents that are not 2.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


class RoundingMode(StrEnum):
    """How an exact amount becomes whole minor units."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum or comparison."""


class Money(NamedTuple):
    """An amount in whole minor units of one ISO 4217 currency."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return format_minor(self.minor, currency=self.currency)


def exponent(currency: str) -> int:
    """Return how many decimals the currency has."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, *, currency: str) -> int:
    """Return a typed amount as minor units; refuse decimals the currency does not have."""
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        digits = exponent(currency)
        raise ValueError(f"{amount} has more than {digits} decimals. {currency} has {digits}: write it so.")
    return int(scaled)


def round_minor(exact: Fraction, *, mode: RoundingMode = RoundingMode.HALF_UP) -> int:
    """Return an exact count of minor units as a whole one; halves go away from zero by default."""
    if exact < 0:
        return -round_minor(-exact, mode=mode)
    floor, rest = divmod(exact.numerator, exact.denominator)
    if rest == 0 or mode is RoundingMode.DOWN:
        return floor
    double = 2 * rest
    if double == exact.denominator and mode is RoundingMode.HALF_EVEN:
        return floor + floor % 2
    return floor + (mode is RoundingMode.UP or double >= exact.denominator)


def format_minor(minor: int | Fraction, *, currency: str) -> str:
    """Return an amount for reading, such as ``USD 1,234.50``; exact fractions show four more digits."""
    digits = exponent(currency)
    exact = Fraction(minor)
    if exact.denominator != 1:
        exact *= 10**4
        digits += 4
    scaled = round_minor(exact)
    sign = "-" if scaled < 0 else ""
    whole, part = divmod(abs(scaled), 10**digits)
    return f"{currency} {sign}{whole:,}" + (f".{part:0{digits}d}" if digits else "")
