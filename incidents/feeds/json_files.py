"""What all JSON formats share: the document, its times and texts, and faults in plain words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from incidents.feeds.values import FeedProblem
from vendors.files.documents import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    kind_of,
    plausible,
    read_document,
    storable,
)
from vendors.files.rows import LARGEST_FILE

__all__ = [
    "EARLIEST_YEAR",
    "LARGEST_FILE",
    "LATEST_YEAR",
    "Instant",
    "Payload",
    "Text",
    "instant",
    "kind_of",
    "plausible",
    "problems_of",
    "read_document",
    "storable",
]

SHOWN = 60


def instant(given: Any) -> datetime | None:
    """Read one ISO 8601 time with its offset as UTC.

    Raises:
        ValueError: not text, not a time, no offset, or a year that no feed has seen.

    """
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise ValueError("a time is text such as 2019-06-25T04:15:00Z")
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError("not a time such as 2019-06-25T04:15:00Z") from None
    if read.tzinfo is None:
        raise ValueError("the time has no offset; 'Z' or '-05:00' must follow it")
    return plausible(read)


Instant = Annotated[datetime | None, BeforeValidator(instant)]
Text = Annotated[str, BeforeValidator(storable)]


class Payload(BaseModel):
    """Anything in a file: unknown keys are passed over, known ones are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


# What the checks say, where their own words would name our classes.
_PLAINLY = {
    "model_type": "not an object in braces",
    "list_type": "not a list",
    "string_type": "not text",
    "int_type": "not a whole number",
    "missing": "not there",
    "string_too_short": "empty",
    "string_too_long": "longer than 120 letters",
    "too_short": "empty",
    "too_long": "longer than 120 letters",
}


def problems_of(error: ValidationError, *, place: str) -> Iterator[FeedProblem]:
    """Yield each fault that the checks found, with its place in the file and what stands there."""
    for fault in error.errors(include_url=False):
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
        value = repr(fault["input"])
        shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
        said = _PLAINLY.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        yield FeedProblem(place=place + path, message=f"{said} (found {shown}).")
