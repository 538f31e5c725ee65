"""The list of warnings: those that stand first, the most pressing of them on top."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, IntegerField, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import display

from sla.admin.looking import LookedAtAdmin, VendorFilter, figure, over
from sla.admin.warnings.page import acknowledge_many, warning_page
from sla.models import Alert
from sla.services.alerts.waiting import unreached
from sla.services.alerts.words import address_of, degree, left_words, money_words, place_of
from vendors.admin import signed_in

TONES = {"bad": "danger", "warn": "warning", "": "info"}
LABELS = {tone: tone for tone in TONES.values()}
LINK = '<a href="{}" class="rc-breaks text-primary-600 dark:text-primary-500">{}</a>'
NOTE_SHOWN = 60
STANDING, OPEN, ACKNOWLEDGED, CLEARED = "standing", "open", "acknowledged", "cleared"


class StateFilter(admin.SimpleListFilter):
    """Whether its reason still holds, and whether somebody took it on."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states."""
        return [
            (STANDING, "Standing"),
            (OPEN, "Standing, not acknowledged"),
            (ACKNOWLEDGED, "Standing, acknowledged"),
            (CLEARED, "Cleared"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the warnings in the state."""
        match self.value():
            case "standing":
                return queryset.standing()
            case "open":
                return queryset.unacknowledged()
            case "acknowledged":
                return queryset.standing().filter(acknowledged_rank__gte=F("rank"))
            case "cleared":
                return queryset.filter(cleared_at__isnull=False)
        return queryset


@admin.register(Alert)
class AlertAdmin(LookedAtAdmin):
    """The warnings; each page shows one, whom it was told to, and takes what is done about it."""

    list_display = [
        "shown_warning",
        "shown_by",
        "shown_amount",
        "shown_degree",
        "shown_since",
        "shown_place",
    ]
    empty_hint = "Warnings are looked for once an hour."
    list_before_template = "sla/parts/warnings_hint.html"
    list_filter = [StateFilter, "kind", VendorFilter]
    list_select_related = [
        "vendor",
        "claim",
        "incident",
        "contract",
        "acknowledged_by",
        "statement__agreement__contract",
    ]
    search_fields = ["headline", "detail", "vendor__name", "claim__reference", "contract__reference"]
    # Standing before cleared, overdue and nearest first, then the most money.
    ordering = [
        Case(When(cleared_at=None, then=0), default=1, output_field=IntegerField()),
        F("due_at").asc(nulls_last=True),
        F("amount_minor").desc(nulls_last=True),
        "-raised_at",
        "-pk",
    ]
    actions = ["acknowledge_selected"]

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        """Say whether the reader may take warnings on."""
        return request.user.has_perm("sla.change_alert")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list, and whom no mail reaches."""
        user = signed_in(request)
        hint = {"without_address": unreached(user), "is_without_address": not user.email}
        return super().changelist_view(request, {**hint, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one warning, and acknowledge it where the form was sent."""
        alert = self.get_object(request, object_id)
        if alert is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, alert):
            raise PermissionDenied
        may = self.has_acknowledge_permission(request)
        return warning_page(request, alert, may_acknowledge=may, base=self._base(request))

    @admin.action(description="Acknowledge", permissions=["acknowledge"])
    def acknowledge_selected(self, request: HttpRequest, queryset: QuerySet[Alert]) -> HttpResponse | None:
        """Acknowledge the selected warnings with one note, after a look at all of them."""
        return acknowledge_many(request, queryset, base=self._base(request), back=request.get_full_path())

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "has_view_permission": True}

    @display(description="Warning", ordering="headline")
    def shown_warning(self, obj: Alert) -> str:
        """Return what it says, of which vendor, what it is about, and who took it on and does what."""
        vendor = "" if obj.vendor is None else obj.vendor.name
        return over(obj.headline, " · ".join(filter(None, [vendor, obj.get_kind_display(), _taken_on(obj)])))

    @display(description="By", ordering="due_at")
    def shown_by(self, obj: Alert) -> str:
        """Return by when, and the time that is left."""
        if not obj.due_words:
            return ""
        left = "" if obj.cleared_at else left_words(obj, now=timezone.now())
        day, _, hour = obj.due_words.partition(" ")
        if not hour or not day[:4].isdigit():
            return over(figure(obj.due_words), left)
        return over(figure(day), ", ".join(filter(None, [hour, left])))

    @display(description="Amount", ordering="amount_minor")
    def shown_amount(self, obj: Alert) -> str:
        """Return the money that hangs on it, before tax."""
        return figure(money_words(obj))

    @display(description="How bad", ordering="rank", label=LABELS)
    def shown_degree(self, obj: Alert) -> Any:
        """Return how bad it is, as long as its reason holds."""
        if obj.cleared_at is not None:
            return None
        tone, word = degree(obj)
        return TONES[tone], word

    @display(description="Since", ordering="ranked_at")
    def shown_since(self, obj: Alert) -> str:
        """Return since when it stands (UTC), or until when it did."""
        until = f"to {obj.cleared_at:%Y-%m-%d}" if obj.cleared_at else ""
        worse = f"worse {obj.ranked_at:%Y-%m-%d}" if obj.ranked_at > obj.raised_at else ""
        return over(figure(f"{obj.raised_at:%Y-%m-%d}"), until or worse)

    @display(description="Dealt with in")
    def shown_place(self, obj: Alert) -> str:
        """Return a link to where it is dealt with."""
        return format_html(LINK, address_of(obj), place_of(obj, is_short=True))


def _taken_on(alert: Alert) -> str:
    """Return who acknowledged it as bad as it is, and what is done about it."""
    if not alert.is_acknowledged:
        return ""
    said = f": {Truncator(alert.acknowledged_note).chars(NOTE_SHOWN)}" if alert.acknowledged_note else ""
    return f"acknowledged by {alert.acknowledged_by}{said}"
