"""What all JSON formats share: the document, its times and texts, and faults in plain words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from incidents.feeds.values import FeedError, FeedProblem

LARGEST_FILE = 50_000_000
EARLIEST_YEAR, LATEST_YEAR = 1990, 2200
SHOWN = 60


def read_document(content: bytes, *, what: str) -> Any:
    """Return the document of a JSON file; `what` names the format in the error.

    Raises:
        FeedError: too large, not JSON, cut off, or nested without end.

    """
    if len(content) > LARGEST_FILE:
        raise FeedError(f"The file has {len(content)} bytes, more than {LARGEST_FILE}. Split it by year.")
    try:
        return json.loads(content)
    except RecursionError:
        raise FeedError(
            f"The file nests brackets without end. It is no {what} file; fetch it again."
        ) from None
    except ValueError as error:
        raise FeedError(f"The file is not JSON, or was cut off: {error}. Fetch it again.") from None


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value in plain words."""
    names = {
        list: "a list",
        dict: "an object",
        str: "text",
        int: "a number",
        float: "a number",
        bool: "a truth value",
    }
    return names.get(type(value), "nothing")


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


def plausible(read: datetime) -> datetime:
    """Return a time with its offset in UTC. Raises ValueError for a year that no feed has seen."""
    if not EARLIEST_YEAR <= read.year <= LATEST_YEAR:
        raise ValueError(f"the year lies outside {EARLIEST_YEAR} to {LATEST_YEAR}")
    return read.astimezone(UTC)


def storable(given: Any) -> Any:
    """Refuse text that no database can hold."""
    if isinstance(given, str) and ("\x00" in given or (not given.isascii() and _has_surrogate(given))):
        raise ValueError("the text holds a null byte or half a character")
    return "" if given is None else given


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


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
