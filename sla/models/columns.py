"""Columns that hold what the engine's terms are made of: closed lists, levels, lengths, fractions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.deconstruct import deconstructible

from sla.engine.codec import from_plain, to_plain
from sla.engine.terms import Level

if TYPE_CHECKING:
    AnyField = models.Field[Any, Any]
else:
    AnyField = models.Field

# Where the plain words of a value would say something else on a screen.
LABELS = {
    "charge": "A named fee is not charged",
    "charges": "The listed fees",
    "units": "The services that missed",
    "contract": "Every fee of the contract",
    "agreement": "The whole SLA schedule",
    "target": "The service level",
    "unit": "The service",
    "measured": "Continuous measurement",
    "by_exception": "Recorded outages: none recorded means up",
    "vendor_reported": "What the vendor reports",
    "statement": "The period of the service level statement",
    ">=": "at least (>=)",
    ">": "above (>)",
    "<=": "at most (<=)",
    "<": "below (<)",
}


@deconstructible
class ChoicesOf:
    """The members of an engine enum as choices: a longer enum needs no migration."""

    def __init__(self, enum: type[StrEnum]) -> None:
        self.enum = enum

    def __call__(self) -> list[tuple[str, str]]:
        """Return value and label of each member."""
        return [(member.value, label_of(member)) for member in self.enum]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChoicesOf) and other.enum is self.enum

    def __hash__(self) -> int:
        return hash(self.enum)


def label_of(member: StrEnum) -> str:
    """Return a member's name for the screen."""
    plain = member.value.replace("_", " ")
    return LABELS.get(member.value, plain[:1].upper() + plain[1:])


def enum_column(
    enum: type[StrEnum], *, default: StrEnum | None = None, **options: Any
) -> models.Field[Any, Any]:
    """Return a text column that holds one member of an engine enum."""
    if default is not None:
        options["default"] = default.value
    return models.CharField(max_length=30, choices=ChoicesOf(enum), **options)


class WrittenField(AnyField):
    """A value that people write as text, kept in the one spelling of documents."""

    hint: ClassVar[Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("max_length", 60)
        super().__init__(*args, **options)

    def get_internal_type(self) -> str:
        return "CharField"

    def from_db_value(self, value: str | None, _: Any, __: BaseDatabaseWrapper) -> Any:
        return None if value is None else from_plain(self.hint, value)

    def to_python(self, value: Any) -> Any:
        """Return the value of a text; raise ValidationError that says how it is written."""
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return from_plain(self.hint, value)
        except ValueError as error:
            raise ValidationError(str(error).lstrip(": "), code="written") from error

    def get_prep_value(self, value: Any) -> str | None:
        value = self.to_python(super().get_prep_value(value))
        return None if value is None else str(to_plain(value))

    def value_from_object(self, obj: models.Model) -> Any:
        """Return the text that a form shows."""
        value = getattr(obj, self.attname)
        return value if value is None or isinstance(value, str) else str(to_plain(value))

    def value_to_string(self, obj: models.Model) -> str:
        return cast(str, self.value_from_object(obj) or "")


class LevelField(WrittenField):
    """A number in the metric's own unit, or a length of time such as ``4 h``."""

    hint = Level


class LengthField(WrittenField):
    """A length of time, such as ``10 min``."""

    hint = timedelta


class FractionField(WrittenField):
    """An exact number, such as ``120/500``."""

    hint = Fraction


def figure_column(**options: Any) -> models.Field[Any, Any]:
    """Return a decimal column within the 15 digits that both databases keep exactly."""
    return models.DecimalField(max_digits=15, decimal_places=6, **options)


def tidy(figure: Decimal) -> Decimal:
    """Return a stored decimal without the zeros that the column added."""
    whole = figure.to_integral_value()
    return whole.quantize(Decimal(1)) if figure == whole else figure.normalize()
