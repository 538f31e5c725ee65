"""Addresses of the lines of statements, of drafts and finalised ones: every printed figure is a field."""

from typing import Any, ClassVar

import django_filters
from rest_framework import serializers

from sla.api.naming import (
    REVISION,
    STATEMENT,
    FiguresSerializer,
    days,
    of_contract,
    revision_key,
    statement_key,
    vendor_key,
)
from sla.models import DraftLine, ServiceCredit, Statement, StatementLine, StatementRevision
from vendors.api.fields import MoneyField
from vendors.api.filters import KeyFilter
from vendors.api.views import Rows

TIMES = (
    *("total_us", "up_us", "down_us", "excluded_us", "stopped_us", "not_attributed_us", "uncounted_us"),
    *("outside_hours_us", "not_in_service_us", "unknown_us", "counted_us"),
)
LINE = (
    *("number", "status", "target", "name", "clause", "metric", "window", "window_first_on"),
    *("window_last_on", "units", "services", "unit", "verdict", "missed", "contested", "provisional"),
    *("level", "level_printed", "value", "value_printed", "shortfall", "shortfall_printed", *TIMES),
    *("excluded_by", "incidents", "pays", "credit_state", "tier", "base", "before_caps"),
    *("before_caps_rounded", "removed", "due", "agreed", "quantity", "earlier"),
)


def _money(minor: str) -> MoneyField:
    return MoneyField(minor=minor, currency="currency", read_only=True)


class LineSerializer(FiguresSerializer):
    """One measured level in one window with its credit; lengths are microseconds of all its services."""

    units = serializers.ListField(child=serializers.CharField(), read_only=True)
    provisional = serializers.ListField(child=serializers.CharField(), read_only=True)
    incidents = serializers.ListField(child=serializers.CharField(), read_only=True)
    base = _money("base_minor")
    before_caps_rounded = _money("before_caps_minor")
    due = _money("due_minor")
    agreed = _money("agreed_minor")
    earlier = statement_key(read_only=True)


class FrozenLineSerializer(LineSerializer):
    """A line of a finalised statement."""

    revision = revision_key(read_only=True)

    class Meta:
        model = StatementLine
        fields: ClassVar = ["id", "revision", *LINE]


class DraftLineSerializer(LineSerializer):
    """A line of a draft; it goes when the draft is computed again."""

    statement = statement_key(read_only=True)

    class Meta:
        model = DraftLine
        fields: ClassVar = ["id", "statement", *LINE]


class LineFilters(django_filters.FilterSet):
    """What narrows a list of lines."""

    target = django_filters.CharFilter()
    missed = django_filters.BooleanFilter()
    contested = django_filters.BooleanFilter()
    locals().update(days("window_first_on"))


class FrozenLineFilters(LineFilters):
    """What narrows a list of lines of finalised statements."""

    revision = KeyFilter("revision", model=StatementRevision, by=REVISION)
    statement = KeyFilter("revision__statement", model=Statement, by=STATEMENT)
    period = django_filters.CharFilter(field_name="revision__statement__period")
    locals().update(of_contract("revision__statement__agreement__contract"))


class DraftLineFilters(LineFilters):
    """What narrows a list of lines of drafts."""

    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    period = django_filters.CharFilter(field_name="statement__period")
    locals().update(of_contract("statement__agreement__contract"))


class FrozenLines(Rows):
    """Lines of finalised statements."""

    model = StatementLine
    serializer_class = FrozenLineSerializer
    filterset_class = FrozenLineFilters
    ordering_fields: ClassVar = {"due": "due_minor", "window_first_on": "window_first_on"}
    select = ("revision__statement__agreement__contract", "earlier__agreement__contract")

    def with_related(self, rows: Any) -> Any:
        """Return lines without the long texts of their revisions."""
        return super().with_related(rows).defer("revision__inputs", "revision__result")


class DraftLines(Rows):
    """Lines of drafts."""

    model = DraftLine
    serializer_class = DraftLineSerializer
    filterset_class = DraftLineFilters
    ordering_fields: ClassVar = {"due": "due_minor", "window_first_on": "window_first_on"}
    select = ("statement__agreement__contract", "earlier__agreement__contract")


class CreditSerializer(FiguresSerializer):
    """What a finalised statement adds to what is owed, or takes back (below zero)."""

    revision = revision_key(read_only=True)
    statement = statement_key(source="revision.statement", read_only=True)
    vendor = vendor_key(source="revision.statement.agreement.contract.vendor", read_only=True)
    line = serializers.IntegerField(source="line_number", read_only=True, allow_null=True)
    amount = _money("amount_minor")
    agreed = _money("agreed_minor")
    corrects = serializers.IntegerField(source="corrects_id", read_only=True, allow_null=True)

    class Meta:
        model = ServiceCredit
        fields: ClassVar = [
            *("id", "revision", "statement", "vendor", "line", "kind", "pays", "before_caps", "removed"),
            *("amount", "agreed", "quantity", "waives", "description", "service_first_on"),
            *("service_last_on", "posting_month", "recorded_at", "corrects"),
        ]


class CreditFilters(django_filters.FilterSet):
    """What narrows a list of service credits."""

    revision = KeyFilter("revision", model=StatementRevision, by=REVISION)
    statement = KeyFilter("revision__statement", model=Statement, by=STATEMENT)
    kind = django_filters.ChoiceFilter(choices=ServiceCredit.Kind.choices)
    claim = django_filters.CharFilter(field_name="parts__claim__reference", distinct=True)
    locals().update(of_contract("revision__statement__agreement__contract"))
    locals().update(days("posting_month"))


class Credits(Rows):
    """Service credits."""

    model = ServiceCredit
    serializer_class = CreditSerializer
    filterset_class = CreditFilters
    ordering_fields: ClassVar = {
        "posting_month": "posting_month",
        "amount": "amount_minor",
        "recorded_at": "recorded_at",
    }
    select = ("revision__statement__agreement__contract__vendor",)

    def with_related(self, rows: Any) -> Any:
        """Return credits without the long texts of their revisions."""
        return super().with_related(rows).defer("revision__inputs", "revision__result")
