"""Times as people type them: local, in a zone that the page states, and never shifted silently."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

TYPED = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)? ?(Z|[+-]\d{2}:\d{2})?")


def read_local(text: str, *, zone: tzinfo) -> datetime:
    """Read a local time, or one with its offset, as UTC.

    Raises:
        ValidationError: not a time, or one that the zone's clocks never showed, or showed twice; the message
            offers both readings.

    """
    if not TYPED.fullmatch(text):
        raise ValidationError(
            f"'{text}' is not a date and time. Write it as 2019-06-25 04:15.", code="invalid"
        )
    try:
        typed = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z"))
    except ValueError:
        raise ValidationError(f"'{text}' is no date of the calendar. Correct it.", code="invalid") from None
    if typed.tzinfo is not None:
        return typed.astimezone(UTC)
    first, second = typed.replace(tzinfo=zone), typed.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        raise ValidationError(_two_readings(text, first=first, second=second, zone=zone), code="two_readings")
    return first.astimezone(UTC)


def _two_readings(text: str, *, first: datetime, second: datetime, zone: tzinfo) -> str:
    showed = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == first.replace(tzinfo=None)
    what = "happened twice" if showed else "never happened"
    why = "the clocks went back" if showed else "the clocks went forward"
    # In a gap both readings are moments that did happen, told by the clock before and after it.
    readings = [reading.astimezone(UTC).astimezone(zone) for reading in (first, second)]
    earlier, later = (written(reading, with_offset=True) for reading in sorted(readings))
    return f"{text} {what} in {zone}: {why}. Write {earlier} or {later}."


def written(moment: datetime, *, with_offset: bool = False) -> str:
    """Write a local moment as it is typed: seconds and their parts only where they are not zero."""
    detail = "microseconds" if moment.microsecond else "seconds" if moment.second else "minutes"
    text = moment.replace(tzinfo=None).isoformat(sep=" ", timespec=detail)
    return text + _offset(moment) if with_offset else text


def _offset(moment: datetime) -> str:
    shift = moment.utcoffset() or timedelta()
    minutes = round(abs(shift).total_seconds() / 60)
    return f"{'-' if shift < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


class LocalDateTimeField(forms.CharField):
    """A moment in the page's zone; what is ambiguous there is written and read with its offset."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = UnfoldAdminTextInputWidget(
            attrs={"placeholder": "YYYY-MM-DD HH:MM", "style": "min-width: 11rem"}
        )
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a moment in the page's zone."""
        if not isinstance(value, datetime):
            return value
        local = value.astimezone(timezone.get_current_timezone())
        return written(local, with_offset=_shown_twice(local))

    def to_python(self, value: Any) -> Any:
        """Read what was typed, in the page's zone."""
        if isinstance(value, datetime) or value in self.empty_values:
            return value or None
        return read_local(str(value).strip(), zone=timezone.get_current_timezone())

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare moments, not their spelling."""
        try:
            return bool((initial or None) != self.to_python(data))
        except ValidationError:
            return True


def _shown_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
