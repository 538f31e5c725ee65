"""Addresses of what feeds leave to a person, and of files that a person brings."""

from typing import Any, ClassVar

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.feeds import OfFeedFilters, feed_field
from incidents.models import (
    Decision,
    FeedLetter,
    FeedRecord,
    FeedSource,
    FeedUpload,
    ImportState,
    ProposedWindow,
    UnmatchedName,
)
from incidents.services import accept_window, decline_window
from incidents.services.feeds.inbox import finish_letter
from incidents.services.feeds.rematching import match_name
from incidents.services.feeds.uploads import ask_for_import, bring_file, forget_upload
from vendors.api.contracts import service_field
from vendors.api.fields import PersonField, RowField
from vendors.api.filters import KeyFilter
from vendors.api.routes import NUMBER
from vendors.api.serializers import CheckedSerializer, Nothing, Reason, RowSerializer
from vendors.api.views import Rows

# As in the admin: who may see feeds sees what waits, and who may change incidents decides.
READ, DECIDE = "incidents.view_feedsource", "incidents.change_incident"


class NameSerializer(RowSerializer):
    """A name of a part that no service goes by."""

    feed = feed_field(source="source", read_only=True)

    class Meta:
        model = UnmatchedName
        fields: ClassVar = ["id", "feed", "name", "last_seen_at", "records"]
        read_only_fields: ClassVar = fields


class Meant(Reason):
    """Which services a name means; none where it does not concern us."""

    services = service_field(many=True)


class Changed(serializers.Serializer):
    """How many records changed."""

    changed = serializers.IntegerField()


class UnmatchedNames(Rows):
    """Names of parts that wait for a person."""

    model = UnmatchedName
    serializer_class = NameSerializer
    filterset_class = OfFeedFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"name": "name", "last_seen_at": "last_seen_at"}
    select = ("source",)
    keyed = frozenset({"match"})
    permissions: ClassVar = {"read": READ, "match": DECIDE}

    @extend_schema(request=Meant, responses=Changed)
    @action(detail=True, methods=["post"], filterset_class=None)
    def match(self, request: Request, **_: Any) -> Response:
        """Say which services the name means; its records are brought in again."""
        name = self.get_object()
        changed = match_name(name, by=self.by, at=timezone.now(), **self.told(Meant))
        return Response({"changed": changed})


class ProposalSerializer(RowSerializer):
    """Times that a text tells of, beside the posted ones."""

    feed_record = RowField(FeedRecord, source="record", read_only=True)
    decided_by = PersonField(read_only=True, allow_null=True)

    class Meta:
        model = ProposedWindow
        fields: ClassVar = [
            *("id", "feed_record", "starts_at", "ends_at", "quote", "decision", "decided_by", "decided_at"),
            "why",
        ]
        read_only_fields: ClassVar = fields


class ProposalFilters(django_filters.FilterSet):
    """What narrows a list of proposed times."""

    feed = KeyFilter("record__source", model=FeedSource, by=("code",))
    decision = django_filters.ChoiceFilter(choices=Decision.choices)


class Proposals(Rows):
    """Times that texts tell of, for a person to decide."""

    model = ProposedWindow
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"starts_at": "starts_at"}
    select = ("record__source", "record__incident", "decided_by")
    keyed = frozenset({"accept", "decline"})
    permissions: ClassVar = {"read": READ, "accept": DECIDE, "decline": DECIDE}

    @extend_schema(request=Reason, responses=ProposalSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def accept(self, request: Request, **_: Any) -> Response:
        """Give the outages of the record these times."""
        window = self.get_object()
        accept_window(window, by=self.by, at=timezone.now(), **self.told())
        return self.shown(window)

    @extend_schema(request=Reason, responses=ProposalSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def decline(self, request: Request, **_: Any) -> Response:
        """Leave the posted times as they are."""
        window = self.get_object()
        decline_window(window, by=self.by, at=timezone.now(), **self.told())
        return self.shown(window)


class LetterSerializer(RowSerializer):
    """A mail that no reader understood."""

    feed = feed_field(source="source", read_only=True)
    done_by = PersonField(read_only=True, allow_null=True)

    class Meta:
        model = FeedLetter
        fields: ClassVar = [
            *("id", "feed", "sender", "subject", "sent_at", "received_at", "text", "note", "done_at"),
            "done_by",
        ]
        read_only_fields: ClassVar = fields


class LetterFilters(OfFeedFilters):
    """What narrows a list of letters."""

    done = django_filters.BooleanFilter(field_name="done_at", lookup_expr="isnull", exclude=True)


class Letters(Rows):
    """Mails that wait for a person."""

    model = FeedLetter
    serializer_class = LetterSerializer
    filterset_class = LetterFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"received_at": "received_at"}
    select = ("source", "done_by")
    keyed = frozenset({"finish"})
    permissions: ClassVar = {"read": READ, "finish": DECIDE}

    @extend_schema(request=Nothing, responses=LetterSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def finish(self, request: Request, **_: Any) -> Response:
        """Say that the letter is dealt with."""
        letter = self.get_object()
        self.told(Nothing)
        finish_letter(letter, by=self.by, at=timezone.now())
        return self.shown(letter)


class UploadSerializer(RowSerializer):
    """A file of a feed: what its import would do, how far it is, or what came of it."""

    feed = feed_field(source="source", read_only=True)
    by = PersonField(read_only=True)
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    rows = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = FeedUpload
        fields: ClassVar = [
            *("id", "feed", "file_name", "by", "state", "uploaded_at", "finished_at", "total", "done"),
            *("counts", "rows", "unmatched", "problems", "error"),
        ]
        read_only_fields: ClassVar = fields


class FileSerializer(CheckedSerializer):
    """A file, and whose it is."""

    feed = feed_field()
    file = serializers.FileField(max_length=200)
    zone = serializers.CharField(
        max_length=64, required=False, help_text="Of times that state none, where the feed has none yet."
    )


class UploadFilters(OfFeedFilters):
    """What narrows a list of imports."""

    state = django_filters.ChoiceFilter(choices=ImportState.choices)


class Uploads(Rows):
    """Files of feeds: shown first, imported on your word."""

    model = FeedUpload
    serializer_class = UploadSerializer
    filterset_class = UploadFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"uploaded_at": "uploaded_at"}
    ordering = "-pk"
    select = ("source", "by")
    keyed = frozenset({"import_file", "forget"})
    permissions: ClassVar = {"create": DECIDE, "import_file": DECIDE, "forget": DECIDE}

    def with_related(self, rows: Any) -> Any:
        """Leave the bytes where they are."""
        return super().with_related(rows).defer("content")

    def get_parsers(self) -> list[Any]:
        """Take a file as a form sends it."""
        posted = self.request is not None and self.request.method == "POST"
        return [MultiPartParser()] if posted and not self.kwargs else super().get_parsers()

    @extend_schema(request={"multipart/form-data": FileSerializer}, responses={201: UploadSerializer})
    def create(self, request: Request, **_: Any) -> Response:
        """Bring a file, and see what its import would do; nothing is imported yet."""
        told = self.told(FileSerializer)
        upload = bring_file(
            told["file"].read(),
            file_name=told["file"].name,
            source=told["feed"],
            zone=told.get("zone", ""),
            by=self.by,
            at=timezone.now(),
        )
        return self.shown(upload, status=status.HTTP_201_CREATED)

    @extend_schema(request=Nothing, responses={202: UploadSerializer})
    @action(detail=True, methods=["post"], filterset_class=None, url_path="import")
    def import_file(self, request: Request, **_: Any) -> Response:
        """Let the file be imported by what runs by itself; ask for it again to see how far it is."""
        upload = self.get_object()
        self.told(Nothing)
        ask_for_import(upload)
        return self.shown(upload, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=Nothing, responses={204: None})
    @action(detail=True, methods=["post"], filterset_class=None)
    def forget(self, request: Request, **_: Any) -> Response:
        """Forget a file that was shown and is not wanted."""
        upload = self.get_object()
        self.told(Nothing)
        forget_upload(upload, by=self.by)
        return Response(status=status.HTTP_204_NO_CONTENT)
