"""A JSON document as bytes, and what may stand in any file: its texts and its years."""

import json
from datetime import UTC, datetime
from typing import Any

from vendors.files.errors import FileError

LARGEST_FILE = 50_000_000
EARLIEST_YEAR, LATEST_YEAR = 1990, 2200


def read_document(content: bytes, *, what: str) -> Any:
    """Return the document of a JSON file; `what` names the format in the error.

    Raises:
        FileError: too large, not JSON, cut off, or nested without end.

    """
    if len(content) > LARGEST_FILE:
        raise FileError(f"The file has {len(content)} bytes, more than {LARGEST_FILE}. Split it by year.")
    try:
        return json.loads(content)
    except RecursionError:
        raise FileError(
            f"The file nests brackets without end. It is no {what} file; fetch it again."
        ) from None
    except ValueError as error:
        raise FileError(f"The file is not JSON, or was cut off: {error}. Fetch it again.") from None


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
