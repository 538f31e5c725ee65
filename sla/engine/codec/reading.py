"""Plain data to values: every fault of a document is found in one pass, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

from sla.engine.codec import scalars
from sla.engine.codec.advice import unknown_key, wanted
from sla.engine.codec.bounds import BOUNDS, refuse_beyond
from sla.engine.codec.places import CodecError, Pass, Place, Refused
from sla.engine.codec.plans import CHOICES, Choice, Field, allows_none, alternatives, fields_of, is_record
from sla.engine.codec.scalars import Local, shown
from sla.engine.money import Money

T = TypeVar("T")


Read = Callable[[Any, Place, Pass], Any]


def from_plain(cls: type[T], data: object, *, at: str = "", local: Local | None = None) -> T:
    """Return plain data as a value of ``cls``.

    ``at`` is the place of the data in its document. ``local`` turns a wall-clock time into a UTC
    instant; without it a time must have its offset. Raise CodecError with every fault found.
    """
    reading, place = Pass(local), Place(None, at)
    hint: Any = cls
    try:
        value: T = reader(hint)(data, place, reading)
    except ValueError as error:
        reading.note(place, error)
    if reading.problems:
        raise CodecError(reading.problems)
    return value


@cache
def reader(hint: Any) -> Read:
    """Return the function that reads one type."""
    kinds = alternatives(hint)
    if allows_none(hint) and len(kinds) > 0:
        return _optional(reader(kinds[0]) if len(kinds) == 1 else _union(kinds))
    if len(kinds) > 1:
        return _union(kinds)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if is_record(hint):
        return _record(hint)
    raise TypeError(f"The codec knows no type {hint!r}.")


def _plainly(read: Callable[[object], Any]) -> Read:
    return lambda value, place, reading: read(value)


def _instant(value: object, place: Place, reading: Pass) -> datetime:
    return scalars.read_instant(value, reading.local)


def _anything(value: object, place: Place, reading: Pass) -> object:
    """Read a value of a reason: numbers and text bare, other kinds tagged with their name."""
    if isinstance(value, list):
        return tuple(_anything(item, place, reading) for item in value)
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (tag, inner), = value.items()  # fmt: skip
        if tag in _TAGGED:
            return _TAGGED[tag](inner, place, reading)
        if tag in _RECORDS:
            return reader(_RECORDS[tag])(inner, place, reading)
    raise ValueError(
        f"{shown(value)} is no value of a reason. Use one of {', '.join([*_TAGGED, *_RECORDS])} as its tag."
    )


def _signed_length(value: object) -> timedelta:
    text = scalars.read_text(value)
    return -scalars.parse_length(text[1:]) if text.startswith("-") else scalars.parse_length(text)


def _long_decimal(value: object) -> Decimal:
    return Decimal(scalars.read_text(value))


def _long_fraction(value: object) -> Fraction:
    return Fraction(scalars.read_text(value))


_SCALARS: dict[Any, Read] = {
    str: _plainly(scalars.read_text),
    bool: _plainly(scalars.read_bool),
    int: _plainly(scalars.read_int),
    Decimal: _plainly(scalars.read_decimal),
    Fraction: _plainly(scalars.read_fraction),
    timedelta: _plainly(scalars.read_length),
    date: _plainly(scalars.read_date),
    datetime: _instant,
    Money: _plainly(scalars.read_money),
    object: _anything,
}
_TAGGED: dict[str, Read] = {
    "instant": _instant,
    "date": _SCALARS[date],
    "length": _plainly(_signed_length),
    "fraction": _plainly(_long_fraction),
    "decimal": _plainly(_long_decimal),
    "money": _SCALARS[Money],
}


_RECORDS: dict[str, Any] = {tag: cls for cls, tag in scalars.TAGGED_RECORDS.items()}


def _optional(read: Read) -> Read:
    def read_optional(value: Any, place: Place, reading: Pass) -> Any:
        return None if value is None else read(value, place, reading)

    return read_optional


def _union(kinds: tuple[Any, ...]) -> Read:
    if set(kinds) == {Decimal, timedelta}:
        return _plainly(scalars.read_level)
    if set(kinds) >= {Fraction, int}:
        return _anything
    raise TypeError(f"The codec knows no union of {kinds!r}. Let a sibling choose it, see CHOICES.")


def _enum(cls: type[Enum]) -> Read:
    members = {member.value: member for member in cls}

    def read_enum(value: Any, place: Place, reading: Pass) -> Enum:
        try:
            return members[value]
        except (KeyError, TypeError):
            raise ValueError(f"{shown(value)} is not allowed. Use one of: {', '.join(members)}.") from None

    return read_enum


def _tuple(args: tuple[Any, ...]) -> Read:
    return _list(reader(args[0])) if len(args) == 2 and args[1] is Ellipsis else _row(args)


def _list(read: Read) -> Read:
    def read_list(value: Any, place: Place, reading: Pass) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{shown(value)} is no list. Put it in square brackets.")
        found, whole = [], True
        for index, item in enumerate(value):
            reading.go_on()
            inner = Place(place, index)
            try:
                found.append(read(item, inner, reading))
            except ValueError as error:
                reading.note(inner, error)
                whole = False
        if not whole:
            raise Refused
        return tuple(found)

    return read_list


def _row(args: tuple[Any, ...]) -> Read:
    reads = tuple(reader(arg) for arg in args)

    def read_row(value: Any, place: Place, reading: Pass) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) != len(reads):
            raise ValueError(f"{shown(value)} is no list of {len(reads)}. Give {len(reads)} values.")
        return tuple(read(item, place, reading) for read, item in zip(reads, value, strict=True))

    return read_row


class _Plan:
    """The readers of one class's keys; made on first use, because a reason holds reasons."""

    def __init__(self, cls: type) -> None:
        self.choice = CHOICES.get(cls)
        skipped = self.choice.field if self.choice else ""
        self.fields = {f.name: f for f in fields_of(cls) if f.name != skipped}
        self.reads = {name: reader(field.hint) for name, field in self.fields.items()}
        self.required = [name for name, field in self.fields.items() if field.required]
        self.bounds = BOUNDS.get(cls, {})


@cache
def _plan(cls: type) -> _Plan:
    return _Plan(cls)


def _record(cls: type) -> Read:
    def read_record(value: Any, place: Place, reading: Pass) -> Any:
        plan = _plan(cls)
        if not isinstance(value, dict):
            raise ValueError(f"{shown(value)} is no table. Give its keys: {', '.join(plan.fields)}.")
        before = len(reading.problems)
        given = _read_keys(value, plan, place, reading)
        for name in plan.required:
            if name not in value:
                reading.note(place, f"{name} is missing. {wanted(plan.fields[name])}")
        if len(reading.problems) > before:
            raise Refused
        return cls(**given)

    return read_record


def _read_keys(table: dict[str, Any], plan: _Plan, place: Place, reading: Pass) -> dict[str, Any]:
    given: dict[str, Any] = {}
    chosen = _Chosen(plan.choice, table) if plan.choice else None
    reads = plan.reads
    for key, item in table.items():
        reading.go_on()
        if chosen is not None and chosen.takes(key, known=key in reads):
            continue
        if key not in reads:
            reading.note(Place(place, str(key)), _unknown(key, plan.fields, chosen))
            continue
        try:
            given[key] = reads[key](item, Place(place, key), reading)
            if key in plan.bounds:
                refuse_beyond(given[key], bound=plan.bounds[key])
        except ValueError as error:
            reading.note(Place(place, key), error)
    if chosen is not None:
        chosen.read(given, place, reading)
    return given


class _Chosen:
    """The parameters of one table, chosen by its sibling key."""

    def __init__(self, choice: Choice, table: dict[str, Any]) -> None:
        self.choice = choice
        default = next(iter(choice.enum)).value
        self.value = table.get(choice.by, default)
        known = isinstance(self.value, str) and self.value in {member.value for member in choice.enum}
        self.cls = choice.classes[choice.enum(self.value)] if known else None
        self.fields = {f.name: f for f in fields_of(self.cls)} if self.cls else {}
        self.table = table

    def takes(self, key: str, *, known: bool) -> bool:
        """Return whether the key is one of the parameters; any is while the choice is unknown."""
        return key in self.fields or (not known and self.cls is None and bool(self.owners(key)))

    def owners(self, key: str) -> list[str]:
        """Return for which choices the key is a parameter."""
        return [m.value for m, cls in self.choice.classes.items() if key in {f.name for f in fields_of(cls)}]

    def read(self, given: dict[str, Any], place: Place, reading: Pass) -> None:
        """Read the parameters into their field."""
        if self.cls is None:
            return
        own = {key: self.table[key] for key in self.fields if key in self.table}
        try:
            given[self.choice.field] = reader(self.cls)(own, place, reading)
        except ValueError as error:
            reading.note(place, error)


def _unknown(key: str, fields: dict[str, Field], chosen: _Chosen | None) -> str:
    if chosen is not None and (owners := chosen.owners(key)):
        by = chosen.choice.by
        named = " or ".join(f"{by} = '{owner}'" for owner in owners)
        return f"{key!r} belongs to {named}, and {by} is {chosen.value!r} here. Remove it or change {by}."
    return unknown_key(key, known=[*fields, *(chosen.fields if chosen else ())])
