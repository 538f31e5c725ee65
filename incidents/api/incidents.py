"""Addresses of incidents: what happened, whose failure it was, and whether it is over."""

from typing import Any, ClassVar

import django_filters
from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models import Incident, IncidentStatus, Outage
from incidents.services import record_row, reopen_incident, resolve_incident
from vendors.api.bulk import Bulk
from vendors.api.contracts import SERVICE
from vendors.api.fields import InstantField, KeyField
from vendors.api.filters import KeyFilter, instants
from vendors.api.parties import vendor_field
from vendors.api.routes import TEXT
from vendors.api.serializers import Reason, RecordSerializer
from vendors.api.views import Records
from vendors.models import Service, Tracked, Vendor
from vendors.services import Links, Saved


def incident_field(**options: Any) -> KeyField:
    """Return an incident by reference."""
    return KeyField(Incident, by=("reference",), example="INC-00042", **options)


class FactSerializer(RecordSerializer):
    """A fact, saved under the rules of its kind."""

    def record(self, row: Tracked, *, links: Links, by: User, reason: str) -> Saved:
        """Save a row through the service of its kind."""
        return record_row(row, by=by, reason=reason)


class When(Reason):
    """When, and why."""

    at = InstantField(required=False, help_text="Left out: now.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An incident",
            {
                "title": "Power feed A lost",
                "vendor": "northrack",
                "severity": "critical",
                "narrative": "A breaker tripped during work on the ring.",
                "reason": "Told by the vendor's ticket 4711",
            },
            request_only=True,
        )
    ]
)
class IncidentSerializer(FactSerializer):
    """A recorded disturbance."""

    vendor = vendor_field(required=False, allow_null=True, guarded=True)

    class Meta:
        model = Incident
        fields: ClassVar = [
            *("reference", "vendor", "title", "narrative", "severity", "planned", "status", "root_cause"),
            *("root_cause_event", "source", "external_id", "reason"),
        ]
        read_only_fields: ClassVar = ["status", "source", "external_id"]


class HitFilter(KeyFilter):
    """Keep incidents of which an outage hit a service; only outages that the reader may see count."""

    def filter(self, qs: Any, value: str) -> Any:
        """Return the incidents with such an outage."""
        if not value:
            return qs
        seen = Outage.objects.visible_to(self.parent.request.user)
        return qs.filter(pk__in=super().filter(seen, value).values("incident"))


class IncidentFilters(django_filters.FilterSet):
    """What narrows a list of incidents."""

    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    service = HitFilter("service", model=Service, by=SERVICE)
    status = django_filters.ChoiceFilter(choices=IncidentStatus.choices)
    severity = django_filters.CharFilter()
    planned = django_filters.BooleanFilter()
    source = django_filters.CharFilter()
    external_id = django_filters.CharFilter()
    root_cause_event = django_filters.CharFilter()
    reference = django_filters.CharFilter()


class Incidents(Bulk, Records):
    """The incidents that you may see."""

    model = Incident
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilters
    lookup_paths: ClassVar = {"reference": "reference"}
    lookup_patterns: ClassVar = {"reference": TEXT}
    ordering_fields: ClassVar = {"reference": "reference", "title": "title"}
    ordering = "-pk"
    select = ("vendor",)
    bulk_key: ClassVar = {"reference": "reference"}
    keyed = frozenset({"create", "resolve", "reopen"})

    @extend_schema(request=When, responses=IncidentSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def resolve(self, request: Request, **_: Any) -> Response:
        """Close the incident; refused while a service is still out."""
        incident, told = self.get_object(), self.told(When)
        resolve_incident(incident, at=told.get("at", timezone.now()), by=self.by, reason=told["reason"])
        return self.shown(incident)

    @extend_schema(request=Reason, responses=IncidentSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def reopen(self, request: Request, **_: Any) -> Response:
        """Open a resolved incident again; its moments stay."""
        incident = self.get_object()
        reopen_incident(incident, by=self.by, **self.told())
        return self.shown(incident)


class OfIncidentFilters(django_filters.FilterSet):
    """What narrows a list of an incident's rows."""

    incident = KeyFilter("incident", model=Incident, by=("reference",))


class OutageTimes(OfIncidentFilters):
    """What narrows a list of outages."""

    service = KeyFilter("service", model=Service, by=SERVICE)
    vendor = KeyFilter("service__contract__vendor", model=Vendor, by=("slug",))
    open = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull")
    confirmed = django_filters.BooleanFilter(field_name="confirmed_at", lookup_expr="isnull", exclude=True)
    withdrawn = django_filters.BooleanFilter(field_name="withdrawn_at", lookup_expr="isnull", exclude=True)
    locals().update(instants("started_at"))
