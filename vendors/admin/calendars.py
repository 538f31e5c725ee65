"""Pages of business calendars: weekly hours, special days, public holidays."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from vendors.admin.fields import ClockField
from vendors.admin.records import RecordAdmin, RecordForm, RecordFormSet, RecordInline, signed_in
from vendors.models import BusinessCalendar, CalendarDay, WeeklyHours
from vendors.services import Filled, fill_holidays


class ClockInline(RecordInline):
    """Rows whose hours are typed as HH:MM."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Take `opens_at` and `closes_at` as clock times."""
        if db_field.name in {"opens_at", "closes_at"}:
            label = "From" if db_field.name == "opens_at" else "Until"
            return ClockField(label=label, required=not db_field.blank, help_text="HH:MM, up to 24:00")
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class WeeklyHoursFormSet(RecordFormSet):
    """Open hours of one calendar."""

    once = ("weekday", "opens_at", "effective_from")
    repeated = "Two rows open the same weekday at the same time. Remove one, or change its hours."


class WeeklyHoursInline(ClockInline):
    """Open hours of the week."""

    formset = WeeklyHoursFormSet

    model = WeeklyHours
    fields = ["weekday", "opens_at", "closes_at", "effective_from"]


class CalendarDayForm(forms.ModelForm):
    """A special day; touched by a person it is theirs."""

    def clean(self) -> dict[str, Any]:
        """Mark the day as a person's, so that holidays never overwrite it."""
        cleaned = super().clean() or self.cleaned_data
        if self.has_changed():
            self.instance.origin = CalendarDay.Origin.PERSON
        return cleaned


class CalendarDayInline(ClockInline):
    """Holidays and other days that differ from the week."""

    model = CalendarDay
    form = CalendarDayForm
    fields = ["on", "kind", "opens_at", "closes_at", "name"]
    per_page = 60


class CalendarForm(RecordForm):
    """A calendar, and which public holidays to add to it."""

    holidays_country = forms.CharField(
        label="Country",
        required=False,
        max_length=2,
        widget=UnfoldAdminTextInputWidget,
        help_text="Two letters, such as US or DE. Leave empty to add none.",
    )
    holidays_subdivision = forms.CharField(
        label="State or region",
        required=False,
        max_length=10,
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as CA or BY. Leave empty for the national ones.",
    )
    holidays_from = forms.IntegerField(
        label="From year",
        required=False,
        min_value=1970,
        max_value=2100,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    holidays_to = forms.IntegerField(
        label="To year", required=False, min_value=1970, max_value=2100, widget=UnfoldAdminIntegerFieldWidget
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the years of the holidays."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("holidays_from"), cleaned.get("holidays_to")
        if cleaned.get("holidays_country") and (first is None or last is None or last < first):
            self.add_error("holidays_from", ValidationError("Say which years: the first and the last."))
        return cleaned


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(RecordAdmin):
    """The business calendars."""

    form = CalendarForm
    list_display = ["name", "code", "zone", "around_the_clock", "hours_total", "days_total"]
    search_fields = ["name", "code"]
    prepopulated_fields = {"code": ["name"]}
    inlines = [WeeklyHoursInline, CalendarDayInline]
    fieldsets = [
        (None, {"fields": (("name", "code"), "zone", "around_the_clock")}),
        (
            "Add public holidays",
            {
                "description": "They become rows under Special days, which you may edit. Days that a person"
                " entered, changed or removed are left alone.",
                "fields": (
                    ("holidays_country", "holidays_subdivision"),
                    ("holidays_from", "holidays_to"),
                ),
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the calendars with the number of their rows."""
        return (
            super()
            .get_queryset(request)
            .annotate(
                hours_count=models.Count("weekly_hours", distinct=True),
                days_count=models.Count("days", distinct=True),
            )
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Save hours and days, then add the holidays asked for."""
        super().save_related(request, form, formsets, change)
        asked = form.cleaned_data
        if asked.get("holidays_country"):
            filled = fill_holidays(
                form.instance,
                country=asked["holidays_country"].upper(),
                subdivision=asked["holidays_subdivision"].upper() or None,
                years=range(asked["holidays_from"], asked["holidays_to"] + 1),
                by=signed_in(request),
                reason=asked["reason"],
            )
            messages.info(request, _told(filled))

    @admin.display(description="Weekly hours", ordering="hours_count")
    def hours_total(self, obj: Any) -> int:
        """Return how many rows of hours it has."""
        return int(obj.hours_count)

    @admin.display(description="Special days", ordering="days_count")
    def days_total(self, obj: Any) -> int:
        """Return how many special days it has."""
        return int(obj.days_count)


def _told(filled: Filled) -> str:
    return (
        f"Public holidays: {len(filled.added)} added, {len(filled.renamed)} renamed,"
        f" {len(filled.unchanged)} already there, {len(filled.kept)} left as a person wants them."
    )
