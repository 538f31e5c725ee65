"""Values to plain data, canonical bytes and their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from functools import cache
from typing import Any, get_args, get_origin

from sla.engine.codec import scalars
from sla.engine.codec.plans import ABSENT, CHOICES, allows_none, alternatives, fields_of, is_record
from sla.engine.money import Money

Write = Callable[[Any], Any]


class Form(StrEnum):
    """Two spellings of the same structure: for bytes that must not change, and for people."""

    CANONICAL = "canonical"
    DOCUMENT = "document"


def to_plain(value: object) -> Any:
    """Return a value as plain data in the canonical spelling; defaults are left out."""
    return writer(_type_of(value), Form.CANONICAL)(value)


def document_plain(value: object) -> Any:
    """Return a value as people write it: dates, instants and decimals stay native TOML values."""
    return writer(_type_of(value), Form.DOCUMENT)(value)


def canonical(value: object) -> bytes:
    """Return canonical JSON: sorted keys, no white space, UTF-8."""
    plain = to_plain(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data: bytes) -> str:
    """Return the SHA-256 fingerprint of canonical bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _type_of(value: object) -> Any:
    kind: Any = type(value)
    return object if isinstance(value, list | tuple | dict) and not hasattr(kind, "_fields") else kind


@cache
def writer(hint: Any, form: Form) -> Write:
    """Return the function that writes one type."""
    kinds = alternatives(hint)
    if allows_none(hint):
        inner = writer(kinds[0], form) if len(kinds) == 1 else _mixed(kinds, form)
        return lambda value: None if value is None else inner(value)
    if len(kinds) > 1:
        return _mixed(kinds, form)
    if hint in _CANONICAL:
        return _DOCUMENT.get(hint, _CANONICAL[hint]) if form is Form.DOCUMENT else _CANONICAL[hint]
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), form)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: value.value
    if is_record(hint):
        return _record(hint, form)
    raise TypeError(f"The codec knows no type {hint!r}.")


def _as_is(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    return value if type(value) is str else str(value)


def _anything(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind in _TAGS:
        tag, write = _TAGS[kind]
        return {tag: write(value)}
    if isinstance(value, Enum):
        return value.value
    if kind in scalars.TAGGED_RECORDS:
        return {scalars.TAGGED_RECORDS[kind]: writer(_type_of(value), Form.CANONICAL)(value)}
    if isinstance(value, list | tuple) and not is_record(kind):
        return [_anything(item) for item in value]
    raise TypeError(f"The codec knows no type {kind!r}.")


def _whole_or_decimal(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else Decimal(scalars.write_decimal(value))


def _whole_or_ratio(value: Fraction) -> int | str:
    return value.numerator if value.denominator == 1 else scalars.write_fraction(value)


_CANONICAL: dict[Any, Write] = {
    str: _text,
    bool: _as_is,
    int: _as_is,
    Decimal: scalars.write_decimal,
    Fraction: scalars.write_fraction,
    timedelta: scalars.written_length_text,
    date: date.isoformat,
    datetime: scalars.write_instant,
    Money: scalars.write_money,
    object: _anything,
}
_DOCUMENT: dict[Any, Write] = {
    Decimal: _whole_or_decimal,
    Fraction: _whole_or_ratio,
    date: _as_is,
    datetime: _as_is,
    Money: scalars.money_words,
}
_TAGS: dict[Any, tuple[str, Write]] = {
    datetime: ("instant", scalars.write_instant),
    date: ("date", date.isoformat),
    timedelta: ("length", scalars.written_length_text),
    Fraction: ("fraction", scalars.write_fraction),
    Decimal: ("decimal", scalars.write_decimal),
    Money: ("money", scalars.write_money),
}


def _mixed(kinds: tuple[Any, ...], form: Form) -> Write:
    if set(kinds) == {Decimal, timedelta}:
        number, length = writer(Decimal, form), writer(timedelta, form)
        return lambda value: length(value) if isinstance(value, timedelta) else number(value)
    return _anything


def _tuple(args: tuple[Any, ...], form: Form) -> Write:
    if len(args) == 2 and args[1] is Ellipsis:
        write = writer(args[0], form)
        return lambda value: [write(item) for item in value]
    writes = tuple(writer(arg, form) for arg in args)
    return lambda value: [write(item) for write, item in zip(writes, value, strict=True)]


@cache
def _plan(cls: type, form: Form) -> tuple[tuple[str, object, Write], ...]:
    skipped = CHOICES[cls].field if cls in CHOICES else ""
    return tuple((f.name, f.default, writer(f.hint, form)) for f in fields_of(cls) if f.name != skipped)


def _record(cls: type, form: Form) -> Write:
    # The plan is made on first use, because a reason holds reasons.
    def write_record(value: Any) -> dict[str, Any]:
        found = {}
        for name, default, write in _plan(cls, form):
            item = getattr(value, name)
            if default is ABSENT or item != default:
                found[name] = write(item)
        return found

    if cls not in CHOICES:
        return write_record
    field = CHOICES[cls].field

    def write_chosen(value: Any) -> dict[str, Any]:
        params = getattr(value, field)
        beside: dict[str, Any] = writer(_type_of(params), form)(params)
        return write_record(value) | beside

    return write_chosen
