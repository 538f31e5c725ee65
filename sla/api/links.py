"""Addresses of what vendors were let have, of the links they read it by, and of what they answered."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Count, Max
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sla.api.naming import REVISION, FiguresSerializer, money, of_contract, revision_key, vendor_key
from sla.api.revisions import ReleaseSerializer
from sla.models import (
    AnswerDecision,
    Release,
    StatementLink,
    StatementLinkView,
    StatementRevision,
    VendorAnswer,
    VendorAnswerLine,
)
from sla.selectors.links import with_lines
from vendors.api.fields import MONEY_SCHEMA, InstantField, PersonField
from vendors.api.filters import KeyFilter, instants
from vendors.api.serializers import RowSerializer
from vendors.api.views import Rows

OF_RELEASE = "revision__statement__agreement__contract"
OF_LINK = f"release__{OF_RELEASE}"
LONG = ("inputs", "result")


def _without_long(rows: Any, *, path: str) -> Any:
    """Return rows without the long texts of the revisions that they hang on."""
    return rows.defer(*(f"{path}__{name}" for name in LONG))


class ReleasedSerializer(ReleaseSerializer):
    """A finalised statement that the vendor was let have, and with which report it went."""

    vendor = vendor_key(source="revision.statement.agreement.contract.vendor", read_only=True)
    sent_report = serializers.IntegerField(source="report_id", read_only=True, allow_null=True)

    class Meta(ReleaseSerializer.Meta):
        fields: ClassVar = ["id", "vendor", *ReleaseSerializer.Meta.fields, "sent_report"]


class ReleaseFilters(django_filters.FilterSet):
    """What narrows a list of releases."""

    revision = KeyFilter("revision", model=StatementRevision, by=REVISION)
    locals().update(of_contract(OF_RELEASE))
    locals().update(instants("released_at"))


class Releases(Rows):
    """What vendors were let have. `POST revisions/…/release` makes one."""

    model = Release
    serializer_class = ReleasedSerializer
    filterset_class = ReleaseFilters
    ordering_fields: ClassVar = {"released_at": "released_at"}
    ordering = "-released_at"
    select = ("revision__statement__agreement__contract__vendor", "released_by")

    def with_related(self, rows: Any) -> Any:
        """Return releases without the long texts of the revisions."""
        return _without_long(super().with_related(rows), path="revision")


class LinkSerializer(RowSerializer):
    """A link that opens one released statement to whoever has it. Its key is nowhere on file."""

    revision = revision_key(source="release.revision", read_only=True)
    made_by = PersonField(read_only=True)
    revoked_by = PersonField(read_only=True)
    message = serializers.IntegerField(source="message_id", read_only=True, allow_null=True)
    uses = serializers.IntegerField(read_only=True)
    last_used_at = InstantField(read_only=True, allow_null=True)

    class Meta:
        model = StatementLink
        fields: ClassVar = [
            *("id", "revision", "name", "address", "made_at", "made_by", "expires_at", "message"),
            *("revoked_at", "revoked_by", "revoked_why", "uses", "last_used_at"),
        ]


class LinkFilters(django_filters.FilterSet):
    """What narrows a list of links."""

    revision = KeyFilter("release__revision", model=StatementRevision, by=REVISION)
    revoked = django_filters.BooleanFilter(field_name="revoked_at", lookup_expr="isnull", exclude=True)
    locals().update(of_contract(OF_LINK))
    locals().update(instants("made_at"))
    locals().update(instants("expires_at"))


class Links(Rows):
    """Links for vendors, as on the page of the revision; they are made and withdrawn there."""

    model = StatementLink
    serializer_class = LinkSerializer
    filterset_class = LinkFilters
    ordering_fields: ClassVar = {"made_at": "made_at", "expires_at": "expires_at"}
    ordering = "-made_at"
    select = ("release__revision__statement__agreement__contract", "made_by", "revoked_by")

    def with_related(self, rows: Any) -> Any:
        """Return links with how often each was used and when last."""
        counted = super().with_related(rows).annotate(uses=Count("views"), last_used_at=Max("views__at"))
        return _without_long(counted, path="release__revision")


class UseSerializer(RowSerializer):
    """One time that a link was used: what was asked for, from where."""

    class Meta:
        model = StatementLinkView
        fields: ClassVar = ["id", "link", "at", "what", "address", "agent"]


class UseFilters(django_filters.FilterSet):
    """What narrows a list of uses."""

    link = django_filters.NumberFilter(field_name="link_id")
    what = django_filters.ChoiceFilter(choices=StatementLinkView.What.choices)
    locals().update(of_contract(f"link__{OF_LINK}"))
    locals().update(instants("at"))


class Uses(Rows):
    """Every time that a link was used."""

    model = StatementLinkView
    serializer_class = UseSerializer
    filterset_class = UseFilters
    ordering_fields: ClassVar = {"at": "at"}
    ordering = "-at"


class DecisionSerializer(RowSerializer):
    """That a person here took a line as recorded, or set it aside."""

    line_answer = serializers.IntegerField(source="recorded_id", read_only=True, allow_null=True)
    by = PersonField(read_only=True)

    class Meta:
        model = AnswerDecision
        fields: ClassVar = ["line_answer", "why", "by", "at"]


class SaidSerializer(RowSerializer):
    """What the vendor says of one line; `file` is the name of what is to show it."""

    says = serializers.CharField(read_only=True, help_text="As `answer` of line answers.")
    amount = serializers.SerializerMethodField()
    file = serializers.CharField(source="file_name", read_only=True)
    decision = DecisionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = VendorAnswerLine
        fields: ClassVar = [
            *("line_number", "says", "started_at", "ended_at", "amount", "text", "invoice", "invoice_on"),
            *("until", "file", "file_digest", "decision"),
        ]

    @extend_schema_field({**MONEY_SCHEMA, "type": ["object", "null"]})
    def get_amount(self, row: VendorAnswerLine) -> Any:
        """Return the vendor's amount, in the currency of the statement."""
        return money(row.amount_minor, currency=row.answer.link.release.revision.currency)

    def to_representation(self, instance: VendorAnswerLine) -> dict[str, Any]:
        """Return a line, with no decision where nobody has decided yet."""
        if not hasattr(instance, "decision"):
            instance.decision = None
        return dict(super().to_representation(instance))


class SentAnswerSerializer(FiguresSerializer):
    """What somebody at the vendor sent through a link, confirmed by a code. It moves no figure."""

    revision = revision_key(source="link.release.revision", read_only=True)
    vendor = vendor_key(source="link.release.revision.statement.agreement.contract.vendor", read_only=True)
    lines = SaidSerializer(many=True, read_only=True)

    class Meta:
        model = VendorAnswer
        fields: ClassVar = [
            *("id", "link", "revision", "vendor", "name", "role", "address", "said_at", "sent_from", "lines"),
        ]


class SentAnswerFilters(django_filters.FilterSet):
    """What narrows a list of answers through links."""

    link = django_filters.NumberFilter(field_name="link_id")
    revision = KeyFilter("link__release__revision", model=StatementRevision, by=REVISION)
    locals().update(of_contract(f"link__{OF_LINK}"))
    locals().update(instants("said_at"))


class SentAnswers(Rows):
    """What vendors answered through links; a person decides about each line on the page of the revision."""

    model = VendorAnswer
    serializer_class = SentAnswerSerializer
    filterset_class = SentAnswerFilters
    ordering_fields: ClassVar = {"said_at": "said_at"}
    ordering = "-said_at"
    select = ("link__release__revision__statement__agreement__contract__vendor",)

    def with_related(self, rows: Any) -> Any:
        """Return answers with their lines, without the bytes of files."""
        return _without_long(with_lines(super().with_related(rows)), path="link__release__revision")
