"""Pages of our entities, the vendors, their accounts and contacts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldBooleanSwitchWidget

from vendors.admin.records import RecordAdmin, RecordForm, RecordInline, signed_in
from vendors.models import (
    Account,
    Contact,
    Contract,
    LegalEntity,
    Tag,
    Vendor,
    major_units,
    minor_units,
    money_text,
)
from vendors.services import archive_vendor, restore_vendor


class ArchivedFilter(admin.SimpleListFilter):
    """Archived vendors show only when asked for."""

    title = "archived"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the two other choices beside the default."""
        return [("yes", "Archived"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """Name the default what it is."""
        for choice in super().choices(changelist):
            if choice["display"] == "All" and "archived=all" not in choice["query_string"]:
                choice["display"] = "Current"
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Vendor]) -> QuerySet[Vendor]:
        """Keep current vendors unless told otherwise; a search from another page sees all."""
        if self.value() == "all" or "autocomplete" in request.path:
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "yes")


class VendorForm(RecordForm):
    """A vendor, and whether it is archived."""

    archived = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Leaves the daily lists. Nothing is deleted, and it can be brought back here.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["archived"] = self.instance.archived_at is not None


class ContactInline(RecordInline):
    """Whom we write to."""

    model = Contact


class AccountInline(RecordInline):
    """Our numbers with the vendor."""

    model = Account


class LegalEntityForm(RecordForm):
    """One of our companies; its limit is typed as an amount in the currency of its books."""

    exclusion_limit_minor = forms.DecimalField(
        label="One person may exclude up to",
        min_value=0,
        max_digits=15,
        initial=0,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="What an exclusion may move in periods that are over, in the currency of the books. Above"
        " it a second person approves; for contracts in another currency always.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entity = self.instance
        if entity.pk is not None and "exclusion_limit_minor" in self.fields:
            limit = major_units(entity.exclusion_limit_minor, currency=entity.base_currency)
            self.initial["exclusion_limit_minor"] = limit

    def clean(self) -> dict[str, Any]:
        """Turn the limit into minor units of the company's currency."""
        cleaned = super().clean() or self.cleaned_data
        limit, currency = cleaned.get("exclusion_limit_minor"), cleaned.get("base_currency")
        if limit is not None and currency:
            try:
                cleaned["exclusion_limit_minor"] = minor_units(limit, currency=currency)
            except ValidationError as error:
                self.add_error("exclusion_limit_minor", error)
        return cleaned


@admin.register(LegalEntity)
class LegalEntityAdmin(RecordAdmin):
    """Our own companies."""

    form = LegalEntityForm
    list_display = ["name", "code", "base_currency"]
    search_fields = ["name", "code"]
    prepopulated_fields = {"code": ["name"]}
    autocomplete_fields = ["readers"]
    to_read = {"exclusion_limit_minor": "shown_limit"}
    fieldsets = [
        (None, {"fields": (("name", "code"), ("base_currency", "exclusion_limit_minor"), "readers")}),
    ]

    @display(description="One person may exclude up to")
    def shown_limit(self, obj: LegalEntity) -> str:
        """Return the limit in the currency of the books."""
        return money_text(obj.exclusion_limit_minor, currency=obj.base_currency)


@admin.register(Tag)
class TagAdmin(RecordAdmin):
    """Words that group vendors."""

    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [(None, {"fields": (("name", "slug"),)})]


@admin.register(Vendor)
class VendorAdmin(RecordAdmin):
    """The vendors."""

    form = VendorForm
    list_display = ["name", "shown_kind", "criticality", "owner", "contract_count", "shown_state"]
    list_filter = [ArchivedFilter, "kind", "criticality", "owner", "tags"]
    list_select_related = ["owner"]
    search_fields = ["name", "slug", "legal_name", "accounting_number"]
    autocomplete_fields = ["owner", "deputies", "tags"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [ContactInline, AccountInline]
    fieldsets = [
        (None, {"fields": (("name", "slug"), ("kind", "criticality"), ("owner", "deputies"), "tags")}),
        (
            "Where it is found",
            {"fields": ("legal_name", "status_page_url", "accounting_number", "archived")},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vendor]:
        """Return the vendors with the number of their contracts that the reader sees."""
        seen = Q(contracts__in=Contract.objects.all().visible_to(request.user))
        total = Count("contracts", filter=seen, distinct=True)
        return super().get_queryset(request).annotate(contract_total=total)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the vendor, then archive or restore it if that was ticked."""
        super().save_model(request, obj, form, change)
        wanted, by = form.cleaned_data.get("archived", False), signed_in(request)
        reason = form.cleaned_data["reason"]
        if wanted and obj.archived_at is None:
            archive_vendor(obj, at=timezone.now(), by=by, reason=reason)
        elif not wanted and obj.archived_at is not None:
            restore_vendor(obj, by=by, reason=reason)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Read an address without a scheme as https."""
        if db_field.name == "status_page_url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description="Kind", ordering="kind")
    def shown_kind(self, obj: Vendor) -> str:
        """Return the kind in words."""
        return obj.get_kind_display()

    @display(description="Contracts", ordering="contract_total")
    def contract_count(self, obj: Any) -> int:
        """Return how many contracts it has."""
        return int(obj.contract_total)

    @display(description="State", label={"Demo data": "info", "Archived": "warning", "Current": "success"})
    def shown_state(self, obj: Vendor) -> str:
        """Return whether it is archived, or demo data."""
        if obj.archived_at is not None:
            return "Archived"
        return "Demo data" if obj.is_demo else "Current"


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    """Our customer and billing numbers."""

    list_display = ["number", "name", "vendor"]
    list_filter = ["vendor"]
    list_select_related = ["vendor"]
    search_fields = ["number", "name", "vendor__name"]
    autocomplete_fields = ["vendor"]
    fieldsets = [(None, {"fields": ("vendor", "number", "name")})]
