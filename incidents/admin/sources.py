"""The sources whose silence we rely on."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from incidents.admin.actions import ReasonActionForm, done_to_each, reason_given
from incidents.admin.records import FactAdmin
from incidents.models import SourceWatch
from incidents.services import confirm_quiet
from vendors.admin import signed_in


@admin.register(SourceWatch)
class SourceWatchAdmin(FactAdmin):
    """The watched sources."""

    action_form = ReasonActionForm
    actions = ["confirm"]
    list_display = ["service", "source", "watched_from", "last_heard_at", "confirmed_through", "confirmed_by"]
    list_filter = ["source", "service__contract__vendor"]
    list_select_related = ["service__contract", "confirmed_by"]
    search_fields = ["source", "service__code", "service__name"]
    autocomplete_fields = ["service"]
    readonly_fields = ["confirmed_by", "confirmed_at", "confirmed_through"]
    fieldsets = [
        (None, {"fields": (("service", "source"), ("watched_from", "last_heard_at"))}),
        (
            "Nothing else happened",
            {"fields": (("confirmed_through", "confirmed_by", "confirmed_at"),)},
        ),
    ]

    @admin.action(description="Confirm: nothing else happened until now", permissions=["change"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[SourceWatch]) -> None:
        """Confirm the chosen sources up to the present."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        done_to_each(
            self,
            request,
            queryset,
            act=lambda row: confirm_quiet(row, through=at, at=at, by=by, reason=reason),
            done="confirmed",
        )
