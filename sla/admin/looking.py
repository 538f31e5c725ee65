"""Lists of rows that only services write: seen, searched, filtered, never typed into."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import CharField, F, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from vendors.models import Vendor

# How the number of a revision ends, which may be copied from a mail.
REVISION = re.compile(r"/r\d+(?=\s|$)")


class NumberSearch:
    """A list in which the printed number of a statement is found, such as CF-2026-002/internet/2026-06/r1.

    `numbered` leads from the row to the statement or run that has an SLA schedule and a period.
    """

    numbered: ClassVar[str] = ""

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Add the number, as it is printed."""
        return [*super().get_search_fields(request), "printed_number"]  # type: ignore[misc]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Search with the number beside the row's own fields; revisions are on the statement's page."""
        parts = ("agreement__contract__reference", "agreement__code", "period")
        reference, code, period = (F(f"{self.numbered}{part}") for part in parts)
        number = Concat(reference, Value("/"), code, Value("/"), period, output_field=CharField())
        term = REVISION.sub("", search_term)
        return super().get_search_results(  # type: ignore[misc]
            request, queryset.annotate(printed_number=number), term
        )


class LookedAtAdmin(ModelAdmin):
    """A list that shows the rows whose vendor the reader may see."""

    list_filter_submit = True
    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    actions: ClassVar[Any] = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rows that the reader may see."""
        return super().get_queryset(request).visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: services write these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what is written stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: money and evidence are never deleted."""
        return False


def figure(text: str) -> str:
    """Return an amount or a number that no line break cuts in two."""
    return format_html('<span class="rc-figure">{}</span>', text) if text else ""


def over(first: str, second: str) -> str:
    """Return what a cell says, and fainter below it what belongs to it."""
    return format_html('{}<br><span class="rc-faint-text">{}</span>', first, second)


class VendorFilter(admin.SimpleListFilter):
    """One vendor, of those that the reader may see; `path` leads from the row to it."""

    title = "vendor"
    parameter_name = "vendor"
    path: ClassVar[str] = "vendor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the vendors that have rows here."""
        rows = Vendor.objects.all().visible_to(request.user)
        held = model_admin.model._default_manager.order_by().values(self.path)
        return [(row.slug, row.name) for row in rows.filter(pk__in=held).order_by("name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the rows of the vendor."""
        return queryset.filter(**{f"{self.path}__slug": self.value()}) if self.value() else queryset


class VendorOfContractFilter(VendorFilter):
    """The vendor of a row's contract."""

    path = "contract__vendor"
