"""The acts that need a second person, as the apps state them in tables of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models
from django.utils.module_loading import import_string

from vendors.models import Contract, Vendor


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a subject belongs, which says who may see it; neither: everybody."""

    contract: Contract | None = None
    vendor: Vendor | None = None


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What running an act did: in words, one change a line, and what else must be the same when approved."""

    effect: str
    mark: Any = None


def place_of(row: Any) -> Place:
    """Return where a row belongs by its own path to the vendor."""
    path = getattr(type(row), "visible_through", "")
    steps = [step for step in path.split("__") if step]
    at, contract = row, None
    for step in steps:
        at = getattr(at, step, None)
        contract = at if isinstance(at, Contract) else contract
    return Place(contract=contract, vendor=at if isinstance(at, Vendor) else None)


def key_of(row: models.Model) -> str:
    """Return what tells a row from others, also before it is saved."""
    if row.pk is not None:
        return f"{row._meta.label_lower}:{row.pk}"
    return f"{row._meta.label_lower}:new:{row}"


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act that needs a second person.

    `run(subject, by=, second=, now=, **asked)` does it through its service. `state(subject, **asked)` is what
    it was asked about. `place` and `key` say where it belongs, and of what only one request waits. `beside`
    are codes of acts of which none may wait beside it for the same.
    """

    code: str
    label: str
    permission: str
    run: Callable[..., Ran]
    state: Callable[..., Any] = lambda subject, **asked: None
    place: Callable[..., Place] = lambda subject, **asked: place_of(subject)
    key: Callable[..., str] = lambda subject, **asked: key_of(subject)
    named: Callable[..., str] = lambda subject, **asked: str(subject)
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class GuardedRow:
    """A kind of record of which some fields change only with a second person.

    `concerns(row, old=, changed=)` says whether a change is one of those; the row is None for a removal, and
    the old one for a new row. `weighs(row, ran=)` says whether what it does is heavy enough: it is tried and
    taken back, where somebody could approve it. `unasked` are fields that no request holds, such as secrets.
    """

    model: str
    act: str
    concerns: Callable[..., bool]
    weighs: Callable[..., bool] | None = None
    unasked: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Table:
    """What one app states."""

    acts: tuple[Act, ...] = ()
    rows: tuple[GuardedRow, ...] = ()


_TABLES: list[str] = []


def declare(path: str) -> None:
    """Name a table ("sla.services.seconded.TABLE"), read when it is first needed. Call it from `ready`."""
    if path not in _TABLES:
        _TABLES.append(path)


def act_of(code: str) -> Act:
    """Return an act by its code; raise KeyError for an unknown one."""
    return acts()[code]


def acts() -> Mapping[str, Act]:
    """Return every act by its code."""
    return _read(tuple(_TABLES))[0]


def guarded(row: models.Model | type[models.Model]) -> GuardedRow | None:
    """Return how a kind of record is guarded, None where it is not."""
    return guarded_rows().get(row._meta.label_lower)


def guarded_rows() -> Mapping[str, GuardedRow]:
    """Return every guarded kind of record by its model."""
    return _read(tuple(_TABLES))[1]


@cache
def _read(paths: tuple[str, ...]) -> tuple[dict[str, Act], dict[str, GuardedRow]]:
    tables = list(_tables(paths))
    return (
        {act.code: act for table in tables for act in table.acts},
        {row.model.lower(): row for table in tables for row in table.rows},
    )


def _tables(paths: tuple[str, ...]) -> Iterator[Table]:
    for path in paths:
        yield import_string(path)
