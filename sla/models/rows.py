"""Rows that hold one value of the engine: the same names on both sides, one way each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_type_hints

from django.core.exceptions import ValidationError
from django.db import models

from sla.engine.codec import from_plain, to_plain
from sla.models.columns import tidy
from vendors.models import BusinessCalendar, Contract, Span, Tracked, midnight

if TYPE_CHECKING:
    from sla.models.agreements import AgreementVersion


@dataclass(frozen=True)
class Column:
    """One field of a value and the model field of the same name that holds it."""

    name: str
    hint: Any
    field: models.Field[Any, Any]
    read: Callable[[Any], Any]


class ValueRow(Tracked):
    """A row that is one frozen value: `value()` reads it, `fill()` writes it.

    Names of the value that are rows of their own stand in `children`, those spread over several
    columns in `embedded` (prefix and class).
    """

    value_class: ClassVar[type]
    children: ClassVar[tuple[str, ...]] = ()
    embedded: ClassVar[dict[str, type]] = {}

    class Meta:
        abstract = True

    def as_value(self) -> Any:
        """Return the engine's value of this row and the rows below it; raise ValueError."""
        return self.value_class(**self.own_values(), **self.child_values())

    def own_values(self) -> dict[str, Any]:
        """Return the values of the row's own columns by name."""
        values = {column.name: self.read(column) for column in columns_of(type(self))}
        return values | {name: self.embedded_value(name) for name in self.embedded}

    def child_values(self) -> dict[str, Any]:
        """Return what the rows below hold, by name."""
        return {}

    def hint_of(self, column: Column) -> Any:
        """Return the type of a plain column's value; a sibling may choose it."""
        return column.hint

    def read(self, column: Column) -> Any:
        """Return the value of one column."""
        stored = getattr(self, column.name)
        if isinstance(column.field, models.JSONField):
            return None if stored is None else from_plain(self.hint_of(column), stored, at=column.name)
        return column.read(stored)

    def embedded_value(self, name: str) -> Any:
        """Return a value that is spread over columns with its name as prefix; None without a kind."""
        if not getattr(self, f"{name}_kind"):
            return None
        embedded = self.embedded[name]
        plain = {part.name: getattr(self, f"{name}_{part.name}") for part in fields(embedded)}
        return from_plain(embedded, plain, at=name)

    def fill(self, value: Any) -> None:
        """Set the row's own columns from a value; the rows below are set by the services."""
        for column in columns_of(type(self)):
            setattr(self, column.name, self.written(column, value))
        for name, embedded in self.embedded.items():
            part = getattr(value, name)
            for each in fields(embedded):
                setattr(self, f"{name}_{each.name}", _embedded_part(part, each))

    def written(self, column: Column, value: Any) -> Any:
        """Return what one column holds of a value."""
        part = getattr(value, column.name)
        if isinstance(column.field, models.JSONField):
            return plain_of(part)
        if isinstance(column.field, models.ForeignKey):
            return _calendar_named(part, at=column.name)
        return part.value if isinstance(part, StrEnum) else part

    def clean(self) -> None:
        """Refuse what the engine could not read, at the column that holds it."""
        super().clean()
        problems: dict[str, str] = {}
        for column in columns_of(type(self)):
            try:
                self.read(column)
            except ValueError as error:
                problems[column.name] = str(error)
        if problems:
            raise ValidationError(problems)
        try:
            for name in self.embedded:
                self.embedded_value(name)
            self.check_value()
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def check_value(self) -> None:
        """Build the value as far as the row itself holds it; raise ValueError."""
        if not self.children:
            self.value_class(**self.own_values())


class TermRow(ValueRow):
    """A row below a version of an SLA schedule."""

    class Meta:
        abstract = True

    def of_version(self) -> AgreementVersion:
        """Return the version that the row belongs to."""
        return self.version  # type: ignore[attr-defined]

    def touched_contracts(self) -> Iterable[Contract]:
        """Return the contract of the SLA schedule."""
        return (self.of_version().agreement.contract,)

    def touched_span(self) -> Span:
        """Return the time from the version's first day on, UTC."""
        version = self.of_version()
        return Span(midnight(version.effective_from, zone=version.agreement.zone), None)


def plain_of(part: Any) -> Any:
    """Return a part of a value as JSON holds it: lists member by member, all else by the codec."""
    if part is None:
        return None
    if isinstance(part, tuple) and not hasattr(part, "_fields"):
        return [plain_of(each) for each in part]
    return to_plain(part)


@cache
def columns_of(model: type[ValueRow]) -> tuple[Column, ...]:
    """Return the columns of a row that carry the value's fields; the others are rows or prefixes."""
    hints = get_type_hints(model.value_class)
    apart = {*model.children, *model.embedded}
    return tuple(
        _column(model, name, hints[name])
        for name in (field.name for field in fields(model.value_class))
        if name not in apart
    )


def _column(model: type[ValueRow], name: str, hint: Any) -> Column:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field), f"{model.__name__}.{name} is no column"
    return Column(name, hint, field, _reader(field, hint))


def _reader(field: models.Field[Any, Any], hint: Any) -> Callable[[Any], Any]:
    if isinstance(field, models.ForeignKey):
        return _code_of
    kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not NoneType]
    if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], StrEnum):
        return _enum_reader(kinds[0])
    return _tidied if isinstance(field, models.DecimalField) else _as_stored


def _enum_reader(enum: type[StrEnum]) -> Callable[[Any], Any]:
    return lambda stored: None if stored in (None, "") else enum(stored)


def _code_of(row: Any) -> str:
    return "" if row is None else str(row.code)


def _calendar_named(code: str, *, at: str) -> BusinessCalendar | None:
    if not code:
        return None
    found = BusinessCalendar.objects.filter(code=code).first()
    if found is None:
        raise ValueError(
            f"{at}: no calendar has the code {code!r}. Add the calendar first, or correct the code."
        )
    return found


def _tidied(stored: Decimal | float | None) -> Decimal | None:
    return None if stored is None else tidy(Decimal(stored))


def _as_stored(stored: Any) -> Any:
    return stored


def _embedded_part(part: Any, field: Any) -> Any:
    if part is None:
        return "" if field.name == "kind" else field.default
    stored = getattr(part, field.name)
    return stored.value if isinstance(stored, StrEnum) else stored


__all__ = ["Column", "TermRow", "ValueRow", "columns_of"]
