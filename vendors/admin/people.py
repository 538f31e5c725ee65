"""Pages of people: Django's own users and groups, in the theme. A user is deactivated, never deleted."""

from enum import StrEnum
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from vendors.services.system import SYSTEM_USERNAME, is_system

admin.site.unregister(User)
admin.site.unregister(Group)

# Who may manage people gives and takes roles. Beyond all roles only a superuser lifts anybody.
ABOVE_ROLES = ("is_superuser", "user_permissions")
BEYOND_ROLES = (
    "Beyond all roles",
    {
        "fields": ABOVE_ROLES,
        "classes": ["collapse"],
        "description": "A superuser passes every rule. The access review names superusers, and permissions"
        " that no role gave.",
    },
)
PASSWORD_HELP = format_html(
    'Nobody can read it. <a href="{}" class="text-primary-600 dark:text-primary-500">Set another one</a>: the'
    " user is told by mail who did, and it stands in the history and in the access review.",
    "../password/",
)


class AccountChange(StrEnum):
    """What somebody else changed of a user's login."""

    PASSWORD = "password"  # nosec B105 # a word, no password
    ADDRESS = "address"


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

    class Meta(DjangoUserChangeForm.Meta):
        """What Django calls group and staff, in our words."""

        labels: ClassVar = {"groups": "Roles"}
        help_texts: ClassVar = {
            "is_active": "Take it off for who left, instead of deleting.",
            "is_staff": "Lets the user log in here. Without it nobody can, whatever the role; leave it off"
            " for a system, which comes by tokens.",
            "groups": "What the user may do. Of which vendors and companies is said there: owner and"
            " deputies of a vendor, readers of a company. Auditor, Administrator, Finance and the manager of"
            " all vendors see every vendor.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = PASSWORD_HELP


class NewPersonForm(_NotTheSystem, UserCreationForm):
    """A new user."""

    usable_password = UserCreationForm.create_usable_password_field(
        "Disabled: nobody logs in with a password. Choose it for a system (role Service account, tokens under"
        " API tokens), and where people log in with a provider."
    )


class SetPasswordForm(AdminPasswordChangeForm):
    """A new password of somebody else."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields["password2"].help_text = "The same again. The user is told by mail who set it, and when."


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """The users."""

    form = PersonForm
    add_form = NewPersonForm
    change_password_form = SetPasswordForm
    list_display = ("username", "email", "shown_roles", "is_active", "last_login")
    list_filter = ("is_active", "groups", "is_superuser")
    filter_horizontal = ("user_permissions",)
    # When somebody was here last says whether a token may be made for it: nobody rewrites that.
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("What the user may do", {"fields": ("is_active", "is_staff", "groups")}),
        ("Logging in", {"fields": ("password", "last_login", "date_joined")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Fold away what belongs to no role; show it to superusers, who alone may give it."""
        found = super().get_fieldsets(request, obj)
        return (*found, BEYOND_ROLES) if obj is not None and _is_superuser(request) else found

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField | None:
        """Show all roles, to be ticked."""
        if db_field.name != "groups":
            found: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
            return found
        texts = {name: kwargs[name] for name in ("label", "help_text") if name in kwargs}
        return forms.ModelMultipleChoiceField(
            Group.objects.order_by("name"),
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            required=False,
            **texts,
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password; a user whose password somebody else set is told."""
        held = self.get_object(request, unquote(id))
        before = "" if held is None else held.password
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
            now = None if held is None else User.objects.get(pk=held.pk)
            if now is not None and now.password != before and now != request.user:
                self.tell_user(request, now, change=AccountChange.PASSWORD, address=now.email)
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save a user; one whose address somebody else changed is told at the old one."""
        old = User.objects.filter(pk=obj.pk).values_list("email", flat=True).first()
        super().save_model(request, obj, form, change)
        if old and old != obj.email and obj != request.user:
            self.tell_user(request, obj, change=AccountChange.ADDRESS, address=old)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the roles; say where a role opens nothing, as its user cannot log in."""
        super().save_related(request, form, formsets, change)
        user = form.instance
        if change and user.is_active and not user.is_staff and user.groups.exists():
            messages.warning(
                request,
                f"{user} has a role, but no staff status: nobody can log in as {user}. Leave it so for a"
                " system that comes by tokens, else tick Staff status.",
            )

    def tell_user(self, request: HttpRequest, user: User, *, change: AccountChange, address: str) -> None:
        """Do nothing: an app that sends mails tells the user at an address what somebody else changed."""

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
        fields: tuple[str, ...] = tuple(super().get_readonly_fields(request, obj))
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
