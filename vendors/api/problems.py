"""Every error of the API as problem details (RFC 9457): what is wrong, in which field, and what to do."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, RequestDataTooBig, ValidationError
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback
from structlog.contextvars import get_contextvars

from vendors.services.approvals import SecondPersonNeeded

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
Problem = dict[str, Any]
WHOLE = ("", NON_FIELD_ERRORS, "non_field_errors")


class Conflict(exceptions.APIException):
    """The record is not in the state that this needs."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Stale(exceptions.APIException):
    """The record is no longer what the sender saw."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed_meanwhile"


class TooLarge(exceptions.APIException):
    """More bytes than are read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class OtherRequest(exceptions.APIException):
    """An idempotency key that was used for something else."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "key_reused"


class PreconditionRequired(exceptions.APIException):
    """An edit that does not say what it saw."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "if_match_missing"


class Unavailable(exceptions.APIException):
    """The database is busy or away."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"


TITLES = {
    400: "The request is not valid",
    401: "Who asks is not known",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    406: "Cannot be answered in that form",
    409: "Not possible in the present state",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Not readable in that form",
    422: "The key was used for another request",
    428: "Say which state you change",
    429: "Too many requests",
    500: "Our fault",
    503: "Busy",
}


def problem_of(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the answer to a request that failed; what nobody expected is logged, and named by its number."""
    view = context.get("view")
    takes = [parser.media_type for parser in view.get_parsers()] if view is not None else []
    known = as_known(error, names=getattr(view, "field_names", None), takes=takes)
    if known is None:
        logger.exception("the API failed")
        known = exceptions.APIException("The request failed here; it is logged under its request_id.")
    if isinstance(error, OperationalError):
        logger.warning("the database does not answer: %s", str(error).strip())
    set_rollback()
    request: HttpRequest | Request | None = context.get("request")
    response = Response(problem(known, path=request.path if request is not None else ""), known.status_code)
    response.content_type = MEDIA_TYPE
    if header := getattr(known, "auth_header", None):
        response.headers["WWW-Authenticate"] = header
    if (wait := getattr(known, "wait", None)) is not None:
        response.headers["Retry-After"] = str(int(wait) + 1)
    return response


def as_known(
    error: Exception, *, names: Mapping[str, str] | None = None, takes: Iterable[str] = ()
) -> exceptions.APIException | None:
    """Return what a service or the database raised as what the API answers; None for what is a fault."""
    if isinstance(error, exceptions.APIException):
        return _advised(error, takes=takes)
    if isinstance(error, SecondPersonNeeded):
        return Conflict(" ".join(error.messages), code="second_person")
    if isinstance(error, ValidationError):
        return exceptions.ValidationError(details_of(error, names=names or {}))
    found: list[tuple[type[Exception] | tuple[type[Exception], ...], exceptions.APIException]] = [
        ((Http404, ObjectDoesNotExist), exceptions.NotFound("There is no such record that you may see.")),
        (DjangoPermissionDenied, exceptions.PermissionDenied()),
        (RequestDataTooBig, TooLarge("The body is larger than is read here. Send it in parts.")),
        (UnreadablePostError, exceptions.ParseError("The body broke off. Send it again.")),
        (ProtectedError, Conflict("Other records depend on it.")),
        (IntegrityError, Conflict("Somebody else wrote the same at this moment. Read it, and try again.")),
        (OperationalError, Unavailable("The database is busy. Try again in a moment.")),
    ]
    return next((known for kinds, known in found if isinstance(error, kinds)), None)


def _advised(error: exceptions.APIException, *, takes: Iterable[str]) -> exceptions.APIException:
    """Return a refusal of the framework, which says what is wrong, with what to send instead."""
    if isinstance(error, exceptions.NotAuthenticated):
        error.detail = exceptions.ErrorDetail(
            "It is not known who asks. Send a token, in the header Authorization: Bearer TOKEN. Make one in"
            " the admin under API tokens.",
            code="not_authenticated",
        )
    elif isinstance(error, exceptions.UnsupportedMediaType):
        kinds = " or ".join(f"Content-Type: {each}" for each in takes)
        said = f"{error.detail} Send the body with the header {kinds}."
        error.detail = exceptions.ErrorDetail(said, code="unsupported_media_type")
    return error


def details_of(error: ValidationError, *, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a refusal of a service by field, each by the name that the API gives it."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    found: dict[str, Any] = {}
    for field, errors in by_field.items():
        details = [
            exceptions.ErrorDetail(text, code=each.code or "invalid")
            for each in errors
            for text in each.messages
        ]
        only_reason = field in WHOLE and errors and errors[0].code == "reason"
        found.setdefault("reason" if only_reason else names.get(field, field), []).extend(details)
    return found


def problem(error: exceptions.APIException, *, path: str) -> Problem:
    """Return the body of an answer that refuses."""
    errors = list(_flat(error.detail))
    kind = error.default_code if error.status_code != 400 else _code_of(error)
    return {
        "type": f"urn:recourse:problem:{kind}",
        "title": TITLES.get(error.status_code, "Refused"),
        "status": error.status_code,
        "detail": " ".join(dict.fromkeys(each["detail"] for each in errors))[:2000],
        "instance": path,
        "request_id": get_contextvars().get("request", ""),
        "errors": errors,
    }


def _code_of(error: exceptions.APIException) -> str:
    return "malformed" if isinstance(error, exceptions.ParseError) else str(error.default_code)


def _flat(detail: Any, *, place: str = "") -> Iterator[dict[str, str]]:
    """Yield each error with the field that it is about, such as `rows[3].vendor`; empty for the whole."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = f"[{name}]" if isinstance(name, int) else f".{name}" if place else str(name)
            here = place if name in WHOLE else f"{place}{step}"
            yield from _flat(inner, place=here)
    elif isinstance(detail, list | tuple):
        for number, inner in enumerate(detail):
            # A list of texts is about one field; a list of anything else is one item each.
            deeper = isinstance(inner, Mapping | list | tuple)
            if inner or not deeper:
                yield from _flat(inner, place=f"{place}[{number}]" if deeper else place)
    else:
        yield {"field": place, "code": str(getattr(detail, "code", None) or "invalid"), "detail": str(detail)}


class NothingHere(APIView):
    """Any address under /api/ that is none of ours."""

    schema = None
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer every method alike."""
        self.args, self.kwargs, self.headers = args, kwargs, self.default_response_headers
        asked = self.initialize_request(request, *args, **kwargs)
        self.request = asked
        response = problem_of(
            exceptions.NotFound("No such address. The list of all is at /api/v1/docs."),
            {"view": self, "request": asked},
        )
        asked.accepted_renderer, asked.accepted_media_type = self.perform_content_negotiation(
            asked, force=True
        )
        return self.finalize_response(asked, response, *args, **kwargs)
