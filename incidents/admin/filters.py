"""Filters in the words of the daily work."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from incidents.feeds.formats import FORMATS
from incidents.models import FeedSource, Incident, Outage


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


class KindFilter(SimpleListFilter):
    """The formats of the feeds that there are."""

    title = "format"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the formats that a feed of the list has."""
        used = model_admin.get_queryset(request).order_by().values_list("kind", flat=True).distinct()
        return sorted(((kind, FORMATS[kind].label) for kind in used), key=lambda choice: choice[1].casefold())

    def queryset(self, request: HttpRequest, queryset: "QuerySet[FeedSource]") -> "QuerySet[FeedSource]":
        """Keep the feeds of the chosen format."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


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
