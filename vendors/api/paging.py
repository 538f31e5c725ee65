"""Pages that stand still: each begins after the last row of the one before."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import DataError, models
from django.db.models import F, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

USUAL, MOST = 50, 200
# Of a bulk.
MOST_ROWS = 500
CURSOR, LIMIT, ORDERING = "cursor", "limit", "ordering"


def ordered(rows: QuerySet[Any], *, by: str) -> QuerySet[Any]:
    """Return rows in an order that no two share: ties go by number, and what is empty comes last."""
    path, down = by.lstrip("-"), by.startswith("-")
    term = F(path).desc(nulls_last=True) if down else F(path).asc(nulls_last=True)
    return rows.order_by(*(() if path == "pk" else (term,)), "-pk" if down else "pk")


def wanted_order(request: Request, *, view: Any) -> str:
    """Return the look-up to order by; raise ValidationError for one that is not offered."""
    offered: dict[str, str] = view.ordering_fields
    asked = request.query_params.get(ORDERING, "")
    if not asked:
        return str(view.ordering)
    if asked.lstrip("-") not in offered or asked.startswith("--"):
        names = ", ".join(offered) or "nothing"
        raise ValidationError({ORDERING: [f"{asked!r} is not offered. Order by: {names}, with - downwards."]})
    return f"{'-' if asked.startswith('-') else ''}{offered[asked.lstrip('-')]}"


class Pages(BasePagination):
    """At most `limit` rows, and the address of the next page."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that the address asks for."""
        by = wanted_order(request, view=view)
        self.request, limit = request, self._limit(request)
        rows = ordered(queryset, by=by)
        cursor = request.query_params.get(CURSOR)
        try:
            if cursor:
                rows = rows.filter(_after(rows.model, by=by, place=_read(cursor, by=by)))
            page = list(rows[: limit + 1])
        except (ModelError, DataError, OverflowError, ValueError, TypeError):
            if not cursor:
                raise
            raise ValidationError({CURSOR: ["It is not one that we gave, or of another order."]}) from None
        self.next = _written(page[limit - 1], by=by) if len(page) > limit else None
        return page[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        """Return the rows, and where the next are."""
        return Response({"results": data, "next": self._address()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a page looks like."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "Address of the next page; null on the last.",
                    # Examples of rows are shown in a page, which needs one of this too.
                    "example": "https://recourse.example.com/api/v1/vendors?cursor=WyJwayIsbnVsbCw1MF0",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return what an address may say of pages."""
        names = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        order = {"type": "string", "enum": names}
        return [
            {
                "name": CURSOR,
                "in": "query",
                "schema": {"type": "string"},
                "description": "Where the page begins; taken from `next` of the one before.",
            },
            {
                "name": LIMIT,
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
                "description": "How many rows a page holds.",
            },
            {
                "name": ORDERING,
                "in": "query",
                "schema": order,
                "description": "A minus turns the order; what is empty comes last.",
            },
        ][: 3 if names else 2]

    def _limit(self, request: Request) -> int:
        asked = request.query_params.get(LIMIT, str(USUAL))
        is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
        if not is_number or not 1 <= int(asked) <= MOST:
            told = (
                f"{asked[:40]!r} is not a number from 1 to {MOST}. More come page by page, at `next`, or all"
                " at once from /export."
            )
            raise ValidationError({LIMIT: [told]})
        return int(asked)

    def _address(self) -> str | None:
        if self.next is None:
            return None
        query = self.request.query_params.copy()
        query[CURSOR] = self.next
        return str(self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}"))


def _field(model: type[models.Model], *, path: str) -> "models.Field[Any, Any]":
    field: models.Field[Any, Any] | Any = None
    for name in path.split("__"):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        model = getattr(field, "related_model", None) or model
    return field


def _value(row: Any, *, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def _written(row: Any, *, by: str) -> str:
    value = _value(row, path=by.lstrip("-"))
    text = None if value is None else str(value.isoformat() if hasattr(value, "isoformat") else value)
    return urlsafe_b64encode(json.dumps([by, text, row.pk]).encode()).decode().rstrip("=")


def _read(cursor: str, *, by: str) -> tuple[str | None, int]:
    if not cursor.isascii() or len(cursor) > 2000:
        raise ValueError("no cursor of ours")
    read = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    made_by, text, pk = read
    if made_by != by or not isinstance(pk, int) or not (text is None or isinstance(text, str)):
        raise ValueError("no cursor of this order")
    return text, pk


def _after(model: type[models.Model], *, by: str, place: tuple[str | None, int]) -> Q:
    """Return what comes after a place."""
    path, (text, pk) = by.lstrip("-"), place
    beyond = "lt" if by.startswith("-") else "gt"
    later = Q(**{f"pk__{beyond}": pk})
    if path == "pk":
        return later
    if text is None:
        return Q(**{f"{path}__isnull": True}) & later
    value = _field(model, path=path).to_python(text)
    return Q(**{f"{path}__{beyond}": value}) | Q(**{path: value}) & later | Q(**{f"{path}__isnull": True})
