"""Logins: locked ones, second factors, and who is known to the provider of logins."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from axes.models import AccessAttempt
from axes.utils import reset
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from sla.services.people import tell_lost_factor
from vendors.admin import signed_in

# What allauth registers shows secrets, or is not used here.
for model in (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


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


@admin.register(Authenticator)
class SecondFactorAdmin(ModelAdmin):
    """Second factors of all users, without their secrets; one that was lost is taken away here."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_display_links = None
    list_select_related = ("user",)
    search_fields = ("user__username",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody set up their own."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """Let nobody change one."""
        return False

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Take one away, tell its user, and leave it in the user's history."""
        told = f"Took away a second factor: {obj.get_type_display()}."
        super().delete_model(request, obj)
        self.log_change(request, obj.user, told)
        if tell_lost_factor(obj.user, by=signed_in(request), now=timezone.now()) is None:
            messages.warning(request, f"No mail reaches {obj.user}. Say yourself what you took away.")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        """Take each of them away as one."""
        for row in queryset.select_related("user"):
            self.delete_model(request, row)


@admin.register(SocialAccount)
class LinkedLoginAdmin(ModelAdmin):
    """Which user a person is whom the provider of logins knows by its `sub`."""

    list_display = ("user", "uid", "provider", "last_login", "date_joined")
    list_select_related = ("user",)
    search_fields = ("user__username", "uid")
    fields = ("user", "provider", "uid")
    autocomplete_fields = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: SocialAccount | None = None) -> bool:
        """Let a link be made or taken away, never bent."""
        return False
