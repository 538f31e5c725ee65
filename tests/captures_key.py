"""Compare what our readers make of maintenance notices with a third party's reading of the same files.

The key is a folder of notices as the parser project networktocode/circuit-maintenance-parser keeps them:
each file beside its expected records in `<name>_result.json` (or `_result_combined.json`), times in
seconds since 1970. The comparison is of facts alone: number, window, status, account, circuits.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from incidents.feeds.notices import STATUSES
from incidents.feeds.values import Feed, FeedMaintenance, NoticeStatus

KEYS = ("_result_combined.json", "_result.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One window of the key: the fields in which ours is equal, and those in which it differs."""

    file: str
    number: str
    starts_at: datetime
    equal: tuple[str, ...]
    different: Mapping[str, tuple[Any, Any]]


def compare(feed: Feed, records: Iterable[Mapping[str, Any]], *, file: str) -> list[Compared]:
    """Set each record of the key beside our window of the same number and start, None where we have none."""
    ours = {(said.notice or said.external_id, said.starts_at): said for said in feed.maintenances}
    found = []
    for record in records:
        number = str(record.get("maintenance_id", ""))
        starts_at = _time(record.get("start"))
        said = ours.get((number, starts_at))
        both = {name: (_theirs(name, record), said and take(said)) for name, take in FIELDS.items()}
        stated = {name: pair for name, pair in both.items() if pair[0] is not None}
        found.append(
            Compared(
                file=file,
                number=number,
                starts_at=starts_at,
                equal=tuple(name for name, (theirs, own) in stated.items() if theirs == own),
                different={name: pair for name, pair in stated.items() if pair[0] != pair[1]},
            )
        )
    return found


def key_of(notice: Path) -> Path | None:
    """Return the file of expected records beside a notice, the fullest there is, None where there is none."""
    beside = (notice.with_name(notice.stem + ending) for ending in KEYS)
    return next((path for path in beside if path.exists()), None)


def records_of(key: Path) -> list[dict[str, Any]]:
    """Return the records of a key that name a whole window; some keys hold the parts of one."""
    return [
        record for record in json.loads(key.read_text()) if {"start", "end", "maintenance_id"} <= {*record}
    ]


def _circuits(said: FeedMaintenance) -> list[tuple[str, str]]:
    return sorted((part.name, part.worst_status) for part in said.components)


FIELDS: Mapping[str, Callable[[FeedMaintenance], Any]] = {
    "number": lambda said: said.notice or said.external_id,
    "start": lambda said: said.starts_at,
    "end": lambda said: said.ends_at,
    "stamp": lambda said: said.changed_at.replace(microsecond=0) if said.changed_at else None,
    "status": lambda said: said.status or "",
    "account": lambda said: said.account,
    "circuits": _circuits,
}


def _theirs(name: str, record: Mapping[str, Any]) -> Any:
    """Return a field of the key in our words, None where the key does not state it."""
    if name in ("start", "end", "stamp"):
        return _time(record[name]) if name in record else None
    if name == "number":
        return record.get("maintenance_id")
    if name == "circuits":
        # They list a circuit as often as the mail does; we name it once.
        return sorted({(part["circuit_id"], part["impact"]) for part in record.get("circuits", [])})
    if name == "status":
        return _status(record["status"]) if "status" in record else None
    return record.get(name)


def _status(word: str) -> NoticeStatus | str:
    return STATUSES.get(word) or ""


def _time(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
