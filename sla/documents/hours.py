"""Opening hours as people write them."""

from __future__ import annotations

import re

from sla.engine.periods import WeeklyHours

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)")
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def weekly_hours(text: str) -> tuple[WeeklyHours, ...]:
    """Return the rows of hours such as ``mon-fri 08:00-17:00`` or ``sun 22:00-24:00``."""
    parts = _HOURS.fullmatch(text.strip().lower())
    if not parts or parts[1] not in _WEEKDAYS or (parts[2] or parts[1]) not in _WEEKDAYS:
        raise ValueError(f"{text!r} are no hours. Write 'mon-fri 08:00-17:00' or 'sun 22:00-24:00'.")
    first, last = _WEEKDAYS.index(parts[1]), _WEEKDAYS.index(parts[2] or parts[1])
    opens, closes = _minutes(parts[3], parts[4]), _minutes(parts[5], parts[6])
    days = [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]
    return tuple(WeeklyHours(weekday=day, opens=opens, closes=closes) for day in days)


def open_span(text: str) -> tuple[int, int]:
    """Return hours such as ``10:00-14:00`` as minutes since midnight."""
    parts = _SPAN.fullmatch(text.strip())
    if not parts:
        raise ValueError(f"{text!r} are no hours. Write '10:00-14:00'.")
    opens, closes = _minutes(parts[1], parts[2]), _minutes(parts[3], parts[4])
    WeeklyHours(weekday=0, opens=opens, closes=closes)
    return opens, closes


def _minutes(hours: str, minutes: str) -> int:
    if int(minutes) > 59:
        raise ValueError(f"{hours}:{minutes} is no time of day. Minutes go up to 59.")
    return int(hours) * 60 + int(minutes)
