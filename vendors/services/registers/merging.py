"""Put what a register says beside what is on file: what changes, what a person keeps, and both in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from vendors.models import Charge, RegisterRecord, Tracked, money_text
from vendors.services.registers.report import Change

SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What merging did to a row: what it changed, which fields a person keeps, and lines that say so."""

    changes: tuple[Change, ...]
    kept: frozenset[str]
    conflicts: tuple[str, ...]


# Fields whose column has another name.
COLUMNS = {"amount_minor": "amount"}


def merge(row: Tracked, *, values: Mapping[str, Any], before: RegisterRecord | None) -> Merged:
    """Take the register's values into a row on file, where no person stands in the way.

    A person stands in the way where the row differs from what the register said last, or, if it never said
    anything, from what an untouched row has; and does so until row and register agree again.
    """
    said = before.said if before is not None else {}
    kept = set(before.kept) if before is not None else set()
    conflicts = []
    changes = []
    for name, theirs in values.items():
        ours, new = as_text(getattr(row, name)), as_text(theirs)
        if ours == new:
            kept.discard(name)
            continue
        if name not in kept and ours != said.get(name, _untouched(row, name)):
            kept.add(name)
        label = _label(row, name)
        mine, other = (_told_value(row, name, value) for value in (getattr(row, name), theirs))
        if name in kept:
            conflicts.append(f"{label} stays {mine}; the register says {other}")
        else:
            changes.append(Change(label, mine, other))
            setattr(row, name, theirs)
    return Merged(changes=tuple(changes), kept=frozenset(kept), conflicts=tuple(conflicts))


def _label(row: Tracked, name: str) -> str:
    return COLUMNS.get(name, str(row._meta.get_field(name).verbose_name))  # type: ignore[union-attr]


def filled(
    row: Tracked, *, values: Mapping[str, Any], links: Mapping[str, Sequence[models.Model]]
) -> list[Change]:
    """Return what the register fills in of a new record."""
    told = {name: _told_value(row, name, value) for name, value in values.items() if as_text(value)}
    told |= {name: _listed(rows) for name, rows in links.items() if rows}
    return [Change(_label(row, name), "", text) for name, text in told.items()]


def linked(row: Tracked, name: str, *, before: Iterable[Any], after: Iterable[Any]) -> Change:
    """Return how a list of references changes."""
    return Change(_label(row, name), _listed(before), _listed(after))


def _listed(rows: Iterable[Any]) -> str:
    return _shown(", ".join(map(as_text, rows)))


def as_text(value: Any) -> str:
    """Write a value so that two equal ones are written alike."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Tracked):
        return "/".join(as_text(part) for part in value.natural_key())
    return str(value)


def _untouched(row: Tracked, name: str) -> str:
    """Return the text of a field that nobody has filled."""
    return as_text(row._meta.get_field(name).get_default())  # type: ignore[union-attr]


def _told_value(row: Tracked, name: str, value: Any) -> str:
    """Write a value for people: an amount with its currency, a long text cut."""
    if name == "amount_minor" and isinstance(row, Charge):
        return money_text(value, currency=row.contract.currency)
    named = dict(row._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    if isinstance(value, str) and value in named:
        return str(named[value])
    return _shown(as_text(value))


def _shown(text: str) -> str:
    one_line = " ".join(text.split()) or "empty"
    return one_line if len(one_line) <= SHOWN else one_line[: SHOWN - 1] + "…"
