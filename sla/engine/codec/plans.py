"""What each class of values consists of, found once from its type hints."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from sla.engine.terms.counting import PARAMS, Metric
from sla.engine.terms.credits import SCHEMES, CreditRule, Scheme
from sla.engine.terms.targets import Target

ABSENT = dataclasses.MISSING


@dataclass(frozen=True)
class Choice:
    """A parameters class that a sibling's value chooses; its fields stand beside that sibling."""

    field: str
    by: str
    enum: type[Enum]
    classes: dict[Any, type]


CHOICES: dict[type, Choice] = {
    Target: Choice("params", "metric", Metric, dict(PARAMS)),
    CreditRule: Choice("params", "scheme", Scheme, dict(SCHEMES)),
}


class Field(NamedTuple):
    """One field of a class: its type and, where it may be left out, its default."""

    name: str
    hint: Any
    default: object = ABSENT

    @property
    def required(self) -> bool:
        """Return whether a document must give it."""
        return self.default is ABSENT


@cache
def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields of a dataclass or NamedTuple, in their order."""
    hints = get_type_hints(cls)
    if dataclasses.is_dataclass(cls):
        return tuple(Field(f.name, hints[f.name], _default(f)) for f in dataclasses.fields(cls) if f.init)
    defaults: dict[str, object] = getattr(cls, "_field_defaults", {})
    names: tuple[str, ...] = cls._fields  # type: ignore[attr-defined]
    return tuple(Field(name, hints[name], defaults.get(name, ABSENT)) for name in names)


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def is_record(hint: Any) -> bool:
    """Return whether a type is written as a table of its fields."""
    return isinstance(hint, type) and (dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"))


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union without None, or the type alone."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(arg for arg in get_args(hint) if arg is not type(None))
    return (hint,)


def allows_none(hint: Any) -> bool:
    """Return whether None is a value of the type."""
    return hint is None or type(None) in get_args(hint)
