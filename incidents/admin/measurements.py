"""Measured values, figures for whole periods, and what was delivered by a date."""

from django.contrib import admin
from unfold.decorators import display

from incidents.admin.records import FactAdmin
from incidents.models import Delivery, ReportedFigure, Sample


@admin.register(Sample)
class SampleAdmin(FactAdmin):
    """The measured values."""

    list_display = ["service", "metric", "at", "value", "volume"]
    list_filter = ["metric", "service__contract__vendor"]
    list_select_related = ["service__contract"]
    search_fields = ["metric", "service__code", "service__name"]
    autocomplete_fields = ["service"]
    fieldsets = [(None, {"fields": ("service", ("metric", "at"), ("value", "volume"))})]


@admin.register(ReportedFigure)
class ReportedFigureAdmin(FactAdmin):
    """The figures for whole periods."""

    list_display = ["figure", "contract", "service", "period_label", "shown_value", "reported_by"]
    list_filter = ["reported_by", "contract__vendor"]
    list_select_related = ["contract", "service"]
    search_fields = ["figure", "contract__reference", "period_label"]
    autocomplete_fields = ["contract", "service"]
    fieldsets = [
        (None, {"fields": (("contract", "service"), ("figure", "reported_by"))}),
        ("Period", {"fields": (("period_label", "period_from", "period_until"),)}),
        ("Figure", {"fields": ("value", ("numerator", "denominator"))}),
        ("How we know", {"fields": ("document", "evidence")}),
    ]

    def zone_fieldset(self) -> list[object]:
        """Ask for no zone: a period is whole days of the contract."""
        return []

    @display(description="Figure")
    def shown_value(self, obj: ReportedFigure) -> str:
        """Return the value, or the two counts."""
        return obj.said


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    """What was owed by a date."""

    list_display = ["obligation", "contract", "period_label", "incident", "due_at", "delivered_at"]
    list_filter = ["contract__vendor", "obligation"]
    list_select_related = ["contract", "incident"]
    search_fields = ["obligation", "contract__reference", "period_label", "incident__reference"]
    autocomplete_fields = ["contract", "incident"]
    fieldsets = [
        (None, {"fields": (("contract", "obligation"), ("period_label", "incident"))}),
        ("When", {"fields": (("due_at", "delivered_at"),)}),
        ("How we know", {"fields": ("document", "evidence")}),
    ]
