"""All outages in one list: to confirm their times, or take out what never was."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from incidents.admin.actions import ReasonActionForm, done_to_each, reason_given
from incidents.admin.filters import OutageAttentionFilter
from incidents.admin.records import FactAdmin, FactForm
from incidents.admin.times import TimesInOrder
from incidents.models import Outage
from incidents.services import confirm_outage, withdraw_outage
from vendors.admin import signed_in


class OutageForm(TimesInOrder, FactForm):
    """An outage with its times in order."""


@admin.register(Outage)
class OutageAdmin(FactAdmin):
    """The outages."""

    form = OutageForm
    action_form = ReasonActionForm
    actions = ["confirm", "withdraw"]
    list_display = [
        "service",
        "shown_incident",
        "shown_start",
        "shown_end",
        "shown_length",
        "shown_kind",
        "measured_by",
        "shown_state",
    ]
    list_filter = [OutageAttentionFilter, "kind", "measured_by", "service__contract__vendor"]
    list_select_related = ["service__contract__vendor", "incident"]
    search_fields = ["incident__reference", "incident__title", "service__code", "service__name"]
    autocomplete_fields = ["incident", "service"]
    fieldsets = [
        (
            "What did the vendor fail to deliver, and when did that come back?",
            {"fields": (("service", "kind"), ("started_at", "ended_at"), "measured_by")},
        ),
        (
            "How much of it, and how we know",
            {"fields": (("affected_numerator", "affected_denominator"), "evidence", "incident")},
        ),
    ]

    @display(description="Incident", ordering="incident__reference")
    def shown_incident(self, obj: Outage) -> str:
        """Return the incident's number."""
        return obj.incident.reference

    @display(description="Kind", ordering="kind")
    def shown_kind(self, obj: Outage) -> str:
        """Return the kind without its explanation."""
        return obj.get_kind_display().partition(":")[0]

    @display(description="From (UTC)", ordering="started_at")
    def shown_start(self, obj: Outage) -> str:
        """Return the start."""
        return f"{obj.started_at:%Y-%m-%d %H:%M:%S}"

    @display(description="Came back (UTC)", ordering="ended_at")
    def shown_end(self, obj: Outage) -> str:
        """Return the end, or that there is none yet."""
        return f"{obj.ended_at:%Y-%m-%d %H:%M:%S}" if obj.ended_at else "still out"

    @display(description="Length")
    def shown_length(self, obj: Outage) -> str:
        """Return how long it was, before any clause looks at it."""
        return str(obj.counted_until - obj.started_at) if obj.counted_until else "open"

    @display(
        description="State",
        label={
            "Withdrawn": "info",
            "Times are missing": "danger",
            "Confirmed": "success",
            "Not confirmed": "warning",
        },
    )
    def shown_state(self, obj: Outage) -> str:
        """Return whether somebody vouches for it."""
        if obj.withdrawn_at is not None:
            return "Withdrawn"
        if obj.needs_times:
            return "Times are missing"
        return "Confirmed" if obj.confirmed_at else "Not confirmed"

    @admin.action(description="Confirm the times", permissions=["change"])
    def confirm(self, request: HttpRequest, queryset: "QuerySet[Outage]") -> None:
        """Vouch for the chosen outages."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        done_to_each(
            self,
            request,
            queryset,
            act=lambda row: confirm_outage(row, at=at, by=by, reason=reason),
            done="confirmed",
        )

    @admin.action(description="Withdraw: it never was", permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: "QuerySet[Outage]") -> None:
        """Take the chosen outages out of every figure; they stay on file."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        done_to_each(
            self,
            request,
            queryset,
            act=lambda row: withdraw_outage(row, at=at, by=by, reason=reason),
            done="withdrawn",
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what was withdrawn as it was."""
        withdrawn = isinstance(obj, Outage) and obj.withdrawn_at is not None
        return not withdrawn and super().has_change_permission(request, obj)
