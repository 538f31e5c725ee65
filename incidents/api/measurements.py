"""Addresses of measured values, of figures for whole periods, and of what was owed by a date."""

from typing import ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from incidents.api.incidents import FactSerializer, incident_field
from incidents.models import Delivery, Incident, ReportedBy, ReportedFigure, Sample
from vendors.api.bulk import Bulk
from vendors.api.contracts import SERVICE, contract_field, service_field
from vendors.api.filters import KeyFilter, instants
from vendors.api.routes import NUMBER
from vendors.api.views import Records
from vendors.models import Contract, Service, Vendor


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A reading",
            {
                "service": "NR-2018/power-a",
                "metric": "temperature_c",
                "at": "2019-06-25T04:15:00Z",
                "value": "26.5",
                "reason": "Nightly import",
            },
            request_only=True,
        )
    ]
)
class SampleSerializer(FactSerializer):
    """One measured value."""

    service = service_field()

    class Meta:
        model = Sample
        fields: ClassVar = ["id", "service", "metric", "at", "value", "volume", "reason"]
        read_only_fields: ClassVar = ["id"]


class SampleFilters(django_filters.FilterSet):
    """What narrows a list of measured values."""

    service = KeyFilter("service", model=Service, by=SERVICE)
    metric = django_filters.CharFilter()
    locals().update(instants("at"))


class Samples(Bulk, Records):
    """Measured values."""

    model = Sample
    serializer_class = SampleSerializer
    filterset_class = SampleFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"at": "at"}
    select = ("service__contract",)
    bulk_key: ClassVar = {"service": "service", "metric": "metric", "at": "at"}


class OfContractFilters(django_filters.FilterSet):
    """What narrows a list of a contract's rows."""

    contract = KeyFilter("contract", model=Contract, by=("reference",))
    vendor = KeyFilter("contract__vendor", model=Vendor, by=("slug",))
    period_label = django_filters.CharFilter()


class FigureFilters(OfContractFilters):
    """What narrows a list of figures."""

    service = KeyFilter("service", model=Service, by=SERVICE)
    figure = django_filters.CharFilter()
    reported_by = django_filters.ChoiceFilter(choices=ReportedBy.choices)


class FigureSerializer(FactSerializer):
    """A figure for a whole period: a value, or a numerator and a denominator."""

    contract = contract_field()
    service = service_field(required=False, allow_null=True)
    document = serializers.CharField(source="document.name", read_only=True)

    class Meta:
        model = ReportedFigure
        fields: ClassVar = [
            *("id", "contract", "service", "figure", "period_label", "period_from", "period_until", "value"),
            *("numerator", "denominator", "reported_by", "document", "evidence", "reason"),
        ]
        read_only_fields: ClassVar = ["id"]


class Figures(Bulk, Records):
    """Figures for whole periods."""

    model = ReportedFigure
    serializer_class = FigureSerializer
    filterset_class = FigureFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"period_from": "period_from", "figure": "figure"}
    select = ("contract", "service__contract")
    bulk_key: ClassVar = {
        **{"contract": "contract", "service": "service", "figure": "figure"},
        **{"period_from": "period_from", "period_until": "period_until", "reported_by": "reported_by"},
    }


class DeliveryFilters(OfContractFilters):
    """What narrows a list of deliveries."""

    obligation = django_filters.CharFilter()
    incident = KeyFilter("incident", model=Incident, by=("reference",))
    delivered = django_filters.BooleanFilter(field_name="delivered_at", lookup_expr="isnull", exclude=True)


class DeliverySerializer(FactSerializer):
    """A thing owed by a date, and when it came."""

    contract = contract_field()
    incident = incident_field(required=False, allow_null=True, guarded=True)
    document = serializers.CharField(source="document.name", read_only=True)

    class Meta:
        model = Delivery
        fields: ClassVar = [
            *("id", "contract", "obligation", "incident", "period_label", "due_at", "delivered_at"),
            *("document", "evidence", "reason"),
        ]
        read_only_fields: ClassVar = ["id"]


class Deliveries(Bulk, Records):
    """What was owed by a date."""

    model = Delivery
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"due_at": "due_at", "delivered_at": "delivered_at"}
    select = ("contract", "incident")
    bulk_key: ClassVar = {
        **{"contract": "contract", "obligation": "obligation"},
        **{"period_label": "period_label", "incident": "incident"},
    }
