"""Read PagerDuty webhooks V3: one event of one incident a message.

The paging is ours, and so is the clock. Signed: see `incidents.feeds.signatures`. Source of the shapes:
developer.pagerduty.com, "Webhooks Overview" (V3).
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from incidents.feeds.json_files import Instant, Payload, Text
from incidents.feeds.pushes import (
    Identifier,
    NothingToRecord,
    first_of,
    identifier,
    no_message,
    one_event,
    read_push,
    web_address,
)
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedEvent,
    FeedIncident,
    FeedMoment,
    Format,
)

TRIGGERED, REOPENED, RESOLVED = "incident.triggered", "incident.reopened", "incident.resolved"
ACKNOWLEDGED = "incident.acknowledged"


class ReferencePayload(Payload):
    """Another thing of PagerDuty's, by its name."""

    id: Text = ""
    summary: Text = ""
    html_url: Text = ""


class ReasonPayload(Payload):
    """Why it was resolved, where that is more than "done"."""

    type: Text = ""
    incident: ReferencePayload | None = None


def _object_only(given: Any) -> Any:
    """Pass over a reason that is no object: an end must not be lost for the want of its reason."""
    return given if isinstance(given, dict) else None


Reason = Annotated[ReasonPayload | None, BeforeValidator(_object_only)]


class DataPayload(Payload):
    """An incident, or something that was added to one (then `incident` says to which)."""

    id: Text = ""
    type: Text = ""
    status: Text = ""
    title: Text = ""
    html_url: Text = ""
    created_at: Instant = None
    service: ReferencePayload | None = None
    priority: ReferencePayload | None = None
    urgency: Text = ""
    resolve_reason: Reason = None
    incident: ReferencePayload | None = None
    content: Text = ""
    message: Text = ""


class EventPayload(Payload):
    """What happened, when, to what."""

    id: Identifier
    event_type: Annotated[Text, Field(min_length=1, max_length=120)]
    occurred_at: Instant
    data: DataPayload | None = None


def read_pagerduty(content: bytes) -> Feed:
    """Read one message; a fault in it is listed with its place.

    Raises:
        FeedError: not JSON, too large, nested without end, or no message of PagerDuty V3.

    """
    document = read_push(content, what="PagerDuty's webhooks V3")
    if not isinstance(document.get("event"), dict):
        raise no_message(document, what="PagerDuty's webhooks V3", wanted="'event'")
    return one_event(lambda: _event(document["event"]), place="event")


def _event(record: Any) -> FeedEvent:
    payload = EventPayload.model_validate(record)
    data = payload.data
    if data is None or not payload.event_type.startswith("incident."):
        raise NothingToRecord(f"'{payload.event_type}' is no event of an incident")
    if payload.occurred_at is None:
        raise NothingToRecord(f"'{payload.event_type}' has no time in occurred_at")
    number = data.id if data.type == "incident" else data.incident.id if data.incident else ""
    try:
        external_id = identifier(number)
    except ValueError as error:
        raise NothingToRecord(f"'{payload.event_type}' names no incident ({error})") from None
    return FeedEvent(
        external_id=external_id,
        event_id=payload.id,
        at=payload.occurred_at,
        said=_said(payload, data=data, external_id=external_id, at=payload.occurred_at),
    )


def _said(payload: EventPayload, *, data: DataPayload, external_id: str, at: datetime) -> FeedIncident:
    about = data.incident if data.type != "incident" and data.incident else ReferencePayload()
    service = data.service.summary if data.service else ""
    return FeedIncident(
        external_id=external_id,
        title=data.title or about.summary,
        narrative=data.content or data.message,
        severity=first_of([data.priority.summary if data.priority else "", data.urgency]),
        status=data.status,
        started_at=_started_at(payload, data=data, at=at),
        first_posted_at=at if payload.event_type == TRIGGERED else None,
        resolved_at=at if payload.event_type == RESOLVED else None,
        changed_at=at,
        components=(FeedComponent(name=service),) if service else (),
        moments=(FeedMoment(kind="acknowledged", at=at),) if payload.event_type == ACKNOWLEDGED else (),
        address=web_address(data.html_url if data.type == "incident" else about.html_url),
        notes=_notes(payload, data=data, at=at),
    )


def _started_at(payload: EventPayload, *, data: DataPayload, at: datetime) -> datetime | None:
    """Find the start: newer messages all bear it, older ones only as the time of the trigger.

    A message on an incident that is over states no start, since that would say that it was opened again.
    """
    if payload.event_type in (TRIGGERED, REOPENED):
        return data.created_at or at
    over = data.status in ("", "resolved") and payload.event_type != RESOLVED
    return None if over else data.created_at


def _notes(payload: EventPayload, *, data: DataPayload, at: datetime) -> tuple[str, ...]:
    if data.resolve_reason and data.resolve_reason.type.startswith("merge"):
        other = data.resolve_reason.incident.id if data.resolve_reason.incident else "another"
        return (f"merged into incident {other}: its end is not the end of the trouble",)
    if payload.event_type == REOPENED:
        since = "" if data.created_at else "; the message does not say when it first began"
        return (f"PagerDuty opened it again at {at:%Y-%m-%d %H:%M:%S} UTC{since}",)
    return ()


def _read(content: bytes, _: FeedContext) -> Feed:
    return read_pagerduty(content)


FORMAT = Format(
    code="pagerduty",
    label="PagerDuty webhook V3",
    read=_read,
    clock=Clock.US,
    pushed=True,
)
