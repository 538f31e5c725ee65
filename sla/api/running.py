"""Addresses of what runs by itself: scheduled runs, reports that go out, messages."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting, Why
from sla.api.naming import (
    FiguresSerializer,
    days,
    schedule_key,
    vendor_key,
)
from sla.models import (
    ComplianceReport,
    Duty,
    OutboxAct,
    OutboxFile,
    OutboxMessage,
    ReportSchedule,
    WebhookTarget,
)
from sla.services.duties.retrying import retry_run
from sla.services.outbox import stuck
from vendors.api.fields import KeyField, PersonField
from vendors.api.filters import KeyFilter, instants
from vendors.api.routes import SLUG
from vendors.api.serializers import Nothing, RowSerializer
from vendors.api.views import Rows
from vendors.models import Contract, Tag, Vendor


class RunSerializer(FiguresSerializer):
    """One run that is due once, for a period of its own, whenever it is done."""

    schedule = schedule_key(source="agreement", read_only=True)
    report_schedule = KeyField(
        ReportSchedule, by=("code",), example="monthly-finance", source="schedule", read_only=True
    )
    vendor = vendor_key(read_only=True)
    reader = PersonField(read_only=True)

    class Meta:
        model = Duty
        fields: ClassVar = [
            *("id", "kind", "subject", "period", "schedule", "report_schedule", "vendor", "reader"),
            *("ends_on", "due_at", "next_at", "state", "attempts", "started_at", "finished_at", "outcome"),
            "error",
        ]


class RunFilters(django_filters.FilterSet):
    """What narrows a list of runs."""

    kind = django_filters.ChoiceFilter(choices=Duty.Kind.choices)
    state = django_filters.ChoiceFilter(choices=Duty.State.choices)
    period = django_filters.CharFilter()
    vendor = KeyFilter("agreement__contract__vendor", model=Vendor, by=("slug",))
    contract = KeyFilter("agreement__contract", model=Contract, by=("reference",))
    locals().update(instants("due_at"))


class Runs(Acting):
    """Scheduled runs."""

    model = Duty
    serializer_class = RunSerializer
    filterset_class = RunFilters
    ordering_fields: ClassVar = {"due_at": "due_at", "finished_at": "finished_at"}
    ordering = "-due_at"
    select = ("agreement__contract", "schedule", "vendor", "reader")
    keyed = frozenset({"retry"})

    @extend_schema(request=Nothing, responses=RunSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def retry(self, request: Request, **_: Any) -> Response:
        """Let a run that failed, or waits, be begun at once; nothing that is done is done twice."""
        row = self.get_object()
        self.told(Nothing)
        return self.do(lambda: retry_run(row, by=self.by, now=self.now), show=lambda _: self.shown(row))


class ReportScheduleSerializer(FiguresSerializer):
    """A report that goes out for every week, month, quarter or year."""

    vendor = vendor_key(read_only=True, guarded=True)
    tag = KeyField(Tag, by=("slug",), example="payments", read_only=True)
    readers = PersonField(many=True, read_only=True)

    class Meta:
        model = ReportSchedule
        fields: ClassVar = [
            *("code", "name", "audience", "every", "first_month", "vendor", "tag", "one_per_vendor"),
            *("readers", "contact_role", "with_pdf", "with_xlsx", "with_csv", "days_after", "hour", "zone"),
            *("starts_on", "is_active"),
        ]


class ReportSchedules(Rows):
    """Report schedules."""

    model = ReportSchedule
    serializer_class = ReportScheduleSerializer
    lookup_paths: ClassVar = {"code": "code"}
    lookup_patterns: ClassVar = {"code": SLUG}
    ordering_fields: ClassVar = {"code": "code", "name": "name"}
    select = ("vendor", "tag")
    prefetch = ("readers",)


class SentReportSerializer(FiguresSerializer):
    """What one reader was sent for one period of a schedule."""

    schedule = KeyField(ReportSchedule, by=("code",), example="monthly-finance", read_only=True)
    vendor = vendor_key(read_only=True)
    message = serializers.IntegerField(source="message_id", read_only=True)

    class Meta:
        model = ComplianceReport
        fields: ClassVar = [
            *("id", "schedule", "period", "first_on", "last_on", "subject", "vendor", "made_at"),
            *("headline", "message"),
        ]


class SentReportFilters(django_filters.FilterSet):
    """What narrows a list of reports that were sent."""

    schedule = KeyFilter("schedule", model=ReportSchedule, by=("code",))
    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    period = django_filters.CharFilter()
    locals().update(instants("made_at"))
    locals().update(days("last_on"))


class SentReports(Rows):
    """Reports that were sent."""

    model = ComplianceReport
    serializer_class = SentReportSerializer
    filterset_class = SentReportFilters
    ordering_fields: ClassVar = {"made_at": "made_at"}
    ordering = "-made_at"
    select = ("schedule", "vendor")


class MessageActSerializer(RowSerializer):
    """What a person did about a message that was stuck."""

    by = PersonField(read_only=True)

    class Meta:
        model = OutboxAct
        fields: ClassVar = ["old_state", "new_state", "at", "by", "why"]


class MessageSerializer(FiguresSerializer):
    """One message to one address. What it says is shown to its own reader only."""

    reader = PersonField(read_only=True)
    vendor = vendor_key(read_only=True, guarded=True)
    webhook = KeyField(
        WebhookTarget, by=("code",), example="ticketing", source="target", read_only=True, guarded=True
    )
    text = serializers.SerializerMethodField(help_text="Null where it is another's.")
    files = serializers.SerializerMethodField()
    acts = MessageActSerializer(many=True, read_only=True)

    class Meta:
        model = OutboxMessage
        fields: ClassVar = [
            *("id", "channel", "address", "name", "reader", "vendor", "webhook", "subject", "text", "files"),
            *("message_id", "created_at", "state", "attempts", "next_at", "sent_at", "error", "acts"),
        ]

    @extend_schema_field({"type": ["string", "null"]})
    def get_text(self, row: OutboxMessage) -> str | None:
        """Return what it says to whom it was written."""
        return row.text if row.reader_id == self.context["request"].user.pk else None

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_files(self, row: OutboxMessage) -> list[str]:
        """Return the names of its files."""
        return [each.name for each in row.files.all()]


class MessageFilters(django_filters.FilterSet):
    """What narrows a list of messages."""

    state = django_filters.ChoiceFilter(choices=OutboxMessage.State.choices)
    channel = django_filters.ChoiceFilter(choices=OutboxMessage.Channel.choices)
    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    webhook = KeyFilter("target", model=WebhookTarget, by=("code",))
    locals().update(instants("created_at"))


class Messages(Acting):
    """Messages on their way out, and what a person does about one that is stuck."""

    model = OutboxMessage
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    ordering_fields: ClassVar = {"created_at": "created_at"}
    ordering = "-created_at"
    select = ("reader", "vendor", "target")
    prefetch = ("acts__by",)
    keyed = frozenset({"again", "try_now", "arrived", "cancel"})

    def with_related(self, rows: Any) -> Any:
        """Return messages with the names of their files, without the bytes."""
        names = OutboxFile.objects.defer("content")
        return super().with_related(rows).prefetch_related(Prefetch("files", queryset=names)).defer("html")

    @extend_schema(request=Why, responses=MessageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def again(self, request: Request, **_: Any) -> Response:
        """Let one that is in doubt or was given up leave once more, with the same number of the mail."""
        return self._decided(stuck.send_again)

    @extend_schema(request=Why, responses=MessageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None, url_path="try-now")
    def try_now(self, request: Request, **_: Any) -> Response:
        """Hand it to its server at once, and not only at its next try."""
        return self._decided(stuck.try_now)

    @extend_schema(request=Why, responses=MessageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def arrived(self, request: Request, **_: Any) -> Response:
        """Say that one in doubt did arrive."""
        return self._decided(stuck.note_arrived)

    @extend_schema(request=Why, responses=MessageSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def cancel(self, request: Request, **_: Any) -> Response:
        """Let it never leave."""
        return self._decided(stuck.cancel)

    def _decided(self, service: Any) -> Response:
        row, asked = self.get_object(), self.told(Why)
        return self.do(lambda: service(row, by=self.by, now=self.now, **asked), show=self.shown)
