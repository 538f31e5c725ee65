"""How the API describes itself: OpenAPI 3.1, with the problems that any address may answer."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_parameter_type
from drf_spectacular.utils import OpenApiParameter

from vendors.api.keys import HEADER, KEY
from vendors.api.paging import MOST_ROWS, ORDERING
from vendors.api.problems import MEDIA_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:recourse:problem:invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string", "description": "Stands in our log beside what happened."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Such as `rows[3].vendor`; empty: the whole."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
REFUSED = {
    "description": "Refused: what is wrong, in which field, and what to do.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
ETAG = {"ETag": {"description": "The state that this shows.", "schema": {"type": "string"}}}


class Described(AutoSchema):
    """Describes the keys in addresses, idempotency keys, and ETags."""

    def get_operation_id(self) -> str:
        """Return a name that says what is done to what."""
        words = self.path.removeprefix("/api/v1/").split("/")
        names = [word for word in words if not word.startswith("{")]
        action = str(self.seen.action)
        return "_".join(names if names[-1] == action else [*names, action]).replace("-", "_")

    @property
    def seen(self) -> Any:
        """Return the view, which is one of ours."""
        return self.view

    def get_tags(self) -> list[str]:
        """Return the kind of record as the heading."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_override_parameters(self) -> list[Any]:
        """Add the idempotency key to what may be sent with a POST, and `fields` to what reads."""
        view, found = self.seen, list(super().get_override_parameters())
        if self.method == "POST" and view.action not in getattr(view, "reading", ()):
            found.append(
                OpenApiParameter(
                    HEADER,
                    {"type": "string", "pattern": rf"^{KEY.pattern}$"},
                    OpenApiParameter.HEADER,
                    required=view.action in view.keyed,
                    description="A text of your own, new for each request. Sent again within 24 hours it"
                    " brings the first answer, and nothing is done twice.",
                )
            )
        if self.method == "GET" and hasattr(view, "wanted_fields"):
            found.append(
                OpenApiParameter("fields", str, description="Which fields to show, with commas between.")
            )
        if self.method == "GET" and view.action == "retrieve":
            found.append(
                OpenApiParameter(
                    "If-None-Match", str, OpenApiParameter.HEADER, description="An ETag: 304 while it holds."
                )
            )
        if view.action == "export" and view.ordering_fields:
            names = [sign + name for name in view.ordering_fields for sign in ("", "-")]
            found.append(OpenApiParameter(ORDERING, str, enum=names))
        return found

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Describe the parts of keys by the pattern that the address takes."""
        patterns = getattr(self.view, "lookup_patterns", {})
        return [
            build_parameter_type(
                name=name,
                location=OpenApiParameter.PATH,
                description=f"The {name}.",
                schema={"type": "string", "pattern": f"^{patterns.get(name, '[^/]+')}$"},
            )
            for name in variables
        ]


class BearerToken(OpenApiAuthenticationExtension):
    """Tokens of programs."""

    target_class = "vendors.api.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return how a token is sent."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `manage.py make_token` or the admin, with its scopes.",
        }


def with_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to each operation what it answers when it refuses, the ETags, and the rows of a bulk."""
    schemas = result["components"].setdefault("schemas", {})
    for name, schema in schemas.items():
        if name.endswith("Request"):
            _close(schema, patched=name.startswith("Patched"))
    schemas["Problem"] = PROBLEM
    for path in result["paths"].values():
        for method, operation in path.items():
            _complete(operation, method=method)
            if operation["operationId"].endswith("_bulk"):
                _take_rows(operation, schemas=schemas)
            if operation["operationId"].endswith("_retrieve"):
                _loosen(operation, schemas=schemas)
    return result


def _close(schema: dict[str, Any], *, patched: bool) -> None:
    """Say that unknown fields are refused, and that an edit says why."""
    if "properties" in schema:
        schema["additionalProperties"] = False
        if patched and "reason" in schema["properties"]:
            schema["required"] = ["reason"]


def _complete(operation: dict[str, Any], *, method: str) -> None:
    answers, name = operation.get("responses", {}), operation["operationId"]
    answers["default"] = REFUSED
    if name.endswith(("_retrieve", "_create", "_partial_update")):
        for code in {"200", "201"} & answers.keys():
            answers[code]["headers"] = ETAG
    if method == "get" and name.endswith("_retrieve"):
        answers["304"] = {"description": "It still is in the state of If-None-Match."}


def _take_rows(operation: dict[str, Any], *, schemas: dict[str, Any]) -> None:
    """Describe the body of a bulk: the reason once, and rows that leave it out."""
    content = operation["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rsplit("/", 1)[1]
    row = {key: value for key, value in schemas[name].items() if key != "required"}
    row["properties"] = {key: value for key, value in row["properties"].items() if key != "reason"}
    schemas[f"{name.removesuffix('Request')}Row"] = row
    rows = {"type": "array", "minItems": 1, "maxItems": MOST_ROWS}
    rows["items"] = {"$ref": f"#/components/schemas/{name.removesuffix('Request')}Row"}
    body = {"type": "object", "required": ["reason", "rows"], "additionalProperties": False}
    body["properties"] = {"reason": schemas[name]["properties"]["reason"], "rows": rows}
    operation["requestBody"]["content"] = {"application/json": {"schema": body}}


def _loosen(operation: dict[str, Any], *, schemas: dict[str, Any]) -> None:
    """Say that `fields` may leave out any field of a row."""
    shown = operation["responses"]["200"]["content"]["application/json"]["schema"]
    schema = schemas[shown["$ref"].rsplit("/", 1)[1]]
    if "required" in schema:
        del schema["required"]
        schema["description"] = f"{schema.get('description', '')} All fields, unless `fields` narrows them."
