"""Files that leave through the API, in the form that the address names."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from sla.services.statement_files import File

FORM = "form"


class AnyForm(DefaultContentNegotiation):
    """Lets the address say the form, whatever `Accept` names; only problems are JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type


def form_parameter(*forms: str) -> OpenApiParameter:
    """Return the parameter that names a form."""
    return OpenApiParameter(FORM, str, enum=list(forms), required=True, description="In which form.")


def binary(*kinds: str) -> dict[tuple[int, str], Any]:
    """Return what the schema says of files of these kinds."""
    return {(200, kind): OpenApiTypes.BINARY for kind in kinds}


def wanted_form(request: Request, *, known: tuple[str, ...]) -> str:
    """Return which form is asked for; raise ValidationError for an unknown one, and other words."""
    unknown = sorted(set(request.query_params) - {FORM})
    if unknown:
        raise ValidationError({name: [f"Known here: {FORM}."] for name in unknown})
    form = request.query_params.get(FORM, "")
    if form not in known:
        raise ValidationError({FORM: [f"Choose one of: {', '.join(known)}."]})
    return form


def as_download(file: File) -> HttpResponse:
    """Return a file as an answer."""
    named = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return HttpResponse(file.body, content_type=file.content_type, headers=named)
