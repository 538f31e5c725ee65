"""Addresses of what a running period leaves, of corrections kept for later, and of periods before go-live."""

from typing import ClassVar

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sla.api.naming import (
    SCHEDULE,
    STATEMENT,
    FiguresSerializer,
    days,
    of_contract,
    schedule_key,
    statement_key,
)
from sla.api.revisions import HeldSerializer
from sla.models import (
    BroughtForward,
    HeldCorrection,
    Outlook,
    PatternCount,
    ServiceLevelAgreement,
    Statement,
)
from vendors.api.fields import MoneyField
from vendors.api.filters import KeyFilter, instants
from vendors.api.views import Rows

OF_STATEMENT = "statement__agreement__contract"


class OutlookSerializer(FiguresSerializer):
    """What is left of one level of a draft that still runs; lengths are microseconds."""

    statement = statement_key(read_only=True)
    due = MoneyField(minor="due_minor", currency="currency", read_only=True)
    next = MoneyField(
        minor="next_minor",
        currency="currency",
        read_only=True,
        allow_null=True,
        help_text="The credit that follows once `room_us` more counts.",
    )

    class Meta:
        model = Outlook
        fields: ClassVar = [
            *("id", "statement", "target", "name", "window", "services", "level_printed", "best_printed"),
            *("worst_printed", "used_us", "room_us", "missed", "irreversible", "due", "next"),
        ]


class OutlookFilters(django_filters.FilterSet):
    """What narrows a list of outlooks."""

    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    target = django_filters.CharFilter()
    missed = django_filters.BooleanFilter()
    locals().update(of_contract(OF_STATEMENT))


class Outlooks(Rows):
    """Levels of running periods of which something is used up, or that are missed."""

    model = Outlook
    serializer_class = OutlookSerializer
    filterset_class = OutlookFilters
    ordering_fields: ClassVar = {"room_us": "room_us", "due": "due_minor"}
    select = ("statement__agreement__contract",)


class PatternSerializer(FiguresSerializer):
    """How far a repeated failure has come; `counted` and `needed` are in `unit`: count, us or points."""

    statement = statement_key(read_only=True)

    class Meta:
        model = PatternCount
        fields: ClassVar = [
            *("id", "statement", "code", "name", "about", "counted", "needed", "unit", "reached", "opens"),
            "notice_on",
        ]


class PatternFilters(django_filters.FilterSet):
    """What narrows a list of repeated failures."""

    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    reached = django_filters.BooleanFilter()
    locals().update(of_contract(OF_STATEMENT))


class Patterns(Rows):
    """Repeated failures, as the drafts count them."""

    model = PatternCount
    serializer_class = PatternSerializer
    filterset_class = PatternFilters
    ordering_fields: ClassVar = {"notice_on": "notice_on"}
    select = ("statement__agreement__contract",)


class HeldFilters(django_filters.FilterSet):
    """What narrows a list of corrections kept for later."""

    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    into = KeyFilter("into", model=Statement, by=STATEMENT)
    locals().update(of_contract(OF_STATEMENT))
    locals().update(instants("noted_at"))


class HeldCorrections(Rows):
    """Small corrections kept for later. `POST statements/…/hold` makes one."""

    model = HeldCorrection
    serializer_class = HeldSerializer
    filterset_class = HeldFilters
    ordering_fields: ClassVar = {"noted_at": "noted_at"}
    ordering = "-noted_at"
    select = ("statement__agreement__contract", "into__agreement__contract", "noted_by")


@extend_schema_field({"description": "As documents write it; null for none."})
class WrittenField(serializers.ReadOnlyField):
    """A value in the writing of documents."""


class BroughtForwardSerializer(FiguresSerializer):
    """What a period before go-live came to; it is never computed again."""

    schedule = schedule_key(source="agreement", read_only=True)
    verdict = serializers.CharField(read_only=True)
    credit = WrittenField()
    carried = WrittenField()
    earned_back = WrittenField()
    offset_balance = WrittenField()

    class Meta:
        model = BroughtForward
        fields: ClassVar = [
            *("id", "schedule", "target", "period", "units", "first_on", "last_on", "verdict", "value"),
            *("level", "expected_missed", "counted_us", "points", "credit", "carried", "cap_reached"),
            *("excluded_us", "excluded_count", "runs", "earned_back", "offset_balance"),
        ]


class BroughtForwardFilters(django_filters.FilterSet):
    """What narrows a list of periods brought forward."""

    schedule = KeyFilter("agreement", model=ServiceLevelAgreement, by=SCHEDULE)
    target = django_filters.CharFilter()
    period = django_filters.CharFilter()
    locals().update(of_contract("agreement__contract"))
    locals().update(days("first_on"))


class BroughtForwards(Rows):
    """Periods brought forward. They come in by `POST documents`."""

    model = BroughtForward
    serializer_class = BroughtForwardSerializer
    filterset_class = BroughtForwardFilters
    ordering_fields: ClassVar = {"first_on": "first_on"}
    ordering = "-first_on"
    select = ("agreement__contract",)
