"""Logins that are locked after wrong passwords."""

from typing import Any

from axes.models import AccessAttempt
from axes.utils import reset
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin


@admin.register(AccessAttempt)
class LockedLoginAdmin(ModelAdmin):
    """Wrong passwords of the last half hour, by name and address; unlocking forgets those of a name."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    search_fields = ("username", "ip_address")
    actions = ("unlock",)
    list_display_links = None
    show_full_result_count = False

    @admin.action(description="Unlock: forget the wrong passwords of these names", permissions=["delete"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        """Let the names of the chosen rows log in again, from any address."""
        names = sorted({name for name in queryset.values_list("username", flat=True) if name})
        for name in names:
            reset(username=name)
        messages.success(request, f"Unlocked: {', '.join(names)}.")

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer nothing but to unlock."""
        return {name: act for name, act in super().get_actions(request).items() if name == "unlock"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let nobody enter one."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessAttempt | None = None) -> bool:
        """Let nobody change one."""
        return False
