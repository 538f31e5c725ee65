"""Reports that were sent: seen, never typed into."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.views import ChangeList

from sla.admin.looking import LookedAtAdmin, VendorFilter
from sla.admin.statements import address
from sla.models import ComplianceReport, OutboxMessage

STATES = {
    OutboxMessage.State.WAITING.label: "info",
    OutboxMessage.State.SENDING.label: "info",
    OutboxMessage.State.SENT.label: "success",
    OutboxMessage.State.IN_DOUBT.label: "warning",
    OutboxMessage.State.GIVEN_UP.label: "danger",
    OutboxMessage.State.CANCELLED.label: "warning",
}


class SentChangeList(ChangeList):
    """Rows that lead to the message."""

    def url_for_result(self, result: Any) -> str:
        """Return the address of the message's page, of this list where there is none."""
        return address("admin:sla_outboxmessage_change", result.message_id) or "."


@admin.register(ComplianceReport)
class ComplianceReportAdmin(LookedAtAdmin):
    """What each reader was sent for each period."""

    list_display = ["shown_report", "shown_reader", "headline", "shown_made", "shown_state"]
    list_filter = ["schedule", "message__state", VendorFilter]
    list_select_related = ["schedule", "message", "vendor"]
    search_fields = ["period", "headline", "message__name", "message__address", "schedule__name"]
    date_hierarchy = "last_on"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list whose rows lead to the message."""
        return SentChangeList

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the message's page, which shows what it said."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        url = address("admin:sla_outboxmessage_change", row.message_id)
        return HttpResponseRedirect(url or reverse("admin:sla_compliancereport_changelist"))

    @display(description="Report", ordering="last_on", header=True)
    def shown_report(self, obj: ComplianceReport) -> list[str]:
        """Return the period, and of which report."""
        return [obj.period, obj.schedule.name]

    @display(description="To", header=True)
    def shown_reader(self, obj: ComplianceReport) -> list[str]:
        """Return who it was made for, and about which vendor where it is about one."""
        name, mail = obj.message.name, obj.message.address
        about = obj.vendor.name if obj.vendor is not None else mail if name else ""
        return [name or mail, about]

    @display(description="Made (UTC)", ordering="made_at")
    def shown_made(self, obj: ComplianceReport) -> str:
        """Return when it was made."""
        return f"{obj.made_at:%Y-%m-%d %H:%M}"

    @display(description="Mail", label=STATES)
    def shown_state(self, obj: ComplianceReport) -> str:
        """Return how far the mail has come."""
        return obj.message.get_state_display()
