"""What we lost ourselves: beside the outage, internal, never counted."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from incidents.admin.records import FactInline
from incidents.models import Impact
from vendors.models import major_units, minor_units


class ImpactForm(forms.ModelForm):
    """Take the estimated cost with the currency's decimals."""

    cost = forms.DecimalField(
        label="Estimated cost", required=False, min_value=Decimal(0), widget=UnfoldAdminDecimalFieldWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.cost_minor is not None and row.currency:
            self.initial["cost"] = major_units(row.cost_minor, currency=row.currency)

    def clean(self) -> dict[str, Any]:
        """Turn the cost into minor units of its currency."""
        cleaned = super().clean() or self.cleaned_data
        cost, currency = cleaned.get("cost"), cleaned.get("currency", "")
        try:
            self.instance.cost_minor = None if cost is None else minor_units(cost, currency=currency)
        except ValidationError as error:
            self.add_error("currency" if error.code == "currency" else "cost", error)
        return cleaned


class ImpactInline(FactInline):
    """Our own loss."""

    model = Impact
    form = ImpactForm
    verbose_name_plural = "Our own loss: internal, never counted"
    fields = ["what_we_lost", "started_at", "ended_at", "cost", "currency", "evidence"]
