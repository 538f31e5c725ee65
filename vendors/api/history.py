"""What became of a record: who changed it, when and why, with old and new values as the API writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import django_filters
from django.contrib.auth.models import User
from django.db import models
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.fields import InstantField, KeyField, MoneyField, key_of, visible
from vendors.api.filters import InstantFilter
from vendors.api.serializers import NarrowedSerializer
from vendors.models import Reader, Tracked, major_units
from vendors.selectors import history_of, history_of_kind, links_of, versions_before

EMPTY: tuple[Any, ...] = (None, "", [], {})
KINDS = {"+": "created", "~": "changed", "-": "removed"}
CHOICES = [(kind, kind) for kind in KINDS.values()]


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
    kind = serializers.ChoiceField(choices=CHOICES)
    reason = serializers.CharField()
    changes = FieldChangeSerializer(many=True)


class RecordChangeSerializer(ChangeSerializer):
    """One change of one of the records of a kind."""

    record = serializers.CharField(help_text="Its key, as in its address.")


class ChangeFilters(django_filters.FilterSet):
    """What narrows a history."""

    kind = django_filters.ChoiceFilter(choices=CHOICES, method="kept_kind")
    by = django_filters.CharFilter(field_name="history_user__username", help_text="User name.")
    at_from = InstantFilter(field_name="history_date", lookup_expr="gte")
    at_before = InstantFilter(field_name="history_date", lookup_expr="lt")

    def kept_kind(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Return the changes of one kind."""
        return rows.filter(history_type=next(sign for sign, kind in KINDS.items() if kind == value))


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of a history, as it is shown."""

    number: int
    record: str
    at: datetime
    by: str
    kind: str
    reason: str
    changes: list[dict[str, Any]]


class Histories:
    """Adds `GET .../history` to records that keep one, and to each kind of them."""

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
        row, told = self.get_object(), _telling(self)
        return _page(self, history_of(row, along=told.along), told=told)

    @extend_schema(responses=RecordChangeSerializer(many=True))
    @action(
        detail=False,
        url_path="history",
        url_name="all-history",
        serializer_class=RecordChangeSerializer,
        filterset_class=ChangeFilters,
        ordering="-pk",
        ordering_fields={},
    )
    def all_history(self: Any, request: Request) -> Response:
        """Return the changes of all of these that you see; of removed ones to who sees all vendors."""
        told = _telling(self)
        return _page(self, history_of_kind(self.model, to=self.by, along=told.along), told=told)


def _telling(view: Any) -> Telling:
    shape = type(view).serializer_class(context=view.get_serializer_context())
    return Telling(shape, model=view.model, key=tuple(view.lookup_paths.values()), to=view.by)


def _page(view: Any, versions: QuerySet[Any], *, told: Telling) -> Response:
    page = view.paginate_queryset(view.filter_queryset(versions))
    answer: Response = view.get_paginated_response(view.get_serializer(told.changes(page), many=True).data)
    return answer


@dataclass(frozen=True, kw_only=True)
class Told:
    """A column of a record: what the API calls it, and the field that writes it, if it is shown at all."""

    name: str
    column: Any
    field: Any


class Telling:
    """Writes what changed in records of one kind as the API writes the records."""

    def __init__(self, shape: Any, *, model: type[Tracked], key: tuple[str, ...], to: Reader) -> None:
        """`shape` is the serializer of the records, `key` the paths of their key, `to` is who reads."""
        self.shape, self.model, self.key, self.to = shape, model, key, to
        self.told = list(self._columns())
        currencies = [_path(told.field.currency) for told in self.told if isinstance(told.field, MoneyField)]
        # What versions are read with, so that none is asked for alone.
        self.along = sorted({path.rpartition("__")[0] for path in (*key, *currencies)} - {""})

    def changes(self, page: list[Any]) -> list[Change]:
        """Return what changed in each of some entries of the history."""
        before = versions_before(page, along=self.along)
        versions = [*page, *before.values()]
        held = {told.name: self._held(told, versions) for told in self.told}
        return [
            Change(
                number=entry.pk,
                record=self._record(entry),
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

    def _record(self, version: Any) -> str:
        """Return the key of the record that a version is of."""
        return key_of(version, by=tuple("id" if path == "pk" else path for path in self.key))

    def _columns(self) -> Iterator[Told]:
        """Yield the columns that people fill, except those that the API takes and never shows: secrets."""
        kept: Any = self.model.history.model
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
            currency = key_of(version, by=(_path(told.field.currency),))
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


def _path(source: str) -> str:
    return source.replace(".", "__")


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
