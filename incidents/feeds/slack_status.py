"""Read the status API of Slack, version 2: `current` (an object) or `history` (a list).

The vendor's status page, so its clock. No end is stated: the last note of what is over stands for it.
Source of the shape: docs.slack.dev, "Slack Status API".
"""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from incidents.feeds.json_files import Instant, Payload, Text, kind_of, problems_of, read_document
from incidents.feeds.pushes import Identifier, web_address
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

WHAT = "Slack's status API"
OVER = frozenset({"resolved", "completed", "cancelled"})
EXPECTED = "Expected is the answer of /api/v2.0.0/current or /api/v2.0.0/history."


class NotePayload(Payload):
    """One post."""

    date_created: Instant = None
    body: Text = ""


class IncidentPayload(Payload):
    """One incident, notice, outage or maintenance."""

    id: Identifier
    date_created: Instant
    date_updated: Instant = None
    title: Text = ""
    type: Text = ""
    status: Text = ""
    url: Text = ""
    services: list[Text] | None = None
    notes: list[NotePayload] | None = None


def read_slack_status(content: bytes) -> Feed:
    """Read one answer; a bad record is listed with its place, the others are kept.

    Raises:
        FeedError: not JSON, too large, nested without end, or no answer of this API.

    """
    document = read_document(content, what=WHAT)
    place = "active_incidents" if isinstance(document, dict) else ""
    rows = document.get("active_incidents") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise FeedError(f"The file holds {kind_of(rows)} in place of a list of incidents. {EXPECTED}")
    incidents: dict[str, FeedIncident] = {}
    problems: list[FeedProblem] = []
    for number, row in enumerate(rows):
        try:
            said = _incident(row)
        except ValidationError as error:
            problems.extend(problems_of(error, place=f"{place}[{number}]"))
        except FeedError as error:
            problems.append(FeedProblem(place=f"{place}[{number}]", message=str(error)))
        else:
            incidents.setdefault(said.external_id, said)
    if rows and len(problems) >= len(rows) and not incidents:
        raise FeedError(f"No record of the file can be read; the first: {problems[0].message} {EXPECTED}")
    return Feed(page_name="Slack", incidents=tuple(incidents.values()), problems=tuple(problems))


def _incident(row: Any) -> FeedIncident:
    payload = IncidentPayload.model_validate(row)
    if payload.date_created is None:
        raise FeedError(f"incident '{payload.id}' has no date_created.")
    posts = sorted(
        ((post.date_created, post.body) for post in payload.notes or [] if post.date_created),
        key=lambda post: post[0],
    )
    posted = [at for at, _ in posts]
    over = payload.status in OVER
    return FeedIncident(
        external_id=payload.id,
        title=payload.title or payload.id,
        narrative="\n\n".join(f"{at:%Y-%m-%d %H:%M} UTC: {body}".rstrip() for at, body in posts),
        severity=payload.type,
        status=payload.status,
        planned=payload.type == "maintenance",
        started_at=payload.date_created,
        first_posted_at=min(posted, default=payload.date_created),
        resolved_at=_ended_at(payload, posted=posted) if over else None,
        changed_at=payload.date_updated,
        components=tuple(FeedComponent(name=name) for name in dict.fromkeys(payload.services or []) if name),
        address=web_address(payload.url),
        notes=("the page states no end: its last note is taken",) if over else (),
    )


def _ended_at(payload: IncidentPayload, *, posted: list[datetime]) -> datetime | None:
    return max(posted, default=payload.date_updated or payload.date_created)


def _read(content: bytes, _: FeedContext) -> Feed:
    return read_slack_status(content)


FORMAT = Format(
    code="slack_status",
    label="Slack status API",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
    polled=True,
    hidden=True,
)
