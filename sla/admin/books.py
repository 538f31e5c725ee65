"""How our companies keep their books of credits: policies, closed months, shared caps, exchange rates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from sla.admin.acts import tell
from sla.admin.looking import LookedAtAdmin, VendorOfContractFilter
from sla.engine.periods import add_months
from sla.models import PeriodClose, PostingPolicy, SharedCap
from sla.selectors.gaps import Found, unfinished
from sla.services.register import close_months, open_from
from sla.services.register.closing import closing_scope, first_open, month_to_close, unfinished_months
from vendors.admin import MoneyForm, RecordAdmin, RecordForm, signed_in
from vendors.models import LegalEntity, major_units, minor_units, money_text
from vendors.services import checked_reason

SHOWN_CLOSES = 24


class PolicyForm(RecordForm):
    """A policy, its limit typed with the decimals of the company's currency."""

    hold_below_minor = forms.DecimalField(
        label="Corrections below this wait for the next period",
        min_value=0,
        max_digits=15,
        initial=0,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"inputmode": "decimal"}),
        help_text="Such as 25.00 in the contract's currency, before tax. 0 makes a new revision for each.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "entity" in self.fields:
            self.fields["entity"].label = "Our company"
        if self.instance.pk is not None:
            held, currency = self.instance.hold_below_minor, self.instance.entity.base_currency
            self.initial["hold_below_minor"] = major_units(held, currency=currency)

    def clean(self) -> dict[str, Any]:
        """Turn the limit into smallest units; raise no error where the company is still missing."""
        cleaned = super().clean() or self.cleaned_data
        entity, limit = cleaned.get("entity"), cleaned.get("hold_below_minor")
        if entity is not None and limit is not None:
            try:
                cleaned["hold_below_minor"] = minor_units(limit, currency=entity.base_currency)
            except ValidationError as error:
                self.add_error("hold_below_minor", error)
        return cleaned


@admin.register(PostingPolicy)
class PostingPolicyAdmin(RecordAdmin):
    """How each company keeps its books of credits."""

    form = PolicyForm
    empty_hint = "Without one, a company's credits are recognised when the vendor accepts them."
    list_display = ["entity", "recognition", "receivable_account", "cost_account", "payable_account"]
    list_select_related = ["entity"]
    autocomplete_fields = ["entity"]
    fieldsets = [
        (None, {"fields": (("entity", "recognition"), "hold_below_minor")}),
        (
            "Accounts of the journal",
            {
                "fields": (
                    ("receivable_account", "cost_account"),
                    ("payable_account", "loss_account"),
                    "exchange_account",
                )
            },
        ),
    ]


class SharedCapForm(MoneyForm):
    """A cap, its amount typed with decimals."""

    amount_minor = forms.DecimalField(
        label="At most",
        min_value=0,
        max_digits=15,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="In the contract's currency, before tax.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "clause" in self.fields:
            self.fields["clause"].widget.attrs["rows"] = 3


@admin.register(SharedCap)
class SharedCapAdmin(RecordAdmin):
    """Caps over several SLA schedules of one contract and the papers under it."""

    form = SharedCapForm
    empty_hint = "Needed only where one cap holds over several SLA schedules of a contract."
    list_display = ["shown_name", "contract", "shown_amount", "period", "effective_from", "effective_until"]
    list_filter = ["period", VendorOfContractFilter]
    list_select_related = ["contract"]
    search_fields = ["code", "name", "contract__reference", "contract__name"]
    autocomplete_fields = ["contract"]
    fieldsets = [
        (
            None,
            {
                "fields": (
                    "contract",
                    ("code", "name"),
                    ("amount_minor", "period"),
                    ("effective_from", "effective_until"),
                    "clause",
                )
            },
        )
    ]

    @display(description="Cap", ordering="code")
    def shown_name(self, obj: SharedCap) -> str:
        """Return its name, else its code."""
        return obj.name or obj.code

    @display(description="At most")
    def shown_amount(self, obj: SharedCap) -> str:
        """Return the amount with its currency."""
        return money_text(obj.amount_minor, currency=obj.contract.currency)


@admin.register(PeriodClose)
class PeriodCloseAdmin(LookedAtAdmin):
    """The months of each company's books: which are closed, and one form to close more."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the months of all companies."""
        return HttpResponseRedirect(_address())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show each company's open month, and close months where the form was sent."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_close = request.user.has_perm("sla.add_periodclose")
        if request.method == "POST":
            if not may_close:
                raise PermissionDenied
            return self._close(request)
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Closed months",
            "companies": [company_months(each, now=now) for each in _books(request).order_by("name")],
            "closes": [
                (f"{add_months(row.open_from, -1):%Y-%m}", row)
                for row in self._closes(request)[:SHOWN_CLOSES]
            ],
            "may_close": may_close,
        }
        return TemplateResponse(request, "sla/months.html", context)

    def _closes(self, request: HttpRequest) -> Any:
        rows = self.get_queryset(request).select_related("entity", "closed_by")
        return rows.order_by("-closed_at", "-pk")

    def _close(self, request: HttpRequest) -> HttpResponse:
        entity = _books(request).filter(code=request.POST.get("entity", "")).first()
        through = _month(request.POST.get("through", ""))
        if entity is None or through is None:
            messages.error(request, "Choose the company and the last month to close, such as 2019-06.")
            return HttpResponseRedirect(_address())
        why, now = request.POST.get("why", ""), timezone.now()
        try:
            if not _is_confirmed(request, entity, through=through, now=now):
                month = month_to_close(entity, through=through, now=now)
                return self._confirm(request, entity, through=month, why=checked_reason(why), now=now)
            close_months(entity, through=through, by=signed_in(request), why=why, now=now)
            messages.success(request, f"The books of {entity} are closed through {through:%Y-%m}.")
        except ValidationError as error:
            tell(request, error)
        return HttpResponseRedirect(_address())

    def _confirm(
        self, request: HttpRequest, entity: LegalEntity, *, through: date, why: str, now: datetime
    ) -> HttpResponse:
        """Show what is unfinished in the months that are to be closed, and ask again."""
        scope = closing_scope(entity, through=through, user=signed_in(request), now=now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": f"Close the books of {entity} through {through:%Y-%m}",
            "entity": entity,
            "first": f"{scope.first_on:%Y-%m}",
            "through": f"{through:%Y-%m}",
            "why": why,
            "open": [(each, _money_of(each)) for each in unfinished(scope, now=now)],
            "asked_again": "confirmed" in request.POST,
            "back_url": _address(),
        }
        return TemplateResponse(request, "sla/months_confirm.html", context)


def _books(request: HttpRequest) -> Any:
    """Return the companies whose books the reader reads, and closes with the permission."""
    return LegalEntity.objects.all().read_by(request.user)


def _is_confirmed(request: HttpRequest, entity: LegalEntity, *, through: date, now: datetime) -> bool:
    """Say whether the reader saw what is unfinished, and goes on in spite of it."""
    if "confirmed" not in request.POST:
        return False
    user = signed_in(request)
    return "anyway" in request.POST or not any(unfinished_months(entity, through=through, user=user, now=now))


def _money_of(each: Found) -> str:
    return money_text(each.amount_minor, currency=each.currency) if each.amount_minor else ""


def company_months(entity: LegalEntity, *, now: datetime) -> dict[str, Any]:
    """Return a company's first open month, and the months that may be closed now (by UTC)."""
    last = add_months(now.date().replace(day=1), -1)
    opened = open_from(entity)
    months, month = [], first_open(entity, now=now)
    while month <= last:
        months.append(f"{month:%Y-%m}")
        month = add_months(month, 1)
    return {
        "entity": entity,
        "closed_through": f"{add_months(opened, -1):%Y-%m}" if opened else "",
        "open_from": f"{opened:%Y-%m}" if opened else "",
        "months": months,
    }


def _address() -> str:
    return reverse("admin:sla_periodclose_changelist")


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        return None
