"""Days and moments as people name them in forms, addresses and commands."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

PERIOD_HINT = "Write 2019, 2019-Q2, 2019-06 or 2019-06-25."


def first_day(text: str) -> date:
    """Return the first day of a year, quarter, month or day; raise ValueError."""
    found = re.fullmatch(r"(\d{4})(?:-Q([1-4])|-(\d\d)(?:-(\d\d))?)?", text, re.ASCII)
    if not found or not 1900 <= int(found[1]) <= 2199:
        raise ValueError(f"{text!r} names no day. {PERIOD_HINT}")
    year, quarter, month, day = found.groups()
    try:
        return date(int(year), 3 * int(quarter) - 2 if quarter else int(month or 1), int(day or 1))
    except ValueError as error:
        raise ValueError(f"{text!r} is no day of the calendar. {PERIOD_HINT}") from error


def moment(text: str) -> datetime:
    """Return the end of a day (UTC), or the very moment that is written with its offset; raise ValueError."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text) + timedelta(days=1)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no moment. Write 2019-06-30 or 2019-06-30T18:00:00Z.") from error
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset. Write 2019-06-30T18:00:00Z, or the day alone.")
    return at.astimezone(UTC)
