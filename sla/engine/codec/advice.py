"""What to do about a key that is missing or unknown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from sla.engine.codec import scalars
from sla.engine.codec.plans import Field, alternatives


def unknown_key(key: str, *, known: Sequence[str]) -> str:
    """Return that a key is not known, with the nearest known one."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    advice = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
    return f"{key!r} is not a known key. {advice}"


def wanted(field: Field) -> str:
    """Return what a missing key is to be given."""
    kinds = alternatives(field.hint)
    if len(kinds) > 1:
        return "Give a number, or a length of time where the measure is time."
    hint = kinds[0]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"Give one of: {', '.join(str(member.value) for member in hint)}."
    return _ADVICE.get(hint, "Add it.")


_ADVICE: dict[Any, str] = {
    str: "Give it as text.",
    int: "Give a whole number.",
    bool: "Give true or false.",
    Decimal: "Give a number such as 99.9.",
    Fraction: "Give a share such as 120/500.",
    timedelta: scalars.LENGTH_ADVICE,
    date: "Write a date such as 2019-06-25.",
    datetime: scalars.INSTANT_ADVICE,
}
