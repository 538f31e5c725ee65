"""Form fields in people's units: amounts with decimals, clock times up to 24:00."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from vendors.admin.records import RecordForm
from vendors.models import DAY_MINUTES, clock_text, exponent, major_units, minor_units

CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


class ClockField(forms.CharField):
    """A time of day as HH:MM, kept as minutes since midnight; the end of the day is 24:00."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = UnfoldAdminTextInputWidget(attrs={"placeholder": "HH:MM", "size": 6})
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return minutes as a clock time."""
        return clock_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Return a clock time as minutes; raise ValidationError for anything else."""
        if value in self.empty_values or isinstance(value, int):
            return value or None if value in self.empty_values else value
        parts = CLOCK.fullmatch(str(value).strip())
        minutes = int(parts[1]) * 60 + int(parts[2]) if parts else -1
        if parts is None or int(parts[2]) > 59 or not 0 <= minutes <= DAY_MINUTES:
            raise ValidationError(f"{value!r} is not a time of day. Write HH:MM, from 00:00 to 24:00.")
        return minutes

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare times, not their spelling."""
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class MoneyForm(RecordForm):
    """A form that takes `amount_minor` as an amount with decimals in the contract's currency."""

    currency = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.contract_id is not None:
            self.use_currency(self.instance.contract.currency)

    def use_currency(self, currency: str) -> None:
        """Show and take the amount in this currency."""
        self.currency = currency
        if self.instance.pk is not None:
            self.initial["amount_minor"] = major_units(self.instance.amount_minor, currency=currency)
        if "amount_minor" in self.fields:
            step = Decimal(1).scaleb(-exponent(currency))
            self.fields["amount_minor"].widget.attrs |= {"step": str(step), "inputmode": "decimal"}
            self.fields["amount_minor"].label = f"Amount ({currency})"

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units; raise no error where the contract is still missing."""
        cleaned = super().clean() or self.cleaned_data
        contract = cleaned.get("contract")
        currency = contract.currency if contract is not None else self.currency
        amount = cleaned.get("amount_minor")
        if amount is not None and currency:
            try:
                cleaned["amount_minor"] = minor_units(amount, currency=currency)
            except ValidationError as error:
                self.add_error("amount_minor", error)
        return cleaned
