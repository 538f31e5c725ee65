"""Who says what: on the incident's page, and as a list in which statements are agreed or decided."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from incidents.admin.actions import ReasonActionForm, done_to_each, reason_given
from incidents.admin.records import FactAdmin, FactInline
from incidents.models import Outage, Position
from incidents.services import agree_position, determine_position
from vendors.admin import signed_in
from vendors.services import Saved

STATEMENT = [
    "about",
    "party",
    "outage",
    "responsible",
    "share_numerator",
    "share_denominator",
    "started_at",
    "ended_at",
    "exclusion",
    "clause",
    "stated_by",
    "stated_at",
    "why",
]


class PositionInline(FactInline):
    """What was said stays said; new statements are added below."""

    model = Position
    template = "admin/edit_inline/stacked.html"
    verbose_name = "statement"
    verbose_name_plural = "Who is responsible"
    fields = [
        ("party", "about"),
        ("responsible", "outage"),
        ("share_numerator", "share_denominator"),
        ("started_at", "ended_at"),
        ("exclusion", "clause"),
        ("stated_by", "stated_at"),
        "why",
    ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only the outages of the incident on the page."""
        if db_field.name == "outage":
            match = request.resolver_match
            incident = match.kwargs.get("object_id") if match else None
            own = Outage.objects.visible_to(signed_in(request)).select_related("service")
            kwargs["queryset"] = own.filter(incident=incident) if incident else own.none()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a later statement replaces an earlier one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what was said is evidence."""
        return False


class DecisionActionForm(ReasonActionForm):
    """Ask why, and for the clause of a decision."""

    clause = forms.CharField(
        label="",
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Clause", "x-show": "action === 'decide'"}),
    )


@admin.register(Position)
class PositionAdmin(FactAdmin):
    """All statements, to agree to them or decide them."""

    action_form = DecisionActionForm
    actions = ["agree", "decide"]
    list_display = ["shown_said", "party", "incident", "shown_service", "clause", "stated_by", "stated_at"]
    list_filter = ["party", "about", "responsible", "incident__vendor"]
    list_select_related = ["incident", "outage__service"]
    search_fields = ["incident__reference", "incident__title", "clause", "stated_by", "exclusion"]
    autocomplete_fields = ["incident", "outage"]
    fieldsets = [(None, {"fields": ("incident", *STATEMENT)})]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to reword a statement; the list itself, and its actions, stay open."""
        return obj is None and super().has_change_permission(request, obj)

    @display(description="Says")
    def shown_said(self, obj: Position) -> str:
        """Return the statement in a few words."""
        return obj.said

    @display(description="Service")
    def shown_service(self, obj: Position) -> str:
        """Return the service, or that it holds for all."""
        return str(obj.outage.service) if obj.outage else "All of the incident"

    @admin.action(description="Both sides agree to these", permissions=["change"])
    def agree(self, request: HttpRequest, queryset: "QuerySet[Position]") -> None:
        """Record that both sides hold what the chosen statements say."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()

        def act(row: Position) -> Saved:
            agree_position(row, stated_by=by.get_full_name() or by.username, at=at, by=by, reason=reason)
            return Saved.CREATED

        done_to_each(self, request, queryset, act=act, done="agreed")

    @admin.action(description="Decided under the contract", permissions=["change"])
    def decide(self, request: HttpRequest, queryset: "QuerySet[Position]") -> None:
        """Record that the chosen statements were decided under a clause."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        clause = request.POST.get("clause", "").strip()

        def act(row: Position) -> Saved:
            name = by.get_full_name() or by.username
            determine_position(row, clause=clause, stated_by=name, at=at, by=by, reason=reason)
            return Saved.CREATED

        done_to_each(self, request, queryset, act=act, done="decided")
