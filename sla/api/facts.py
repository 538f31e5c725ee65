"""Addresses of facts that only a clause asks for: decided exclusions, confirmed conditions."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models import Incident
from sla.api.acting import Acting
from sla.api.naming import SCHEDULE, incident_key, of_contract, schedule_key
from sla.models import Condition, Exclusion, ExclusionRule, ServiceLevelAgreement
from vendors.api.fields import KeyField
from vendors.api.filters import KeyFilter
from vendors.api.serializers import RecordSerializer
from vendors.api.views import IF_MATCH, REASON, Records, Removable
from vendors.models import Service

RULE = (
    *("version__agreement__contract__reference", "version__agreement__code", "version__effective_from"),
    "code",
)


def service_key(**options: Any) -> KeyField:
    """Return a service by the reference of its contract and its code."""
    return KeyField(Service, by=SCHEDULE, example="NR-2018/power-a", **options)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Announced work",
            {
                "rule": "NR-2018/power/2018-01-01/maintenance",
                "incident": "INC-2019-041",
                "party": "agreed",
                "decided_by": "Maria Keller",
                "decided_at": "2019-07-02T09:00:00Z",
                "why": "Announced five days before",
                "reason": "Call with Northrack",
            },
            request_only=True,
        )
    ]
)
class ExclusionSerializer(RecordSerializer):
    """A decision that a clause takes an incident, or a stretch of it, out."""

    rule = KeyField(ExclusionRule, by=RULE, example="NR-2018/power/2018-01-01/maintenance")
    incident = incident_key(required=False, allow_null=True, guarded=True)
    services = service_key(many=True, required=False)

    class Meta:
        model = Exclusion
        fields: ClassVar = [
            *("id", "rule", "incident", "services", "started_at", "ended_at", "party", "decided_by"),
            *("decided_at", "why", "reason"),
        ]


class ExclusionFilters(django_filters.FilterSet):
    """What narrows a list of exclusions."""

    schedule = KeyFilter("rule__version__agreement", model=ServiceLevelAgreement, by=SCHEDULE)
    incident = KeyFilter("incident", model=Incident, by=("reference",))
    party = django_filters.CharFilter()
    locals().update(of_contract("rule__version__agreement__contract"))


class Decided(Acting, Removable, Records):
    """Decisions that move figures: where they move much money, each waits for a second person."""

    keyed = frozenset({"create"})

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Enter a decision."""
        enter = super().create
        return self.do(lambda: enter(request, *args, **kwargs), show=_same)

    @extend_schema(parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the named fields of a decision, if it still is what you read."""
        change = super().partial_update
        return self.do(lambda: change(request, *args, **kwargs), show=_same)

    @extend_schema(parameters=[IF_MATCH, REASON])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back a decision that was entered by mistake, if it still is what you read."""
        remove = super().destroy
        return self.do(lambda: remove(request, *args, **kwargs), show=_same)


def _same(answer: Response) -> Response:
    return answer


class Exclusions(Decided):
    """Decided exclusions."""

    model = Exclusion
    serializer_class = ExclusionSerializer
    filterset_class = ExclusionFilters
    ordering_fields: ClassVar = {"decided_at": "decided_at", "started_at": "started_at"}
    select = ("rule__version__agreement__contract", "incident")
    prefetch = ("services__contract",)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "It holds",
            {
                "schedule": "NR-2018/power",
                "code": "ticket-opened",
                "met": True,
                "incident": "INC-2019-041",
                "confirmed_by": "Maria Keller",
                "evidence": "Ticket 8812, opened 04:40",
                "reason": "Looked up in the portal",
            },
            request_only=True,
        )
    ]
)
class ConditionSerializer(RecordSerializer):
    """A fact that a clause asks for, confirmed or denied."""

    schedule = schedule_key(source="agreement")
    service = service_key(required=False, allow_null=True)
    incident = incident_key(required=False, allow_null=True, guarded=True)

    class Meta:
        model = Condition
        fields: ClassVar = [
            *("id", "schedule", "code", "met", "service", "incident", "started_at", "ended_at"),
            *("confirmed_by", "evidence", "reason"),
        ]


class ConditionFilters(django_filters.FilterSet):
    """What narrows a list of conditions."""

    schedule = KeyFilter("agreement", model=ServiceLevelAgreement, by=SCHEDULE)
    incident = KeyFilter("incident", model=Incident, by=("reference",))
    code = django_filters.CharFilter()
    met = django_filters.BooleanFilter()
    locals().update(of_contract("agreement__contract"))


class Conditions(Decided):
    """Confirmed and denied conditions."""

    model = Condition
    serializer_class = ConditionSerializer
    filterset_class = ConditionFilters
    ordering_fields: ClassVar = {"code": "code", "started_at": "started_at"}
    select = ("agreement__contract", "service__contract", "incident")
