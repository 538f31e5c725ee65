"""The credit register: everything that changed what vendors owe us, row by row."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from sla.admin.looking import LookedAtAdmin, VendorFilter, figure, over
from sla.admin.statements import statement_url
from sla.models import RegisterEntry
from vendors.models import EXPONENTS, money_text

WHY_SHOWN = 90
LESS = {"received": "success", "lapsed": "danger", "written_off": "danger", "rejected": "danger"}


class MonthFilter(admin.SimpleListFilter):
    """The month in whose books a row stands."""

    title = "posting month"
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the months that have rows, the newest first."""
        rows = RegisterEntry.objects.all().visible_to(request.user).order_by("-posting_month")
        months = rows.values_list("posting_month", flat=True).distinct()
        return [(f"{month:%Y-%m}", f"{month:%Y-%m}") for month in months]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the rows of the month."""
        month = _month(self.value() or "")
        if self.value() and month is None:
            return queryset.none()
        return queryset.filter(posting_month=month) if month else queryset


class UnitFilter(admin.SimpleListFilter):
    """Currency, days, hours or fees."""

    title = "unit"
    parameter_name = "unit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the units that have rows."""
        rows = RegisterEntry.objects.all().visible_to(request.user).order_by("unit")
        return [(unit, unit) for unit in rows.values_list("unit", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the rows in the unit."""
        return queryset.filter(unit=self.value()) if self.value() else queryset


@admin.register(RegisterEntry)
class RegisterEntryAdmin(LookedAtAdmin):
    """The register, with what the rows on the list come to."""

    empty_hint = "Rows come when statements are finalised and claims move."
    list_before_template = "sla/parts/register_totals.html"
    list_display = [
        "shown_month",
        "shown_kind",
        "shown_claim",
        "shown_amount",
        "shown_recognised",
        "shown_service",
        "shown_recorded",
    ]
    list_display_links = None
    list_filter = [MonthFilter, "kind", VendorFilter, "entity", UnitFilter]
    search_fields = ["claim__reference", "contract__reference", "vendor__name", "why"]
    list_select_related = [
        "vendor",
        "entity",
        "claim",
        "recorded_by",
        "credit__revision__statement__agreement__contract",
        "match__received",
    ]
    ordering = ["-posting_month", "-pk"]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the claim of the row, where all that became of it stands."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(reverse("admin:sla_claim_change", args=[row.claim_id]))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Add what all filtered rows come to, by unit; currencies are never added together."""
        response = super().changelist_view(request, extra_context)
        listing = getattr(response, "context_data", {}).get("cl")
        if listing is not None:
            response.context_data["totals"] = register_totals(listing.queryset)
        return response

    @display(description="Posted in", ordering="posting_month")
    def shown_month(self, obj: RegisterEntry) -> str:
        """Return the month and the company in whose books it stands."""
        return over(figure(f"{obj.posting_month:%Y-%m}"), obj.entity.name)

    @display(description="What moved", ordering="kind", label=LESS)
    def shown_kind(self, obj: RegisterEntry) -> tuple[str, str]:
        """Return the kind in words."""
        return obj.kind, obj.get_kind_display()

    @display(description="Claim", ordering="claim__reference")
    def shown_claim(self, obj: RegisterEntry) -> str:
        """Lead to the claim."""
        address = reverse("admin:sla_claim_change", args=[obj.claim_id])
        link = format_html('<a class="rc-figure" href="{}">{}</a>', address, obj.claim.reference)
        return over(link, obj.vendor.name)

    @display(description="Owed to us")
    def shown_amount(self, obj: RegisterEntry) -> str:
        """Return how it changes what is owed."""
        return figure(moved_text(obj))

    @display(description="In the books")
    def shown_recognised(self, obj: RegisterEntry) -> str:
        """Return how it changes what stands in the books; the rest is a memo."""
        if obj.unit not in EXPONENTS:
            return "memo"
        return figure(money_text(obj.recognised_minor, currency=obj.unit))

    @display(description="For, and from")
    def shown_service(self, obj: RegisterEntry) -> str:
        """Return the service period, and lead to the statement or the document that it comes from."""
        days = f"{obj.service_first_on} to {obj.service_last_on}" if obj.service_first_on else ""
        return over(days, self._source(obj))

    def _source(self, obj: RegisterEntry) -> str:
        if obj.credit is not None:
            statement = obj.credit.revision.statement
            address = statement_url(statement.agreement, label=statement.period)
            return format_html('<a href="{}">{}</a>', address, obj.credit.revision.full_number)
        if obj.match is not None:
            received = obj.match.received
            address = reverse("admin:sla_creditreceived_change", args=[received.pk])
            return format_html('<a href="{}">{}</a>', address, received)
        return ""

    @display(description="Recorded (UTC), and why", ordering="recorded_at")
    def shown_recorded(self, obj: RegisterEntry) -> str:
        """Return when (UTC), by whom and why, shortened."""
        why = obj.why if len(obj.why) <= WHY_SHOWN else f"{obj.why[: WHY_SHOWN - 1]}…"
        return over(f"{obj.recorded_at:%Y-%m-%d %H:%M} {obj.recorded_by.username}", why)


def moved_text(entry: RegisterEntry) -> str:
    """Return what a row moves, in its unit."""
    if entry.unit in EXPONENTS:
        return money_text(entry.amount_minor, currency=entry.unit)
    return f"{entry.quantity or 0} {entry.unit}"


def register_totals(rows: Any) -> list[dict[str, Any]]:
    """Return what rows come to: unit, rows, owed and recognised."""
    sums = (
        rows.order_by()
        .values("unit")
        .annotate(rows=Count("pk"), owed=Sum("amount_minor"), recognised=Sum("recognised_minor"))
    )
    others = _quantities(rows)
    found = []
    for each in sorted(sums, key=lambda row: str(row["unit"])):
        unit, is_money = each["unit"], each["unit"] in EXPONENTS
        found.append(
            {
                "unit": unit,
                "rows": each["rows"],
                "owed": money_text(each["owed"], currency=unit) if is_money else f"{others[unit]} {unit}",
                "recognised": money_text(each["recognised"], currency=unit) if is_money else "memo",
            }
        )
    return found


def _quantities(rows: Any) -> dict[str, Fraction]:
    found: dict[str, Fraction] = defaultdict(Fraction)
    kept = rows.order_by().exclude(quantity=None).values_list("unit", "quantity")
    for unit, quantity in kept:
        found[unit] += quantity
    return found


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
