"""What vendors, contracts and incidents show from above: their admin classes, registered again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone

from incidents.admin import IncidentAdmin
from incidents.models import Incident
from incidents.services.feeds.joining import JoinEffect
from sla.admin.registers import RegisterImports, may_import
from sla.admin.reports import report_url, vendor_report_url
from sla.services import touched
from sla.services.joins import effects_of_joins
from vendors.admin import ContractAdmin, VendorAdmin, signed_in
from vendors.models import Contract, Vendor, zone_of

admin.site.unregister([Contract, Incident, Vendor])


@admin.register(Vendor)
class VendorPageAdmin(VendorAdmin):
    """A vendor with its report and its statements one press away."""

    change_form_template = "sla/vendor.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show where its figures are above the vendor's own fields."""
        extra = dict(extra_context or {})
        vendor = self.get_object(request, object_id) if object_id else None
        if vendor is not None and request.method == "GET" and request.user.has_perm("sla.view_statement"):
            extra |= {"vendor": vendor, "figures": _figures(vendor)}
        return super().changeform_view(request, object_id, form_url, extra)


def _figures(vendor: Vendor) -> tuple[tuple[str, str], ...]:
    """Return where a vendor's figures are: its report, what it missed, its statements."""
    return (
        ("Report of last month", vendor_report_url(vendor)),
        ("Missed last month", report_url("breach", vendor=vendor.slug)),
        ("Service level statements", f"{reverse('admin:sla_statement_changelist')}?vendor={vendor.slug}"),
    )


@admin.register(Contract)
class ContractPageAdmin(RegisterImports, ContractAdmin):
    """A contract with its SLA schedules and their last statements; imports begin from the list."""

    change_form_template = "sla/contract.html"
    change_list_template = "sla/contracts.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the import of registers."""
        return [*self.import_urls(), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Offer the import to who may see every vendor."""
        extra = {**(extra_context or {}), "may_import": may_import(request)}
        return super().changelist_view(request, extra)

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
                "figures": _figures(contract.vendor) if request.user.has_perm("sla.view_statement") else (),
            }
        return super().changeform_view(request, object_id, form_url, extra)


def _has_ended(contract: Contract) -> bool:
    today = timezone.now().astimezone(zone_of(contract.zone)).date()
    return contract.effective_until is not None and contract.effective_until <= today


@admin.register(Incident)
class IncidentPageAdmin(IncidentAdmin):
    """An incident with the service levels that it touches, and what they come to."""

    change_form_template = "sla/incident.html"

    def effects_of(
        self, request: HttpRequest, pairs: Iterable[tuple[Incident, Incident]]
    ) -> Mapping[tuple[int, int], JoinEffect]:
        """Return what joining incidents would change in money, and whose clock holds then."""
        return effects_of_joins(pairs, user=signed_in(request), now=timezone.now())

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
