"""All rows as a file, written while they are read: a million rows need no more memory than a page."""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.access import ExportThrottle
from vendors.api.bodies import ExactEncoder
from vendors.api.paging import ordered, wanted_order
from vendors.files.spreadsheets import BYTE_ORDER_MARK, CsvLines, guarded

CHUNK = 500
TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


class Exports:
    """Adds `GET .../export` to rows, with the filters, order and fields of their list."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "format",
                str,
                enum=list(TYPES),
                required=True,
                description="csv: for spreadsheets, with a byte order mark; no cell is run as a formula."
                " ndjson: one object a line.",
            )
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
        },
    )
    @action(detail=False, methods=["get"], throttle_classes=[ExportThrottle], pagination_class=None)
    def export(self: Any, request: Request) -> StreamingHttpResponse | Response:
        """Send all rows that you may see and that the filters keep, as a file."""
        kind = request.query_params.get("format", "")
        if kind not in TYPES:
            raise ValidationError({"format": ["Choose csv or ndjson."]})
        rows = ordered(self.filter_queryset(self.get_queryset()), by=wanted_order(request, view=self))
        serializer = self.get_serializer()
        write = _csv if kind == "csv" else _ndjson
        response = StreamingHttpResponse(write(serializer, rows), content_type=TYPES[kind])
        name = f"{request.path.rstrip('/').split('/')[-2]}.{kind}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _read(serializer: Any, rows: Any) -> Iterator[dict[str, Any]]:
    """Yield what rows show, a few hundred in memory at a time."""
    reading = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(reading, CHUNK)):
        serializer.look_ahead(chunk)
        yield from map(serializer.to_representation, chunk)


def _ndjson(serializer: Any, rows: Any) -> Iterator[bytes]:
    for data in _read(serializer, rows):
        yield json.dumps(data, cls=ExactEncoder, ensure_ascii=False).encode() + b"\n"


def _csv(serializer: Any, rows: Any) -> Iterator[bytes]:
    line = CsvLines()
    out = csv.writer(line, quoting=csv.QUOTE_ALL)
    names = [name for name, field in serializer.fields.items() if not field.write_only]
    out.writerow(names)
    yield BYTE_ORDER_MARK + line.take()
    for data in _read(serializer, rows):
        out.writerow([_cell(data[name]) for name in names])
        yield line.take()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return guarded(" ".join(value))
    if isinstance(value, dict | list):
        return guarded(json.dumps(value, cls=ExactEncoder, ensure_ascii=False))
    return guarded(str(value))
