"""Filters of lists: by the keys of the outside world, among what the reader may see."""

from typing import Any, cast

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions

from vendors.api.fields import InstantField, visible


class KeyFilter(django_filters.CharFilter):
    """Keep rows of one other record, by its key; one that is hidden keeps nothing, as one that is missing."""

    def __init__(self, field_name: str, *, model: type[Model], by: tuple[str, ...], **options: Any) -> None:
        self.named, self.by = model, by
        super().__init__(field_name=field_name, **options)

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Return the rows that belong to that record."""
        if not value:
            return qs
        parts = value.split("/", len(self.by) - 1)
        if len(parts) != len(self.by):
            return qs.none()
        user = self.parent.request.user
        rows = visible(self.named._default_manager.all(), to=user)
        found = rows.filter(**dict(zip(self.by, parts, strict=True)))
        return qs.filter(**{f"{self.field_name}__in": found.values("pk")})


class InstantFormField(forms.CharField):
    """An instant with its offset."""

    def clean(self, value: Any) -> Any:
        """Return the instant; refuse one without an offset."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return InstantField().run_validation(text)
        except exceptions.ValidationError as error:
            told = cast("list[exceptions.ErrorDetail]", error.detail)
            # What was typed stands in the text, and may hold a percent sign.
            raise ValidationError(
                [ValidationError("%(said)s", code=each.code, params={"said": each}) for each in told]
            ) from error


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantFilter(django_filters.Filter):
    """Compare an instant."""

    field_class = InstantFormField


def instants(name: str) -> dict[str, InstantFilter]:
    """Return the two bounds of an instant: from it on, and before it."""
    return {
        f"{name}_from": InstantFilter(field_name=name, lookup_expr="gte"),
        f"{name}_before": InstantFilter(field_name=name, lookup_expr="lt"),
    }
