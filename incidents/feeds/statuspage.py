"""Read Statuspage v2 JSON: incidents.json, scheduled-maintenances.json, summary.json, or one incident.

The page's own times differ in meaning from the field names: a post's `display_at` is the timeline, a
maintenance's `started_at` is when the notice was posted, and `components[].status` is today's.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from pydantic import ValidationError

from incidents.feeds.json_files import kind_of, problems_of, read_document
from incidents.feeds.posts import Post, windows_of
from incidents.feeds.statuspage_payloads import IncidentPayload, PagePayload, UpdatePayload, stamps
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedError,
    FeedIncident,
    FeedMaintenance,
    FeedProblem,
    Format,
)

OVER = frozenset({"resolved", "postmortem", "completed"})
# Names that pages show in the list of components, but that are no component.
NO_COMPONENT = ("Visit ", "No components were affected")
WORST_FIRST = (
    "major_outage",
    "partial_outage",
    "degraded_performance",
    "under_maintenance",
    "operational",
    "",
)


def read_statuspage(content: bytes, *, zone: tzinfo | None = None) -> Feed:
    """Read one file; a bad record is listed with its place, the others are kept.

    `zone` is that of times without a zone word in the texts, which tell of windows.

    Raises:
        FeedError: not JSON, too large, nested without end, or nothing in it that looks like Statuspage.

    """
    document = _document(content)
    incidents: dict[str, FeedIncident] = {}
    maintenances: dict[str, FeedMaintenance] = {}
    problems: list[FeedProblem] = []
    for place, record in _records(document):
        try:
            read = _record(record, zone=zone)
        except ValidationError as error:
            problems.extend(problems_of(error, place=place))
        except FeedError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
        else:
            if read.external_id in incidents or read.external_id in maintenances:
                problems.append(
                    FeedProblem(
                        place=place, message=f"id '{read.external_id}' came before; the first is kept."
                    )
                )
            elif isinstance(read, FeedIncident):
                incidents[read.external_id] = read
            else:
                maintenances[read.external_id] = read
    page = _page(document, problems=problems)
    return Feed(
        page_name=page.name,
        heard_at=page.updated_at,
        incidents=tuple(incidents.values()),
        maintenances=tuple(maintenances.values()),
        problems=tuple(problems),
    )


def _document(content: bytes) -> dict[str, Any]:
    document = read_document(content, what="Statuspage")
    if not isinstance(document, dict):
        raise FeedError(f"The file holds {kind_of(document)}, not an object. {_EXPECTED}")
    return document


_EXPECTED = (
    "Expected is the answer of /api/v2/incidents.json, /api/v2/scheduled-maintenances.json, "
    "/api/v2/summary.json, or one incident."
)


def _records(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each record with its place, whatever the envelope."""
    lists = [key for key in ("incidents", "scheduled_maintenances") if key in document]
    for key in lists:
        rows = document[key]
        if not isinstance(rows, list):
            raise FeedError(f"'{key}' holds {kind_of(rows)}, not a list. {_EXPECTED}")
        yield from ((f"{key}[{number}]", row) for number, row in enumerate(rows))
    if lists:
        return
    if "incident" in document:
        yield "incident", document["incident"]
    elif "incident_updates" in document:
        yield "incident", document
    else:
        found = ", ".join(sorted(map(str, document))[:8]) or "nothing"
        raise FeedError(f"The file has no incidents; its keys are: {found[:200]}. {_EXPECTED}")


def _record(record: Any, *, zone: tzinfo | None) -> FeedIncident | FeedMaintenance:
    payload = IncidentPayload.model_validate(record)
    if payload.scheduled_for and payload.scheduled_until:
        return _maintenance(payload)
    if payload.scheduled_for or payload.scheduled_until:
        raise FeedError(
            f"maintenance '{payload.id}' has only one of scheduled_for and scheduled_until; both are needed."
        )
    return _incident(payload, zone=zone)


def _incident(payload: IncidentPayload, *, zone: tzinfo | None) -> FeedIncident:
    posts = payload.updates
    posted = stamps(posts)
    typed = [payload.created_at] if payload.created_at else []
    # Older pages have no started_at, and one typed in late has its start only in the first post.
    start = payload.started_at or min(typed + posted, default=None)
    if start is None:
        raise FeedError(
            f"incident '{payload.id}' has no time at all: started_at, created_at and display_at are empty."
        )
    told = [Post(at=at, word=post.status, body=post.body) for post, at in zip(posts, posted, strict=True)]
    found = windows_of(told, changed_at=payload.updated_at, zone=zone)
    return FeedIncident(
        external_id=payload.id,
        title=payload.name or payload.id,
        narrative=_narrative(posts),
        severity=payload.impact,
        status=payload.status,
        planned=payload.impact == "maintenance",
        started_at=start,
        first_posted_at=min(posted or typed, default=start),
        resolved_at=_resolved_at(payload, posts=posts, start=start),
        changed_at=payload.updated_at,
        components=_components(payload),
        windows=found.windows,
        notes=found.notes,
    )


def _resolved_at(payload: IncidentPayload, *, posts: list[UpdatePayload], start: datetime) -> datetime | None:
    """Find when it was over: stated, else posted, else the last post of one that says no time."""
    said = [stamp for post in posts if post.status in OVER for stamp in stamps([post])]
    if payload.resolved_at or said:
        return payload.resolved_at or min(said)
    return max(stamps(posts), default=start) if payload.status in OVER else None


def _maintenance(payload: IncidentPayload) -> FeedMaintenance:
    begins, ends = payload.scheduled_for, payload.scheduled_until
    if begins is None or ends is None or ends < begins:
        raise FeedError(f"maintenance '{payload.id}' ends ({ends}) before it begins ({begins}).")
    posts = payload.updates
    begun = stamps([post for post in posts if post.status in ("in_progress", "verifying")])
    posted = stamps(posts) + ([payload.created_at] if payload.created_at else [])
    return FeedMaintenance(
        external_id=payload.id,
        title=payload.name or payload.id,
        starts_at=begins,
        ends_at=ends,
        noticed_at=min(posted, default=None),
        actual_started_at=min(begun, default=None),
        actual_ended_at=_resolved_at(payload, posts=posts, start=ends),
        components=_components(payload),
    )


def _components(payload: IncidentPayload) -> tuple[FeedComponent, ...]:
    """Name every part that the record or one of its posts names, with its worst status in any post."""
    worst = {part.name: "" for part in payload.components or []}
    for post in payload.incident_updates or []:
        for part in post.affected_components or []:
            given = (worst.get(part.name, ""), part.old_status, part.new_status)
            worst[part.name] = min(
                given, key=lambda word: WORST_FIRST.index(word) if word in WORST_FIRST else 99
            )
    named = {name: status for name, status in worst.items() if name and not name.startswith(NO_COMPONENT)}
    return tuple(FeedComponent(name=name, worst_status=status) for name, status in named.items())


def _narrative(posts: list[UpdatePayload]) -> str:
    return "\n\n".join(
        f"{stamps([post])[0]:%Y-%m-%d %H:%M} UTC {post.status}: {post.body}".rstrip() for post in posts
    )


def _page(document: dict[str, Any], *, problems: list[FeedProblem]) -> PagePayload:
    try:
        return PagePayload.model_validate(document.get("page") or {})
    except ValidationError as error:
        problems.extend(problems_of(error, place="page"))
        return PagePayload()


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_statuspage(content, zone=context.zone)


FORMAT = Format(
    code="statuspage",
    label="Statuspage v2 JSON",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
    polled=True,
)
