"""The rules for warnings: one row, and a form for it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from sla.models import AlertPolicy
from sla.services.alerts.policy import checked_readers, house_policy
from vendors.admin import RecordAdmin, RecordForm


class PolicyForm(RecordForm):
    """The rules; who is named to read what nobody owns must see all vendors."""

    def clean_readers(self) -> Any:
        """Return the readers; raise ValidationError for one who does not see all vendors."""
        return checked_readers(self.cleaned_data["readers"])


@admin.register(AlertPolicy)
class AlertPolicyAdmin(RecordAdmin):
    """When warnings are raised, and where they go."""

    form = PolicyForm
    autocomplete_fields = ["readers", "calendar"]
    fieldsets = [
        (
            "Telling",
            {
                "description": "The owner of a vendor is told of its warnings. A reader without an e-mail"
                " address gets no mail: for that one they stand on the list alone.",
                "fields": (("hour", "zone"), ("urgent_hours", "to_chat"), "readers"),
            },
        ),
        (
            "When nobody acknowledges",
            {"fields": (("escalate_days", "calendar"),)},
        ),
        (
            "When to warn",
            {
                "fields": (
                    ("at_risk_percent", "notice_days"),
                    ("open_days", "unattributed_days"),
                    "silent_hours",
                )
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: there is one row."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the one row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:sla_alertpolicy_change", args=[house_policy().pk]))
