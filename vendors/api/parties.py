"""Addresses of who: our companies, the vendors, their accounts and contacts, tags."""

from typing import Any, ClassVar

import django_filters
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.bulk import Bulk
from vendors.api.fields import KeyField, PersonField
from vendors.api.filters import KeyFilter
from vendors.api.routes import NUMBER, SLUG
from vendors.api.serializers import Reason, RecordSerializer
from vendors.api.views import Records, Removable
from vendors.models import Account, Contact, LegalEntity, Tag, Vendor
from vendors.services import archive_vendor, restore_vendor


def vendor_field(**options: Any) -> KeyField:
    """Return a vendor by slug."""
    return KeyField(Vendor, by=("slug",), example="northrack", **options)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A company of ours",
            {"code": "acme-nl", "name": "Acme Payments B.V.", "base_currency": "EUR", "reason": "Founded"},
            request_only=True,
        )
    ]
)
class EntitySerializer(RecordSerializer):
    """One of our companies."""

    class Meta:
        model = LegalEntity
        fields: ClassVar = ["code", "name", "base_currency", "is_demo", "reason"]
        read_only_fields: ClassVar = ["is_demo"]


class Entities(Bulk, Records):
    """Our companies."""

    model = LegalEntity
    serializer_class = EntitySerializer
    lookup_paths: ClassVar = {"code": "code"}
    lookup_patterns: ClassVar = {"code": SLUG}
    ordering_fields: ClassVar = {"code": "code", "name": "name"}
    bulk_key: ClassVar = {"code": "code"}


class TagSerializer(RecordSerializer):
    """A word that groups vendors."""

    class Meta:
        model = Tag
        fields: ClassVar = ["slug", "name", "reason"]


class Tags(Bulk, Records):
    """Words that group vendors."""

    model = Tag
    serializer_class = TagSerializer
    lookup_paths: ClassVar = {"slug": "slug"}
    lookup_patterns: ClassVar = {"slug": SLUG}
    ordering_fields: ClassVar = {"slug": "slug", "name": "name"}
    bulk_key: ClassVar = {"slug": "slug"}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A vendor",
            {
                "slug": "northrack",
                "name": "Northrack",
                "kind": "data_center",
                "criticality": "high",
                "owner": "maria",
                "reason": "New contract of June",
            },
            request_only=True,
        )
    ]
)
class VendorSerializer(RecordSerializer):
    """A company that promised us something."""

    owner = PersonField(required=False, allow_null=True)
    deputies = PersonField(many=True, required=False)
    tags = KeyField(Tag, by=("slug",), example="payments", many=True, required=False)

    class Meta:
        model = Vendor
        fields: ClassVar = [
            *("slug", "name", "legal_name", "kind", "criticality", "status_page_url", "accounting_number"),
            *("owner", "deputies", "tags", "archived_at", "is_demo", "reason"),
        ]
        read_only_fields: ClassVar = ["archived_at", "is_demo"]


class VendorFilters(django_filters.FilterSet):
    """What narrows a list of vendors."""

    kind = django_filters.ChoiceFilter(choices=Vendor.Kind.choices)
    criticality = django_filters.ChoiceFilter(choices=Vendor.Criticality.choices)
    owner = django_filters.CharFilter(field_name="owner__username")
    tag = KeyFilter("tags", model=Tag, by=("slug",))
    archived = django_filters.BooleanFilter(field_name="archived_at", lookup_expr="isnull", exclude=True)


class Vendors(Bulk, Records):
    """The vendors that you may see."""

    model = Vendor
    serializer_class = VendorSerializer
    filterset_class = VendorFilters
    lookup_paths: ClassVar = {"slug": "slug"}
    lookup_patterns: ClassVar = {"slug": SLUG}
    ordering_fields: ClassVar = {"slug": "slug", "name": "name"}
    select = ("owner",)
    prefetch = ("deputies", "tags")
    bulk_key: ClassVar = {"slug": "slug"}
    keyed = frozenset({"archive", "restore"})

    @extend_schema(request=Reason, responses=VendorSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def archive(self, request: Request, **_: Any) -> Response:
        """Take the vendor out of the daily lists; nothing is deleted."""
        vendor = self.get_object()
        archive_vendor(vendor, at=timezone.now(), by=self.by, **self.told())
        return self.shown(vendor)

    @extend_schema(request=Reason, responses=VendorSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def restore(self, request: Request, **_: Any) -> Response:
        """Bring an archived vendor back into the daily lists."""
        vendor = self.get_object()
        restore_vendor(vendor, by=self.by, **self.told())
        return self.shown(vendor)


class AccountSerializer(RecordSerializer):
    """Our customer number with a vendor."""

    vendor = vendor_field()

    class Meta:
        model = Account
        fields: ClassVar = ["id", "vendor", "number", "name", "reason"]
        read_only_fields: ClassVar = ["id"]


class OfVendorFilters(django_filters.FilterSet):
    """What narrows a list of a vendor's rows."""

    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))


class Accounts(Bulk, Records):
    """Our customer and billing numbers."""

    model = Account
    serializer_class = AccountSerializer
    filterset_class = OfVendorFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"number": "number"}
    select = ("vendor",)
    bulk_key: ClassVar = {"vendor": "vendor", "number": "number"}


class ContactSerializer(RecordSerializer):
    """A person or desk at a vendor."""

    vendor = vendor_field()

    class Meta:
        model = Contact
        fields: ClassVar = ["id", "vendor", "role", "name", "email", "phone", "reason"]
        read_only_fields: ClassVar = ["id"]


class Contacts(Bulk, Removable, Records):
    """People and desks at vendors."""

    model = Contact
    serializer_class = ContactSerializer
    filterset_class = OfVendorFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"name": "name", "role": "role"}
    select = ("vendor",)
    bulk_key: ClassVar = {"vendor": "vendor", "role": "role", "name": "name"}
