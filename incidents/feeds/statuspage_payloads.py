"""The shape of Statuspage v2 JSON, with everything optional that some page leaves out."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

EARLIEST_YEAR, LATEST_YEAR = 1990, 2200


def instant(given: Any) -> datetime | None:
    """Read one ISO 8601 time with its offset as UTC.

    Raises:
        ValueError: not text, not a time, no offset, or a year that no status page has seen.

    """
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise ValueError("a time is text such as 2019-06-25T04:15:00Z")
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError("not a time such as 2019-06-25T04:15:00Z") from None
    if read.tzinfo is None:
        raise ValueError("the time has no offset; 'Z' or '-05:00' must follow it")
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


Instant = Annotated[datetime | None, BeforeValidator(instant)]
Text = Annotated[str, BeforeValidator(storable)]


class Payload(BaseModel):
    """Anything in the file: unknown keys are passed over, known ones are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


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
