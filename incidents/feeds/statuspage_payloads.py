"""The shape of Statuspage v2 JSON, with everything optional that some page leaves out."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from incidents.feeds.json_files import Instant, Payload, Text


class ComponentPayload(Payload):
    """A part of the page, as it stood when the file was made."""

    name: Text = ""


class AffectedPayload(Payload):
    """A part of the page as one update changed it."""

    name: Text = ""
    old_status: Text = ""
    new_status: Text = ""


class UpdatePayload(Payload):
    """One post; `display_at` is the time on the page, `created_at` the time of typing."""

    status: Text = ""
    body: Text = ""
    created_at: Instant = None
    display_at: Instant = None
    affected_components: list[AffectedPayload] | None = None


class IncidentPayload(Payload):
    """An incident or a maintenance; the two differ only in which times are filled."""

    id: Annotated[Text, Field(min_length=1, max_length=120)]
    name: Text = ""
    status: Text = ""
    impact: Text = ""
    created_at: Instant = None
    updated_at: Instant = None
    started_at: Instant = None
    resolved_at: Instant = None
    scheduled_for: Instant = None
    scheduled_until: Instant = None
    incident_updates: list[UpdatePayload] | None = None
    components: list[ComponentPayload] | None = None

    @property
    def updates(self) -> list[UpdatePayload]:
        """Give the posts by the time on the page, oldest first."""
        posts = [post for post in self.incident_updates or [] if _stamp(post)]
        return sorted(posts, key=lambda post: _stamp(post) or datetime.min.replace(tzinfo=UTC))


def _stamp(post: UpdatePayload) -> datetime | None:
    return post.display_at or post.created_at


def stamps(posts: list[UpdatePayload]) -> list[datetime]:
    """Give the times on the page, in UTC, in the order of the posts."""
    return [stamp for post in posts if (stamp := _stamp(post))]


class PagePayload(Payload):
    """The page that the file was taken from."""

    name: Text = ""
    updated_at: Instant = None
