"""Filters of the list of statements."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter

from sla.models import ServiceLevelAgreement, Statement
from sla.selectors.waiting import waiting_statements
from vendors.models import Vendor


class StandingFilter(admin.SimpleListFilter):
    """How far a statement has come."""

    title = "finalised"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states of the record."""
        return [
            ("waits", "Closed, waits for a person"),
            ("draft", "Draft, not finalised"),
            ("finalised", "Finalised"),
            ("correction", "Needs correction"),
            ("error", "Could not be computed"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the statements that stand so."""
        match self.value():
            case "waits":
                return queryset.filter(pk__in=waiting_statements(request.user))
            case "draft":
                return queryset.filter(revisions=None)
            case "finalised":
                return queryset.exclude(revisions=None)
            case "correction":
                return queryset.needing_correction()
            case "error":
                return queryset.exclude(error="")
        return queryset


class MoneyFilter(admin.SimpleListFilter):
    """Whether money follows."""

    title = "credit"
    parameter_name = "money"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the two sides, and what is argued about."""
        return [("due", "Credit due"), ("contested", "Partly contested"), ("none", "No credit")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Statement]) -> QuerySet[Statement]:
        """Keep the statements with such a credit, in money or another unit."""
        match self.value():
            case "due":
                return queryset.exclude(shown="")
            case "contested":
                return queryset.exclude(contested_minor=0)
            case "none":
                return queryset.filter(shown="")
        return queryset


class VendorFilter(admin.SimpleListFilter):
    """Whose statements: only vendors that the reader may see."""

    title = "vendor"
    parameter_name = "vendor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return the visible vendors with SLA schedules."""
        rows = Vendor.objects.all().visible_to(request.user)
        having = ServiceLevelAgreement.objects.values("contract__vendor")
        rows = rows.filter(pk__in=having).order_by("name")
        return [(row.slug, row.name) for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Statement]) -> QuerySet[Statement]:
        """Keep the statements of one vendor."""
        slug = self.value()
        return queryset.filter(agreement__contract__vendor__slug=slug) if slug else queryset


class PeriodFilter(TextFilter):
    """Which period: `2019` finds the whole year."""

    title = "period (2019-06, or 2019)"
    parameter_name = "period"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Statement]) -> QuerySet[Statement]:
        """Keep the statements whose period begins like what was typed."""
        typed = (self.value() or "").strip()
        return queryset.filter(period__istartswith=typed) if typed else queryset
