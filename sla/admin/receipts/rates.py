"""Exchange rates: added with their day and source, never changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import display

from sla.admin.acts import refuse
from sla.admin.looking import LookedAtAdmin
from sla.admin.receipts.forms import DayField
from sla.models import ExchangeRate
from sla.services.receipts import record_rate
from sla.services.seconded.receipts import RATE
from vendors.admin import do_or_ask, second_person, signed_in
from vendors.models import Approval

TEXT = (
    "One unit of the first currency was worth so much of the second on that day. A rate stays as it is:"
    " matched credits refer to it. A wrong one is answered by a right one of the same day."
)


class RateForm(forms.Form):
    """One rate of one day."""

    on = DayField(label="Day")
    base = forms.CharField(label="One unit of", max_length=3, help_text="Three letters, such as EUR.")
    quote = forms.CharField(label="was worth in", max_length=3, help_text="Three letters, such as USD.")
    rate = forms.DecimalField(
        label="so much",
        min_value=0,
        max_digits=15,
        decimal_places=8,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    source = forms.CharField(
        label="Source", max_length=200, help_text="Such as: ECB reference rate, or the bank's statement."
    )

    def clean_base(self) -> str:
        """Return the currency in capitals."""
        return str(self.cleaned_data["base"]).strip().upper()

    def clean_quote(self) -> str:
        """Return the currency in capitals."""
        return str(self.cleaned_data["quote"]).strip().upper()


@admin.register(ExchangeRate)
class ExchangeRateAdmin(LookedAtAdmin):
    """The exchange rates."""

    list_display = ["on", "base", "quote", "shown_rate", "source", "shown_by", "recorded_at"]
    list_display_links = None
    empty_hint = "Needed only where a credit came in another currency than its claim."
    list_filter = ["base", "quote", "source"]
    list_select_related = ["recorded_by"]
    search_fields = ["source", "base", "quote"]
    date_hierarchy = "on"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rates with who approved each, where two persons recorded it."""
        colon, day = Value(":"), Cast("on", CharField())
        key = Concat(day, colon, "base", colon, "quote", colon, "source", output_field=CharField())
        approved = Approval.objects.filter(act=RATE.code, decision=Approval.Decision.APPROVED)
        found = approved.filter(key=OuterRef("approval_key"))
        rows = super().get_queryset(request).annotate(approval_key=key)
        return rows.annotate(approver=Subquery(found.values("decided_by__username")[:1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether the reader may add a rate."""
        return request.user.has_perm("sla.add_exchangerate")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for a rate and record it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RateForm(request.POST or None)
        back = reverse("admin:sla_exchangerate_changelist")
        if request.method == "POST" and form.is_valid():
            try:
                by, now = signed_in(request), timezone.now()
                made = do_or_ask(request, lambda: record_rate(by=by, now=now, **form.cleaned_data))
            except ValidationError as error:
                refuse(form, error)
            else:
                if made is not None:
                    messages.success(request, f"Recorded: {made}.")
                return HttpResponseRedirect(back)
        base = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Add an exchange rate"}
        second = second_person(request, "rate", subject=ExchangeRate())
        context = {**base, "text": TEXT, "form": form, "back_url": back, "second": second}
        return TemplateResponse(request, "sla/act_form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the list: a rate has nothing to open."""
        return HttpResponseRedirect(reverse("admin:sla_exchangerate_changelist"))

    @display(description="Recorded by", ordering="recorded_by")
    def shown_by(self, obj: Any) -> str:
        """Return who recorded it, and who approved it."""
        return f"{obj.recorded_by}, approved by {obj.approver}" if obj.approver else str(obj.recorded_by)

    @display(description="Rate", ordering="rate")
    def shown_rate(self, obj: ExchangeRate) -> str:
        """Return the rate without the zeros that the column adds."""
        return f"{obj.rate.normalize():f}"
