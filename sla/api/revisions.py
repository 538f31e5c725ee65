"""Addresses of finalised statements: as they were frozen, their files, and letting the vendor have them."""

from typing import Any, ClassVar

import django_filters
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import in_currency
from sla.api.files import AnyForm, as_download, binary, form_parameter, wanted_form
from sla.api.naming import (
    FiguresSerializer,
    days,
    of_contract,
    revision_key,
    schedule_key,
    statement_key,
    vendor_key,
)
from sla.api.results import Results
from sla.models import HeldCorrection, LineAnswer, Release, Statement, StatementRevision
from sla.reports.editions import frozen_result
from sla.services.claims import record_answer
from sla.services.mailings.releasing import release_revision
from sla.services.statement_files import KINDS, OF_REVISION, revision_file
from vendors.api.fields import InstantField, MoneyField, PersonField
from vendors.api.filters import KeyFilter, instants
from vendors.api.problems import Conflict
from vendors.api.routes import CODE, NUMBER
from vendors.api.serializers import CheckedSerializer

FIGURES = (
    *("state", "missed", "currency", "due", "agreed", "contested", "shown", "claim_by", "automatic"),
    *("provisional", "notices", "known_until"),
)


class Figures(FiguresSerializer):
    """What a statement comes to, in short; money before tax."""

    due = MoneyField(minor="due_minor", currency="currency", read_only=True)
    agreed = MoneyField(minor="agreed_minor", currency="currency", read_only=True)
    contested = MoneyField(minor="contested_minor", currency="currency", read_only=True)
    missed = serializers.ListField(child=serializers.CharField(), read_only=True)
    provisional = serializers.ListField(child=serializers.CharField(), read_only=True)


class RevisionSerializer(Figures):
    """A finalised service level statement: figures, fingerprints, who and why."""

    number = serializers.CharField(source="full_number", read_only=True)
    statement = statement_key(read_only=True)
    schedule = schedule_key(source="statement.agreement", read_only=True)
    vendor = vendor_key(source="statement.agreement.contract.vendor", read_only=True)
    revision = serializers.IntegerField(source="number", read_only=True)
    finalised_by = serializers.CharField(
        source="finaliser", read_only=True, help_text="As called then: the fingerprint was made with it."
    )
    released_at = serializers.SerializerMethodField(help_text="When the vendor was let have it.")

    class Meta:
        model = StatementRevision
        fields: ClassVar = [
            *("number", "statement", "revision", "schedule", "vendor", *FIGURES, "inputs_digest"),
            *("inputs_version", "result_digest", "engine_version", "zone_data", "previous_digest", "digest"),
            *("finalised_at", "finalised_by", "cause", "overridden", "released_at"),
        ]

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_released_at(self, row: StatementRevision) -> str | None:
        """Return when it was released."""
        release: Release | None = getattr(row, "release", None)
        return None if release is None else InstantField().to_representation(release.released_at)


class HeldSerializer(FiguresSerializer):
    """A small correction that waits for a later statement."""

    statement = statement_key(read_only=True)
    into = statement_key(read_only=True)
    difference = MoneyField(minor="delta_minor", currency="currency", read_only=True)
    noted_by = PersonField(read_only=True)

    class Meta:
        model = HeldCorrection
        fields: ClassVar = ["id", "statement", "into", "difference", "cause", "noted_by", "noted_at"]


class ReleaseSerializer(FiguresSerializer):
    """A finalised statement that the vendor was let have."""

    revision = revision_key(read_only=True)
    released_by = PersonField(read_only=True)

    class Meta:
        model = Release
        fields: ClassVar = ["revision", "released_at", "released_by", "note"]


class Releasing(CheckedSerializer):
    """A word of ours about a release; the vendor does not read it."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class Saying(CheckedSerializer):
    """What the vendor says of one line."""

    line = serializers.IntegerField(source="line_number", min_value=1, max_value=2**31 - 1)
    answer = serializers.ChoiceField(LineAnswer.Answer.choices)
    started_at = InstantField(required=False)
    ended_at = InstantField(required=False)
    responsible = serializers.CharField(required=False, max_length=30)
    cause = serializers.CharField(required=False, max_length=10_000)
    amount = MoneyField(minor="amount_minor", currency="currency", required=False)
    until = serializers.DateField(required=False)
    said_by = serializers.CharField(required=False, max_length=150)
    said_at = InstantField(required=False)


class AnswerSerializer(FiguresSerializer):
    """What the vendor said of one line; the newest answer to a line holds."""

    revision = revision_key(read_only=True)
    line = serializers.IntegerField(source="line_number", read_only=True)
    claim = serializers.CharField(source="claim.reference", read_only=True, allow_null=True, default=None)
    amount = MoneyField(minor="amount_minor", currency="revision.currency", read_only=True)
    responsible = serializers.CharField(read_only=True)
    recorded_by = PersonField(read_only=True)

    class Meta:
        model = LineAnswer
        fields: ClassVar = [
            *("id", "revision", "line", "claim", "answer", "started_at", "ended_at", "responsible", "cause"),
            *("amount", "until", "said_by", "said_at", "recorded_at", "recorded_by"),
        ]


class RevisionFilters(django_filters.FilterSet):
    """What narrows a list of finalised statements."""

    statement = KeyFilter(
        "statement",
        model=Statement,
        by=("agreement__contract__reference", "agreement__code", "period"),
    )
    period = django_filters.CharFilter(field_name="statement__period")
    state = django_filters.ChoiceFilter(choices=Statement.State.choices)
    released = django_filters.BooleanFilter(field_name="release", lookup_expr="isnull", exclude=True)
    locals().update(of_contract("statement__agreement__contract"))
    locals().update(instants("finalised_at"))
    locals().update(days("last_on", path="statement__last_on"))


class Revisions(Results):
    """Finalised service level statements: nobody can change one."""

    model = StatementRevision
    serializer_class = RevisionSerializer
    filterset_class = RevisionFilters
    lookup_paths: ClassVar = {
        "contract": "statement__agreement__contract__reference",
        "schedule": "statement__agreement__code",
        "period": "statement__period",
        "number": "number",
    }
    lookup_patterns: ClassVar = {"contract": CODE, "schedule": CODE, "period": CODE, "number": NUMBER}
    ordering_fields: ClassVar = {"finalised_at": "finalised_at", "due": "due_minor"}
    ordering = "-finalised_at"
    select = ("statement__agreement__contract__vendor", "release")
    keyed = frozenset({"release", "answer"})
    permissions: ClassVar = {
        "read": "sla.view_statement",
        "release": "sla.add_release",
        "answer": "sla.add_lineanswer",
    }

    def with_related(self, rows: Any) -> Any:
        """Return revisions without the two long texts, which only one of them is read for."""
        kept = super().with_related(rows)
        return kept if self.action in ("result", "account", "worked_out", "file") else kept.defer(*TEXTS)

    @extend_schema(parameters=[form_parameter(*OF_REVISION)], responses=binary(*KINDS.values()))
    @action(detail=True, filterset_class=None, pagination_class=None, content_negotiation_class=AnyForm)
    def file(self, request: Request, **_: Any) -> HttpResponse:
        """Send the finalised statement, or its evidence, as a file."""
        form, row = wanted_form(request, known=OF_REVISION), self.get_object()
        try:
            return as_download(revision_file(row, form=form))
        except ValueError as error:
            raise Conflict(str(error)) from error

    @extend_schema(request=Releasing, responses={201: ReleaseSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def release(self, request: Request, **_: Any) -> Response:
        """Let the vendor have it: only a person does, once, and it cannot be taken back."""
        row, asked = self.get_object(), self.told(Releasing)
        return self.do(
            lambda: release_revision(row, by=self.by, now=self.now, **asked),
            show=lambda made: self._answered(ReleaseSerializer(made, context=self.get_serializer_context())),
        )

    @extend_schema(request=Saying, responses={201: AnswerSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def answer(self, request: Request, **_: Any) -> Response:
        """Record what the vendor says of a line; earlier answers stay."""
        row, asked = self.get_object(), self.told(Saying)
        in_currency(asked, currency=row.currency)
        return self.do(
            lambda: record_answer(row, by=self.by, now=self.now, **asked),
            show=lambda made: self._answered(AnswerSerializer(made, context=self.get_serializer_context())),
        )

    def _answered(self, serializer: Any) -> Response:
        return Response(serializer.data, status=201)

    def result_of_row(self) -> Any:
        """Return what was frozen; raise Conflict where it was altered."""
        self.refuse_questions()
        row = self.get_object()
        try:
            return frozen_result(row)
        except ValueError as error:
            raise Conflict(f"{row} cannot be read, it was altered: {str(error).splitlines()[0]}") from error


TEXTS = ("inputs", "result")
