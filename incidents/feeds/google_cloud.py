"""Read Google Cloud's incidents.json: each incident with its products, places and updates.

`begin` is when it began, `created` when it was first posted (often an hour later), `end` when it was over;
the updates tell of windows of their own. Products and places are told in two lists, not in pairs. Each
product is a part by its own name, "Google BigQuery", and with each place, "Google BigQuery (us-east1)", so
that a contract can be held to either; a part's worst status is the worst of the updates that name its place.
"""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Annotated

from pydantic import Field, ValidationError

from incidents.feeds.json_files import Instant, Payload, Text, kind_of, problems_of, read_document
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

WORST_FIRST = ("SERVICE_OUTAGE", "SERVICE_DISRUPTION", "SERVICE_INFORMATION", "AVAILABLE", "")
MOST_COMPONENTS = 2_000
LONGEST_NAME = 120
ADDRESS = "https://status.cloud.google.com/"


class NamedPayload(Payload):
    """A product or a place."""

    title: Text = ""
    id: Text = ""


class UpdatePayload(Payload):
    """One update; `when` is the time on the page."""

    when: Instant = None
    created: Instant = None
    text: Text = ""
    status: Text = ""
    affected_locations: list[NamedPayload] | None = None


class IncidentPayload(Payload):
    """One incident; `end` is missing while it lasts."""

    id: Annotated[Text, Field(min_length=1, max_length=120)]
    external_desc: Text = ""
    begin: Instant = None
    created: Instant = None
    end: Instant = None
    modified: Instant = None
    severity: Text = ""
    service_name: Text = ""
    uri: Text = ""
    updates: list[UpdatePayload] | None = None
    affected_products: list[NamedPayload] | None = None
    currently_affected_locations: list[NamedPayload] | None = None
    previously_affected_locations: list[NamedPayload] | None = None

    @property
    def posts(self) -> list[Post]:
        """Give the updates by the time on the page, oldest first; one without a time is no post."""
        found = [
            Post(at=at, word=update.status, body=update.text)
            for update in self.updates or []
            if (at := update.when or update.created)
        ]
        # Newest first in the file: two of one second keep their order only when turned about.
        found.reverse()
        return sorted(found, key=lambda post: post.at)


def read_google_cloud(content: bytes, *, zone: tzinfo | None = None) -> Feed:
    """Read one file; a bad record is listed with its place, the others are kept.

    Raises:
        FeedError: not JSON, too large, nested without end, or not a list.

    """
    document = read_document(content, what="incidents.json")
    if not isinstance(document, list):
        raise FeedError(
            f"The file holds {kind_of(document)}, not a list. Expected is {ADDRESS}incidents.json."
        )
    incidents: dict[str, FeedIncident] = {}
    problems: list[FeedProblem] = []
    for number, record in enumerate(document):
        place = f"[{number}]"
        try:
            read = _incident(IncidentPayload.model_validate(record), zone=zone)
        except ValidationError as error:
            problems.extend(problems_of(error, place=place))
        except FeedError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
        else:
            if read.external_id in incidents:
                said = f"id '{read.external_id}' came before; the first is kept."
                problems.append(FeedProblem(place=place, message=said))
            incidents.setdefault(read.external_id, read)
    return Feed(page_name="Google Cloud", incidents=tuple(incidents.values()), problems=tuple(problems))


def _incident(payload: IncidentPayload, *, zone: tzinfo | None) -> FeedIncident:
    posts = payload.posts
    first_posted_at = payload.created or (posts[0].at if posts else None)
    started_at = payload.begin or first_posted_at
    if started_at is None:
        raise FeedError(f"incident '{payload.id}' has no time at all: begin, created and when are empty.")
    found = windows_of(posts, changed_at=payload.modified, zone=zone)
    components, left_out = _components(payload)
    notes = [*_notes(payload, posts=posts), *left_out]
    return FeedIncident(
        external_id=payload.id,
        title=payload.external_desc.strip()[:500] or payload.service_name[:500] or payload.id,
        narrative=narrative_of(posts),
        severity=payload.severity,
        status=posts[-1].word if posts else "",
        started_at=started_at,
        first_posted_at=first_posted_at,
        resolved_at=payload.end,
        changed_at=payload.modified,
        components=components,
        windows=found.windows,
        address=f"{ADDRESS}{payload.uri}" if payload.uri.startswith("incidents/") else "",
        notes=(*notes, *found.notes),
    )


def _notes(payload: IncidentPayload, *, posts: list[Post]) -> list[str]:
    """Return what a person should look at before the times are used."""
    notes = []
    if payload.end and payload.begin and payload.end <= payload.begin:
        notes.append("It ends no later than it begins, so it has no length.")
    if payload.begin and payload.created and payload.created < payload.begin:
        notes.append("It was posted before it is said to have begun.")
    if posts and payload.end and posts[-1].word != "AVAILABLE":
        notes.append(f"It has an end, but its newest update says '{posts[-1].word[:40]}'.")
    if any("merged with an existing incident" in post.body for post in posts):
        notes.append("It was merged with another incident, which may tell of the same time.")
    if len(_products(payload)) > 1 and len(_places(payload)) > 1:
        notes.append("Products and places are told apart: not every product failed in every place.")
    return notes


def _products(payload: IncidentPayload) -> list[str]:
    named = [product.title[:LONGEST_NAME] for product in payload.affected_products or [] if product.title]
    return list(dict.fromkeys(named)) or [payload.service_name[:LONGEST_NAME] or "Google Cloud"]


def _places(payload: IncidentPayload) -> dict[str, str]:
    """Return each place's id with the worst status of the updates that name it."""
    places: dict[str, str] = {}
    for place in [
        *(payload.currently_affected_locations or []),
        *(payload.previously_affected_locations or []),
    ]:
        places.setdefault((place.id or place.title)[:LONGEST_NAME], "")
    for update in payload.updates or []:
        for place in update.affected_locations or []:
            name = (place.id or place.title)[:LONGEST_NAME]
            places[name] = _worst((places.get(name, ""), update.status))
    places.pop("", None)
    return places


def _components(payload: IncidentPayload) -> tuple[tuple[FeedComponent, ...], list[str]]:
    """Return the parts, and a note where there are too many pairs to list."""
    products, places = _products(payload), _places(payload)
    overall = _worst(update.status for update in payload.updates or [])
    notes = []
    if len(products) * (len(places) + 1) > MOST_COMPONENTS:
        products, places = products[:MOST_COMPONENTS], {}
        notes.append(f"More than {MOST_COMPONENTS} pairs of product and place: only products are listed.")
    found = []
    for product in products:
        found.append(FeedComponent(name=product, worst_status=overall))
        found.extend(
            FeedComponent(name=f"{product} ({place})", worst_status=status)
            for place, status in places.items()
        )
    return tuple(found), notes


def _worst(statuses: Iterable[str]) -> str:
    given = [status for status in statuses if status]
    return min(given, key=lambda word: WORST_FIRST.index(word) if word in WORST_FIRST else 99, default="")


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_google_cloud(content, zone=context.zone)


FORMAT = Format(
    code="google_cloud",
    label="Google Cloud incidents.json",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
    polled=True,
)
