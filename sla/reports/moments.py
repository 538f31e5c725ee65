"""Moments as the reader's clock shows them, with the offset that makes them exact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sla.engine.periods import zone_info

# The end of a day is the first moment of the next one.
MOMENT = timedelta(microseconds=1)


def local_moments(zone: str) -> Callable[[datetime], str]:
    """Return a writer of UTC instants as ``2019-06-25 15:07:00 -07:00`` in a zone."""
    info = zone_info(zone)

    def write(at: datetime) -> str:
        local = at.astimezone(info)
        fraction = f".{local.microsecond:06d}" if local.microsecond else ""
        offset = f"{local:%z}"
        return f"{local:%Y-%m-%d %H:%M:%S}{fraction} {offset[:3]}:{offset[3:5]}"

    return write


def time_left(until: datetime, *, zone: str, now: datetime) -> str:
    """Return the time to a deadline in days, in hours for the last two days, or how long it is over.

    How long it is over is counted in calendar days of a zone, from the day that is printed: what was due by
    the end of the 30th is a day over on the 31st.
    """
    if now >= until:
        info = zone_info(zone)
        days = (now.astimezone(info).date() - (until - MOMENT).astimezone(info).date()).days
        return f"{days} day{'' if days == 1 else 's'} over" if days else "over"
    hours = int((until - now).total_seconds() // 3600)
    if hours < 48:
        return f"{hours} h left"
    return f"{hours // 24} days left"
