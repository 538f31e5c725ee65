"""From what was typed to plain data, in the shape of a document; the codec checks and reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, get_args, get_origin

from sla.engine.codec import CHOICES, fields_of
from sla.engine.codec.plans import ABSENT, Field, allows_none, alternatives, is_record
from sla.services.parts.controls import NONE_OF_THEM, _columns, _listed, default_of, joined

WHOLE = re.compile(r"[+-]?\d{1,18}")
PRESENT = "?"


class Typed(Protocol):
    """What a form sent: Django's QueryDict, or anything with these."""

    def getlist(self, name: str) -> list[str]:
        """Return all values of one name."""

    def __contains__(self, name: str) -> bool: ...


def plain_of_form(cls: type, typed: Typed, *, place: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as plain data; what a form does not show keeps the value it had."""
    plain: dict[str, Any] = {}
    choice = CHOICES.get(cls)
    for each in fields_of(cls):
        at = joined(place, each.name)
        if choice is not None and each.name == choice.field:
            chosen = _text(typed, joined(place, choice.by)) or default_of(cls, choice.by)
            params = next((params for m, params in choice.classes.items() if m.value == chosen), None)
            if params is not None:
                plain |= plain_of_form(params, typed, place=f"{place}~{chosen}", before=before)
            continue
        value = _value(each, typed, place=at, before=before.get(each.name))
        if value is not ABSENT:
            plain[each.name] = value
    return plain


def _value(each: Field, typed: Typed, *, place: str, before: Any) -> Any:
    rows = _listed(each.hint)
    if rows is not None:
        return _rows(rows, typed, place=place, before=before or [])
    records = [kind for kind in alternatives(each.hint) if is_record(kind)]
    if records:
        if allows_none(each.hint) and place + PRESENT not in typed:
            return ABSENT
        return plain_of_form(records[0], typed, place=place, before=before or {})
    return _scalar(each, typed, place=place)


def _rows(record: type, typed: Typed, *, place: str, before: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows that say anything; a row that was emptied is gone."""
    found: list[dict[str, Any]] = []
    index = 0
    columns = list(_columns(record))
    while any(f"{place}[{index}]." + ".".join((*path, each.name)) in typed for _, path, each in columns):
        at = f"{place}[{index}]"
        kept = dict(before[index]) if index < len(before) else {}
        row, says = _row(columns, typed, at=at, kept=kept)
        if says:
            found.append(row)
        index += 1
    return found


def _row(
    columns: Sequence[Any], typed: Typed, *, at: str, kept: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    row = {
        name: value
        for name, value in kept.items()
        if name not in {(*path, each.name)[0] for _, path, each in columns}
    }
    says = False
    for _, path, each in columns:
        value = _scalar(each, typed, place=".".join((at, *path, each.name)))
        if value is ABSENT:
            continue
        inner = row
        for name in path:
            inner = inner.setdefault(name, {})
        inner[each.name] = value
        # Boxes and lists always say something; only what is typed makes a row.
        says = says or (not isinstance(value, bool) and not _is_closed(each))
    return row, says


def _is_closed(each: Field) -> bool:
    return hasattr(alternatives(each.hint)[0], "__members__")


def _scalar(each: Field, typed: Typed, *, place: str) -> Any:
    kinds = alternatives(each.hint)
    if bool in kinds:
        return place in typed
    inner = next((get_args(kind)[0] for kind in kinds if get_origin(kind) is tuple), None)
    if inner is not None:
        return _list(typed, place=place)
    text = _text(typed, place)
    if not text:
        return ABSENT
    return int(text) if int in kinds and WHOLE.fullmatch(text) else text


def _list(typed: Typed, *, place: str) -> Any:
    said = [part.strip() for text in typed.getlist(place) for part in text.split(",") if part.strip()]
    if NONE_OF_THEM in said:
        return []
    # Nothing said is the usual: no list of the terms has a meaning of its own when it is empty.
    return said or ABSENT


def _text(typed: Typed, place: str) -> str:
    values = typed.getlist(place)
    return values[-1].strip() if values else ""
