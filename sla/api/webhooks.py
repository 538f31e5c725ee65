"""Addresses of webhooks and how sending to each goes, and of the rules by which warnings are raised."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sla.api.naming import FiguresSerializer, entity_key, vendor_key
from sla.models import AlertPolicy, WebhookState, WebhookTarget
from vendors.api.fields import KeyField, PersonField
from vendors.api.filters import KeyFilter
from vendors.api.routes import SLUG
from vendors.api.serializers import RowSerializer
from vendors.api.views import Rows
from vendors.models import BusinessCalendar, LegalEntity, Vendor


class WebhookStateSerializer(RowSerializer):
    """How sending goes."""

    class Meta:
        model = WebhookState
        fields: ClassVar = ["failing_since", "taken_at", "error"]


@extend_schema_field(OpenApiTypes.OBJECT)
class WebhookStateField(serializers.Field):
    """How sending goes; nothing before the first time."""

    def get_attribute(self, instance: Any) -> Any:
        """Return how it goes."""
        return getattr(instance, "state", None)

    def to_representation(self, value: WebhookState) -> dict[str, Any]:
        """Return what is known."""
        return dict(WebhookStateSerializer(value).data)


class WebhookSerializer(FiguresSerializer):
    """An address that is told of events; what it is signed with is never shown."""

    entity = entity_key(read_only=True)
    vendor = vendor_key(read_only=True)
    owner = PersonField(read_only=True, help_text="Who is told when it fails.")
    events = serializers.ListField(child=serializers.CharField(), read_only=True)
    state = WebhookStateField(read_only=True, allow_null=True)

    class Meta:
        model = WebhookTarget
        fields: ClassVar = ["code", "url", "events", "entity", "vendor", "owner", "is_active", "state"]


class WebhookFilters(django_filters.FilterSet):
    """What narrows a list of webhooks."""

    is_active = django_filters.BooleanFilter()
    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    entity = KeyFilter("entity", model=LegalEntity, by=("code",))


class Webhooks(Rows):
    """Webhooks, made in the admin, where the secret is shown. What each was sent: `messages?webhook=`."""

    model = WebhookTarget
    serializer_class = WebhookSerializer
    filterset_class = WebhookFilters
    lookup_paths: ClassVar = {"code": "code"}
    lookup_patterns: ClassVar = {"code": SLUG}
    ordering_fields: ClassVar = {"code": "code"}
    select = ("entity", "vendor", "owner", "state")


class WarningRulesSerializer(RowSerializer):
    """When warnings are raised and where they go."""

    calendar = KeyField(BusinessCalendar, by=("code",), example="us-office", read_only=True)
    readers = PersonField(many=True, read_only=True)

    class Meta:
        model = AlertPolicy
        fields: ClassVar = [
            *("name", "hour", "zone", "calendar", "readers", "to_chat", "urgent_hours", "at_risk_percent"),
            *("open_days", "unattributed_days", "silent_hours", "notice_days", "escalate_days"),
        ]


class WarningRules(Rows):
    """The rules of the house for warnings; they are changed in the admin, by two persons."""

    model = AlertPolicy
    serializer_class = WarningRulesSerializer
    lookup_paths: ClassVar = {"name": "name"}
    lookup_patterns: ClassVar = {"name": SLUG}
    select = ("calendar",)
    prefetch = ("readers",)
