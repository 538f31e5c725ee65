"""Amounts as people type them: with decimals, in a stated currency; kept in whole minor units."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from vendors.models import EXPONENTS, major_units, minor_units

DIGITS = 15
# Such as 1000,00 or 1.000,00; 1,000 is a thousand.
DECIMAL_COMMA = re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+),(\d{1,2}|\d{4,})")
THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


class AmountField(forms.DecimalField):
    """An amount with decimals; with a currency its value is whole minor units, without one as typed."""

    def __init__(self, *, currency: str = "", **options: Any) -> None:
        options.setdefault("max_digits", DIGITS)
        options["widget"] = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
        super().__init__(**options)
        self.currency = currency
        if currency:
            self.label = f"{self.label} ({currency})"

    def prepare_value(self, value: Any) -> Any:
        """Show minor units with the currency's decimals."""
        return amount_typed(value, currency=self.currency) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Return what was typed as a number; `1,250.00` is read, `1250,50` is refused as two-faced."""
        text = value.strip() if isinstance(value, str) else ""
        if DECIMAL_COMMA.fullmatch(text):
            point = text.replace(".", "").replace(",", ".")
            raise ValidationError(f"{text} has a comma before its decimals. Write {point}.", code="comma")
        whole = THOUSANDS.fullmatch(text)
        return super().to_python(value.replace(",", "") if whole else value)

    def clean(self, value: Any) -> Any:
        """Return minor units where the currency is known; raise ValidationError for too many decimals."""
        typed = super().clean(value)
        if typed is None or not self.currency:
            return typed
        return minor_units(typed, currency=self.currency)


def amount_typed(minor: int, *, currency: str) -> str:
    """Return minor units as people type them, such as `1250.00`."""
    return f"{major_units(minor, currency=currency):f}" if currency else str(minor)


def typed_minor(amount: Decimal | None, *, currency: str) -> int:
    """Return a typed amount in minor units, 0 for none; raise ValidationError."""
    if currency not in EXPONENTS:
        raise ValidationError(f"{currency!r} is not a currency code. Use three capital letters, such as EUR.")
    return minor_units(amount or Decimal(0), currency=currency)
