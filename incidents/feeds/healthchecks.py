"""Read the status changes ("flips") of one check from Healthchecks' API, newest first.

The answer says neither which check it is of nor its number: the name of the file stands for the check, and
the moment of going down for the outage; so one feed reads one check. Ask for all flips, not for a window:
a recovery whose failure lies before the window cannot be known from a check that was just made, and is left
out. Healthchecks hears our jobs from outside: a third party's clock.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from incidents.feeds.json_files import Instant, Payload, kind_of, problems_of, read_document, storable
from incidents.feeds.pushes import stamp
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedError,
    FeedIncident,
    FeedProblem,
    Format,
)

MOST_FLIPS = 100_000
EXPECTED = "Expected is the answer of /flips/ for one check."


class FlipPayload(Payload):
    """One change: `up` is 1 or 0."""

    timestamp: Instant
    up: int


def read_healthchecks(content: bytes, *, check: str = "") -> Feed:
    """Read one list; a bad entry is listed with its place, the others are kept.

    Raises:
        FeedError: not JSON, too large, nested without end, or no list of flips.

    """
    document = read_document(content, what="Healthchecks")
    if not isinstance(document, list):
        raise FeedError(f"The file holds {kind_of(document)}, not a list. {EXPECTED}")
    if len(document) > MOST_FLIPS:
        raise FeedError(f"The file has {len(document)} flips, more than {MOST_FLIPS}. Ask for fewer years.")
    flips: list[tuple[datetime, bool]] = []
    problems: list[FeedProblem] = []
    # The oldest last: read backwards, what happened in one second keeps its order.
    for number, record in reversed(list(enumerate(document))):
        try:
            flips.append(_flip(record))
        except ValidationError as error:
            problems.extend(problems_of(error, place=f"[{number}]"))
        except FeedError as error:
            problems.append(FeedProblem(place=f"[{number}]", message=str(error)))
    if document and not flips:
        raise FeedError(f"The list holds no flips. {EXPECTED}")
    flips.sort(key=lambda flip: flip[0])
    return Feed(incidents=tuple(_incidents(flips, check=check)), problems=tuple(problems[::-1]))


def _flip(record: Any) -> tuple[datetime, bool]:
    payload = FlipPayload.model_validate(record)
    if payload.timestamp is None:
        raise FeedError("the flip has no timestamp.")
    if payload.up not in (0, 1):
        raise FeedError(f"'up' is {str(payload.up)[:20]}, neither 0 nor 1.")
    return payload.timestamp, payload.up == 1


def _incidents(flips: list[tuple[datetime, bool]], *, check: str) -> Iterator[FeedIncident]:
    """Pair each fall with the next recovery; one without is still open."""
    begun: datetime | None = None
    for at, up in flips:
        if up and begun is not None:
            yield _incident(begun, ended=at, check=check)
            begun = None
        elif not up and begun is None:
            begun = at
    if begun is not None:
        yield _incident(begun, ended=None, check=check)


def _incident(begun: datetime, *, ended: datetime | None, check: str) -> FeedIncident:
    return FeedIncident(
        external_id=f"down@{stamp(begun)}",
        title=f"{check or 'Check'}: down",
        status="up" if ended else "down",
        started_at=begun,
        first_posted_at=begun,
        resolved_at=ended,
        changed_at=ended or begun,
        components=(FeedComponent(name=check),) if check else (),
        notes=() if check else ("the list names no check: name the file after it",),
    )


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_healthchecks(content, check=_name(context.file_name))


def _name(file_name: str) -> str:
    """Take the file's name without its ending, or none where no database can hold it."""
    try:
        return str(storable(PurePath(file_name).stem))
    except ValueError:
        return ""


FORMAT = Format(
    code="healthchecks",
    label="Healthchecks flips (JSON)",
    read=_read,
    clock=Clock.THIRD_PARTY,
    polled=True,
)
