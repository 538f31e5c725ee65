"""Filters in the words of the daily work."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from incidents.models import Incident, Outage


class AttentionFilter(SimpleListFilter):
    """What a person should look at."""

    title = "needs attention"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds of attention."""
        return [
            ("vendor", "Vendor still unknown"),
            ("times", "Times are missing"),
            ("contested", "Contested"),
            ("out", "Still out"),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Incident]") -> "QuerySet[Incident]":
        """Keep the incidents that need what was chosen."""
        wanted: dict[str, dict[str, Any]] = {
            "vendor": {"needs_vendor": True},
            "times": {"needs_times": True},
            "contested": {"is_contested": True},
            "out": {"is_out": True},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


class OutageAttentionFilter(SimpleListFilter):
    """What a person should look at."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states of an outage."""
        return [
            ("unconfirmed", "Not yet confirmed"),
            ("times", "Times are missing"),
            ("out", "Still out"),
            ("withdrawn", "Withdrawn"),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Outage]") -> "QuerySet[Outage]":
        """Keep the outages in the chosen state."""
        standing = queryset.filter(withdrawn_at=None)
        chosen = {
            "unconfirmed": standing.filter(confirmed_at=None),
            "times": queryset & Outage.objects.needing_times(),
            "out": standing.filter(ended_at=None),
            "withdrawn": queryset.exclude(withdrawn_at=None),
        }
        return chosen.get(self.value() or "", queryset)
