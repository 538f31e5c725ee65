"""What was asked, as plain data and back: exact, and each record by its key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.apps import apps
from django.db import models

_WRITE: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    # A moment is a date too, so it comes first.
    (datetime, "$moment", datetime.isoformat),
    (date, "$day", date.isoformat),
    (Decimal, "$decimal", str),
    (Fraction, "$fraction", str),
    (models.Model, "$row", lambda row: [row._meta.label_lower, row.pk]),
)
_READ: Mapping[str, Callable[[Any], Any]] = {
    "$moment": datetime.fromisoformat,
    "$day": date.fromisoformat,
    "$decimal": Decimal,
    "$fraction": Fraction,
    "$row": lambda named: apps.get_model(named[0])._default_manager.get(pk=named[1]),
}


def to_plain(value: Any) -> Any:
    """Return a value as JSON holds it; raise TypeError for one of an unknown kind."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    for kind, mark, write in _WRITE:
        if isinstance(value, kind):
            return {mark: write(value)}
    if isinstance(value, Mapping):
        return {str(name): to_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | models.QuerySet):
        return [to_plain(each) for each in value]
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be kept in a request for a second person.")


def from_plain(plain: Any) -> Any:
    """Return the value; raise ObjectDoesNotExist where a record is gone."""
    if isinstance(plain, list):
        return [from_plain(each) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if len(plain) == 1:
        ((mark, held),) = plain.items()
        if mark in _READ:
            return _READ[mark](held)
    return {name: from_plain(each) for name, each in plain.items()}


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value's plain form."""
    text = json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
