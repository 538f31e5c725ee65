"""Addresses of what stands below claims: parts, moves, the vendor's answers, dated steps."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting
from sla.api.naming import (
    REVISION,
    STATEMENT,
    FiguresSerializer,
    claim_key,
    days,
    of_contract,
    statement_key,
    vendor_key,
)
from sla.api.revisions import AnswerSerializer
from sla.models import Claim, ClaimMove, ClaimPart, ClaimToDo, LineAnswer, Statement, StatementRevision
from sla.services.claims import finish_todo
from vendors.api.fields import MoneyField, PersonField
from vendors.api.filters import KeyFilter, instants
from vendors.api.serializers import CheckedSerializer
from vendors.api.views import Rows

CLAIM = ("reference",)


class PartSerializer(FiguresSerializer):
    """How much of a credit a claim asks for; moving a part is two rows that sum to nothing."""

    claim = claim_key(read_only=True)
    credit = serializers.IntegerField(source="credit_id", read_only=True)
    amount = MoneyField(minor="amount_minor", currency="claim.currency", read_only=True)
    recorded_by = PersonField(read_only=True)

    class Meta:
        model = ClaimPart
        fields: ClassVar = [
            "id",
            "claim",
            "credit",
            "amount",
            "quantity",
            "recorded_at",
            "recorded_by",
            "why",
        ]


class PartFilters(django_filters.FilterSet):
    """What narrows a list of parts."""

    claim = KeyFilter("claim", model=Claim, by=CLAIM)
    credit = django_filters.NumberFilter(field_name="credit_id")
    locals().update(of_contract("claim__contract"))


class Parts(Rows):
    """Which credits claims ask for."""

    model = ClaimPart
    serializer_class = PartSerializer
    filterset_class = PartFilters
    ordering_fields: ClassVar = {"recorded_at": "recorded_at"}
    select = ("claim", "recorded_by")


class MoveSerializer(FiguresSerializer):
    """One step in a claim's life."""

    claim = claim_key(read_only=True)
    old_state = serializers.CharField(read_only=True)
    amount = MoneyField(minor="amount_minor", currency="claim.currency", read_only=True)
    by = PersonField(read_only=True)

    class Meta:
        model = ClaimMove
        fields: ClassVar = [
            *("id", "claim", "old_state", "new_state", "amount", "happened_at", "sent_at", "recorded_at"),
            *("by", "why"),
        ]


class MoveFilters(django_filters.FilterSet):
    """What narrows a list of moves."""

    claim = KeyFilter("claim", model=Claim, by=CLAIM)
    new_state = django_filters.CharFilter()
    locals().update(of_contract("claim__contract"))
    locals().update(instants("happened_at"))
    locals().update(instants("recorded_at"))


class Moves(Rows):
    """What became of claims, step by step."""

    model = ClaimMove
    serializer_class = MoveSerializer
    filterset_class = MoveFilters
    ordering_fields: ClassVar = {"happened_at": "happened_at", "recorded_at": "recorded_at"}
    select = ("claim", "by")


class AnswerFilters(django_filters.FilterSet):
    """What narrows a list of answers."""

    claim = KeyFilter("claim", model=Claim, by=CLAIM)
    revision = KeyFilter("revision", model=StatementRevision, by=REVISION)
    statement = KeyFilter("revision__statement", model=Statement, by=STATEMENT)
    line = django_filters.NumberFilter(field_name="line_number")
    answer = django_filters.ChoiceFilter(choices=LineAnswer.Answer.choices)
    locals().update(of_contract("revision__statement__agreement__contract"))
    locals().update(instants("said_at"))


class Answers(Rows):
    """What vendors said of single lines."""

    model = LineAnswer
    serializer_class = AnswerSerializer
    filterset_class = AnswerFilters
    ordering_fields: ClassVar = {"said_at": "said_at"}
    select = ("revision__statement__agreement__contract", "claim", "recorded_by")

    def with_related(self, rows: Any) -> Any:
        """Return answers without the long texts of the revisions."""
        return super().with_related(rows).defer("revision__inputs", "revision__result")


class StepSerializer(FiguresSerializer):
    """A dated step that a clause wants, from us or from the vendor, by one reading of it."""

    statement = statement_key(read_only=True)
    vendor = vendor_key(source="statement.agreement.contract.vendor", read_only=True)
    claim = claim_key(read_only=True)
    done_by = PersonField(read_only=True)

    class Meta:
        model = ClaimToDo
        fields: ClassVar = [
            *("id", "statement", "vendor", "claim", "party", "what", "text", "incident", "reading", "clause"),
            *("required", "due_on", "due_until", "done_at", "done_by", "note", "dropped_at"),
        ]


class StepFilters(django_filters.FilterSet):
    """What narrows a list of dated steps."""

    claim = KeyFilter("claim", model=Claim, by=CLAIM)
    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    party = django_filters.ChoiceFilter(choices=ClaimToDo.Party.choices)
    what = django_filters.CharFilter()
    open = django_filters.BooleanFilter(method="kept_open")
    locals().update(of_contract("statement__agreement__contract"))
    locals().update(days("due_on"))

    def kept_open(self, rows: Any, name: str, value: bool) -> Any:
        """Return those that are neither done nor dropped, or the others."""
        still = {"done_at": None, "dropped_at": None}
        return rows.filter(**still) if value else rows.exclude(**still)


class Finishing(CheckedSerializer):
    """How a dated step was done."""

    note = serializers.CharField(max_length=2000, help_text="A ticket number, whom you told.")


class Steps(Acting):
    """Deadlines and other dated steps of claims, ours and the vendor's."""

    model = ClaimToDo
    serializer_class = StepSerializer
    filterset_class = StepFilters
    ordering_fields: ClassVar = {"due_on": "due_on", "due_until": "due_until"}
    ordering = "due_until"
    select = ("statement__agreement__contract__vendor", "claim", "done_by")
    keyed = frozenset({"finish"})
    permissions: ClassVar = {"read": "sla.view_claim", "finish": "sla.change_claim"}

    @extend_schema(request=Finishing, responses=StepSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def finish(self, request: Request, **_: Any) -> Response:
        """Note how a dated step was done; sending and receipt are recorded on the claim itself."""
        row, asked = self.get_object(), self.told(Finishing)
        return self.do(lambda: finish_todo(row, by=self.by, now=self.now, **asked), show=self.shown)
