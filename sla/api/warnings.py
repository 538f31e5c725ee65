"""Addresses of warnings: what is about to go wrong, and who took it on."""

from typing import Any, ClassVar

import django_filters
from django.db.models import F
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting
from sla.api.naming import (
    STATEMENT,
    FiguresSerializer,
    claim_key,
    contract_key,
    incident_key,
    money,
    statement_key,
    vendor_key,
)
from sla.models import Alert, Statement
from sla.services.alerts.acknowledging import LONGEST_NOTE, acknowledge_alert
from vendors.api.fields import MONEY_SCHEMA, PersonField
from vendors.api.filters import KeyFilter, instants
from vendors.api.serializers import CheckedSerializer
from vendors.models import Contract, Vendor


class WarningSerializer(FiguresSerializer):
    """One warning about one thing; it clears when its reason goes away."""

    vendor = vendor_key(read_only=True, guarded=True)
    contract = contract_key(read_only=True, guarded=True)
    statement = statement_key(read_only=True, guarded=True)
    claim = claim_key(read_only=True, guarded=True)
    incident = incident_key(read_only=True, guarded=True)
    amount = serializers.SerializerMethodField()
    is_acknowledged = serializers.BooleanField(read_only=True)
    acknowledged_by = PersonField(read_only=True)

    class Meta:
        model = Alert
        fields: ClassVar = [
            *("id", "kind", "subject", "vendor", "contract", "statement", "claim", "incident", "rank"),
            *("headline", "detail", "amount", "due_at", "due_words", "occurrence", "raised_at"),
            *("ranked_at", "cleared_at", "is_acknowledged", "acknowledged_at", "acknowledged_by"),
            *("acknowledged_note", "escalated_at"),
        ]

    @extend_schema_field({**MONEY_SCHEMA, "type": ["object", "null"]})
    def get_amount(self, row: Alert) -> Any:
        """Return what it is about in money."""
        return money(row.amount_minor, currency=row.currency)


class WarningFilters(django_filters.FilterSet):
    """What narrows a list of warnings."""

    kind = django_filters.ChoiceFilter(choices=Alert.Kind.choices)
    standing = django_filters.BooleanFilter(field_name="cleared_at", lookup_expr="isnull")
    acknowledged = django_filters.BooleanFilter(method="kept_acknowledged")
    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    contract = KeyFilter("contract", model=Contract, by=("reference",))
    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    locals().update(instants("ranked_at"))
    locals().update(instants("due_at"))

    def kept_acknowledged(self, rows: Any, name: str, value: bool) -> Any:
        """Return those that somebody took on, or those that nobody did."""
        by_rank = {"acknowledged_rank__gte": F("rank")}
        return rows.filter(**by_rank) if value else rows.exclude(**by_rank)


class Acknowledging(CheckedSerializer):
    """What is done about a warning."""

    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_NOTE)


class Warnings(Acting):
    """What is about to go wrong."""

    model = Alert
    serializer_class = WarningSerializer
    filterset_class = WarningFilters
    ordering_fields: ClassVar = {"ranked_at": "ranked_at", "due_at": "due_at", "rank": "rank"}
    ordering = "-ranked_at"
    select = (
        *("vendor", "contract", "statement__agreement__contract", "claim", "incident"),
        "acknowledged_by",
    )
    keyed = frozenset({"acknowledge"})

    @extend_schema(request=Acknowledging, responses=WarningSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def acknowledge(self, request: Request, **_: Any) -> Response:
        """Take a warning on, as bad as it is now: it is silent until it gets worse."""
        row, asked = self.get_object(), self.told(Acknowledging)
        return self.do(lambda: acknowledge_alert(row, by=self.by, now=self.now, **asked), show=self.shown)
