"""An incident or a maintenance out of the posts of a status page, where nothing but the posts is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from incidents.feeds.narrated import Narrated, narrated
from incidents.feeds.values import (
    FeedComponent,
    FeedError,
    FeedIncident,
    FeedMaintenance,
    FeedWindow,
    NoticeStatus,
)

OVER = frozenset(("resolved", "completed"))
WORK = frozenset(("scheduled", "in_progress", "verifying", "completed"))
POSTMORTEM = "postmortem"
# The longest incidents have a hundred; the newest are those that look back.
MOST_POSTS = 500
# Says nothing about where the incident stands: the word before it holds on.
UPDATE = "update"
WORDS = frozenset(("investigating", "identified", "monitoring", "resolved", UPDATE, POSTMORTEM, *WORK))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post of a status page, by the time on the page; `word` is one of WORDS or "" ."""

    at: datetime
    word: str
    body: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a page tells of an incident beside its posts."""

    external_id: str
    title: str
    severity: str = ""
    address: str = ""
    changed_at: datetime | None = None
    components: tuple[FeedComponent, ...] = ()
    work: bool = False
    announced: str = ""


def status_word(said: str) -> str:
    """Return a page's status word as Statuspage codes it: "In progress" is in_progress."""
    word = "_".join(said.lower().replace("-", "").split())
    return word if word in WORDS else ""


def read_posts(posts: Iterable[Post], *, told: Told, zone: tzinfo | None) -> FeedIncident | FeedMaintenance:
    """Return what the posts tell; all work that was announced is a maintenance.

    Raises:
        FeedError: no post at all, or work whose window nobody says.

    """
    ordered = sorted(posts, key=lambda post: post.at)
    if not ordered:
        raise FeedError(f"'{told.title[:60]}' has no post with a time.")
    if told.work or any(post.word in WORK for post in ordered):
        return _maintenance(ordered, told=told, zone=zone)
    return _incident(ordered, told=told, zone=zone)


def windows_of(posts: Sequence[Post], *, changed_at: datetime | None, zone: tzinfo | None) -> Narrated:
    """Return the windows that posts tell of, those of the newest post first, each once.

    `changed_at` is when any of them may last have been changed. A post-mortem is written days later: its
    words are read as of the last post before it.
    """
    ordered = sorted(posts, key=lambda post: post.at)
    during = [post.at for post in ordered if post.word != POSTMORTEM]
    windows: dict[tuple[datetime, datetime], FeedWindow] = {}
    notes: dict[str, None] = {}
    for post in reversed(ordered[-MOST_POSTS:]):
        reference = during[-1] if during and post.word == POSTMORTEM else post.at
        found = narrated(post.body, reference=reference, changed_at=changed_at, zone=zone)
        for window in found.windows:
            windows.setdefault((window.start, window.end), window)
        notes.update(dict.fromkeys(found.notes))
    return Narrated(windows=tuple(windows.values()), notes=tuple(notes))


def narrative_of(posts: Iterable[Post]) -> str:
    """Return the posts as one text, oldest first, each with its time on the page."""
    return "\n\n".join(f"{post.at:%Y-%m-%d %H:%M} UTC {post.word}: {post.body}".rstrip() for post in posts)


def _incident(posts: list[Post], *, told: Told, zone: tzinfo | None) -> FeedIncident:
    resolved_at = _resolved_at(posts)
    found = windows_of(posts, changed_at=told.changed_at, zone=zone)
    notes = [post.note for post in posts if post.note]
    if resolved_at is not None and resolved_at <= posts[0].at:
        notes.append("All that is posted bears the time of its end, so it has no length; say when it began.")
    if not any(post.word for post in posts):
        notes.append("The posts bear no status words, so nobody says when it was over.")
    return FeedIncident(
        external_id=told.external_id,
        title=told.title,
        narrative=narrative_of(posts),
        severity=told.severity,
        status=_status(posts),
        started_at=posts[0].at,
        first_posted_at=posts[0].at,
        resolved_at=resolved_at,
        changed_at=told.changed_at or posts[-1].at,
        components=told.components,
        windows=found.windows,
        address=told.address,
        notes=tuple(dict.fromkeys((*notes, *found.notes))),
    )


def _resolved_at(posts: list[Post]) -> datetime | None:
    """Return when it was over: the post that says so and after which it was not opened again."""
    over: datetime | None = None
    for post in posts:
        if post.word in OVER or (post.word == POSTMORTEM and len(posts) == 1):
            over = over or post.at
        elif post.word not in ("", UPDATE, POSTMORTEM):
            over = None
    return over


def _status(posts: list[Post]) -> str:
    return next((post.word for post in reversed(posts) if post.word not in ("", UPDATE)), posts[-1].word)


def _maintenance(posts: list[Post], *, told: Told, zone: tzinfo | None) -> FeedMaintenance:
    begun = min((post.at for post in posts if post.word in ("in_progress", "verifying")), default=None)
    over = _resolved_at(posts)
    stated, notes = _stated_window(posts, told=told, begun=begun, zone=zone)
    if stated:
        starts_at, ends_at = stated.start, stated.end
    elif begun and over and over >= begun:
        starts_at, ends_at = begun, over
        notes.append("The announced window is not told; it is taken from “In progress” to “Completed”.")
    else:
        raise FeedError(
            f"work '{told.external_id}' does not tell its window, and has not both begun and ended;"
            " enter its window by hand."
        )
    status = NoticeStatus.COMPLETED if over else NoticeStatus.IN_PROCESS if begun else NoticeStatus.CONFIRMED
    return FeedMaintenance(
        external_id=told.external_id,
        title=told.title,
        starts_at=starts_at,
        ends_at=ends_at,
        noticed_at=posts[0].at,
        actual_started_at=begun,
        actual_ended_at=over,
        components=told.components,
        status=status,
        narrative=narrative_of(posts),
        changed_at=told.changed_at or posts[-1].at,
        notes=tuple(dict.fromkeys((*(post.note for post in posts if post.note), *notes))),
    )


def _stated_window(
    posts: list[Post], *, told: Told, begun: datetime | None, zone: tzinfo | None
) -> tuple[FeedWindow | None, list[str]]:
    """Return the window that the announcement states; of several the nearest to when the work began."""
    announced = [told.announced, *(post.body for post in posts if post.word == "scheduled")]
    near = begun or posts[0].at
    for text in announced:
        found = narrated(text, reference=near, zone=zone, looking_back=False)
        if found.windows:
            return min(found.windows, key=lambda window: abs(window.start - near)), list(found.notes)
    return None, []
