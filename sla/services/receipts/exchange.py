"""What an amount of one currency is worth in another, by a dated rate with its source."""

from __future__ import annotations

from fractions import Fraction

from django.core.exceptions import ValidationError

from sla.engine.money import round_minor
from sla.models import ExchangeRate
from vendors.models import exponent


def factor(rate: ExchangeRate | None, *, base: str, quote: str) -> Fraction:
    """Return by what minor units of `base` are multiplied to get those of `quote`; exact.

    Raise ValidationError where two currencies have no rate between them, or one currency has one.
    """
    if base == quote:
        if rate is not None:
            raise ValidationError(
                f"Both sides are in {base}: no exchange rate belongs here. Leave out {rate}.", code="rate"
            )
        return Fraction(1)
    if rate is None:
        raise ValidationError(
            f"The document is in {base} and the claim in {quote}. Record the exchange rate of the day with"
            " its source, and choose it.",
            code="rate",
        )
    if {rate.base, rate.quote} != {base, quote}:
        raise ValidationError(
            f"{rate} is no rate between {base} and {quote}. Choose one of these two currencies.", code="rate"
        )
    exact = Fraction(rate.rate) if rate.base == base else 1 / Fraction(rate.rate)
    return exact * Fraction(10) ** (exponent(quote) - exponent(base))


def exchanged(minor: int, *, rate: ExchangeRate | None, base: str, quote: str) -> int:
    """Return minor units of `base` in minor units of `quote`, rounded half up once."""
    return round_minor(minor * factor(rate, base=base, quote=quote))
