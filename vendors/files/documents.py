"""A JSON document as bytes, and what may stand in any file: its texts and its years."""

import json
from codecs import BOM_UTF8
from datetime import UTC, datetime
from typing import Any

from vendors.files.errors import FileError
from vendors.files.kinds import JSON, kind_of_file
from vendors.files.rows import LARGEST_FILE, shown, too_large

EARLIEST_YEAR, LATEST_YEAR = 1990, 2200


def read_document(content: bytes, *, what: str) -> Any:
    """Return the document of a JSON file; `what` names the format in the error.

    Raises:
        FileError: too large, not JSON, cut off, or nested without end.

    """
    if len(content) > LARGEST_FILE:
        raise FileError(too_large(content))
    try:
        return json.loads(content)
    except RecursionError:
        raise FileError(f"The file nests brackets without end. It is no {what} file.") from None
    except ValueError as error:
        raise FileError(_not_json(content, error=error)) from None


def _not_json(content: bytes, *, error: ValueError) -> str:
    """Say in plain words what stands in the way of reading a file as JSON."""
    kind = kind_of_file(content)
    if kind and kind != JSON:
        return f"The file is {kind}, not JSON. Choose the format that it is in."
    told = _where_not_json(content, error=error)
    return (
        f"The file is not JSON, or was cut off: {told}. Choose the format that it is in, or bring it whole."
    )


def _where_not_json(content: bytes, *, error: ValueError) -> str:
    if not content.strip():
        return "it is empty"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1:,} is no letter of a text in UTF-8"
    if not isinstance(error, json.JSONDecodeError):
        return "a number in it is too long"
    if not content.removeprefix(BOM_UTF8).lstrip().startswith((b"{", b"[")):
        return f"it begins with {shown(error.doc.lstrip())}, where a brace or bracket is expected"
    if error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip()):
        return f"it ends in the middle of what line {error.lineno} tells"
    found = shown(error.doc[error.pos :].split("\n")[0])
    return f"line {error.lineno}, letter {error.colno} cannot be read, at {found}"


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
    if isinstance(given, str) and not is_storable(given):
        raise ValueError("the text holds a null byte or half a character")
    return "" if given is None else given


def is_storable(text: str) -> bool:
    """Say whether a database can hold a text: it has no NUL, and no half of a character."""
    return "\x00" not in text and (
        text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
    )
