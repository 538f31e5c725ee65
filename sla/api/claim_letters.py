"""Addresses of the letters of claims: as each would be made now, made and kept, and taken away."""

from typing import Any, ClassVar

import django_filters
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting
from sla.api.files import AnyForm, as_download, binary, form_parameter, wanted_form
from sla.api.naming import FiguresSerializer, claim_key, of_contract, vendor_key
from sla.models import Claim, ClaimLetter
from sla.services.letters import LETTER_FORMS, letter_file, letter_preview, make_letter
from sla.services.statement_files import KINDS
from vendors.api.fields import PersonField
from vendors.api.filters import KeyFilter, instants
from vendors.api.serializers import CheckedSerializer
from vendors.api.views import Rows


class ClaimLetterSerializer(FiguresSerializer):
    """A letter as it was made; when it was sent is said of the claim."""

    claim = claim_key(read_only=True)
    vendor = vendor_key(source="claim.contract.vendor", read_only=True)
    made_by = PersonField(read_only=True)

    class Meta:
        model = ClaimLetter
        fields: ClassVar = [
            *("id", "claim", "vendor", "template", "recipient", "subject", "body", "portal_text"),
            *("pdf_digest", "made_at", "made_by"),
        ]


class LetterFilters(django_filters.FilterSet):
    """What narrows a list of letters."""

    claim = KeyFilter("claim", model=Claim, by=("reference",))
    locals().update(of_contract("claim__contract"))
    locals().update(instants("made_at"))


class Letters(Rows):
    """Letters of claims, kept as they were made."""

    model = ClaimLetter
    serializer_class = ClaimLetterSerializer
    filterset_class = LetterFilters
    ordering_fields: ClassVar = {"made_at": "made_at"}
    ordering = "-made_at"
    select = ("claim__contract__vendor", "made_by")
    permissions: ClassVar = {"read": "sla.view_claim"}

    def with_related(self, rows: Any) -> Any:
        """Return letters without the bytes of their PDF."""
        return super().with_related(rows).defer("pdf")

    @extend_schema(parameters=[form_parameter(*LETTER_FORMS)], responses=binary(KINDS["pdf"], KINDS["txt"]))
    @action(detail=True, filterset_class=None, pagination_class=None, content_negotiation_class=AnyForm)
    def file(self, request: Request, **_: Any) -> HttpResponse:
        """Send a letter as PDF, or its subject and text for a mail."""
        form = wanted_form(request, known=LETTER_FORMS)
        return as_download(letter_file(self.get_object(), form=form))


class ClaimLetterPreviewSerializer(serializers.Serializer):
    """A letter as it would be made now."""

    template = serializers.CharField()
    recipient = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    portal_text = serializers.CharField()
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="What the clause wants in it and the records do not hold."
    )
    warnings = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "With what the clause wants",
            {"additions": {"router logs": "enclosed as router.txt"}},
            request_only=True,
        )
    ]
)
class Writing(CheckedSerializer):
    """What is said of that which the clause wants in the letter and the records do not hold."""

    additions = serializers.DictField(
        child=serializers.CharField(max_length=2000),
        required=False,
        help_text="By each item of `missing`; what is left out stays out of the letter.",
    )


class WritesLetters(Acting):
    """Adds to claims the letter that would be made now, and the making of it."""

    @extend_schema(responses=ClaimLetterPreviewSerializer)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def letter(self, request: Request, **_: Any) -> Response:
        """Return the letter as it would be made now, and what the clause still wants in it."""
        claim = self.get_object()
        self.refuse_questions()
        return Response(ClaimLetterPreviewSerializer(letter_preview(claim, now=self.now)).data)

    @extend_schema(request=Writing, responses={201: ClaimLetterSerializer})
    @action(detail=True, methods=["post"], filterset_class=None, url_path="write-letter")
    def write_letter(self, request: Request, **_: Any) -> Response:
        """Make the letter and keep it as it is. Send it, then say so with `submit`."""
        claim, asked = self.get_object(), self.told(Writing)
        return self.do(
            lambda: make_letter(claim, by=self.by, now=self.now, **asked),
            show=lambda made: self.shown_as(Letters, made, at="claim-letters", status=201),
        )
