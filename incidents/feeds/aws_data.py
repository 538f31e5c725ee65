"""Read the data.json of AWS's former Service Health Dashboard: {"archive": […], "current": […]}.

An event states no id and no end. Its id is made of the service's code and the time of its first post; it is
taken to be over at its last post where its summary says "[RESOLVED]" or it lies in the archive, and a note
says so. Its text often tells of the real window, which comes as a proposal. Posts bear a time of day and a
zone, and a day only after midnight.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from incidents.feeds.html_text import clean_html, text_of_clean
from incidents.feeds.json_files import Payload, Text, kind_of, plausible, problems_of, read_document
from incidents.feeds.posts import Post, narrative_of, windows_of
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
from incidents.feeds.written_times import written_times
from incidents.feeds.zone_words import clock_of, instant_of

RESOLVED = "[RESOLVED]"
_KEPT = frozenset(("span", "div", "br", "p"))
_EXPECTED = 'Expected is {"archive": […], "current": […]} of the Service Health Dashboard.'
# The stamp of the first post stands in the minute of `date`; a clock may differ by little more.
_SAME = timedelta(hours=1)


def _epoch(given: Any) -> datetime | None:
    """Read seconds since 1970, as text or as a number."""
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,11}", str(given)[:20]):
        raise ValueError("a date is seconds since 1970, such as 1624564393")
    return plausible(datetime.fromtimestamp(int(given), tz=UTC))


class EventPayload(Payload):
    """One event; `date` is the time of the first post."""

    service: Annotated[Text, Field(min_length=1, max_length=100)]
    service_name: Text = ""
    summary: Text = ""
    date: Annotated[datetime, BeforeValidator(_epoch)]
    status: Text = ""
    description: Text = ""


def read_aws_data(content: bytes, *, zone: tzinfo | None = None) -> Feed:
    """Read one file; a bad record is listed with its place, the others are kept.

    Raises:
        FeedError: not JSON, too large, nested without end, or without both lists.

    """
    incidents: dict[str, FeedIncident] = {}
    problems: list[FeedProblem] = []
    for place, record, archived in _records(read_document(content, what="data.json")):
        try:
            read = _incident(EventPayload.model_validate(record), archived=archived, zone=zone)
        except ValidationError as error:
            problems.extend(problems_of(error, place=place))
        except ValueError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
        else:
            if read.external_id in incidents:
                said = f"id '{read.external_id}' came before; the first is kept."
                problems.append(FeedProblem(place=place, message=said))
            incidents.setdefault(read.external_id, read)
    return Feed(page_name="AWS", incidents=tuple(incidents.values()), problems=tuple(problems))


def _records(document: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield each event with its place, and whether it lies in the archive."""
    if not isinstance(document, dict) or not {"archive", "current"} & set(document):
        raise FeedError(f"The file holds {kind_of(document)} without 'archive'. {_EXPECTED}")
    for key in ("current", "archive"):
        rows = document.get(key) or []
        if not isinstance(rows, list):
            raise FeedError(f"'{key}' holds {kind_of(rows)}, not a list. {_EXPECTED}")
        yield from ((f"{key}[{number}]", row, key == "archive") for number, row in enumerate(rows))


def _incident(payload: EventPayload, *, archived: bool, zone: tzinfo | None) -> FeedIncident:
    posts = _posts(payload, zone=zone)
    said = payload.summary.strip().upper().startswith(RESOLVED)
    over = said or archived
    last = posts[-1].at if posts else payload.date
    found = windows_of(posts, changed_at=None, zone=zone)
    notes = [post.note for post in posts if post.note]
    if over:
        why = "its summary says [RESOLVED]" if said else "it lies in the archive"
        notes.append(f"AWS states no end; because {why}, the time of the last post stands for it.")
    if found.windows:
        notes.append("AWS states no start: the first post stands for it, but the text tells of a window.")
    return FeedIncident(
        external_id=f"{payload.service}-{int(payload.date.timestamp())}",
        title=(payload.summary.strip()[len(RESOLVED) :] if said else payload.summary).strip()[:500]
        or payload.service,
        narrative=narrative_of(posts),
        severity=payload.status,
        status="resolved" if over else "",
        started_at=payload.date,
        first_posted_at=payload.date,
        resolved_at=last if over else None,
        changed_at=last,
        components=(FeedComponent(name=payload.service_name[:200] or payload.service),),
        windows=found.windows,
        notes=tuple(dict.fromkeys((*notes, *found.notes))),
    )


def _posts(payload: EventPayload, *, zone: tzinfo | None) -> list[Post]:
    """Return the posts, oldest first; text before the first stamp belongs to the first post."""
    cleaned = clean_html(payload.description, tags=_KEPT)
    before, *pieces = cleaned.split("<span>")
    posts: list[Post] = []
    body = before
    at, note = payload.date, ""
    for piece in pieces:
        stamp, closed, rest = piece.partition("</span>")
        if not closed or not (told := _stamp(text_of_clean(stamp), payload=payload, zone=zone)):
            body += piece
            continue
        if text_of_clean(body):
            posts.append(Post(at=at, word="", body=text_of_clean(body), note=note))
        (at, note), body = told, rest
    if text_of_clean(body):
        posts.append(Post(at=at, word="", body=text_of_clean(body), note=note))
    return sorted(posts, key=lambda post: post.at)


def _stamp(stamp: str, *, payload: EventPayload, zone: tzinfo | None) -> tuple[datetime, str] | None:
    """Read "Aug 7,  2:53 AM PDT" in the year of the event, or "12:53 PM PDT" on its day."""
    told = written_times(stamp[:100])
    if not told or told[0].seconds is None or told[0].begin > 2 or len(stamp) > told[0].end + 2:
        return None
    clock = clock_of(told[0].zone, zone=zone)
    if clock is None:
        raise FeedError(f"the stamp '{stamp[:40]}' bears no zone; say which zone this source writes in.")
    first = payload.date.astimezone(clock).date()
    day = told[0].day.near(first) if told[0].day else first
    if day is None:
        return None
    local = datetime(day.year, day.month, day.day) + timedelta(seconds=told[0].seconds)  # noqa: DTZ001
    read = instant_of(local, word=told[0].zone, zone=zone)
    if read.at is None:
        return None
    # A time without a day before the first post can only be of the next day.
    late = told[0].day is None and read.at < payload.date - _SAME
    return read.at + timedelta(days=late), read.note


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_aws_data(content, zone=context.zone)


FORMAT = Format(
    code="aws_data",
    label="AWS Service Health Dashboard data.json",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
    polled=True,
)
