"""Pages of people: Django's own users and groups, in the theme. A user is deactivated, never deleted."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from vendors.services.system import SYSTEM_USERNAME, is_system

admin.site.unregister(User)
admin.site.unregister(Group)

# Who may manage people gives and takes roles. Beyond all roles only a superuser lifts anybody.
ABOVE_ROLES = ("is_superuser", "user_permissions")


class _NotTheSystem(ModelForm):
    """Refuse the name under which the system acts: whoever has it would pass for the system."""

    def clean(self) -> Any:
        """Return what was typed; refuse that name."""
        cleaned = super().clean()
        name = str(self.cleaned_data.get("username", ""))
        if name.lower() == SYSTEM_USERNAME:
            self.add_error("username", f"{name!r} is the name under which Recourse acts. Choose another.")
        return cleaned


class PersonForm(_NotTheSystem, UserChangeForm):
    """A user."""


class NewPersonForm(_NotTheSystem, UserCreationForm):
    """A new user."""


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """The users."""

    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "shown_roles", "is_active", "last_login")
    list_filter = ("is_active", "groups", "is_superuser")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the users with their roles."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Roles")
    def shown_roles(self, obj: User) -> str:
        """Return the roles of a user in words."""
        names = [group.name for group in obj.groups.all()]
        return ", ".join(["Superuser"] * obj.is_superuser + sorted(names)) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let only a superuser make one, or give a permission that belongs to no role of the user."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _is_superuser(request) else (*fields, *ABOVE_ROLES)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let only a superuser change one, as who sets its password could become it; nobody the system."""
        if obj is not None and is_system(obj):
            return False
        if obj is not None and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: history names its users."""
        return False


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """The groups. What a role may do stands in the code; a superuser makes groups beside the roles."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let only a superuser put together what no role holds."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let only a superuser change what a group may do."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let only a superuser delete one."""
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
