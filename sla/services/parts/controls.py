"""From plain data to what a form shows; every control is named by its place in the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args, get_origin

from sla.engine.codec import CHOICES, fields_of, to_plain
from sla.engine.codec.plans import ABSENT, Field, allows_none, alternatives, is_record
from sla.engine.terms import (
    Base,
    ChronicRule,
    ClaimRule,
    CreditRule,
    ExclusionRule,
    Increments,
    Target,
    Tiered,
)
from sla.services.parts.words import choice_label, help_for, label_for

Options = Mapping[str, Sequence[tuple[str, str]]]
Plain = Mapping[str, Any]

NONE_OF_THEM = "-"
SPARE_ROWS = 2
WIDE = 36  # letters that half the width of a form holds
# Which of a contract's records a field names.
NAMED_BY = {
    "services": "services",
    "calendar": "calendars",
    "within": "calendars",
    "notice_calendar": "calendars",
    "charges": "charges",
    "waives": "charges",
    "exclusions": "exclusions",
    "alternatives": "targets",
    "targets": "targets",
    "keeps": "targets",
    "target": "targets",
}
LONG = {"text", "opens", "note", "amendment", "past_periods"}
FIRST: dict[type, tuple[str, ...]] = {
    Target: ("name", "code", "metric", "params", "op", "level", "expected", "services", "calendar", "credit"),
    CreditRule: ("scheme", "params", "base", "caps"),
    Tiered: ("tiers", "pays", "on", "per"),
    Increments: ("size", "credit", "pays", "on", "per", "rounding", "after"),
    Base: ("select", "charges", "share"),
    ExclusionRule: ("name", "code", "source", "notice", "notice_unit", "within", "quotas", "clause"),
    ChronicRule: (
        "name",
        "code",
        "kind",
        "count",
        "longer_than",
        "level",
        "span_days",
        "of_last",
        "opens",
        "notice",
    ),
    ClaimRule: ("automatic", "deadlines", "steps", "channel", "must_contain", "remedy", "clause"),
}


@dataclass(frozen=True, kw_only=True)
class Control:
    """One thing to fill in."""

    place: str
    label: str
    help: str = ""
    kind: str = "text"  # text, long, choice, check, several
    value: Any = ""
    choices: tuple[tuple[str, str], ...] = ()
    usual: str = ""
    required: bool = False
    errors: tuple[str, ...] = ()

    @property
    def is_wide(self) -> bool:
        """Say whether it needs the whole width of a form."""
        longest = max((len(label) for _, label in self.choices), default=0)
        return self.kind in ("long", "several") or longest > WIDE


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of rows with the same columns."""

    place: str
    label: str
    help: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Control, ...], ...]
    kind: str = field(default="listing", init=False)
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Controls that belong together; ``only_when`` names the choice that shows it."""

    place: str
    label: str
    help: str = ""
    items: tuple[Any, ...] = ()  # Control, Listing or Group
    folded: bool = False
    optional: bool = False
    present: bool = True
    only_when: tuple[str, str] | None = None
    errors: tuple[str, ...] = ()
    kind: str = field(default="group", init=False)


@dataclass(frozen=True)
class Filled:
    """What is known while a form is built: the contract's codes, and what was refused where."""

    options: Options
    errors: Mapping[str, Sequence[str]]

    def errors_at(self, place: str) -> tuple[str, ...]:
        """Return what was refused at one place."""
        return tuple(self.errors.get(place, ()))


def group_of(cls: type, plain: Plain, *, place: str, label: str, filled: Filled, **shown: Any) -> Group:
    """Return the form of one record; what comes first in FIRST stands open, the rest folded."""
    items = {each.name: each for each in fields_of(cls)}
    first = FIRST.get(cls)
    names = [name for name in items if first is None or name in first]
    ordered = sorted(names, key=first.index) if first else names
    found = [item for name in ordered for item in _items(cls, items[name], plain, place=place, filled=filled)]
    rest = [name for name in items if name not in names]
    if rest:
        nested = [n for n in rest if any(is_record(kind) for kind in alternatives(items[n].hint))]
        more = [n for n in rest if n not in nested]
        found += [i for name in nested for i in _items(cls, items[name], plain, place=place, filled=filled)]
        below = tuple(i for name in more for i in _items(cls, items[name], plain, place=place, filled=filled))
        found.append(
            Group(place=f"{place}#more", label="More options", items=below, folded=not _wrong(below))
        )
    return Group(place=place, label=label, items=tuple(found), errors=filled.errors_at(place), **shown)


def _nested(each: Field) -> bool:
    return any(is_record(kind) for kind in alternatives(each.hint)) or _listed(each.hint) is not None


def _listed(hint: Any) -> type | None:
    """Return the record that a list holds, None for anything else."""
    for kind in alternatives(hint):
        if get_origin(kind) is tuple and is_record(get_args(kind)[0]):
            found: type = get_args(kind)[0]
            return found
    return None


def _items(cls: type, each: Field, plain: Plain, *, place: str, filled: Filled) -> Iterator[Any]:
    at = joined(place, each.name)
    choice = CHOICES.get(cls)
    if choice is not None and each.name == choice.field:
        yield from _chosen(cls, plain, place=place, filled=filled)
        return
    rows = _listed(each.hint)
    if rows is not None:
        yield _listing(cls, rows, each, plain.get(each.name) or [], place=at, filled=filled)
        return
    records = [kind for kind in alternatives(each.hint) if is_record(kind)]
    if records:
        yield _record(cls, each, records[0], plain.get(each.name), place=at, filled=filled)
        return
    yield _control(cls, each, plain.get(each.name, ABSENT), place=at, filled=filled)


def _chosen(cls: type, plain: Plain, *, place: str, filled: Filled) -> Iterator[Group]:
    """Yield one group for each parameters class; only that of the chosen measure or scheme is used."""
    choice = CHOICES[cls]
    chosen = str(plain.get(choice.by) or default_of(cls, choice.by))
    for member, params in choice.classes.items():
        at = f"{place}~{member.value}"
        of_it = plain if member.value == chosen else {}
        group = group_of(
            params, of_it, place=at, label="", filled=Filled(filled.options, _moved(filled, place, at))
        )
        yield Group(place=at, label="", items=group.items, only_when=(joined(place, choice.by), member.value))


def _moved(filled: Filled, place: str, at: str) -> dict[str, Sequence[str]]:
    """Return the refusals of a record as those of its parameters, which stand flat beside it."""
    start = f"{place}." if place else ""
    own = {name: said for name, said in filled.errors.items() if name.startswith(start) and name != place}
    return {f"{at}.{name[len(start) :]}": said for name, said in own.items()}


def _record(cls: type, each: Field, record: type, value: Any, *, place: str, filled: Filled) -> Group:
    optional = allows_none(each.hint)
    group = group_of(record, value or {}, place=place, label=label_for(each.name), filled=filled)
    open_ones = each.name == "credit"
    return Group(
        place=place,
        label=group.label,
        help=help_for(cls, each.name),
        items=group.items,
        optional=optional,
        present=value is not None or not optional,
        folded=not open_ones and not value and not _wrong(group.items),
        errors=filled.errors_at(place),
    )


def _wrong(items: Sequence[Any]) -> bool:
    for item in items:
        inner = getattr(item, "items", ()) or [c for row in getattr(item, "rows", ()) for c in row]
        if item.errors or (inner and _wrong(inner)):
            return True
    return False


def _listing(
    cls: type, record: type, each: Field, values: Sequence[Plain], *, place: str, filled: Filled
) -> Listing:
    columns = [(own, path, name) for own, path, name in _columns(record)]
    spare = SPARE_ROWS if values else SPARE_ROWS + 1
    rows = []
    for index, value in enumerate([*values, *({} for _ in range(spare))]):
        at = f"{place}[{index}]"
        row = [
            _control(
                own,
                column,
                _deep(value, (*path, column.name)),
                place=".".join((at, *path, column.name)),
                filled=filled,
            )
            for own, path, column in columns
        ]
        rows.append(tuple(row))
    errors = [*filled.errors_at(place)]
    errors += [said for index in range(len(rows)) for said in filled.errors_at(f"{place}[{index}]")]
    return Listing(
        place=place,
        label=label_for(each.name),
        help=help_for(cls, each.name),
        columns=tuple(label_for(column.name, of=own) for own, _, column in columns),
        rows=tuple(rows),
        errors=tuple(errors),
    )


def _columns(record: type, path: tuple[str, ...] = ()) -> Iterator[tuple[type, tuple[str, ...], Field]]:
    """Yield the plain fields of a row; a needed record inside it gives its own, others keep their value."""
    for each in fields_of(record):
        records = [kind for kind in alternatives(each.hint) if is_record(kind)]
        if not _nested(each):
            yield record, path, each
        elif records and each.default is ABSENT:
            yield from _columns(records[0], (*path, each.name))


def _deep(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return ABSENT
        value = value[name]
    return value


def _control(cls: type, each: Field, value: Any, *, place: str, filled: Filled) -> Control:
    kinds = alternatives(each.hint)
    usual = "" if each.default in (ABSENT, None) else shown(_plain(each.default))
    # A length of time may share its name with a field that names a calendar.
    named = None if timedelta in kinds else filled.options.get(NAMED_BY.get(each.name, ""))
    about: dict[str, Any] = {
        "place": place,
        "label": label_for(each.name, of=cls),
        "help": help_for(cls, each.name),
        "required": each.default is ABSENT,
        "errors": filled.errors_at(place),
        "usual": usual,
    }
    if bool in kinds:
        return Control(
            **about, kind="check", value=each.default is True if value is ABSENT else value is True
        )
    if isinstance(kinds[0], type) and issubclass(kinds[0], StrEnum):
        return _choice(kinds[0], each, value, about=about)
    several = _several(each, value, named=named, about=about)
    if several is not None:
        return several
    if named is not None:
        codes = _with_value(named, [] if value in (ABSENT, None, "") else [str(value)])
        return Control(
            **about, kind="choice", value="" if value is ABSENT else value, choices=(("", "—"), *codes)
        )
    kind = "long" if each.name in LONG else "text"
    typed = value if value is not ABSENT else ("" if each.default in (ABSENT, None) else usual)
    return Control(**about, kind=kind, value=shown(typed))


def _choice(enum: type[StrEnum], each: Field, value: Any, *, about: dict[str, Any]) -> Control:
    default = str(getattr(each.default, "value", "")) if each.default not in (ABSENT, None) else ""
    choices = tuple(
        (member.value, choice_label(member) + (" (usual)" if member.value == default else ""))
        for member in enum
    )
    empty = (("", "—"),) if not default else ()
    return Control(
        **about,
        kind="choice",
        value=default if value in (ABSENT, None) else str(value),
        choices=(*empty, *choices),
    )


def _several(each: Field, value: Any, *, named: Any, about: dict[str, Any]) -> Control | None:
    """Return boxes to tick for a list of a contract's codes, None where it is typed as text."""
    inner = next((get_args(kind)[0] for kind in alternatives(each.hint) if get_origin(kind) is tuple), None)
    if inner is None or (named is None and not _kinds(inner, each)):
        return None
    chosen = value
    if value is ABSENT and each.default not in (ABSENT, None):
        chosen = _plain(each.default)
    ticked = [] if chosen in (ABSENT, None) else [str(one) for one in chosen]
    if named is None:
        choices: tuple[tuple[str, str], ...] = tuple((m.value, choice_label(m)) for m in inner)
    else:
        choices = _with_value(named, ticked)
    if each.name == "exclusions":
        choices = (*choices, (NONE_OF_THEM, "None of them"))
        ticked = [NONE_OF_THEM] if chosen == [] else ticked
    return Control(**about, kind="several", value=ticked, choices=choices)


def _kinds(inner: Any, each: Field) -> bool:
    # Whose clock counts is an order of preference, which boxes cannot say.
    return isinstance(inner, type) and issubclass(inner, StrEnum) and each.name != "measured_by"


def _with_value(named: Sequence[tuple[str, str]], ticked: Sequence[str]) -> tuple[tuple[str, str], ...]:
    known = {code for code, _ in named}
    return (*named, *((code, code) for code in ticked if code not in known and code != NONE_OF_THEM))


def shown(value: Any) -> str:
    """Return a plain value as it is typed: lists with commas."""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _plain(default: Any) -> Any:
    """Return a default as it would be typed; several numbers stay plain numbers."""
    if isinstance(default, tuple):
        return [_plain(one) for one in default]
    return f"{default:f}" if isinstance(default, Decimal) else to_plain(default)


def default_of(cls: type, name: str) -> Any:
    """Return the plain default of one field, empty where it has none."""
    found = next(each.default for each in fields_of(cls) if each.name == name)
    return "" if found in (ABSENT, None) else _plain(found)


def joined(place: str, name: str) -> str:
    """Return the place of a field inside a record."""
    return f"{place}.{name}" if place else name
