"""Tokens of programs: listed, made and shown once, revoked. Each person has their own.

Administrators make them for systems and revoke anybody's; auditors read the list of all.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
)

from vendors.admin.records import signed_in
from vendors.models import SCOPES, ApiToken
from vendors.selectors import tokens_shown_to
from vendors.services import make_token, revoke_token
from vendors.services.access import MAKES, MOST_DAYS, USUAL_DAYS, token_owners


class TokenForm(forms.ModelForm):
    """What a new token is for."""

    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[(scope, scope.replace(":", ": ")) for scope in SCOPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Of what its user may do, so much. Who may write may read.",
    )
    days = forms.IntegerField(
        label="Expires after days",
        initial=USUAL_DAYS,
        min_value=1,
        max_value=MOST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = ApiToken
        fields = ["name"]


@admin.register(ApiToken)
class TokenAdmin(ModelAdmin):
    """The tokens."""

    form = TokenForm
    actions = ["revoke"]
    list_display = [
        *("name", "token_key", "user", "created_by", "shown_scopes", "shown_state", "expiry", "last_used_at")
    ]
    list_filter = ["user"]
    list_select_related = ["user", "created_by"]
    search_fields = ["name", "user__username", "token_key"]
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return the tokens that the reader may see."""
        ordering = self.get_ordering(request)
        return tokens_shown_to(signed_in(request)).order_by(*ordering or ("-pk",))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Ask for whom it is only where it may be for somebody else."""
        if obj is not None:
            return [
                "name",
                "user",
                "token_key",
                "scopes",
                "expiry",
                "last_used_at",
                "created_by",
                "revoked_at",
            ]
        return ["name", "scopes", "days", *(["user"] if _for_others(request) else [])]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer those for whom the reader may make one; ask for nobody where it is the reader alone."""
        built = super().get_form(request, obj, change=change, fields=["name"])
        if not _for_others(request):
            return built
        return type("TokenForOthersForm", (built,), {"user": _owner_field(signed_in(request))})

    def get_list_filter(self, request: HttpRequest) -> list[str]:
        """Name the users only to who sees tokens of others."""
        return self.list_filter if request.user.has_perm("vendors.view_apitoken") else []

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token; its secret goes to the page that answers, and nowhere else."""
        asked, by = form.cleaned_data, signed_in(request)
        token, secret = make_token(
            asked.get("user") or by,
            name=asked["name"],
            scopes=asked["scopes"],
            days=asked["days"],
            by=by,
            at=timezone.now(),
        )
        obj.__dict__.update(vars(token), secret=secret)

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: Any = None
    ) -> HttpResponse:
        """Show the secret, this once."""
        secret = obj.__dict__.pop("secret")
        context = {
            **self.admin_site.each_context(request),
            "title": "Token made",
            "token": obj,
            "secret": secret,
        }
        return TemplateResponse(request, "vendors/token.html", context)

    @display(description="May")
    def shown_scopes(self, obj: ApiToken) -> str:
        """Return its scopes."""
        return ", ".join(obj.told_scopes())

    @display(description="State", label={"Holds": "success", "Expired": "warning", "Revoked": "danger"})
    def shown_state(self, obj: ApiToken) -> str:
        """Return whether it opens anything."""
        if obj.revoked_at is not None:
            return "Revoked"
        return "Holds" if obj.holds(at=timezone.now()) else "Expired"

    @admin.action(description="Revoke: they open nothing from now on", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Revoke the chosen tokens."""
        count = 0
        for token in queryset:
            try:
                revoke_token(token, by=signed_in(request), at=timezone.now())
                count += 1
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
        if count:
            messages.success(request, f"{count} revoked.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let everybody with a login see their own."""
        return request.user.is_active

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let everybody with a login see their own."""
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody with a login make their own."""
        return request.user.is_active

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a token is revoked, and another made."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: who made and used it stays on file."""
        return False


def _owner_field(by: User) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        label="Of",
        queryset=token_owners(by),
        initial=by.pk,
        widget=UnfoldAdminSelectWidget,
        help_text="Whose rights it has: yourself, or a system. A system is a user without a password, staff"
        " status and superuser status, as whom nobody ever logged in. Whoever has a token of a person acts as"
        " that person: only a superuser makes one.",
    )


def _for_others(request: HttpRequest) -> bool:
    return signed_in(request).has_perm(MAKES)
