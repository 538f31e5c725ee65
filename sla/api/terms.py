"""Addresses of what was promised: SLA schedules, their dated versions as plain data, service levels."""

from typing import Any, ClassVar

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting, AskedSerializer
from sla.api.naming import (
    SCHEDULE,
    FiguresSerializer,
    contract_key,
    days,
    of_contract,
    schedule_key,
    vendor_key,
)
from sla.documents.writing import plain_document
from sla.models import AgreementVersion, ServiceLevelAgreement, ServiceLevelTarget
from sla.services import sign_off_terms
from vendors.api.filters import KeyFilter
from vendors.api.routes import CODE
from vendors.api.serializers import Reason
from vendors.api.views import Rows

ANY = {"type": "object", "additionalProperties": True}


class ScheduleSerializer(FiguresSerializer):
    """The service levels of one contract, in dated versions; a statement is made of each period."""

    contract = contract_key(read_only=True)
    vendor = vendor_key(source="contract.vendor", read_only=True)
    versions = serializers.SerializerMethodField(help_text="First days of its versions, oldest first.")

    class Meta:
        model = ServiceLevelAgreement
        fields: ClassVar = [
            *("contract", "code", "vendor", "name", "zone", "period_kind", "period_anchor_day"),
            *("period_anchor_month", "period_length", "billing_day", "closes_from", "settling_days"),
            *("closes_itself", "versions"),
        ]

    @extend_schema_field({"type": "array", "items": {"type": "string", "format": "date"}})
    def get_versions(self, row: ServiceLevelAgreement) -> list[str]:
        """Return the first day of each version."""
        return sorted(each.effective_from.isoformat() for each in row.versions.all())


class ScheduleFilters(django_filters.FilterSet):
    """What narrows a list of SLA schedules."""

    locals().update(of_contract("contract"))


class Schedules(Rows):
    """SLA schedules. They come in by `POST documents`, or in the admin."""

    model = ServiceLevelAgreement
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilters
    lookup_paths: ClassVar = {"contract": "contract__reference", "code": "code"}
    lookup_patterns: ClassVar = {"contract": CODE, "code": CODE}
    ordering_fields: ClassVar = {"code": "code", "name": "name"}
    select = ("contract__vendor",)
    prefetch = ("versions",)


class VersionSerializer(FiguresSerializer):
    """The terms of an SLA schedule from a local day on, as documents write them."""

    schedule = schedule_key(source="agreement", read_only=True)
    is_draft = serializers.BooleanField(
        read_only=True, help_text="Nobody has checked it against the document yet."
    )
    terms = serializers.SerializerMethodField()

    class Meta:
        model = AgreementVersion
        fields: ClassVar = [
            *("schedule", "effective_from", "source", "signed_on", "is_draft", "signed_off_by"),
            *("signed_off_at", "amendment", "past_periods", "terms"),
        ]

    @extend_schema_field(ANY)
    def get_terms(self, row: AgreementVersion) -> Any:
        """Return the terms as a document writes them."""
        return plain_document(row.as_value())


class VersionFilters(django_filters.FilterSet):
    """What narrows a list of versions."""

    schedule = KeyFilter("agreement", model=ServiceLevelAgreement, by=SCHEDULE)
    draft = django_filters.BooleanFilter(method="kept_drafts")
    locals().update(of_contract("agreement__contract"))
    locals().update(days("effective_from"))

    def kept_drafts(self, rows: Any, name: str, value: bool) -> Any:
        """Return those that nobody has signed off, or the others."""
        return rows.drafts() if value else rows.exclude(signed_off_by="")


class Versions(Acting):
    """Versions of SLA schedules, with their terms."""

    model = AgreementVersion
    serializer_class = VersionSerializer
    filterset_class = VersionFilters
    lookup_paths: ClassVar = {
        "contract": "agreement__contract__reference",
        "code": "agreement__code",
        "effective_from": "effective_from",
    }
    lookup_patterns: ClassVar = {"contract": CODE, "code": CODE, "effective_from": r"\d{4}-\d{2}-\d{2}"}
    ordering_fields: ClassVar = {"effective_from": "effective_from"}
    keyed = frozenset({"sign_off"})
    permissions: ClassVar = {
        "read": "sla.view_servicelevelagreement",
        "sign_off": "sla.change_servicelevelagreement",
    }

    def with_related(self, rows: Any) -> Any:
        """Return versions with all rows of their terms, in a constant number of queries."""
        return rows.with_terms()

    @extend_schema(request=Reason, responses={200: VersionSerializer, 202: AskedSerializer})
    @action(detail=True, methods=["post"], filterset_class=None, url_path="sign-off")
    def sign_off(self, request: Request, **_: Any) -> Response:
        """Say that the terms were checked against the document: they are no draft any more."""
        row, asked = self.get_object(), self.told(Reason)
        return self.do(
            lambda: sign_off_terms(row, by=self.by, at=timezone.now(), **asked),
            show=lambda _: self.shown(row),
        )


class LevelSerializer(FiguresSerializer):
    """One measurable promise, with what a miss pays, as documents write it."""

    schedule = schedule_key(source="version.agreement", read_only=True)
    effective_from = serializers.DateField(source="version.effective_from", read_only=True)
    terms = serializers.SerializerMethodField()

    class Meta:
        model = ServiceLevelTarget
        fields: ClassVar = ["id", "schedule", "effective_from", "code", "name", "metric", "terms"]

    @extend_schema_field(ANY)
    def get_terms(self, row: ServiceLevelTarget) -> Any:
        """Return the service level as a document writes it."""
        return plain_document(row.as_value())


class LevelFilters(django_filters.FilterSet):
    """What narrows a list of service levels."""

    schedule = KeyFilter("version__agreement", model=ServiceLevelAgreement, by=SCHEDULE)
    code = django_filters.CharFilter()
    metric = django_filters.CharFilter()
    locals().update(of_contract("version__agreement__contract"))


class Levels(Rows):
    """Service levels of all versions."""

    model = ServiceLevelTarget
    serializer_class = LevelSerializer
    filterset_class = LevelFilters
    ordering_fields: ClassVar = {"code": "code"}
    select = ("version__agreement__contract", "calendar", "credit")
    prefetch = ("services", "credit__tiers", "credit__caps")
