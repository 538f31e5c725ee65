"""What every record's serializer shares: only named fields, a reason, and services that write."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.validators import UniqueValidator

from vendors.api.fields import DayField, InstantField, KeyField
from vendors.models import Tracked
from vendors.services import Links, Saved, save_record


class CheckedSerializer(serializers.Serializer):
    """What an action is told, and nothing else."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse a field that does not exist: it would be lost without a word."""
        refuse_unknown(data, fields=self.fields)
        return super().to_internal_value(data)


class Nothing(CheckedSerializer):
    """A body without fields."""


class Reason(CheckedSerializer):
    """Why, where nothing else is to be said."""

    reason = serializers.CharField(max_length=500, help_text="One sentence, kept in the history.")


class NarrowedSerializer(serializers.Serializer):
    """What is read, of which `fields=` of the address leaves out some."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        only: frozenset[str] | None = kwargs.pop("only", None)
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - only if only is not None else ():
            self.fields.pop(name)


class RowSerializer(NarrowedSerializer, serializers.ModelSerializer):
    """A row to read. `fields=` of the address narrows it."""

    serializer_field_mapping: ClassVar = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateField: DayField,
        models.DateTimeField: InstantField,
    }

    def look_ahead(self, rows: Sequence[Any]) -> None:
        """Ask once for all of these rows what each would ask alone."""
        for field in self.fields.values():
            if isinstance(field, KeyField):
                field.look_ahead(rows)

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Leave uniqueness to the model, which knows its conditions and says it in its own words."""
        kind, options = super().build_standard_field(field_name, model_field)
        validators = options.get("validators")
        if validators:
            options["validators"] = [each for each in validators if not isinstance(each, UniqueValidator)]
        return kind, options

    def get_validators(self) -> list[Any]:
        """Leave what several fields share to the model."""
        return []


class RecordSerializer(RowSerializer):
    """A record that is written through its service, with a person and a reason."""

    reason = serializers.CharField(
        source="change_reason",
        write_only=True,
        max_length=500,
        help_text="One sentence; it is kept in the history with your name.",
    )
    outcome: Saved = Saved.UNCHANGED
    # Fields that are no columns of the row: `record` finds what was sent in `aside`.
    beside: ClassVar[frozenset[str]] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        """Refuse a field that does not exist: it would be lost without a word."""
        refuse_unknown(data, fields=self.fields)
        return super().to_internal_value(data)

    def create(self, validated_data: dict[str, Any]) -> Tracked:
        """Make a record."""
        return self._written(cast("type[Tracked]", self.Meta.model)(), validated_data)

    def update(self, instance: Tracked, validated_data: dict[str, Any]) -> Tracked:
        """Change a record."""
        return self._written(instance, validated_data)

    def record(self, row: Tracked, *, links: Links, by: User, reason: str) -> Saved:
        """Save a row through the service of its kind."""
        return save_record(row, by=by, reason=reason, links=links)

    def _written(self, row: Tracked, values: dict[str, Any]) -> Tracked:
        reason = values.pop("change_reason", None) or self.context.get("reason", "")
        many = {field.name for field in row._meta.many_to_many}
        links = {name: values.pop(name) for name in many & values.keys()}
        self.aside = {name: values.pop(name) for name in self.beside & values.keys()}
        for name, value in values.items():
            setattr(row, name, value)
        self.outcome = self.record(row, links=links, by=self.context["request"].user, reason=reason)
        return row


def refuse_unknown(data: Any, *, fields: Mapping[str, Any]) -> None:
    """Raise ValidationError for names that are no fields; one that may only be read is passed over."""
    unknown = sorted(set(data) - set(fields)) if isinstance(data, Mapping) else []
    if unknown:
        known = ", ".join(name for name, field in fields.items() if not field.read_only)
        which = f"Known: {known}." if known else "This takes none."
        told = serializers.ErrorDetail(f"There is no such field. {which}", "unknown")
        raise ValidationError({name: [told] for name in unknown})


def stated_reason(body: Any) -> str:
    """Return why something is changed; raise ValidationError where the body does not say it."""
    reason = body.get("reason")
    if not isinstance(reason, str):
        raise ValidationError({"reason": ["Say why: every change keeps a reason."]})
    return reason
