"""What all pushed formats share: the message, its ids and epochs, and the events of a watched thing."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from incidents.feeds.json_files import kind_of, plausible, problems_of, read_document, storable
from incidents.feeds.values import Feed, FeedError, FeedEvent, FeedProblem

LARGEST_PUSH = 5_000_000
# Numbers of ours are at most 120 letters: an id, an "@" and a moment.
LONGEST_ID = 80
WEB_ADDRESS = re.compile(r"https?://[!-~]{1,2000}", re.ASCII)
EPOCH = re.compile(r"[0-9]{1,12}", re.ASCII)

Read = TypeVar("Read")


def read_push(content: bytes, *, what: str) -> dict[str, Any]:
    """Return the object of a message; `what` names the format in the error.

    Raises:
        FeedError: too large, not JSON, cut off, nested without end, or no object.

    """
    if len(content) > LARGEST_PUSH:
        raise FeedError(
            f"The message has {len(content)} bytes, more than {LARGEST_PUSH}. Let {what} send fewer at once."
        )
    document = read_document(content, what=what)
    if not isinstance(document, dict):
        raise FeedError(f"The message holds {kind_of(document)}, not an object. It is none of {what}.")
    return document


def no_message(document: dict[str, Any], *, what: str, wanted: str) -> FeedError:
    """Make the error for an object that is no message of the format."""
    found = repr(", ".join(sorted(document)[:8]))[1:-1]
    return FeedError(f"The message has no {wanted}; its keys are: {found[:200]}. It is none of {what}.")


class NothingToRecord(ValueError):
    """A sound message that tells neither of a failure nor of its end; its text says of what."""


def one_event(read: Callable[[], FeedEvent], *, place: str) -> Feed:
    """Return the one event of a message, or what is wrong with it and no event."""
    try:
        return Feed(events=(read(),))
    except ValidationError as error:
        return Feed(problems=tuple(problems_of(error, place=place)))
    except NothingToRecord as error:
        return Feed(problems=(FeedProblem(place=place, message=f"{error}: nothing to record."),))


def fingerprint(value: Any) -> str:
    """Return 32 letters that stand for a JSON value, whatever the order of its keys.

    Raises:
        FeedError: nested without end.

    """
    try:
        plain = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise FeedError("The message nests brackets without end. Nothing sends that.") from None
    return hashlib.sha256(plain.encode()).hexdigest()[:32]


def stamp(moment: datetime) -> str:
    """Write a moment as the part of a number, such as 2016-03-14T07:10:34.000000Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def identifier(given: Any) -> str:
    """Read an id that some senders write as a number and some as text. Raises ValueError for others."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise ValueError("an id is text or a whole number")
    read = str(storable(given)).strip()
    if not 1 <= len(read) <= LONGEST_ID:
        raise ValueError(f"an id has 1 to {LONGEST_ID} letters")
    return read


def epoch(given: Any) -> datetime | None:
    """Read whole seconds since 1970 as UTC. Raises ValueError for anything else, such as milliseconds."""
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not isinstance(given, int | str) or not EPOCH.fullmatch(str(given)):
        raise ValueError("a time is given in whole seconds since 1970, such as 1457939434")
    seconds = int(given)
    if seconds > 10_000_000_000:
        raise ValueError("more seconds than 300 years have; perhaps these are milliseconds")
    return plausible(datetime.fromtimestamp(seconds, tz=UTC))


def utc_without_zone(given: Any) -> datetime | None:
    """Read a time that its sender means as UTC without saying so; a stated offset is kept to."""
    if given is None or given == "":
        return None
    try:
        read = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise ValueError("not a time such as 2016-03-14T07:10:34") from None
    return plausible(read if read.tzinfo else read.replace(tzinfo=UTC))


def labels(given: Any) -> dict[str, str]:
    """Read an object of texts. Raises ValueError where a key or a value is something else."""
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ValueError("not an object whose values are all text")
    for text in (*given, *given.values()):
        storable(text)
    return given


def web_address(given: str) -> str:
    """Return an address that a browser may be sent to, or none: no scripts, no other programs."""
    return given if WEB_ADDRESS.fullmatch(given) else ""


def first_of(given: Iterable[str]) -> str:
    """Return the first text that is not empty, or none."""
    return next((text for text in given if text), "")


Identifier = Annotated[str, BeforeValidator(identifier)]
Epoch = Annotated[datetime | None, BeforeValidator(epoch)]
UtcWithoutZone = Annotated[datetime | None, BeforeValidator(utc_without_zone)]
Labels = Annotated[dict[str, str], BeforeValidator(labels), Field(default_factory=dict)]
