"""Addresses of service level statements: heads that follow the records, and what is done with them."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import AskedSerializer, Why
from sla.api.files import AnyForm, as_download, binary, form_parameter, wanted_form
from sla.api.naming import days, entity_key, of_contract, schedule_key, statement_key, vendor_key
from sla.api.results import Results
from sla.api.revisions import FIGURES, Figures, HeldSerializer, Revisions, RevisionSerializer
from sla.models import Statement
from sla.services.statement_files import KINDS, OF_DRAFT, draft_file
from sla.services.statements import draft_statement, hold_correction, open_questions, refresh_statement
from sla.services.statements.finalising import finalise_statement
from vendors.api.filters import instants
from vendors.api.problems import Conflict
from vendors.api.routes import CODE
from vendors.api.serializers import Nothing


class StatementSerializer(Figures):
    """A service level statement: what its draft comes to, and where its newest revision stands."""

    number = serializers.CharField(read_only=True)
    schedule = schedule_key(source="agreement", read_only=True)
    vendor = vendor_key(source="agreement.contract.vendor", read_only=True)
    entity = entity_key(source="agreement.contract.entity", read_only=True)
    is_stale = serializers.SerializerMethodField(help_text="A record changed, and the draft waits for it.")
    revision = serializers.IntegerField(
        source="revision_number", read_only=True, allow_null=True, help_text="Its newest revision."
    )
    finalised_at = serializers.DateTimeField(read_only=True, allow_null=True)
    needs_correction = serializers.SerializerMethodField(
        help_text="Today's records would give another result than the newest revision."
    )

    class Meta:
        model = Statement
        fields: ClassVar = [
            *("number", "schedule", "vendor", "entity", "period", "first_on", "last_on", "starts_at"),
            *("ends_at", *FIGURES, "computed_at", "is_stale", "error", "result_digest", "revision"),
            *("finalised_at", "needs_correction"),
        ]

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_is_stale(self, row: Statement) -> bool:
        """Say whether the draft is older than what was asked for."""
        return row.computed < row.wanted

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_needs_correction(self, row: Any) -> bool:
        """Say whether the newest revision no longer says what the records give."""
        frozen = row.frozen_digest
        return frozen is not None and row.compared_digest not in ("", frozen)


class StatementFilters(django_filters.FilterSet):
    """What narrows a list of statements."""

    period = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=Statement.State.choices)
    finalised = django_filters.BooleanFilter(field_name="revision_number", lookup_expr="isnull", exclude=True)
    needs_correction = django_filters.BooleanFilter(method="kept_to_correct")
    locals().update(of_contract("agreement__contract"))
    locals().update(days("first_on"))
    locals().update(days("last_on"))
    locals().update(instants("finalised_at"))

    def kept_to_correct(self, rows: Any, name: str, value: bool) -> QuerySet[Statement]:
        """Return those that need correction, or the others."""
        wanted: Any = Statement.objects.needing_correction().values("pk")
        return rows.filter(pk__in=wanted) if value else rows.exclude(pk__in=wanted)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "June",
            {
                "reason": "Month closed",
                "reasons": {"unsigned_terms": "The paper is with legal until August"},
                "seen": "3f1c0e…",
            },
            request_only=True,
        )
    ]
)
class Finalising(Why):
    """Why a statement becomes a record, and why what is unresolved may stay so."""

    reasons = serializers.DictField(
        child=serializers.CharField(max_length=500),
        required=False,
        help_text="By code of each open question (`questions` of the statement): why to go on.",
    )
    seen = serializers.CharField(
        required=False,
        help_text="The `result_digest` that you looked at. Where the figures became others since, nothing is"
        " finalised.",
    )


class Holding(Why):
    """Into which later statement a small correction goes."""

    into = statement_key()


class QuestionSerializer(serializers.Serializer):
    """What is unresolved in a statement."""

    code = serializers.CharField()
    text = serializers.CharField()


class Statements(Results):
    """Service level statements, by contract, SLA schedule and period."""

    model = Statement
    serializer_class = StatementSerializer
    filterset_class = StatementFilters
    lookup_paths: ClassVar = {
        "contract": "agreement__contract__reference",
        "schedule": "agreement__code",
        "period": "period",
    }
    lookup_patterns: ClassVar = dict.fromkeys(lookup_paths, CODE)
    ordering_fields: ClassVar = {
        "first_on": "first_on",
        "last_on": "last_on",
        "due": "due_minor",
        "claim_by": "claim_by",
    }
    ordering = "-first_on"
    select = ("agreement__contract__vendor", "agreement__contract__entity")
    keyed = frozenset({"finalise", "hold", "refresh"})
    permissions: ClassVar = {
        "finalise": "sla.add_statementrevision",
        "hold": "sla.add_statementrevision",
        "refresh": "sla.view_statement",
    }

    def with_related(self, rows: Any) -> Any:
        """Return heads with what their newest revision says."""
        heads: Any = super().with_related(rows)
        return heads.with_newest()

    @extend_schema(responses=QuestionSerializer(many=True))
    @action(detail=True, filterset_class=None, pagination_class=None)
    def questions(self, request: Request, **_: Any) -> Response:
        """Return what is unresolved: finalising asks for a reason for each."""
        statement, now = self.get_object(), self.now
        self.refuse_questions()
        found = open_questions(statement, result=self._result(statement), now=now)
        return Response([{"code": each.code, "text": each.text} for each in found])

    @extend_schema(parameters=[form_parameter(*OF_DRAFT)], responses=binary(*KINDS.values()))
    @action(detail=True, filterset_class=None, pagination_class=None, content_negotiation_class=AnyForm)
    def file(self, request: Request, **_: Any) -> HttpResponse:
        """Send the draft as a file."""
        form, row = wanted_form(request, known=OF_DRAFT), self.get_object()
        try:
            return as_download(
                draft_file(row.agreement, label=row.period, form=form, now=self.now.replace(microsecond=0))
            )
        except ValueError as error:
            raise Conflict(str(error)) from error

    @extend_schema(request=Nothing, responses=StatementSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def refresh(self, request: Request, **_: Any) -> Response:
        """Compute the draft by the records as they stand; what fails is said in `error`."""
        row = self.get_object()
        self.told(Nothing)
        return self.do(lambda: refresh_statement(row, now=self.now), show=self.shown)

    @extend_schema(request=Finalising, responses={201: RevisionSerializer, 202: AskedSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def finalise(self, request: Request, **_: Any) -> Response:
        """Make what the records give a numbered revision that nobody can change."""
        row, asked, now = self.get_object(), self.told(Finalising), self.now
        seen = asked.pop("seen", "")
        if seen and refresh_statement(row, now=now).result_digest != seen:
            raise Conflict("The figures are no longer those that you saw. Read them again, then finalise.")
        return self.do(
            lambda: finalise_statement(
                row, by=self.by, now=now, why=asked["why"], reasons=asked.get("reasons", {})
            ),
            show=lambda made: self.shown_as(Revisions, made, at="revisions", status=201),
        )

    @extend_schema(request=Holding, responses={201: HeldSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def hold(self, request: Request, **_: Any) -> Response:
        """Let a small correction wait for a later statement, where it becomes a line."""
        row, asked = self.get_object(), self.told(Holding)
        return self.do(
            lambda: hold_correction(row, by=self.by, now=self.now, **asked),
            show=lambda made: Response(HeldSerializer(made, context=self.get_serializer_context()).data, 201),
        )

    def result_of_row(self) -> Any:
        """Return what the records as they stand give; raise Conflict where they cannot be computed."""
        self.refuse_questions()
        return self._result(self.get_object())

    def _result(self, row: Statement) -> Any:
        try:
            now = self.now.replace(microsecond=0)
            return draft_statement(row.agreement, period_label=row.period, known_until=now)
        except ValueError as error:
            raise Conflict(f"{row} cannot be computed: {error}") from error
