"""The form of a credit received: what stands on the vendor's document."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from sla.admin.amounts import AmountField, typed_minor
from sla.models import CreditReceived
from sla.models.columns import FractionField
from vendors.models import Account, LegalEntity, Vendor

AMOUNTS = {"net": "net_minor", "tax": "tax_minor", "total": "total_minor"}


class DayField(forms.DateField):
    """A day, chosen or typed as 2019-06-25."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"placeholder": "YYYY-MM-DD"})


class AccountChoice(forms.ModelChoiceField):
    """An account, named with its vendor."""

    def label_from_instance(self, obj: Any) -> str:
        """Return vendor and number."""
        return f"{obj.vendor}: {obj}"


class ReceiptForm(forms.Form):
    """What came, as the document says it."""

    vendor = forms.ModelChoiceField(label="Vendor", queryset=Vendor.objects.none())
    entity = forms.ModelChoiceField(
        label="To which of our companies", queryset=LegalEntity.objects.order_by("name")
    )
    kind = forms.ChoiceField(label="How it came", choices=CreditReceived.Kind.choices)
    document = forms.CharField(
        label="Number of the document", max_length=100, help_text="As printed on the credit note or invoice."
    )
    received_on = DayField(label="Received on")
    tax_point = DayField(
        label="Tax point",
        required=False,
        help_text="The day that counts for tax, where the document has one.",
    )
    currency = forms.CharField(label="Currency", max_length=3, help_text="Three letters, such as EUR.")
    net = AmountField(label="Before tax", required=False, help_text="Only this amount answers claims.")
    tax = AmountField(label="Tax", required=False)
    total = AmountField(label="Total", required=False, help_text="Empty: before tax plus tax.")
    quantity = forms.CharField(
        label="Days or hours", required=False, max_length=60, help_text="For days added to a term."
    )
    mark = forms.ChoiceField(
        label="What the vendor says that it settles", choices=CreditReceived.Mark.choices, required=False
    )
    account = AccountChoice(label="Account", queryset=Account.objects.none(), required=False)
    note = forms.CharField(
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=5000
    )

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        vendors = Vendor.objects.all().visible_to(request.user).order_by("name")
        accounts = Account.objects.all().visible_to(request.user)
        self.fields["vendor"].queryset = vendors  # type: ignore[attr-defined]
        self.fields["account"].queryset = accounts.select_related("vendor")  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        """Return the currency in capitals."""
        return str(self.cleaned_data["currency"]).strip().upper()

    def clean_quantity(self) -> Any:
        """Return days or hours as an exact number."""
        typed = self.cleaned_data["quantity"].strip()
        return FractionField(null=True).to_python(typed) if typed else None

    def clean(self) -> dict[str, Any]:
        """Turn the amounts into minor units of the typed currency; the total follows where it is empty."""
        cleaned = super().clean() or self.cleaned_data
        currency = cleaned.get("currency")
        account, vendor = cleaned.get("account"), cleaned.get("vendor")
        if account is not None and vendor is not None and account.vendor_id != vendor.pk:
            self.add_error("account", f"This account is not one with {vendor}: choose another, or none.")
        for name, minor in AMOUNTS.items():
            if currency and name in cleaned:
                self._set_minor(name, minor=minor, currency=currency)
        if cleaned.get("total") is None and {"net_minor", "tax_minor"} <= cleaned.keys():
            cleaned["total_minor"] = cleaned["net_minor"] + cleaned["tax_minor"]
        return cleaned

    def _set_minor(self, name: str, *, minor: str, currency: str) -> None:
        try:
            self.cleaned_data[minor] = typed_minor(self.cleaned_data[name], currency=currency)
        except ValidationError as error:
            self.add_error("currency" if error.code == "currency" else name, error)

    def asked(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {name: value for name, value in self.cleaned_data.items() if name not in AMOUNTS}
