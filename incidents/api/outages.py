"""Addresses of outages, and of what they cost ourselves."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.incidents import FactSerializer, OfIncidentFilters, OutageTimes, incident_field
from incidents.models import Impact, Outage
from incidents.services import confirm_outage, end_outage, withdraw_outage
from vendors.api.bulk import Bulk
from vendors.api.contracts import service_field
from vendors.api.fields import InstantField, MoneyField, PersonField
from vendors.api.problems import Conflict
from vendors.api.routes import NUMBER
from vendors.api.serializers import Reason
from vendors.api.views import Records, Removable
from vendors.models import Tracked


class Came(Reason):
    """When the service came back, and how we know."""

    ended_at = InstantField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "87 minutes without power",
            {
                "incident": "INC-00042",
                "service": "NR-2018/power-a",
                "started_at": "2019-06-25T04:15:00Z",
                "ended_at": "2019-06-25T05:42:00Z",
                "measured_by": "us",
                "evidence": "Graph of PDU 7",
                "reason": "Read from our own meter",
            },
            request_only=True,
        )
    ]
)
class OutageSerializer(FactSerializer):
    """One incident on one service by one clock."""

    incident = incident_field()
    service = service_field()
    confirmed_by = PersonField(read_only=True, allow_null=True)

    class Meta:
        model = Outage
        fields: ClassVar = [
            *("id", "incident", "service", "kind", "started_at", "ended_at", "measured_by"),
            *("affected_numerator", "affected_denominator", "evidence", "confirmed_by", "confirmed_at"),
            *("withdrawn_at", "reason"),
        ]
        read_only_fields: ClassVar = ["id", "confirmed_at", "withdrawn_at"]


class Outages(Bulk, Records):
    """What services did not deliver, and when."""

    model = Outage
    serializer_class = OutageSerializer
    filterset_class = OutageTimes
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"started_at": "started_at", "ended_at": "ended_at"}
    select = ("incident", "service__contract", "confirmed_by")
    bulk_key: ClassVar = {
        **{"incident": "incident", "service": "service"},
        **{"started_at": "started_at", "measured_by": "measured_by"},
    }
    keyed = frozenset({"create", "end", "confirm", "withdraw"})

    def locked(self) -> Tracked:
        """Return the outage to change; one that was withdrawn stays as it was."""
        row = super().locked()
        _refuse_withdrawn(row)
        return row

    def row_of(self, data: Any, *, context: dict[str, Any]) -> Tracked | None:
        """Return the outage that some data is about; one that was withdrawn stays as it was."""
        row = super().row_of(data, context=context)
        _refuse_withdrawn(row)
        return row

    @extend_schema(request=Came, responses=OutageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def end(self, request: Request, **_: Any) -> Response:
        """Say when the service came back."""
        outage = self.get_object()
        _refuse_withdrawn(outage)
        end_outage(outage, by=self.by, **self.told(Came))
        return self.shown(outage)

    @extend_schema(request=Reason, responses=OutageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def confirm(self, request: Request, **_: Any) -> Response:
        """Vouch for its times as they stand."""
        outage = self.get_object()
        confirm_outage(outage, at=timezone.now(), by=self.by, **self.told())
        return self.shown(outage)

    @extend_schema(request=Reason, responses=OutageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def withdraw(self, request: Request, **_: Any) -> Response:
        """Take it out of every figure: it never was. It stays on file."""
        outage = self.get_object()
        withdraw_outage(outage, at=timezone.now(), by=self.by, **self.told())
        return self.shown(outage)


def _refuse_withdrawn(row: Any) -> None:
    if row is not None and row.withdrawn_at is not None:
        raise Conflict(f"{row} was withdrawn and stays as it is. Record a new one if it did happen.")


class ImpactSerializer(FactSerializer):
    """What we lost ourselves: internal, never counted, never shown to the vendor."""

    incident = incident_field()
    cost = MoneyField(minor="cost_minor", currency="currency", required=False, allow_null=True)

    class Meta:
        model = Impact
        fields: ClassVar = [
            *("id", "incident", "what_we_lost", "started_at", "ended_at", "cost", "evidence", "reason"),
        ]
        read_only_fields: ClassVar = ["id"]


class Impacts(Removable, Records):
    """What incidents cost ourselves."""

    model = Impact
    serializer_class = ImpactSerializer
    filterset_class = OfIncidentFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"started_at": "started_at"}
    select = ("incident",)
