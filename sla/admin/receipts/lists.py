"""The list of credits received: what they were matched to, and what waits for a claim."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from sla.admin.looking import LookedAtAdmin, VendorFilter, figure, over
from sla.admin.receipts.pages import add_page, match_act, receipt_page, unmatch_act
from sla.models import CreditMatch, CreditReceived
from vendors.models import money_text


class MatchedFilter(admin.SimpleListFilter):
    """Whether a credit received answers claims."""

    title = "matched to claims"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return how far it can be matched."""
        return [("none", "Not at all: without a claim"), ("part", "In part"), ("whole", "In whole")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the credits that are matched so far."""
        match self.value():
            case "none":
                return queryset.filter(matched_minor=0).filter(~Q(net_minor=0) | ~Q(quantity=None))
            case "part":
                return queryset.exclude(matched_minor=0).exclude(matched_minor=F("net_minor"))
            case "whole":
                return queryset.filter(matched_minor=F("net_minor")).exclude(net_minor=0)
        return queryset


@admin.register(CreditReceived)
class CreditReceivedAdmin(LookedAtAdmin):
    """The credits received."""

    list_display = [
        "shown_document",
        "shown_vendor",
        "shown_day",
        "shown_net",
        "shown_total",
        "shown_left",
        "shown_mark",
    ]
    empty_hint = "Record each credit note, refund or line of an invoice here, then match it to claims."
    list_filter = [MatchedFilter, VendorFilter, "kind", "mark", "entity", "currency"]
    list_select_related = ["vendor", "entity"]
    search_fields = ["document", "note", "vendor__name", "vendor__accounting_number", "account__number"]
    date_hierarchy = "received_on"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether the reader may record what came."""
        return request.user.has_perm("sla.add_creditreceived")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the credits that the reader may see, each with what is matched of it."""
        taken = CreditMatch.objects.filter(received=OuterRef("pk")).order_by().values("received")
        sums = Subquery(taken.annotate(taken=Sum("received_minor")).values("taken"))
        return (
            super()
            .get_queryset(request)
            .annotate(matched_minor=Coalesce(sums, 0, output_field=BigIntegerField()))
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the acts of matching."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/match/", wrap(self.match), name="sla_credit_match"),
            path("<int:pk>/undo/<int:match>/", wrap(self.unmatch), name="sla_credit_unmatch"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Record what came."""
        return add_page(request, base=self._base(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what came and what it answers."""
        received = self.get_object(request, object_id)
        if received is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return receipt_page(request, received, base=self._base(request))

    def match(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Match a credit received to claims."""
        return match_act(request, self.get_queryset(request).filter(pk=pk).first())

    def unmatch(self, request: HttpRequest, pk: int, match: int) -> HttpResponse:
        """Undo a match."""
        return unmatch_act(request, self.get_queryset(request).filter(pk=pk).first(), match=match)

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "has_view_permission": True}

    @display(description="Document", ordering="document")
    def shown_document(self, obj: CreditReceived) -> str:
        """Return its number and how it came."""
        return over(figure(obj.document), obj.get_kind_display())

    @display(description="Vendor", ordering="vendor__name")
    def shown_vendor(self, obj: CreditReceived) -> str:
        """Return who gave it, and to which of our companies."""
        return over(obj.vendor.name, f"to {obj.entity.name}")

    @display(description="Received on", ordering="received_on")
    def shown_day(self, obj: CreditReceived) -> str:
        """Return the day."""
        return figure(f"{obj.received_on}")

    @display(description="Before tax", ordering="net_minor")
    def shown_net(self, obj: CreditReceived) -> str:
        """Return the amount that is matched, or the days or hours."""
        return figure(received_text(obj))

    @display(description="Total", ordering="total_minor")
    def shown_total(self, obj: CreditReceived) -> str:
        """Return the total with tax."""
        return figure(money_text(obj.total_minor, currency=obj.currency) if obj.total_minor else "")

    @display(description="Left to match", label={"open": "warning", "part": "info", "done": "success"})
    def shown_left(self, obj: Any) -> tuple[str, str]:
        """Return what no claim has taken yet."""
        left = obj.net_minor - obj.matched_minor
        if not obj.net_minor:
            return "part", "see its page"
        if not left:
            return "done", "nothing"
        return "part" if obj.matched_minor else "open", money_text(left, currency=obj.currency)

    @display(description="The vendor says", ordering="mark")
    def shown_mark(self, obj: CreditReceived) -> str:
        """Return what it settles, in the vendor's words."""
        return obj.get_mark_display() if obj.mark else ""


def received_text(received: CreditReceived) -> str:
    """Return what came, before tax: money, else days or hours."""
    if received.net_minor or received.quantity is None:
        return money_text(received.net_minor, currency=received.currency)
    return f"{received.quantity} days or hours"
