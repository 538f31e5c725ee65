"""Addresses of business calendars: their weeks and their special days."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.bulk import Bulk
from vendors.api.fields import ClockField, KeyField
from vendors.api.filters import KeyFilter
from vendors.api.routes import NUMBER, SLUG
from vendors.api.serializers import CheckedSerializer, RecordSerializer
from vendors.api.views import Records, Removable
from vendors.models import BusinessCalendar, CalendarDay, Tracked, WeeklyHours
from vendors.services import Links, Saved, fill_holidays


def calendar_field(**options: Any) -> KeyField:
    """Return a calendar by code."""
    return KeyField(BusinessCalendar, by=("code",), example="us-office", **options)


class CalendarSerializer(RecordSerializer):
    """Agreed hours in one zone."""

    class Meta:
        model = BusinessCalendar
        fields: ClassVar = ["code", "name", "zone", "around_the_clock", "is_demo", "reason"]
        read_only_fields: ClassVar = ["is_demo"]


class HolidaysSerializer(CheckedSerializer):
    """Which public holidays to add."""

    country = serializers.CharField(max_length=2, help_text="Such as US or DE.")
    subdivision = serializers.CharField(
        max_length=10, required=False, allow_blank=True, help_text="Such as BY."
    )
    from_year = serializers.IntegerField(min_value=1970, max_value=2100)
    to_year = serializers.IntegerField(min_value=1970, max_value=2100)
    reason = serializers.CharField(max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse years the wrong way round."""
        if attrs["to_year"] < attrs["from_year"]:
            raise serializers.ValidationError({"to_year": "It lies before from_year."})
        return attrs


class FilledSerializer(serializers.Serializer):
    """Which days were added, renamed, there already, or left as a person wants them."""

    added = serializers.ListField(child=serializers.DateField())
    renamed = serializers.ListField(child=serializers.DateField())
    unchanged = serializers.ListField(child=serializers.DateField())
    kept = serializers.ListField(child=serializers.DateField())


class Calendars(Bulk, Records):
    """The business calendars."""

    model = BusinessCalendar
    serializer_class = CalendarSerializer
    lookup_paths: ClassVar = {"code": "code"}
    lookup_patterns: ClassVar = {"code": SLUG}
    ordering_fields: ClassVar = {"code": "code", "name": "name"}
    bulk_key: ClassVar = {"code": "code"}

    @extend_schema(request=HolidaysSerializer, responses=FilledSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def holidays(self, request: Request, **_: Any) -> Response:
        """Add the public holidays of a country; a day that a person touched is left alone."""
        calendar: BusinessCalendar = self.get_object()
        told = self.told(HolidaysSerializer)
        filled = fill_holidays(
            calendar,
            country=told["country"].upper(),
            subdivision=told.get("subdivision", "").upper() or None,
            years=range(told["from_year"], told["to_year"] + 1),
            by=self.by,
            reason=told["reason"],
        )
        return Response(FilledSerializer(filled).data)


class OfCalendarFilters(django_filters.FilterSet):
    """What narrows a list of a calendar's rows."""

    calendar = KeyFilter("calendar", model=BusinessCalendar, by=("code",))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Monday",
            {
                "calendar": "us-office",
                "weekday": 0,
                "opens_at": "09:00",
                "closes_at": "17:30",
                "reason": "Annex C",
            },
            request_only=True,
        )
    ]
)
class HoursSerializer(RecordSerializer):
    """Open hours of one weekday."""

    calendar = calendar_field()
    opens_at = ClockField()
    closes_at = ClockField()

    class Meta:
        model = WeeklyHours
        fields: ClassVar = [
            *("id", "calendar", "effective_from", "weekday", "opens_at", "closes_at", "reason"),
        ]
        read_only_fields: ClassVar = ["id"]


class Hours(Bulk, Removable, Records):
    """Open hours of the week."""

    model = WeeklyHours
    serializer_class = HoursSerializer
    filterset_class = OfCalendarFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"weekday": "weekday", "effective_from": "effective_from"}
    select = ("calendar",)
    bulk_key: ClassVar = {
        **{"calendar": "calendar", "effective_from": "effective_from"},
        **{"weekday": "weekday", "opens_at": "opens_at"},
    }


class DaySerializer(RecordSerializer):
    """One day that differs from the week."""

    calendar = calendar_field()
    opens_at = ClockField(required=False, allow_null=True)
    closes_at = ClockField(required=False, allow_null=True)

    class Meta:
        model = CalendarDay
        fields: ClassVar = [
            *("id", "calendar", "on", "kind", "opens_at", "closes_at", "name", "origin", "reason"),
        ]
        read_only_fields: ClassVar = ["id", "origin"]

    def record(self, row: Tracked, *, links: Links, by: Any, reason: str) -> Saved:
        """Save the day as a person's, so that holidays never overwrite it."""
        assert isinstance(row, CalendarDay)
        row.origin = CalendarDay.Origin.PERSON
        return super().record(row, links=links, by=by, reason=reason)


class Days(Bulk, Removable, Records):
    """Holidays and other days that differ from the week."""

    model = CalendarDay
    serializer_class = DaySerializer
    filterset_class = OfCalendarFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"on": "on"}
    select = ("calendar",)
    bulk_key: ClassVar = {"calendar": "calendar", "on": "on"}
