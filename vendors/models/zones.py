"""Time zones as contracts name them: an IANA name, or a fixed offset such as UTC-05:00."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

FIXED_OFFSET = re.compile(r"UTC([+-])(0\d|1[0-4]):([0-5]\d)")


def zone_of(name: str) -> tzinfo:
    """Return the zone of a name; raise ValidationError for a name that is neither form."""
    fixed = FIXED_OFFSET.fullmatch(name)
    if fixed:
        sign, hours, minutes = fixed.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if sign == "-" else offset, name)
    try:
        return ZoneInfo(name)
    # An unknown key, a path outside the database, or a folder of it ("Europe").
    except (LookupError, ValueError, OSError):
        raise ValidationError(
            f"{name!r} is not a time zone. Use a name such as America/New_York,"
            " or a fixed offset such as UTC-05:00.",
            code="zone",
        ) from None


def validate_zone(value: str) -> None:
    """Refuse a zone that cannot be found."""
    zone_of(value)


def midnight(day: date, *, zone: str) -> datetime:
    """Return the first instant of a local day, in UTC.

    Where clocks jump over midnight the day begins at the jump (America/Santiago in September);
    where midnight comes twice it begins at the first (America/Havana in November).
    """
    return datetime.combine(day, time.min, tzinfo=zone_of(zone)).astimezone(UTC)
