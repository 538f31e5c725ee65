"""Pages of the facts that only a clause asks for: decisions, conditions, periods brought forward."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from incidents.admin import FactAdmin
from sla.models import BroughtForward, Condition, Exclusion, ExclusionRule
from vendors.admin import RecordAdmin, signed_in
from vendors.services import save_record


@admin.register(Exclusion)
class ExclusionAdmin(FactAdmin):
    """Decisions that a clause takes something out."""

    list_display = ["rule", "shown_schedule", "incident", "party", "decided_by", "decided_at"]
    list_filter = ["party", "rule__version__agreement__contract__vendor"]
    list_select_related = ["rule__version__agreement__contract", "incident"]
    search_fields = ["rule__code", "rule__name", "incident__reference", "why"]
    autocomplete_fields = ["incident", "services"]
    fieldsets = [
        (
            None,
            {
                "fields": (
                    "rule",
                    "incident",
                    ("started_at", "ended_at"),
                    ("party", "decided_by"),
                    "decided_at",
                    "why",
                )
            },
        ),
        ("Only for some services", {"fields": ("services",), "classes": ["tab"]}),
    ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the clauses of one SLA schedule where the reader comes from its page."""
        if db_field.name == "rule":
            rules = ExclusionRule.objects.all().visible_to(request.user)
            asked = request.GET.get("schedule", "")
            kwargs["queryset"] = rules.filter(version__agreement=asked) if asked.isdecimal() else rules
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out what only narrows the choices."""
        return {
            name: value
            for name, value in super().get_changeform_initial_data(request).items()
            if name != "schedule"
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the decision with the services that it is for."""
        save_record(obj, by=signed_in(request), reason=form.cleaned_data["reason"], links=form.links())

    @display(description="SLA schedule")
    def shown_schedule(self, obj: Exclusion) -> str:
        """Return the schedule whose clause it is."""
        return str(obj.rule.version.agreement)


@admin.register(Condition)
class ConditionAdmin(FactAdmin):
    """Confirmed conditions."""

    list_display = ["code", "agreement", "met", "service", "incident", "confirmed_by"]
    list_filter = ["met", "agreement__contract__vendor"]
    list_select_related = ["agreement__contract", "service", "incident"]
    search_fields = ["code", "agreement__contract__reference", "incident__reference"]
    autocomplete_fields = ["agreement", "service", "incident"]
    fieldsets = [
        (
            None,
            {"fields": ("agreement", ("code", "met"), ("service", "incident"), ("started_at", "ended_at"))},
        ),
        ("Evidence", {"fields": ("confirmed_by", "evidence")}),
    ]


@admin.register(BroughtForward)
class BroughtForwardAdmin(RecordAdmin):
    """Periods before go-live: they come in by a document, and are shown here."""

    list_display = ["agreement", "target", "period", "verdict", "value", "first_on", "last_on"]
    list_filter = ["verdict", "agreement__contract__vendor"]
    list_select_related = ["agreement__contract"]
    search_fields = ["target", "period", "agreement__contract__reference"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: `manage.py load_contract` brings them in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a period brought forward is never recalculated."""
        return False
