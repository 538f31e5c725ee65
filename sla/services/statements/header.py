"""What a revision's own fingerprint is made of: what it says of itself, its texts and each of its lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from sla.engine.codec import to_plain
from sla.engine.facts import Inputs
from sla.models import StatementLine, StatementRevision
from sla.services.statements.lines import LineValues

# By column: what it holds where a line does not say.
COLUMNS = {
    field.attname: None if field.is_relation else field.get_default()
    for field in StatementLine._meta.concrete_fields
    if field.name not in ("id", "revision")
}


def frozen_number(inputs: Inputs) -> str:
    """Return a statement's number as its inputs say it: a contract may be renamed later."""
    return f"{inputs.schedule.contract}/{inputs.schedule.code}/{inputs.period.label}"


def header_of(revision: StatementRevision, *, number: str, lines: Iterable[Any]) -> dict[str, Any]:
    """Return what a revision's fingerprint is made of; `lines` are rows or column values."""
    return {
        "statement": number,
        "revision": revision.number,
        "full_number": f"{number}/r{revision.number}",
        "inputs_version": revision.inputs_version,
        "inputs_digest": revision.inputs_digest,
        "result_digest": revision.result_digest,
        "engine_version": revision.engine_version,
        "zone_data": revision.zone_data,
        "previous_digest": revision.previous_digest,
        "finalised_at": f"{revision.finalised_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        # Who it was, by key and by the name of that time: an account may be renamed later.
        "finalised_by": [revision.finalised_by_id, revision.finaliser],
        "cause": revision.cause,
        "overridden": revision.overridden,
        "due_minor": revision.due_minor,
        "lines": [line_plain(line) for line in lines],
    }


def header_digest(header: Mapping[str, Any]) -> str:
    """Return the SHA-256 fingerprint of a header's canonical JSON."""
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def line_plain(line: Any) -> dict[str, Any]:
    """Return all columns of a line as plain data."""
    return {name: _plain(value) for name, value in column_values(line).items()}


def column_values(line: Any) -> LineValues:
    """Return the columns of a row, or of a line that is to become one, with their defaults."""
    if not isinstance(line, dict):
        return {name: getattr(line, name) for name in COLUMNS}
    return {name: line.get(name, default) for name, default in COLUMNS.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction | date):
        return to_plain(value)
    return value
