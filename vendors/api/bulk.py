"""Many records at once, all or none: each is entered, or changed where its key is known."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.fields import key_of
from vendors.api.paging import MOST_ROWS
from vendors.api.problems import as_known
from vendors.api.serializers import RecordSerializer, stated_reason
from vendors.models import Tracked

OUTCOMES = ("created", "updated", "unchanged")
RESULTS = inline_serializer(
    "BulkResults",
    {
        "results": inline_serializer(
            "BulkResult",
            {
                "row": serializers.IntegerField(help_text="From 0, in the order that was sent."),
                "key": serializers.CharField(),
                "outcome": serializers.ChoiceField(OUTCOMES),
            },
            many=True,
        ),
        **{name: serializers.IntegerField() for name in OUTCOMES},
    },
)


class Bulk:
    """Adds `PUT .../bulk` to records; `bulk_key` names the fields that tell one row from another."""

    # Field of the API -> path of the model.
    bulk_key: ClassVar[Mapping[str, str]] = {}

    @extend_schema(responses=RESULTS)
    @action(detail=False, methods=["put"], filterset_class=None, pagination_class=None)
    def bulk(self: Any, request: Request) -> Response:
        """Enter or change up to 500 records, all or none. A row names at least its key."""
        body = cast("dict[str, Any]", request.data)
        rows, reason = _rows(body), stated_reason(body)
        context = {**self.get_serializer_context(), "reason": reason}
        problems: list[Any] = []
        results: list[dict[str, Any]] = []
        with transaction.atomic():
            for number, row in enumerate(rows):
                try:
                    with transaction.atomic():
                        results.append({"row": number, **self.upserted(row, context=context)})
                        problems.append({})
                except (exceptions.APIException, ModelError, IntegrityError) as error:
                    known = as_known(error, names=self.field_names)
                    problems.append(known.detail if known is not None else {})
            if any(problems):
                raise exceptions.ValidationError({"rows": problems})
        counts = {name: sum(each["outcome"] == name for each in results) for name in OUTCOMES}
        return Response({"results": results, **counts})

    def upserted(self: Any, data: Any, *, context: dict[str, Any]) -> dict[str, str]:
        """Save one row, and return its key and what became of it."""
        if not isinstance(data, Mapping):
            raise exceptions.ValidationError("A row is an object.")
        serializer_class: type[RecordSerializer] = self.get_serializer_class()
        found = self.row_of(data, context=context)
        without_reason = frozenset(serializer_class().fields) - {"reason"}
        serializer = serializer_class(
            found, data=data, partial=found is not None, context=context, only=without_reason
        )
        serializer.is_valid(raise_exception=True)
        row = serializer.save()
        return {"key": key_of(row, by=tuple(self.lookup_paths.values())), "outcome": str(serializer.outcome)}

    def row_of(self: Any, data: Mapping[str, Any], *, context: dict[str, Any]) -> Tracked | None:
        """Return the row that some data is about, among those that the reader may see."""
        fields = self.get_serializer_class()(context=context).fields
        look: dict[str, Any] = {}
        for name, path in self.bulk_key.items():
            field = fields[name]
            try:
                look[path] = field.run_validation(data.get(name, serializers.empty))
            except serializers.SkipField:
                look[path] = self.model._meta.get_field(path).get_default()
            except exceptions.ValidationError as error:
                raise exceptions.ValidationError({name: error.detail}) from error
        absent = {f"{path}__isnull": True for path, value in look.items() if value is None}
        present = {path: value for path, value in look.items() if value is not None}
        row: Tracked | None = self.get_queryset().filter(**present, **absent).first()
        return row


def _rows(data: Mapping[str, Any]) -> list[Any]:
    unknown = sorted(set(data) - {"reason", "rows"})
    if unknown:
        raise exceptions.ValidationError({name: ["Known here: reason, rows."] for name in unknown})
    rows = data.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise exceptions.ValidationError({"rows": [f"Send a list of 1 to {MOST_ROWS} rows."]})
    return rows
