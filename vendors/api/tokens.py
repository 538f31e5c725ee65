"""Addresses of tokens: those of who asks, as far as they may be shown, and ending one."""

from typing import Any, ClassVar

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.fields import PersonField
from vendors.api.serializers import Nothing, RowSerializer
from vendors.api.views import Rows
from vendors.models import ApiToken
from vendors.selectors import tokens_shown_to
from vendors.services import revoke_token


class TokenSerializer(RowSerializer):
    """A token of a program: what it may and until when; the token itself is nowhere on file."""

    begins_with = serializers.CharField(source="token_key", read_only=True)
    user = PersonField(read_only=True)
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = PersonField(read_only=True)
    revoked_by = PersonField(read_only=True)

    class Meta:
        model = ApiToken
        fields: ClassVar = [
            *("id", "name", "begins_with", "user", "scopes", "created", "created_by", "expiry"),
            *("last_used_at", "revoked_at", "revoked_by"),
        ]


class TokenFilters(django_filters.FilterSet):
    """What narrows a list of tokens."""

    revoked = django_filters.BooleanFilter(field_name="revoked_at", lookup_expr="isnull", exclude=True)


class Tokens(Rows):
    """Your own tokens, for administrators and auditors everybody's. They are made in the admin."""

    # Of everybody their own, without a permission: the scope alone opens it.
    model = None
    subject = "tokens"
    serializer_class = TokenSerializer
    filterset_class = TokenFilters
    ordering_fields: ClassVar = {"created": "created", "expiry": "expiry", "last_used_at": "last_used_at"}
    ordering = "-created"
    select = ("user", "created_by", "revoked_by")
    keyed = frozenset({"revoke"})

    def get_queryset(self) -> Any:
        """Return the tokens of who asks."""
        return self.with_related(ApiToken.objects.none() if self.described else tokens_shown_to(self.by))

    @extend_schema(request=Nothing, responses=TokenSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def revoke(self, request: Request, **_: Any) -> Response:
        """Let a token open nothing any more; one that leaked ends itself."""
        row = self.get_object()
        self.told(Nothing)
        revoke_token(row, by=self.by, at=timezone.now())
        return self.shown(row)
