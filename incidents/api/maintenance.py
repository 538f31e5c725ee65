"""Addresses of announced work."""

from typing import Any, ClassVar

import django_filters
from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.incidents import FactSerializer, When
from incidents.models import MaintenanceService, MaintenanceWindow
from incidents.services import cancel_maintenance, record_maintenance, touch_exactly
from vendors.api.bulk import Bulk
from vendors.api.contracts import SERVICE
from vendors.api.fields import KeyField
from vendors.api.filters import KeyFilter, instants
from vendors.api.parties import vendor_field
from vendors.api.routes import NUMBER
from vendors.api.views import Records
from vendors.models import Service, Tracked, Vendor
from vendors.services import Links, Saved


@extend_schema_field(OpenApiTypes.STR)
class TouchedField(KeyField):
    """A service that the work touches."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Service, by=SERVICE, example="NR-2018/power-a", **options)

    def to_representation(self, value: Any) -> str | None:
        """Return the key of the service."""
        return super().to_representation(value.service if isinstance(value, MaintenanceService) else value)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A notice of work",
            {
                "vendor": "northrack",
                "reference": "CHG-2019-118",
                "title": "Exchange of a breaker",
                "starts_at": "2019-07-02T05:00:00Z",
                "ends_at": "2019-07-02T09:00:00Z",
                "noticed_at": "2019-06-20T14:02:00Z",
                "services": ["NR-2018/power-a"],
                "reason": "Mail of 20 June",
            },
            request_only=True,
        )
    ]
)
class WindowSerializer(FactSerializer):
    """One notice of work, with exactly the services that it touches."""

    beside = frozenset({"services"})

    vendor = vendor_field()
    services = TouchedField(many=True, required=False)

    class Meta:
        model = MaintenanceWindow
        fields: ClassVar = [
            *("id", "vendor", "reference", "title", "starts_at", "ends_at", "noticed_at", "emergency"),
            *("cancelled_at", "actual_started_at", "actual_ended_at", "source", "evidence", "services"),
            "reason",
        ]
        read_only_fields: ClassVar = ["id", "cancelled_at", "source"]

    def record(self, row: Tracked, *, links: Links, by: User, reason: str) -> Saved:
        """Save the notice, and its services where they were sent."""
        assert isinstance(row, MaintenanceWindow)
        if "services" in self.aside:
            return touch_exactly(row, services=self.aside["services"], by=by, reason=reason)
        return record_maintenance(row, by=by, reason=reason)


class WindowFilters(django_filters.FilterSet):
    """What narrows a list of announced work."""

    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    service = KeyFilter("services__service", model=Service, by=SERVICE)
    reference = django_filters.CharFilter()
    emergency = django_filters.BooleanFilter()
    cancelled = django_filters.BooleanFilter(field_name="cancelled_at", lookup_expr="isnull", exclude=True)
    locals().update(instants("starts_at"))


class Windows(Bulk, Records):
    """Notices of work."""

    model = MaintenanceWindow
    serializer_class = WindowSerializer
    filterset_class = WindowFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"starts_at": "starts_at"}
    select = ("vendor",)
    prefetch = ("services__service__contract",)
    bulk_key: ClassVar = {"vendor": "vendor", "reference": "reference"}
    keyed = frozenset({"create", "cancel"})

    @extend_schema(request=When, responses=WindowSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def cancel(self, request: Request, **_: Any) -> Response:
        """Say that the work was called off; the notice then excludes nothing."""
        window, told = self.get_object(), self.told(When)
        cancel_maintenance(window, at=told.get("at", timezone.now()), by=self.by, reason=told["reason"])
        return self.shown(window)
