"""Addresses of requests for a second person: what waits, what it does, and the decision of another person."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.fields import KeyField, PersonField
from vendors.api.filters import InstantFilter, KeyFilter
from vendors.api.serializers import CheckedSerializer, RowSerializer
from vendors.api.views import Rows
from vendors.models import ApiToken, Approval, Contract, Vendor
from vendors.services.access import why_no_person
from vendors.services.approvals import acts, approve, readable, refuse, to_decide, withdraw

# As in the admin: who may read requests may try to decide one; which, says the permission of its act.
DECIDE = "vendors.view_approval"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To finalise June",
            {
                "id": 12,
                "act": "finalise",
                "subject": "NR-2018/power/2019-06",
                "vendor": "northrack",
                "contract": "NR-2018",
                "effect": "finalised: no → revision 1, credit due USD 200.00",
                "why": "Month closed",
                "asked_by": "maria",
                "asked_at": "2019-07-02T09:00:00Z",
                "state": "open",
                "decided_by": None,
                "decided_at": None,
                "note": "",
            },
            response_only=True,
        )
    ]
)
class RequestSerializer(RowSerializer):
    """What somebody asked for, what it does, and what another person decided."""

    vendor = KeyField(Vendor, by=("slug",), example="northrack", read_only=True, guarded=True)
    contract = KeyField(Contract, by=("reference",), example="NR-2018", read_only=True, guarded=True)
    effect = serializers.CharField(read_only=True, help_text="What it does, a line for each change.")
    asked_by = PersonField(read_only=True)
    state = serializers.ChoiceField(Approval.Decision.choices, source="decision", read_only=True)
    decided_by = PersonField(read_only=True, allow_null=True)

    class Meta:
        model = Approval
        fields: ClassVar = [
            *("id", "act", "subject", "vendor", "contract", "effect", "why", "asked_by", "asked_at"),
            *("state", "decided_by", "decided_at", "note"),
        ]


def _acts() -> list[tuple[str, str]]:
    return [(code, act.label) for code, act in acts().items()]


class RequestFilters(django_filters.FilterSet):
    """What narrows a list of requests."""

    state = django_filters.ChoiceFilter(field_name="decision", choices=Approval.Decision.choices)
    act = django_filters.ChoiceFilter(choices=_acts)
    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    contract = KeyFilter("contract", model=Contract, by=("reference",))
    asked_by = django_filters.CharFilter(field_name="asked_by__username", help_text="User name.")
    asked_at_from = InstantFilter(field_name="asked_at", lookup_expr="gte")
    asked_at_before = InstantFilter(field_name="asked_at", lookup_expr="lt")
    for_me = django_filters.BooleanFilter(method="kept_to_decide")

    def kept_to_decide(self, rows: QuerySet[Approval], name: str, value: bool) -> QuerySet[Approval]:
        """Return those that wait for who asks, or the others."""
        mine = to_decide(self.request.user).order_by().values("pk")
        return rows.filter(pk__in=mine) if value else rows.exclude(pk__in=mine)


class Noting(CheckedSerializer):
    """A note to the decision."""

    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class Refusing(CheckedSerializer):
    """Why it is refused: who asked reads it."""

    note = serializers.CharField(max_length=500)


class Requests(Rows):
    """Requests for a second person. Each is written by the act that needs it, and decided once."""

    model = Approval
    serializer_class = RequestSerializer
    filterset_class = RequestFilters
    ordering_fields: ClassVar = {"asked_at": "asked_at", "decided_at": "decided_at"}
    ordering = "-asked_at"
    select = ("vendor", "contract", "asked_by", "decided_by")
    keyed = frozenset({"approve", "refuse", "withdraw"})
    permissions: ClassVar = {"approve": DECIDE, "refuse": DECIDE, "withdraw": DECIDE}

    def get_queryset(self) -> Any:
        """Return the requests that who asks may read, as in the admin."""
        rows = super().get_queryset()
        return rows if self.described else rows.filter(pk__in=readable(self.by).order_by().values("pk"))

    @extend_schema(request=Noting, responses=RequestSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def approve(self, request: Request, **_: Any) -> Response:
        """Do what was asked, as who asked it. Where the records changed since, its state is `overtaken`."""
        return self._decided(approve, asks=Noting)

    @extend_schema(request=Refusing, responses=RequestSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def refuse(self, request: Request, **_: Any) -> Response:
        """Refuse it and say why; nothing is done."""
        return self._decided(refuse, asks=Refusing)

    @extend_schema(request=Noting, responses=RequestSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def withdraw(self, request: Request, **_: Any) -> Response:
        """Take your own request back; nothing is done."""
        return self._decided(withdraw, asks=Noting)

    def _decided(self, service: Callable[..., Approval], *, asks: type[CheckedSerializer]) -> Response:
        row, asked = self.get_object(), self.told(asks)
        token = cast("ApiToken | None", self.request.auth)
        if service is not withdraw and (said := why_no_person(self.by, token=token)):
            raise exceptions.PermissionDenied(said)
        return self.shown(service(row, by=self.by, now=timezone.now(), **asked))
