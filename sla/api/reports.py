"""Reports as pages, PDF, workbooks, CSV and JSON have them: the same rows, streamed."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.files import FORM, AnyForm, binary
from sla.models import Statement
from sla.reports.editions import Edition
from sla.reports.tables import FORMS
from sla.services.reporting import REPORTS, Offer, make_report, report_file, report_kinds
from sla.services.vendor_reports import VENDOR_REPORT, asked_vendor_report, vendor_report_file
from vendors.api.access import ExportThrottle
from vendors.api.problems import Conflict
from vendors.api.routes import CODE
from vendors.api.views import Addresses

OFFERED = ("csv", "json", "pdf", "xlsx")


class ParameterSerializer(serializers.Serializer):
    """What may be asked of a report."""

    code = serializers.CharField()
    label: Any = serializers.CharField()
    required: Any = serializers.BooleanField()
    help = serializers.CharField()


class KindSerializer(serializers.Serializer):
    """A report that you may have."""

    code = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    parameters = ParameterSerializer(many=True)


ASKED = [
    OpenApiParameter("from", str, description="First day: 2019, 2019-Q2, 2019-06 or 2019-06-25."),
    OpenApiParameter("until", str, description="First day that is left out: 2019-07 for all of June."),
    OpenApiParameter(
        "vendor", str, description="Slug; else all that you may see. The report of one vendor needs it."
    ),
    OpenApiParameter("entity", str, description="Code of one of our companies; else all."),
    OpenApiParameter("as_at", str, description="The books as they were: a day or an instant; else now."),
    OpenApiParameter(
        "edition", str, enum=list(Edition), description="Of the report of one vendor; else internal."
    ),
    OpenApiParameter(FORM, str, enum=list(OFFERED), description="In which form; else json."),
]


class Reports(Addresses):
    """Reports on statements, claims and books."""

    model = Statement
    subject = "reports"
    serializer_class = KindSerializer
    lookup_patterns = {"code": CODE}
    content_negotiation_class = AnyForm
    pagination_class = None

    def get_throttles(self) -> list[Any]:
        """Let whole reports be made only a few times an hour, as exports are."""
        return [ExportThrottle()] if self.action == "retrieve" else super().get_throttles()

    @extend_schema(responses=KindSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the reports that you may have, and what may be asked of each."""
        return Response(KindSerializer((VENDOR_REPORT, *report_kinds(request.user)), many=True).data)

    @extend_schema(
        operation_id="reports_make",
        parameters=ASKED,
        responses=binary(*(FORMS[form].content_type for form in OFFERED)),
    )
    def retrieve(self, request: Request, *, code: str, **kwargs: Any) -> HttpResponseBase:
        """Make a report and send it while it is made. Drafts that the records overtook are computed first."""
        kind = {**REPORTS, VENDOR_REPORT.code: VENDOR_REPORT}.get(code)
        if kind is None:
            raise Http404
        asked = request.query_params.dict()
        form = asked.pop(FORM, "json")
        _refuse_unknown(asked, kind=kind, form=form)
        try:
            name, content_type, chunks = self._made(code, asked=asked, form=form)
            first = next(chunks, b"")
        except ValueError as error:
            raise Conflict(str(error)) from error
        response = StreamingHttpResponse(chain([first], chunks), content_type=content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _made(self, code: str, *, asked: dict[str, str], form: str) -> tuple[str, str, Iterator[bytes]]:
        now = timezone.now()
        if code == VENDOR_REPORT.code:
            return vendor_report_file(asked_vendor_report(asked, user=self.by, now=now), form=form)
        return report_file(make_report(code, parameters=asked, user=self.by, now=now), form=form)


def _refuse_unknown(asked: dict[str, str], *, kind: Offer, form: str) -> None:
    known = {each.code for each in kind.parameters}
    unknown = sorted(set(asked) - known)
    if form not in OFFERED or unknown:
        told = {name: [f"Known here: {', '.join(sorted({*known, FORM}))}."] for name in unknown}
        raise ValidationError(told or {FORM: [f"Choose one of: {', '.join(OFFERED)}."]})
