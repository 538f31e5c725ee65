"""Pages of contracts and what is bought under them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from vendors.admin.fees import ChargeInline
from vendors.admin.records import RecordAdmin, RecordInline
from vendors.models import Contract, Service, ServiceAlias, ServiceNeed, money_text, zone_of
from vendors.selectors import annual_fee, contracts_with_fees


class ServiceInline(RecordInline):
    """What the contract delivers."""

    model = Service
    fields = ["code", "name", "vendor_identifier", "site", "weight"]
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a service ends by its date."""
        return False


class ServiceAliasInline(RecordInline):
    """What feeds call the service."""

    model = ServiceAlias


class ServiceNeedInline(RecordInline):
    """What the service cannot run without."""

    model = ServiceNeed
    fk_name = "service"
    autocomplete_fields = ["needs"]


@admin.register(Contract)
class ContractAdmin(RecordAdmin):
    """The contracts."""

    list_display = [
        "reference",
        "name",
        "vendor",
        "relation",
        "shown_term",
        "shown_annual_fee",
        "shown_state",
    ]
    list_filter = ["vendor", "relation", "renewal", "currency", "entity"]
    search_fields = ["reference", "name", "vendor__name", "vendor__slug", "account__number"]
    autocomplete_fields = ["vendor", "parent", "entity", "entities", "account"]
    inlines = [ServiceInline, ChargeInline]
    date_hierarchy = None
    fieldsets = [
        (
            None,
            {
                "fields": (
                    ("reference", "name"),
                    ("vendor", "entity"),
                    ("currency", "zone"),
                    ("effective_from", "effective_until"),
                    "document",
                )
            },
        ),
        (
            "Renewal",
            {
                "fields": (("renewal", "renewal_months"), ("notice_days", "uplift_percent")),
                "classes": ["tab"],
            },
        ),
        (
            "Its family",
            {
                "fields": (("relation", "parent"), ("precedence", "precedence_clause"), "entities"),
                "classes": ["tab"],
            },
        ),
        (
            "More",
            {"fields": (("account", "signed_on"), "live_from", "notes"), "classes": ["tab"]},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        """Return the contracts that the reader may see, with what their fees need."""
        return contracts_with_fees(request.user)

    @display(description="Term", ordering="effective_until")
    def shown_term(self, obj: Contract) -> str:
        """Return the first day, and the first day after."""
        until = f"until {obj.effective_until}" if obj.effective_until else "no end agreed"
        return f"from {obj.effective_from}, {until}"

    @display(description="Fee a year")
    def shown_annual_fee(self, obj: Contract) -> str:
        """Return a year of recurring fees at today's prices."""
        today = timezone.now().astimezone(zone_of(obj.zone)).date()
        return money_text(annual_fee(obj, on=today), currency=obj.currency)

    @display(description="Data", label={"Demo data": "info", "Real": "success"})
    def shown_state(self, obj: Contract) -> str:
        """Return whether it is demo data."""
        return "Demo data" if obj.vendor.is_demo else "Real"


@admin.register(Service)
class ServiceAdmin(RecordAdmin):
    """What is bought."""

    list_display = ["code", "name", "contract", "vendor_identifier", "site", "in_service_until"]
    list_filter = ["contract__vendor", "site"]
    list_select_related = ["contract__vendor"]
    search_fields = ["code", "name", "vendor_identifier", "contract__reference", "aliases__name"]
    autocomplete_fields = ["contract"]
    inlines = [ServiceAliasInline, ServiceNeedInline]
    fieldsets = [
        (None, {"fields": ("contract", ("code", "name"), ("vendor_identifier", "site"))}),
        ("In service (UTC)", {"fields": ("in_service_from", "in_service_until", "weight")}),
    ]
