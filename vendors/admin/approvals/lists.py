"""The list of requests for a second person: what waits first."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from vendors.admin.approvals.page import approval_page, approve_many
from vendors.admin.records import signed_in
from vendors.models import Approval
from vendors.services.approvals import act_of, acts, may_read, readable, to_decide

# Lines of what a request does, on the list: of a webhook also its address.
SHOWN = 3
STATES = {
    "Waiting": "warning",
    "Approved and done": "success",
    "Refused": "danger",
    "Withdrawn": "info",
    "Overtaken by a change": "danger",
}


class StandsFilter(admin.SimpleListFilter):
    """What waits, unless something else is asked for."""

    title = "state"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the other choices beside the default."""
        return [("mine", "Waiting for you"), ("own", "Asked by you"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """Name the default what it is."""
        choices = list(super().choices(changelist))
        choices[0]["display"] = "Waiting"
        return choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the requests in the state."""
        user = signed_in(request)
        match self.value():
            case "mine":
                return queryset.filter(pk__in=to_decide(user).order_by().values("pk"))
            case "own":
                return queryset.filter(asked_by=user)
            case "all":
                return queryset
        return queryset.waiting()


class ActFilter(admin.SimpleListFilter):
    """One kind of act."""

    title = "act"
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return every act."""
        return [(code, act.label) for code, act in acts().items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the requests for the act."""
        return queryset.filter(act=self.value()) if self.value() else queryset


@admin.register(Approval)
class ApprovalAdmin(ModelAdmin):
    """What waits for a second person; each page shows what would be done, and takes the decision."""

    list_display = ["shown_what", "shown_effect", "shown_asked", "shown_state"]
    list_filter = [StandsFilter, ActFilter]
    list_select_related = ["asked_by", "decided_by", "vendor"]
    search_fields = ["subject", "effect", "why", "vendor__name", "contract__reference"]
    list_filter_submit = True
    list_per_page = 100
    list_fullwidth = True
    show_full_result_count = False
    empty_hint = (
        "What one person may not do alone waits here for another one. What was decided stands under another"
        " state of the filter."
    )
    actions = ["approve_selected"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the reader's own requests, and those that the reader could decide."""
        keys = readable(signed_in(request)).order_by().values("pk")
        return super().get_queryset(request).filter(pk__in=keys)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to who may read requests, and to who may do any of the acts."""
        return may_read(signed_in(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say the same of one row."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a request is written where the act is done."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: it is decided on its page, once."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: who asked and who decided stays."""
        return False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Offer the act on the list to everybody here; each request says who may decide it."""
        return self.has_module_permission(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one request, and decide it where the form was sent."""
        approval = self.get_object(request, object_id)
        if approval is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return approval_page(request, approval, base=self._base(request))

    @admin.action(description="Approve", permissions=["decide"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Approval]) -> HttpResponse | None:
        """Approve the selected requests after a look at all of them."""
        return approve_many(request, queryset, base=self._base(request), back=request.get_full_path())

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "has_view_permission": True}

    @display(description="What", ordering="act", header=True)
    def shown_what(self, obj: Approval) -> list[str]:
        """Return the act, and what it is about."""
        vendor = "" if obj.vendor is None else obj.vendor.name
        return [act_of(obj.act).label, " · ".join(filter(None, [obj.subject, vendor]))]

    @display(description="What it does")
    def shown_effect(self, obj: Approval) -> str:
        """Return the first lines of what it does."""
        lines = obj.effect.splitlines()
        more = f"and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        rest = "; ".join(lines[1:SHOWN])
        return format_html('{}<br><span class="rc-faint-text">{}</span>', lines[0], f"{rest} {more}".strip())

    @display(description="Asked by", ordering="asked_at", header=True)
    def shown_asked(self, obj: Approval) -> list[str]:
        """Return who asked, when (UTC)."""
        return [obj.asked_by.get_full_name() or str(obj.asked_by), f"{obj.asked_at:%Y-%m-%d %H:%M} UTC"]

    @display(description="State", ordering="decision", label=STATES)
    def shown_state(self, obj: Approval) -> str:
        """Return what became of it."""
        return obj.get_decision_display()
