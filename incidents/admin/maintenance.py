"""Announced work."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from incidents.admin.actions import ReasonActionForm, done_to_each, reason_given
from incidents.admin.records import FactAdmin, FactInline
from incidents.models import MaintenanceService, MaintenanceWindow
from incidents.services import cancel_maintenance
from vendors.admin import signed_in


class MaintenanceServiceInline(FactInline):
    """What the work touches."""

    model = MaintenanceService
    tab = False
    extra = 1
    verbose_name_plural = "Which services does it touch?"
    autocomplete_fields = ["service"]


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(FactAdmin):
    """The notices of work."""

    action_form = ReasonActionForm
    actions = ["cancel"]
    list_display = [
        "reference",
        "title",
        "vendor",
        "shown_window",
        "shown_notice",
        "shown_services",
        "shown_state",
    ]
    list_filter = ["vendor", "emergency", "source"]
    list_select_related = ["vendor"]
    search_fields = ["reference", "title", "vendor__name"]
    autocomplete_fields = ["vendor"]
    readonly_fields = ["source", "shown_rule"]
    inlines = [MaintenanceServiceInline]
    fieldsets = [
        (
            "What was announced",
            {
                "fields": (
                    ("vendor", "reference"),
                    "title",
                    ("starts_at", "ends_at"),
                    ("noticed_at", "emergency"),
                    "shown_rule",
                )
            },
        ),
        (
            "What came of it",
            {"fields": (("actual_started_at", "actual_ended_at"), "cancelled_at", "evidence", "source")},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MaintenanceWindow]:
        """Return the notices with the number of services that each touches."""
        return super().get_queryset(request).annotate(service_total=Count("services"))

    @display(description="Window (UTC)", ordering="starts_at")
    def shown_window(self, obj: MaintenanceWindow) -> str:
        """Return the announced window."""
        return f"{obj.starts_at:%Y-%m-%d %H:%M} to {obj.ends_at:%Y-%m-%d %H:%M}"

    @display(description="Where that time is from")
    def shown_rule(self, obj: MaintenanceWindow) -> str:
        """Return by which rule the time of notice was found, with what else is known."""
        return " ".join(notice_in_words(obj))

    @display(description="Told us before")
    def shown_notice(self, obj: MaintenanceWindow) -> str:
        """Return how long before the window the notice reached us."""
        if obj.noticed_at is None:
            return "not known"
        hours = (obj.starts_at - obj.noticed_at).total_seconds() / 3600
        return f"{hours:.1f} h" if hours >= 0 else f"{-hours:.1f} h after it began"

    @display(description="Services", ordering="service_total")
    def shown_services(self, obj: Any) -> int:
        """Return how many services it touches."""
        return int(obj.service_total)

    @display(description="State", label={"Cancelled": "info", "Emergency": "danger", "Planned": "success"})
    def shown_state(self, obj: MaintenanceWindow) -> str:
        """Return what kind of work it is."""
        if obj.cancelled_at is not None:
            return "Cancelled"
        return "Emergency" if obj.emergency else "Planned"

    @admin.action(description="Cancelled: the work was called off", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[MaintenanceWindow]) -> None:
        """Say that the chosen work was called off."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        done_to_each(
            self,
            request,
            queryset,
            act=lambda row: cancel_maintenance(row, at=at, by=by, reason=reason),
            done="cancelled",
        )


def notice_in_words(window: MaintenanceWindow) -> Iterator[str]:
    """Yield what is known of when a notice reached us."""
    at, stated, received = window.noticed_at, window.stated_at, window.received_at
    if at is None:
        yield "Not known: enter when the notice reached us."
    elif at == received:
        yield "When it reached us."
    elif at == stated:
        yield "Its sender's own statement, which could be written later."
    elif window.source and stated is None and received is None:
        yield f"As {window.source} told it, before it was kept whose time that is."
    else:
        yield "Entered by a person."
    if stated is not None and stated != at:
        yield f"Its sender states {stated:%Y-%m-%d %H:%M} UTC."
    if received is not None and received != at:
        yield f"First seen here {received:%Y-%m-%d %H:%M} UTC."
