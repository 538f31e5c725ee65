"""Our own probes: what is asked, how it stands, and the results of the last days."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from incidents.admin.feeds.source import times
from incidents.models import Probe, ProbeDay, ProbeState
from vendors.admin import RecordAdmin

DAYS = 31


@admin.register(Probe)
class ProbeAdmin(RecordAdmin):
    """The probes."""

    change_form_template = "incidents/feeds/probe.html"
    list_display = ["code", "name", "service", "is_active", "every_seconds", "shown_standing"]
    list_filter = ["is_active", "service__contract__vendor"]
    list_select_related = ["service__contract", "state"]
    search_fields = ["code", "name", "service__name"]
    autocomplete_fields = ["service"]
    fieldsets = [
        (None, {"fields": (("code", "name"), ("service", "is_active"))}),
        ("What is asked", {"fields": ("url", ("every_seconds", "timeout_seconds"))}),
        ("What is a good answer", {"fields": (("expected_status", "expected_text"),)}),
    ]

    @display(description="Our own indication")
    def shown_standing(self, obj: Probe) -> str:
        """Return how it stands."""
        state = getattr(obj, "state", None)
        if state is None or state.probed_at is None:
            return "not asked yet"
        if state.out_since:
            return f"out since {state.out_since:%Y-%m-%d %H:%M} UTC"
        said = f"failed {times(state.failures)}" if state.failures else "well"
        return f"{said}, {state.probed_at:%Y-%m-%d %H:%M} UTC"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say where probes are switched off for the whole house."""
        if settings.PROBES == "off":
            messages.info(request, "No probe is asked: RECOURSE_PROBES is off.")
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show below the fields what the last days said."""
        extra = dict(extra_context or {})
        probe = self.get_object(request, object_id) if object_id else None
        if probe is not None and request.method == "GET":
            extra |= {
                "state": ProbeState.objects.filter(probe=probe).first(),
                "days": ProbeDay.objects.filter(probe=probe)[:DAYS],
                "is_off": settings.PROBES == "off",
            }
        return super().changeform_view(request, object_id, form_url, extra)
