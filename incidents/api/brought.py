"""Addresses of how feeds are fetched and what senders brought to them, and of what our probes saw."""

from typing import Any, ClassVar

import django_filters
from rest_framework import serializers

from incidents.api.feeds import feed_field
from incidents.models import FeedDelivery, FeedPoll, FeedSource, Probe, ProbeDay
from vendors.api.contracts import SERVICE
from vendors.api.fields import KeyField
from vendors.api.filters import KeyFilter, instants
from vendors.api.routes import SLUG
from vendors.api.serializers import RowSerializer
from vendors.api.views import Rows
from vendors.models import Service


class FetchingSerializer(RowSerializer):
    """How the fetching of a feed goes: when it is next due, and what the last answers were."""

    feed = feed_field(source="source", read_only=True)

    class Meta:
        model = FeedPoll
        fields: ClassVar = [
            *("feed", "next_at", "asked_at", "fetched_at", "heard_at", "failures", "failing_since", "error"),
        ]


class FetchingFilters(django_filters.FilterSet):
    """What narrows a list of feeds by how their fetching goes."""

    failing = django_filters.BooleanFilter(field_name="failing_since", lookup_expr="isnull", exclude=True)
    locals().update(instants("heard_at"))


class Fetching(Rows):
    """How the fetching of feeds goes; one that never was fetched has none."""

    model = FeedPoll
    serializer_class = FetchingSerializer
    filterset_class = FetchingFilters
    lookup_paths: ClassVar = {"feed": "source__code"}
    lookup_patterns: ClassVar = {"feed": SLUG}
    ordering_fields: ClassVar = {"heard_at": "heard_at", "next_at": "next_at"}
    select = ("source",)
    permissions: ClassVar = {"read": "incidents.view_feedsource"}


class SenderMessageSerializer(RowSerializer):
    """A message that a sender brought to the address of a feed, and what came of it."""

    feed = feed_field(source="source", read_only=True)
    taken = serializers.SerializerMethodField(help_text="Of one that was taken only its records are kept.")

    class Meta:
        model = FeedDelivery
        fields: ClassVar = ["id", "feed", "received_at", "size", "taken", "outcome", "error"]

    def get_taken(self, row: FeedDelivery) -> bool:
        """Say whether it could be read."""
        return not row.error


class SenderMessageFilters(django_filters.FilterSet):
    """What narrows a list of messages of senders."""

    feed = KeyFilter("source", model=FeedSource, by=("code",))
    taken = django_filters.BooleanFilter(method="kept_taken")
    locals().update(instants("received_at"))

    def kept_taken(self, rows: Any, name: str, value: bool) -> Any:
        """Return those that were taken, or the others."""
        return rows.filter(error="") if value else rows.exclude(error="")


class SenderMessages(Rows):
    """Messages of senders, without their bytes: those that could not be read are read anew in the admin."""

    model = FeedDelivery
    serializer_class = SenderMessageSerializer
    filterset_class = SenderMessageFilters
    ordering_fields: ClassVar = {"received_at": "received_at"}
    ordering = "-received_at"
    select = ("source",)
    permissions: ClassVar = {"read": "incidents.view_feedsource"}

    def with_related(self, rows: Any) -> Any:
        """Return messages without their bytes."""
        return super().with_related(rows).defer("content")


class ProbeDaySerializer(RowSerializer):
    """How many results of a probe were up, down and unknown on one UTC day."""

    probe = KeyField(Probe, by=("code",), example="power-page", read_only=True)
    service = KeyField(Service, by=SERVICE, example="NR-2018/power-a", source="probe.service", read_only=True)

    class Meta:
        model = ProbeDay
        fields: ClassVar = ["id", "probe", "service", "on", "up", "down", "unknown"]


class ProbeDayFilters(django_filters.FilterSet):
    """What narrows a list of days."""

    probe = KeyFilter("probe", model=Probe, by=("code",))
    service = KeyFilter("probe__service", model=Service, by=SERVICE)
    on_from = django_filters.DateFilter(field_name="on", lookup_expr="gte")
    on_before = django_filters.DateFilter(field_name="on", lookup_expr="lt")


class ProbeDays(Rows):
    """What our own probes saw, day by day."""

    model = ProbeDay
    serializer_class = ProbeDaySerializer
    filterset_class = ProbeDayFilters
    ordering_fields: ClassVar = {"on": "on"}
    ordering = "-on"
    select = ("probe__service__contract",)
    permissions: ClassVar = {"read": "incidents.view_probe"}
