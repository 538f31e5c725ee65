"""Pages of fees: a new price is a new row, the old one stays."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from vendors.admin.fields import MoneyForm
from vendors.admin.records import RecordAdmin, RecordFormSet, RecordInline, signed_in
from vendors.models import EXPONENTS, Charge, CostShare
from vendors.services import change_fee, split_cost

WHOLE = Decimal(100)
# Names, in the address of a new fee's page, the fee whose price it replaces.
FOLLOWS = "follows"


class ChargeForm(MoneyForm):
    """A fee, its amount typed with decimals."""

    amount_minor = forms.DecimalField(
        label="Amount",
        min_value=0,
        max_digits=15,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="In the contract's currency, before tax. Enter a discount without a sign.",
    )


class ChargeRowForm(ChargeForm):
    """A fee as a row of its contract's page, which asks for the reason once."""

    reason = None  # type: ignore[assignment]


class ChargeFormSet(RecordFormSet):
    """Fees of one contract: its currency is that of the page, saved or not."""

    once = ("service", "code", "kind", "effective_from")
    repeated = "Two rows give the same fee a price from the same day. Remove one, or change its day."

    def add_fields(self, form: Any, index: int | None) -> None:
        """Tell each row the currency."""
        super().add_fields(form, index)
        if self.instance.currency in EXPONENTS:
            form.use_currency(self.instance.currency)


class ChargeInline(RecordInline):
    """Fees on the page of their contract."""

    model = Charge
    form = ChargeRowForm
    formset = ChargeFormSet
    fields = [
        *("service", "code", "kind", "amount_minor", "every", "effective_from", "included_in_base"),
        "full_page",
    ]
    readonly_fields = ["full_page"]
    to_read = {"amount_minor": "shown_amount"}
    verbose_name_plural = "Fees (a new price is a new row)"

    @display(description="Amount")
    def shown_amount(self, obj: Charge) -> str:
        """Return the amount with its currency."""
        return obj.amount_text()

    @display(description="All of it")
    def full_page(self, obj: Charge) -> str:
        """Return the way to the fee's own page: invoices, booking, cost centres, its next price."""
        if obj._state.adding:
            return "Save first"
        return format_html('<a href="{}">Open</a>', reverse("admin:vendors_charge_change", args=[obj.pk]))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a fee ends with a row of amount 0."""
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the buttons beside the service: it stands on the same page."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "service":
            for button in ("can_add_related", "can_change_related", "can_view_related"):
                setattr(field.widget, button, False)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the services of this contract only."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "service" and request.resolver_match is not None:
            key = request.resolver_match.kwargs.get("object_id")
            field.queryset = field.queryset.filter(contract_id=key) if key else field.queryset.none()
        return field


class CostShareFormSet(RecordFormSet):
    """The shares of one fee."""

    def clean(self) -> None:
        """Refuse shares that do not sum to 100 percent."""
        super().clean()
        shares = self.shares()
        total = sum(shares.values(), Decimal(0))
        if shares and total != WHOLE:
            raise ValidationError(f"The shares sum to {total} percent. Make them sum to 100.")

    def shares(self) -> dict[str, Decimal]:
        """Return the wanted percent of each cost centre."""
        kept = [form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data")]
        return {
            row["cost_centre"]: row["percent"]
            for row in kept
            if row.get("cost_centre") and row.get("percent") is not None and not row.get("DELETE")
        }


class CostShareInline(RecordInline):
    """Who bears the fee."""

    model = CostShare
    formset = CostShareFormSet
    fields = ["cost_centre", "percent"]


@admin.register(Charge)
class ChargeAdmin(RecordAdmin):
    """The fees."""

    form = ChargeForm
    list_display = ["code", "contract", "service", "shown_kind", "shown_amount", "every", "effective_from"]
    list_filter = ["kind", "every", "contract__vendor"]
    list_select_related = ["contract", "service"]
    search_fields = ["code", "contract__reference", "contract__name", "invoice_number", "purchase_order"]
    autocomplete_fields = ["contract", "service", "account"]
    inlines = [CostShareInline]
    actions_detail = ["new_price"]
    to_read = {"amount_minor": "shown_amount"}
    fieldsets = [
        (
            None,
            {
                "fields": (
                    ("contract", "service"),
                    ("code", "kind"),
                    ("amount_minor", "every"),
                    "effective_from",
                )
            },
        ),
        (
            "Billed amount",
            {"fields": ("invoice_number", ("period_from", "period_until")), "classes": ["tab"]},
        ),
        (
            "Counting and booking",
            {
                "fields": ("month_by", "included_in_base", ("account", "purchase_order")),
                "classes": ["tab"],
            },
        ),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the fee; a new price follows the present one, with its cost split."""
        present = None if change else self._present(request)
        if present is not None:
            later = change_fee(
                present,
                amount_minor=obj.amount_minor,
                effective_from=obj.effective_from,
                by=signed_in(request),
                reason=form.cleaned_data["reason"],
            )
            # What else was changed on the page is saved over the copy below.
            obj.pk, obj._state.adding = later.pk, False
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: BaseInlineFormSet, change: bool) -> None:
        """Set the cost split as a whole, so that it always sums to 100."""
        if not isinstance(formset, CostShareFormSet):
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        if not change and not formset.shares():
            return  # a new price keeps the split that it was given
        split_cost(
            form.instance, shares=formset.shares(), by=signed_in(request), reason=form.cleaned_data["reason"]
        )

    def _present(self, request: HttpRequest) -> Charge | None:
        """Return the fee whose new price is being entered, where it is one."""
        key = request.GET.get(FOLLOWS, "")
        return self.get_object(request, key) if key else None

    @action(description="New price from a day on", permissions=["new_price"])
    def new_price(self, request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        """Open an empty price of the same fee; its cost split is carried over when it is saved."""
        charge = self.get_object(request, object_id)
        if charge is None or not self.has_add_permission(request):
            raise PermissionDenied
        names = ("contract", "service", "code", "kind", "every", "month_by", "included_in_base", "account")
        given = {name: charge.serializable_value(name) for name in names}
        given |= {FOLLOWS: object_id, "purchase_order": charge.purchase_order}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return HttpResponseRedirect(f"{reverse('admin:vendors_charge_add')}?{query}")

    def has_new_price_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer a new price to whom fees may be entered by."""
        return self.has_add_permission(request)

    @display(description="Kind", ordering="kind")
    def shown_kind(self, obj: Charge) -> str:
        """Return the kind without its explanation."""
        return obj.get_kind_display().split(" (")[0].split(":")[0]

    @display(description="Amount")
    def shown_amount(self, obj: Charge) -> str:
        """Return the amount with its currency."""
        return obj.amount_text()
