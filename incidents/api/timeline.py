"""Addresses of the moments of an incident, of the time that the vendor waited for us, of what was said."""

from typing import Any, ClassVar

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.incidents import FactSerializer, OfIncidentFilters, When, incident_field
from incidents.models import ClockStop, Milestone, MilestoneKind, Outage, Party, Position, Subject
from incidents.services import agree_position, determine_position, resume_clock
from vendors.api.bulk import Bulk
from vendors.api.contracts import SERVICE, service_field
from vendors.api.fields import RowField
from vendors.api.filters import KeyFilter
from vendors.api.routes import NUMBER
from vendors.api.serializers import Reason
from vendors.api.views import Records, Removable
from vendors.models import Service


class MomentFilters(OfIncidentFilters):
    """What narrows a list of moments or of waiting."""

    service = KeyFilter("service", model=Service, by=SERVICE)


class MilestoneFilters(MomentFilters):
    """What narrows a list of moments."""

    kind = django_filters.ChoiceFilter(choices=MilestoneKind.choices)


class MilestoneSerializer(FactSerializer):
    """One moment that a clause may measure from or to."""

    incident = incident_field()
    service = service_field(required=False, allow_null=True)

    class Meta:
        model = Milestone
        fields: ClassVar = ["id", "incident", "service", "kind", "at", "evidence", "reason"]
        read_only_fields: ClassVar = ["id"]


class Milestones(Bulk, Removable, Records):
    """When what happened."""

    model = Milestone
    serializer_class = MilestoneSerializer
    filterset_class = MilestoneFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"at": "at"}
    select = ("incident", "service__contract")
    bulk_key: ClassVar = {"incident": "incident", "service": "service", "kind": "kind"}


class ClockStopSerializer(FactSerializer):
    """Time in which the vendor had to wait for us."""

    incident = incident_field()
    service = service_field(required=False, allow_null=True)
    stop_reason = serializers.CharField(
        source="reason", max_length=60, required=False, allow_blank=True, help_text="Such as no_access."
    )

    class Meta:
        model = ClockStop
        fields: ClassVar = [
            *("id", "incident", "service", "stopped_at", "resumed_at", "stop_reason", "why", "cause"),
            "reason",
        ]
        read_only_fields: ClassVar = ["id"]


class ClockStops(Removable, Records):
    """When vendors had to wait for us."""

    model = ClockStop
    serializer_class = ClockStopSerializer
    filterset_class = MomentFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"stopped_at": "stopped_at"}
    select = ("incident", "service__contract")
    keyed = frozenset({"create", "resume"})

    @extend_schema(request=When, responses=ClockStopSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def resume(self, request: Request, **_: Any) -> Response:
        """End the waiting."""
        stop, told = self.get_object(), self.told(When)
        resume_clock(stop, at=told.get("at", timezone.now()), by=self.by, reason=told["reason"])
        return self.shown(stop)


class PositionFilters(OfIncidentFilters):
    """What narrows a list of statements."""

    party = django_filters.ChoiceFilter(choices=Party.choices)
    about = django_filters.ChoiceFilter(choices=Subject.choices)
    exclusion = django_filters.CharFilter()


class PositionSerializer(FactSerializer):
    """What one party said; a later statement replaces it, and it stays on file."""

    incident = incident_field()
    outage = RowField(Outage, required=False, allow_null=True)

    class Meta:
        model = Position
        fields: ClassVar = [
            *("id", "incident", "outage", "about", "party", "started_at", "ended_at", "responsible"),
            *("share_numerator", "share_denominator", "exclusion", "clause", "stated_by", "stated_at", "why"),
            "reason",
        ]
        read_only_fields: ClassVar = ["id"]


class Decided(Reason):
    """Under which clause, and why."""

    clause = serializers.CharField(max_length=120)


class Positions(Records):
    """Who says what of an incident; nothing that was said is ever changed."""

    model = Position
    serializer_class = PositionSerializer
    filterset_class = PositionFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"stated_at": "stated_at"}
    select = ("incident", "outage")
    keyed = frozenset({"create", "agree", "decide"})
    http_method_names = ["get", "head", "post"]

    @extend_schema(request=Reason, responses={201: PositionSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def agree(self, request: Request, **_: Any) -> Response:
        """Record that both sides hold what this statement says."""
        said = agree_position(
            self.get_object(), stated_by=self._name(), at=timezone.now(), by=self.by, **self.told()
        )
        return self.shown(said, status=status.HTTP_201_CREATED)

    @extend_schema(request=Decided, responses={201: PositionSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def decide(self, request: Request, **_: Any) -> Response:
        """Record that this statement was decided under a clause."""
        said = determine_position(
            self.get_object(), stated_by=self._name(), at=timezone.now(), by=self.by, **self.told(Decided)
        )
        return self.shown(said, status=status.HTTP_201_CREATED)

    def _name(self) -> str:
        return self.by.get_full_name() or self.by.username
