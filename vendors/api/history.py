"""What became of a record: who changed it, when and why, with old and new values as the API writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import django_filters
from django.contrib.auth.models import User
from django.db import models
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.fields import InstantField, KeyField, MoneyField, key_of, visible
from vendors.api.filters import InstantFilter
from vendors.api.serializers import NarrowedSerializer
from vendors.models import Reader, Tracked, major_units
from vendors.selectors import history_of, links_of, versions_before

EMPTY: tuple[Any, ...] = (None, "", [], {})
KINDS = {"+": "created", "~": "changed", "-": "removed"}


@extend_schema_field(
    {"description": "As the record itself writes it; null for none, and for what you may not see."}
)
class ValueField(serializers.ReadOnlyField):
    """A value of any kind."""


class FieldChangeSerializer(serializers.Serializer):
    """One field of a record, as it was and as it became."""

    field: Any = serializers.CharField(help_text="As the record calls it.")
    old = ValueField()
    new = ValueField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A vendor became critical",
            {
                "number": 1042,
                "at": "2019-06-25T04:15:00Z",
                "by": "maria",
                "kind": "changed",
                "reason": "Second site moved there",
                "changes": [{"field": "criticality", "old": "normal", "new": "high"}],
            },
            response_only=True,
        )
    ]
)
class ChangeSerializer(NarrowedSerializer):
    """One change of a record; the first one names every field that was filled."""

    number = serializers.IntegerField()
    at = InstantField()
    by = serializers.CharField(help_text="User name.")
    kind = serializers.ChoiceField(choices=list(KINDS.values()))
    reason = serializers.CharField()
    changes = FieldChangeSerializer(many=True)


class ChangeFilters(django_filters.FilterSet):
    """What narrows the history of a record."""

    by = django_filters.CharFilter(field_name="history_user__username", help_text="User name.")
    at_from = InstantFilter(field_name="history_date", lookup_expr="gte")
    at_before = InstantFilter(field_name="history_date", lookup_expr="lt")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of a history, as it is shown."""

    number: int
    at: datetime
    by: str
    kind: str
    reason: str
    changes: list[dict[str, Any]]


class Histories:
    """Adds `GET .../history` to records that keep one."""

    @classmethod
    def get_extra_actions(cls) -> list[Any]:
        """Leave the history out where the rows are none that people change."""
        found: list[Any] = super().get_extra_actions()  # type: ignore[misc]
        model = getattr(cls, "model", None)
        keeps = model is not None and issubclass(model, Tracked)
        return [each for each in found if keeps or each.url_path != "history"]

    @extend_schema(responses=ChangeSerializer(many=True))
    @action(
        detail=True,
        serializer_class=ChangeSerializer,
        filterset_class=ChangeFilters,
        ordering="-pk",
        ordering_fields={},
    )
    def history(self: Any, request: Request, **_: Any) -> Response:
        """Return who changed a record, when, why, and from what to what; the newest change first."""
        row = self.get_object()
        page = self.paginate_queryset(self.filter_queryset(history_of(row)))
        shape = type(self).serializer_class(context=self.get_serializer_context())
        changes = Telling(shape, row=row, to=self.by).changes(page)
        return self.get_paginated_response(self.get_serializer(changes, many=True).data)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A column of a record: what the API calls it, and the field that writes it, if it is shown at all."""

    name: str
    column: Any
    field: Any


class Telling:
    """Writes what changed in a record as the API writes the record."""

    def __init__(self, shape: Any, *, row: Tracked, to: Reader) -> None:
        """`shape` is the serializer of the record, `to` is who reads."""
        self.shape, self.row, self.to = shape, row, to
        self.told = list(self._columns())

    def changes(self, page: list[Any]) -> list[Change]:
        """Return what changed in each of some entries of the history."""
        before = versions_before(page)
        versions = [*page, *before.values()]
        held = {told.name: self._held(told, versions) for told in self.told}
        return [
            Change(
                number=entry.pk,
                at=entry.history_date,
                by=entry.history_user.get_username(),
                kind=KINDS[entry.history_type],
                reason=entry.history_change_reason,
                changes=[
                    {"field": told.name, "old": old, "new": new}
                    for told in self.told
                    for old, new in _moved(held[told.name], before.get(entry.number_before), entry)
                ],
            )
            for entry in page
        ]

    def _columns(self) -> Iterator[Told]:
        """Yield the columns that people fill, except those that the API takes and never shows: secrets."""
        kept = type(self.row).history.model
        shown = {_source(each): (name, each) for name, each in self.shape.fields.items()}
        for column in (*kept.tracked_fields, *kept._history_m2m_fields):
            name, field = shown.get(column.name, (column.name, None))
            secret = field is not None and field.write_only
            filled = field is not None or column.editable
            if filled and not secret and not column.primary_key:
                yield Told(name=name, column=column, field=field)

    def _held(self, told: Told, versions: list[Any]) -> dict[int, tuple[Any, Any]]:
        """Return what each version holds in a column, by its number: as stored, and as written."""
        column = told.column
        if column.many_to_many:
            links = links_of(versions, field=column)
            keys = self._keys(told, {key for each in links.values() for key in each})
            return {
                number: (each, sorted(keys[key] for key in each if key in keys))
                for number, each in links.items()
            }
        stored = {each.pk: getattr(each, column.attname) for each in versions}
        if column.is_relation:
            keys = self._keys(told, set(stored.values()) - {None})
            return {number: (key, keys.get(key)) for number, key in stored.items()}
        return {each.pk: (stored[each.pk], self._written(told, each)) for each in versions}

    def _keys(self, told: Told, wanted: set[Any]) -> dict[Any, Any]:
        """Return the keys of records that a column names, of those that the reader may see."""
        if not wanted:
            return {}
        by = _key_of_kind(told)
        rows = visible(told.column.related_model._default_manager.filter(pk__in=wanted), to=self.to)
        along = {path.rpartition("__")[0] for path in by} - {""}
        return {
            row.pk: row.pk if by == ("pk",) else key_of(row, by=by)
            for row in (rows.select_related(*along) if along else rows)
        }

    def _written(self, told: Told, version: Any) -> Any:
        value = getattr(version, told.column.attname)
        if value is None or isinstance(told.column, models.FileField):
            return value if value is None else str(value)
        if isinstance(told.field, MoneyField):
            path = told.field.currency.replace(".", "__")
            currency = key_of(self.row if "__" in path else version, by=(path,))
            return {"amount": f"{major_units(value, currency=currency):f}", "currency": currency}
        if told.field is not None:
            return told.field.to_representation(value)
        kind, options = self.shape.build_standard_field(told.name, told.column)
        if issubclass(kind, serializers.ModelField):
            return told.column.value_to_string(version)
        return kind(**options).to_representation(value)


def _moved(held: dict[int, tuple[Any, Any]], old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    """Yield how a column was written before and after, where it changed; of a new record if it is filled."""
    stored, written = held[new.pk]
    before, was = (None, None) if old is None else held[old.pk]
    if stored != before and not (old is None and stored in EMPTY):
        yield was, written


def _source(field: Any) -> str:
    return field.minor if isinstance(field, MoneyField) else str(field.source)


def _key_of_kind(told: Told) -> tuple[str, ...]:
    """Return what the outside world knows the records of a column by."""
    field = getattr(told.field, "child_relation", told.field)
    if isinstance(field, KeyField):
        return field.by
    model = told.column.related_model
    if model is User:
        return ("username",)
    return tuple(getattr(model, "natural_fields", ())) or ("pk",)
