"""What contracts and incidents show of the terms: their admin classes, extended and registered again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from incidents.admin import IncidentAdmin
from incidents.models import Incident
from sla.services import touched
from vendors.admin import ContractAdmin, signed_in
from vendors.models import Contract, zone_of

admin.site.unregister([Contract, Incident])


@admin.register(Contract)
class ContractPageAdmin(ContractAdmin):
    """A contract with its SLA schedules and their last statements."""

    change_form_template = "sla/contract.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the SLA schedules above the contract's own fields."""
        extra = dict(extra_context or {})
        contract = self.get_object(request, object_id) if object_id else None
        if contract is not None and request.method == "GET":
            extra |= {
                "contract": contract,
                "annual_fee": "" if _has_ended(contract) else self.shown_annual_fee(contract),
                "schedules": touched.schedules_of_contract(contract, now=timezone.now()),
                "begin_url": reverse("admin:sla_begin") + f"?contract={contract.pk}",
            }
        return super().changeform_view(request, object_id, form_url, extra)


def _has_ended(contract: Contract) -> bool:
    today = timezone.now().astimezone(zone_of(contract.zone)).date()
    return contract.effective_until is not None and contract.effective_until <= today


@admin.register(Incident)
class IncidentPageAdmin(IncidentAdmin):
    """An incident with the service levels that it touches, and what they come to."""

    change_form_template = "sla/incident.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show what the contracts say of the incident above its own fields."""
        extra = dict(extra_context or {})
        incident = self.get_object(request, object_id) if object_id else None
        if incident is not None and request.method == "GET":
            extra |= {
                "incident": incident,
                "touched": touched.statements_touched(incident, user=signed_in(request), now=timezone.now()),
                "exclude_url": reverse("admin:sla_exclusion_add") + f"?incident={incident.pk}",
                "confirm_url": reverse("admin:sla_condition_add") + f"?incident={incident.pk}",
                "claim_url": reverse("admin:sla_claim_open") + f"?incident={incident.pk}",
                "may_claim": request.user.has_perm("sla.add_claim"),
                "claims": incident.claims.all().visible_to(request.user),
            }
        return super().changeform_view(request, object_id, form_url, extra)
