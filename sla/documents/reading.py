"""Bytes of TOML or JSON to a document; every fault is told at once and nothing is half read."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, get_args, get_type_hints

from sla.documents.checking import faults
from sla.documents.document import Document
from sla.engine.codec import MOST_FAULTS, CodecError, Problem, from_plain
from sla.engine.periods import zone_info, zone_table

LARGEST = 20 * 1024 * 1024
DEEPEST = 24
LONGEST_KEY = 500
MOST_SHOWN = 50
LONGEST_LINE = 1000
_KEY_PART = re.compile(r"""[ \t]*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*""")
_HINTS = get_type_hints(Document)
_NEEDED = ("vendor", "contract")


class DocumentError(CodecError):
    """A document that cannot be used; ``name`` is the file, ``problems`` are all its faults."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        self.name = name
        super().__init__(problems)

    def __str__(self) -> str:
        """Return the file and its faults, one a line."""
        many = f"{len(self.problems)} faults" if len(self.problems) > 1 else "1 fault"
        lines = [f"{self.name} has {many}:", *(f"  {problem}" for problem in self.problems[:MOST_SHOWN])]
        if len(self.problems) > MOST_SHOWN:
            lines.append(f"  and {len(self.problems) - MOST_SHOWN} more")
        return "\n".join(printable(line) for line in lines)


def printable(line: str) -> str:
    """Return a line that no terminal obeys: control signs are written out, a long one is cut."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line[:LONGEST_LINE])
    return shown if len(line) <= LONGEST_LINE else f"{shown}..."


def read_document(data: bytes, *, name: str) -> Document:
    """Return the document in a file's bytes.

    A name that ends in .json or .toml says the form, else the first sign does. Times without an
    offset are read in the zone of their entry, else of the contract. Raise DocumentError.
    """
    try:
        table = _parsed(data, name=name)
    except ValueError as error:
        raise DocumentError(name, (Problem("", str(error)),)) from None
    document, problems = _read_keys(table)
    if document is not None and not problems:
        problems = faults(document)
    if document is None or problems:
        raise DocumentError(name, tuple(problems))
    return document


def _parsed(data: bytes, *, name: str) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise ValueError(f"The file has {len(data):,} bytes; at most {LARGEST:,} are read. Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"The file is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    is_json = name.lower().endswith(".json") or (
        not name.lower().endswith(".toml") and text.lstrip().startswith("{")
    )
    try:
        table = _from_json(text) if is_json else _from_toml(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"The file is no valid {'JSON' if is_json else 'TOML'}: {error}.") from None
    except ValueError as error:
        if "int_max_str_digits" not in str(error):
            raise
        raise ValueError("The file holds a whole number of thousands of digits. Check it.") from None
    except InvalidOperation:
        raise ValueError("The file holds a number that cannot be read. Write plain decimals.") from None
    except RecursionError:
        raise ValueError(f"The file nests deeper than {DEEPEST} levels. Flatten it.") from None
    if not isinstance(table, dict):
        raise ValueError("The file holds no table. Begin with [vendor] and [contract].")
    if _depth(table) > DEEPEST:
        raise ValueError(f"The file nests deeper than {DEEPEST} levels. Flatten it.")
    return table


def _from_toml(text: str) -> dict[str, Any]:
    # The parser's memory grows with the square of a dotted key's length.
    run = 0
    for part in text.split(".") if text.count(".") >= LONGEST_KEY else ():
        run = run + 1 if _KEY_PART.fullmatch(part) else 0
        if run >= LONGEST_KEY:
            raise RecursionError
    return tomllib.loads(text.replace("\r\n", "\n"), parse_float=Decimal)


def _from_json(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"The key {twice!r} is given twice in one object. Keep one.")
        return table

    return json.loads(text, parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=unique)


def _depth(value: Any) -> int:
    level, layer = 0, [value]
    while layer and level <= DEEPEST:
        level += 1
        layer = [
            item
            for outer in layer
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, dict | list)
        ]
    return level


def _read_keys(table: dict[str, Any]) -> tuple[Document | None, list[Problem]]:
    problems: list[Problem] = []
    given: dict[str, Any] = {}
    local = _contract_clock(table)
    for key, value in table.items():
        if len(problems) >= MOST_FAULTS:
            break
        if key not in _HINTS:
            near = difflib.get_close_matches(key, _HINTS, n=1, cutoff=0.6)
            advice = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(_HINTS)}."
            problems.append(Problem(key, f"{key!r} is not a known key. {advice}"))
            continue
        try:
            given[key] = _read_key(key, value, local=local)
        except CodecError as error:
            problems += error.problems
    problems += [
        Problem("", f"{key} is missing. Add the table [{key}]; see FORMAT.md for its keys.")
        for key in _NEEDED
        if key not in table
    ]
    return (None if problems else Document(**given)), problems


def _read_key(key: str, value: Any, *, local: Callable[[datetime], datetime]) -> Any:
    hint = _HINTS[key]
    if not (isinstance(value, list) and get_args(hint)):
        return from_plain(hint, value, at=key, local=local)
    entry = get_args(hint)[0]
    zoned = any(f.name == "zone" for f in fields(entry)) and key not in ("calendars", "agreements")
    found: list[Any] = []
    problems: list[Problem] = []
    for index, item in enumerate(value):
        clock = _entry_clock(item, default=local) if zoned else local
        try:
            found.append(from_plain(entry, _spelled_out(key, item), at=f"{key}[{index}]", local=clock))
        except CodecError as error:
            problems += error.problems
    if problems:
        raise CodecError(problems)
    return tuple(found)


def _spelled_out(key: str, item: Any) -> Any:
    """Return an entry with its short forms written out: a closed day may be its bare date."""
    if key == "calendars" and isinstance(item, dict) and isinstance(item.get("closed"), list):
        closed = [day if isinstance(day, dict) else {"on": day} for day in item["closed"]]
        return item | {"closed": closed}
    return item


def _contract_clock(table: dict[str, Any]) -> Callable[[datetime], datetime]:
    contract = table.get("contract")
    zone = contract.get("zone") if isinstance(contract, dict) else None
    return local_clock(zone) if isinstance(zone, str) else local_clock("UTC")


def _entry_clock(item: Any, *, default: Callable[[datetime], datetime]) -> Callable[[datetime], datetime]:
    zone = item.get("zone") if isinstance(item, dict) else None
    return local_clock(zone) if isinstance(zone, str) and zone else default


def local_clock(zone: str) -> Callable[[datetime], datetime]:
    """Return what turns a wall-clock time of the zone into its UTC instant.

    A time that does not exist there, or exists twice, is refused with the readings it may have. In
    an unknown zone any time passes: the zone itself is reported at its own place.
    """
    try:
        zone_info(zone)
    except ValueError:
        return local_clock("UTC")

    def instant(wall: datetime) -> datetime:
        table = zone_table(zone, first_year=wall.year - 1, last_year=wall.year + 1)
        return table.instant(wall)

    return instant
