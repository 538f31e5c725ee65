"""Contracts as documents: tried out without storing anything, loaded, and written from what is on file."""

import json
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError as ModelError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle

from sla.api.files import AnyForm, as_download, form_parameter, wanted_form
from sla.documents import Document, DocumentError, read_document, remarks
from sla.documents.writing import write_document
from sla.reports.plain import plain_result
from sla.services import LoadReport, export_document, load_document
from sla.services.statement_files import File
from sla.services.trial_runs import tried_results
from vendors.api.fields import InstantField
from vendors.api.problems import Conflict, TooLarge
from vendors.api.routes import CODE
from vendors.api.serializers import CheckedSerializer
from vendors.api.views import Addresses
from vendors.models import WRITE, ApiToken, Contract
from vendors.services import Saved

LARGEST = 1_000_000
# What a document may write into; a token needs the scopes of all of them.
WRITTEN = ("register", "incidents", "terms")
SAMPLE = {
    "vendor": {"slug": "acme", "name": "Acme"},
    "contract": {
        "reference": "ACME-1",
        "name": "Power",
        "currency": "USD",
        "zone": "UTC",
        "effective_from": "2019-01-01",
    },
}


class Telling(CheckedSerializer):
    """A contract document: as an object, or as the text of a TOML or JSON file. See FORMAT.md."""

    document = serializers.DictField(required=False, help_text="The document as a JSON object.")
    text = serializers.CharField(
        required=False, trim_whitespace=False, max_length=LARGEST, help_text="The document as TOML or JSON."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Read the document; refuse none, two, and one with faults."""
        if ("document" in attrs) == ("text" in attrs):
            raise ValidationError({"document": ["Send the document either as `document` or as `text`."]})
        place = "document" if "document" in attrs else "text"
        told = attrs.pop(place)
        data = (told if place == "text" else json.dumps(told)).encode()
        if len(data) > LARGEST:
            raise TooLarge(f"The document has {len(data):,} bytes; at most {LARGEST:,} are read here.")
        return {**attrs, "document": _read(data, place=place)}


def _read(data: bytes, *, place: str) -> Document:
    try:
        return read_document(data, name=place)
    except DocumentError as error:
        faults: dict[str, list[ErrorDetail]] = {}
        for problem in error.problems:
            at = f"{place}.{problem.place}" if problem.place else place
            faults.setdefault(at, []).append(ErrorDetail(problem.message, code="document"))
        raise ValidationError(faults) from error


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "June of a document",
            {"document": SAMPLE, "agreement": "uptime", "period": "2019-06"},
            request_only=True,
        )
    ]
)
class Trying(Telling):
    """What is to be tried."""

    agreement = serializers.CharField(required=False, default="", help_text="One SLA schedule; else all.")
    period = serializers.CharField(
        required=False, max_length=30, help_text="Such as 2019-06; else every period touched."
    )
    known_until = InstantField(required=False, help_text="Later seconds are unknown.")


class TriedSerializer(serializers.Serializer):
    """What a document comes to."""

    results = serializers.ListField(
        child=serializers.DictField(), help_text="As `manage.py evaluate --format json` writes each."
    )
    notes = serializers.ListField(child=serializers.CharField(), help_text="Allowed, but to be looked at.")


class EvaluateThrottle(UserRateThrottle):
    """A calculation takes a while: some a minute."""

    scope = "evaluate"
    rate = "30/min"


class Evaluate(Addresses):
    """A contract document tried out: nothing is stored."""

    subject = "evaluate"
    reading = frozenset({"create"})
    serializer_class = TriedSerializer
    throttle_classes = (EvaluateThrottle,)

    @extend_schema(request=Trying, responses={200: TriedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return what the statements of a document come to; nothing is stored.

        Faults are told all at once, each with its place in the document.
        """
        told = self.told(Trying)
        document = told["document"]
        try:
            found = tried_results(
                document,
                agreement=told["agreement"],
                period_label=told.get("period"),
                known_until=told.get("known_until"),
            )
            results = [plain_result(result) for result in found]
        except ValueError as error:
            raise ValidationError({"document": [ErrorDetail(str(error), code="document")]}) from error
        return Response({"results": results, "notes": [str(each) for each in remarks(document)]})


class Loading(Telling):
    """A document to load, and why."""

    reason = serializers.CharField(max_length=500, help_text="One sentence; it is kept in the history.")
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Say what would be done, and do nothing."
    )


class LoadedSerializer(serializers.Serializer):
    """What became of each record of a document."""

    contract = serializers.CharField()
    changed = serializers.BooleanField()
    dry_run = serializers.BooleanField()
    created = serializers.DictField(child=serializers.IntegerField(), help_text="How many, by kind.")
    updated = serializers.DictField(child=serializers.IntegerField(), help_text="How many, by kind.")
    unchanged = serializers.DictField(child=serializers.IntegerField(), help_text="How many, by kind.")
    absent = serializers.ListField(
        child=serializers.CharField(), help_text="On file, not in the document, and left alone."
    )
    notes = serializers.ListField(child=serializers.CharField())


class Documents(Addresses):
    """Contracts as documents, with everything under them."""

    model = Contract
    subject = "terms"
    serializer_class = LoadedSerializer
    lookup_patterns: ClassVar = {"reference": CODE}
    content_negotiation_class = AnyForm
    keyed = frozenset({"create"})
    # A document reaches beyond one vendor: companies, calendars, incidents.
    permissions: ClassVar = {
        "create": "vendors.see_all_vendors",
        "read": "sla.view_servicelevelagreement",
    }

    @extend_schema(request=Loading, responses={200: LoadedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Load a document: all of it or nothing, again and again; nothing is ever deleted.

        Beside seeing all vendors you need the permission to add or change each kind that it writes.
        """
        asked = self.told(Loading)
        self._require_scopes(request)
        document, dry_run = asked["document"], asked["dry_run"]
        try:
            with transaction.atomic():
                report = load_document(document, by=self.by, at=timezone.now(), reason=asked["reason"])
                self._require_permissions(report)
                transaction.set_rollback(dry_run)
        except ModelError as error:
            texts = [ErrorDetail(text, code="document") for text in error.messages]
            raise ValidationError({"document": texts}) from error
        return Response(_told(report, reference=document.contract.reference, dry_run=dry_run))

    @extend_schema(
        operation_id="documents_write",
        parameters=[form_parameter("toml", "json")],
        responses={(200, "application/json"): {"type": "object"}, (200, "application/toml"): str},
    )
    def retrieve(self, request: Request, *, reference: str, **kwargs: Any) -> HttpResponse:
        """Write all that is on file under a contract; loading it again gives the same figures."""
        form = wanted_form(request, known=("toml", "json"))
        row = Contract.objects.all().visible_to(self.by).filter(reference=reference).first()
        if row is None:
            raise Http404
        for permission in ("vendors.view_contract", "incidents.view_incident"):
            if not self.by.has_perm(permission):
                raise PermissionDenied(f"You need the permission {permission}.")
        try:
            body = write_document(export_document(row), form=cast(Any, form)).encode()
        except ValueError as error:
            raise Conflict(f"{row.reference} cannot be written as a document: {error}.") from error
        return as_download(File(name=f"{row.reference}.{form}", body=body))

    def _require_scopes(self, request: Request) -> None:
        token = request.auth
        for subject in WRITTEN:
            if isinstance(token, ApiToken) and not token.opens(subject, act=WRITE):
                raise PermissionDenied(f"This token needs the scope {subject}:{WRITE}.")

    def _require_permissions(self, report: LoadReport) -> None:
        wanted = {line.permission for line in report.lines} - {""}
        missing = sorted(each for each in wanted if not self.by.has_perm(each))
        if missing:
            raise PermissionDenied(f"You need the permission {', '.join(missing)}. Nothing was loaded.")


def _told(report: LoadReport, *, reference: str, dry_run: bool) -> dict[str, Any]:
    counts = report.counts()
    by_outcome = {
        outcome.value: {kind: done[outcome] for kind, done in counts.items() if done[outcome]}
        for outcome in (Saved.CREATED, Saved.UPDATED, Saved.UNCHANGED)
    }
    return {
        "contract": reference,
        "changed": report.changed,
        "dry_run": dry_run,
        **by_outcome,
        "absent": [f"{kind}: {name}" for kind, name in report.absent],
        "notes": list(report.remarks),
    }
