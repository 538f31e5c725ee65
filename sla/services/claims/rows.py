"""Keep the rows of dated steps in line with what the clause asks for: done ones stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sla.engine.results import Due
from sla.models import Claim, ClaimToDo, Statement

LONGEST_READING = 300


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A dated step that the clause asks for now, by one reading of it."""

    due: Due
    party: str = ClaimToDo.Party.OURS
    text: str = ""


Key = tuple[str, str, str]


def follow(
    rows: Iterable[ClaimToDo],
    *,
    wanted: Iterable[Wanted],
    statement: Statement,
    now: datetime,
    claim: Claim | None = None,
    done: Iterable[Key] = (),
) -> None:
    """Make, correct, revive and drop rows until they say what is wanted; keys that are `done` stay so."""
    known = {_key(row): row for row in rows}
    kept: set[Key] = set()
    settled = {*done, *(key for key, row in known.items() if row.done_at is not None)}
    for key, each in _keyed(wanted).items():
        kept.add(key)
        if key not in settled:
            row = known.get(key) or ClaimToDo(
                statement=statement, claim=claim, what=key[0], incident=key[1], reading=key[2]
            )
            _write(row, values=_values(each))
    for key, row in known.items():
        if key not in kept and key not in settled and row.dropped_at is None:
            row.dropped_at = now
            row.save(update_fields=["dropped_at"])


def _keyed(wanted: Iterable[Wanted]) -> dict[Key, Wanted]:
    """Return what is wanted by key; limits that name no reading are told apart by their number."""
    found: dict[Key, Wanted] = {}
    for each in wanted:
        due = each.due
        reading, times = due.reading[:LONGEST_READING], 1
        while (due.what, due.incident, reading) in found:
            times += 1
            reading = f"{due.reading[: LONGEST_READING - 20]} reading {times}".strip()
        found[due.what, due.incident, reading] = each
    return found


def _values(wanted: Wanted) -> Mapping[str, Any]:
    due = wanted.due
    return {
        "party": str(wanted.party),
        "text": wanted.text,
        "clause": due.clause,
        "required": due.required,
        "due_on": due.due_on,
        "due_until": due.due_until,
        "dropped_at": None,
    }


def _write(row: ClaimToDo, *, values: Mapping[str, Any]) -> None:
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if row._state.adding:
        row.save()
    elif changed:
        row.save(update_fields=changed)


def _key(row: ClaimToDo) -> Key:
    return row.what, row.incident, row.reading
