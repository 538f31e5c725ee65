"""Addresses of feeds: where facts are read from, what their words mean, what came from them."""

from typing import Any, ClassVar

import django_filters
from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.incidents import FactSerializer, incident_field
from incidents.models import (
    ComponentRule,
    FeedRecord,
    FeedSource,
    MaintenanceWindow,
    OutageKind,
    Probe,
    ProbeState,
    SeverityRule,
    SourceWatch,
)
from incidents.services import confirm_quiet
from incidents.services.feeds.rematching import bring_again
from vendors.api.bulk import Bulk
from vendors.api.contracts import SERVICE, service_field
from vendors.api.fields import InstantField, KeyField, PersonField, RowField
from vendors.api.filters import KeyFilter, instants
from vendors.api.parties import vendor_field
from vendors.api.routes import NUMBER, SLUG
from vendors.api.serializers import Reason, RecordSerializer, RowSerializer
from vendors.api.views import Records, Removable, Rows
from vendors.models import Service, Tracked, Vendor
from vendors.services import Links, Saved


def feed_field(**options: Any) -> KeyField:
    """Return a feed by code."""
    return KeyField(FeedSource, by=("code",), example="northrack-statuspage", **options)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A status page",
            {
                "code": "northrack-statuspage",
                "kind": "statuspage",
                "vendor": "northrack",
                "url": "https://status.northrack.example/api/v2/incidents.json",
                "every_minutes": 5,
                "reason": "Their status page",
            },
            request_only=True,
        )
    ]
)
class FeedSerializer(RecordSerializer):
    """A feed; its secret and the key in its address are never shown."""

    vendor = vendor_field(required=False, allow_null=True)
    columns = serializers.DictField(child=serializers.CharField(max_length=200), required=False)
    signing_secret = serializers.CharField(
        max_length=200, required=False, allow_blank=True, write_only=True, trim_whitespace=False
    )
    is_signed = serializers.SerializerMethodField(help_text="Whether a secret of its sender is on file.")
    has_address = serializers.SerializerMethodField(help_text="Whether senders have an address to send to.")

    class Meta:
        model = FeedSource
        fields: ClassVar = [
            *("code", "kind", "vendor", "url", "every_minutes", "zone", "clock", "columns"),
            *("signing_secret", "is_signed", "has_address", "reason"),
        ]

    def get_is_signed(self, feed: FeedSource) -> bool:
        """Say whether a secret is on file."""
        return bool(feed.signing_secret)

    def get_has_address(self, feed: FeedSource) -> bool:
        """Say whether it has an address."""
        return bool(feed.push_key)


class FeedFilters(django_filters.FilterSet):
    """What narrows a list of feeds."""

    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    kind = django_filters.CharFilter()


class Feeds(Bulk, Records):
    """Where facts are read from."""

    model = FeedSource
    serializer_class = FeedSerializer
    filterset_class = FeedFilters
    lookup_paths: ClassVar = {"code": "code"}
    lookup_patterns: ClassVar = {"code": SLUG}
    ordering_fields: ClassVar = {"code": "code", "kind": "kind"}
    select = ("vendor",)
    bulk_key: ClassVar = {"code": "code"}


class OfFeedFilters(django_filters.FilterSet):
    """What narrows a list of a feed's rows."""

    feed = KeyFilter("source", model=FeedSource, by=("code",))


class RuleSerializer(RecordSerializer):
    """What a word of a feed means; its records are read again when that changes."""

    feed = feed_field(source="source")

    def record(self, row: Tracked, *, links: Links, by: User, reason: str) -> Saved:
        """Save the rule, and bring in again what was read before."""
        saved = super().record(row, links=links, by=by, reason=reason)
        if saved is not Saved.UNCHANGED:
            assert isinstance(row, ComponentRule | SeverityRule)
            bring_again(row.source, by=by, at=timezone.now())
        return saved


class NameRuleSerializer(RuleSerializer):
    """A name of a part in one feed, or a pattern of names, and the service that is meant."""

    service = service_field(required=False, allow_null=True)

    class Meta:
        model = ComponentRule
        fields: ClassVar = ["id", "feed", "names", "service", "reason"]
        read_only_fields: ClassVar = ["id"]


class NameRules(Removable, Records):
    """What feeds' names of parts mean."""

    model = ComponentRule
    serializer_class = NameRuleSerializer
    filterset_class = OfFeedFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"names": "names"}
    select = ("source", "service__contract")


class WordRuleSerializer(RuleSerializer):
    """A word of one feed for how bad it is, and what that is here."""

    kind = serializers.ChoiceField(OutageKind.choices, required=False, allow_blank=True)

    class Meta:
        model = SeverityRule
        fields: ClassVar = ["id", "feed", "word", "kind", "severity", "reason"]
        read_only_fields: ClassVar = ["id"]


class WordRules(Removable, Records):
    """What feeds' words for severity mean."""

    model = SeverityRule
    serializer_class = WordRuleSerializer
    filterset_class = OfFeedFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"word": "word"}
    select = ("source",)


class FeedRecordSerializer(RowSerializer):
    """One record of one feed, as it was said last, and what of it waits for a person."""

    feed = feed_field(source="source", read_only=True)
    incident = incident_field(read_only=True, guarded=True, allow_null=True)
    maintenance = RowField(MaintenanceWindow, source="window", read_only=True, guarded=True, allow_null=True)
    unmatched = serializers.ListField(child=serializers.CharField(), read_only=True)
    conflicts = serializers.ListField(child=serializers.CharField(), read_only=True)
    said = serializers.DictField(read_only=True)

    class Meta:
        model = FeedRecord
        fields: ClassVar = [
            *("id", "feed", "external_id", "incident", "maintenance", "said", "changed_at"),
            *("first_seen_at", "last_seen_at", "conflicts", "unmatched"),
        ]


class FeedRecordFilters(OfFeedFilters):
    """What narrows a list of records."""

    external_id = django_filters.CharFilter()
    locals().update(instants("last_seen_at"))


class FeedRecords(Rows):
    """What feeds said."""

    model = FeedRecord
    serializer_class = FeedRecordSerializer
    filterset_class = FeedRecordFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"last_seen_at": "last_seen_at", "first_seen_at": "first_seen_at"}
    select = ("source", "incident", "window")


class WatchSerializer(FactSerializer):
    """A source watched for a service: the evidence behind “nothing happened”."""

    service = service_field()
    confirmed_by = PersonField(read_only=True, allow_null=True)

    class Meta:
        model = SourceWatch
        fields: ClassVar = [
            *("id", "service", "source", "watched_from", "last_heard_at", "confirmed_by", "confirmed_name"),
            *("confirmed_at", "confirmed_through", "reason"),
        ]
        read_only_fields: ClassVar = ["id", "confirmed_name", "confirmed_at", "confirmed_through"]


class Quiet(Reason):
    """Until when nothing else happened."""

    through = InstantField(required=False, help_text="Left out: now.")


class OfServiceFilters(django_filters.FilterSet):
    """What narrows a list of a service's rows."""

    service = KeyFilter("service", model=Service, by=SERVICE)


class Watches(Bulk, Records):
    """The sources whose silence we rely on."""

    model = SourceWatch
    serializer_class = WatchSerializer
    filterset_class = OfServiceFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"source": "source"}
    select = ("service__contract", "confirmed_by")
    bulk_key: ClassVar = {"service": "service", "source": "source"}
    keyed = frozenset({"confirm"})

    @extend_schema(request=Quiet, responses=WatchSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def confirm(self, request: Request, **_: Any) -> Response:
        """Confirm that nothing happened beyond what is recorded."""
        watch, told, now = self.get_object(), self.told(Quiet), timezone.now()
        confirm_quiet(watch, through=told.get("through", now), at=now, by=self.by, reason=told["reason"])
        return self.shown(watch)


class ProbeStateSerializer(RowSerializer):
    """Where a probe stands."""

    class Meta:
        model = ProbeState
        fields: ClassVar = ["next_at", "probed_at", "failing_since", "failures", "out_since", "error"]
        read_only_fields: ClassVar = fields


@extend_schema_field(OpenApiTypes.OBJECT)
class StateField(serializers.Field):
    """Where a probe stands; nothing before it is asked for the first time."""

    def get_attribute(self, instance: Any) -> Any:
        """Return the standing of a probe."""
        return getattr(instance, "state", None)

    def to_representation(self, value: ProbeState) -> dict[str, Any]:
        """Return what is known."""
        return dict(ProbeStateSerializer(value).data)


class ProbeSerializer(RecordSerializer):
    """An address that is asked again and again."""

    service = service_field()
    state = StateField(read_only=True, allow_null=True)

    class Meta:
        model = Probe
        fields: ClassVar = [
            *("code", "name", "service", "url", "is_active", "every_seconds", "timeout_seconds"),
            *("expected_status", "expected_text", "state", "reason"),
        ]


class ProbeFilters(OfServiceFilters):
    """What narrows a list of probes."""

    is_active = django_filters.BooleanFilter()


class Probes(Bulk, Records):
    """Our own probes."""

    model = Probe
    serializer_class = ProbeSerializer
    filterset_class = ProbeFilters
    lookup_paths: ClassVar = {"code": "code"}
    lookup_patterns: ClassVar = {"code": SLUG}
    ordering_fields: ClassVar = {"code": "code"}
    select = ("service__contract", "state")
    bulk_key: ClassVar = {"code": "code"}
