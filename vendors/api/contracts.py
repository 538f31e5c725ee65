"""Addresses of contracts, and of what is bought under them."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from vendors.api.bulk import Bulk
from vendors.api.fields import KeyField
from vendors.api.filters import KeyFilter
from vendors.api.parties import vendor_field
from vendors.api.routes import CODE, NUMBER
from vendors.api.serializers import RecordSerializer
from vendors.api.views import Records, Removable
from vendors.models import Account, Contract, LegalEntity, Service, ServiceAlias, ServiceNeed, Vendor

SERVICE = ("contract__reference", "code")


def contract_field(**options: Any) -> KeyField:
    """Return a contract by reference."""
    return KeyField(Contract, by=("reference",), example="NR-2018", **options)


def service_field(**options: Any) -> KeyField:
    """Return a service by the reference of its contract and its code."""
    return KeyField(Service, by=SERVICE, example="NR-2018/power-a", **options)


def account_field(**options: Any) -> KeyField:
    """Return an account by its vendor and number."""
    return KeyField(Account, by=("vendor__slug", "number"), example="northrack/40021", **options)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A contract",
            {
                "reference": "NR-2018",
                "name": "Colocation",
                "vendor": "northrack",
                "entity": "acme-us",
                "currency": "USD",
                "zone": "America/Los_Angeles",
                "effective_from": "2018-01-01",
                "renewal": "automatic",
                "renewal_months": 12,
                "notice_days": 90,
                "reason": "Signed 3 December 2017",
            },
            request_only=True,
        )
    ]
)
class ContractSerializer(RecordSerializer):
    """One signed paper."""

    vendor = vendor_field()
    account = account_field(required=False, allow_null=True)
    parent = contract_field(required=False, allow_null=True, guarded=True)  # type: ignore[assignment]
    entity = KeyField(LegalEntity, by=("code",), example="acme-us")
    entities = KeyField(LegalEntity, by=("code",), example="acme-nl", many=True, required=False)
    document = serializers.CharField(
        source="document.name", read_only=True, help_text="Name of the signed paper, which the admin sends."
    )

    class Meta:
        model = Contract
        fields: ClassVar = [
            *("reference", "name", "vendor", "account", "parent", "relation", "precedence"),
            *("precedence_clause", "entity", "entities", "currency", "zone", "signed_on", "effective_from"),
            *("effective_until", "renewal", "renewal_months", "notice_days", "uplift_percent", "document"),
            *("live_from", "notes", "reason"),
        ]


class ContractFilters(django_filters.FilterSet):
    """What narrows a list of contracts."""

    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    parent = KeyFilter("parent", model=Contract, by=("reference",))
    entity = KeyFilter("entity", model=LegalEntity, by=("code",))
    relation = django_filters.ChoiceFilter(choices=Contract.Relation.choices)
    renewal = django_filters.ChoiceFilter(choices=Contract.Renewal.choices)
    currency = django_filters.CharFilter()
    ends_before = django_filters.DateFilter(field_name="effective_until", lookup_expr="lt")


class Contracts(Bulk, Records):
    """The contracts that you may see."""

    model = Contract
    serializer_class = ContractSerializer
    filterset_class = ContractFilters
    lookup_paths: ClassVar = {"reference": "reference"}
    lookup_patterns: ClassVar = {"reference": CODE}
    ordering_fields: ClassVar = {
        "reference": "reference",
        "effective_from": "effective_from",
        "effective_until": "effective_until",
    }
    select = ("vendor", "account__vendor", "parent", "entity")
    prefetch = ("entities",)
    bulk_key: ClassVar = {"reference": "reference"}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A power feed",
            {
                "contract": "NR-2018",
                "code": "power-a",
                "name": "Power feed A",
                "site": "San Jose",
                "in_service_from": "2018-02-01T08:00:00Z",
                "reason": "Delivered",
            },
            request_only=True,
        )
    ]
)
class ServiceSerializer(RecordSerializer):
    """One thing that a contract delivers."""

    contract = contract_field()

    class Meta:
        model = Service
        fields: ClassVar = [
            *("contract", "code", "name", "vendor_identifier", "site", "in_service_from", "in_service_until"),
            *("weight", "reason"),
        ]


class ServiceFilters(django_filters.FilterSet):
    """What narrows a list of services."""

    contract = KeyFilter("contract", model=Contract, by=("reference",))
    vendor = KeyFilter("contract__vendor", model=Vendor, by=("slug",))
    site = django_filters.CharFilter()
    vendor_identifier = django_filters.CharFilter()


class Services(Bulk, Records):
    """What is bought."""

    model = Service
    serializer_class = ServiceSerializer
    filterset_class = ServiceFilters
    lookup_paths: ClassVar = {"contract": "contract__reference", "code": "code"}
    lookup_patterns: ClassVar = {"contract": CODE, "code": CODE}
    ordering_fields: ClassVar = {"code": "code", "name": "name", "site": "site"}
    select = ("contract",)
    bulk_key: ClassVar = {"contract": "contract", "code": "code"}


class OfServiceFilters(django_filters.FilterSet):
    """What narrows a list of a service's rows."""

    service = KeyFilter("service", model=Service, by=SERVICE)
    contract = KeyFilter("service__contract", model=Contract, by=("reference",))


class AliasSerializer(RecordSerializer):
    """A name that a service goes by in feeds."""

    service = service_field()

    class Meta:
        model = ServiceAlias
        fields: ClassVar = ["id", "service", "source", "name", "reason"]
        read_only_fields: ClassVar = ["id"]


class Aliases(Bulk, Removable, Records):
    """What feeds call our services."""

    model = ServiceAlias
    serializer_class = AliasSerializer
    filterset_class = OfServiceFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"name": "name"}
    select = ("service__contract",)
    bulk_key: ClassVar = {"service": "service", "source": "source", "name": "name"}


class NeedSerializer(RecordSerializer):
    """A service that cannot run without another."""

    service = service_field()
    needs = service_field(allow_null=True, guarded=True)

    class Meta:
        model = ServiceNeed
        fields: ClassVar = ["id", "service", "needs", "why", "reason"]
        read_only_fields: ClassVar = ["id"]


class Needs(Bulk, Removable, Records):
    """What services cannot run without."""

    model = ServiceNeed
    serializer_class = NeedSerializer
    filterset_class = OfServiceFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    select = ("service__contract", "needs__contract")
    bulk_key: ClassVar = {"service": "service", "needs": "needs"}
