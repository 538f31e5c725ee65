"""Read the Atom feed of a Statuspage (/history.atom): the last fifty incidents, with their posts as HTML.

`published` is mostly the time of the end and is never a start; the stamps of the posts are, to the minute
and without a year. Severity and components are not told. An incident has the id that the JSON gives it, so
that both feeds of a page tell of the same incidents.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from xml.etree.ElementTree import Element, ParseError  # nosec B405 # types only; defusedxml reads

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from incidents.feeds.html_text import clean_html, storable_text, text_of_clean, tidied
from incidents.feeds.json_files import instant
from incidents.feeds.posts import Post, Told, read_posts, status_word
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedContext,
    FeedError,
    FeedIncident,
    FeedMaintenance,
    FeedProblem,
    Format,
)
from incidents.feeds.written_times import written_times
from incidents.feeds.zone_words import clock_of, instant_of
from vendors.files.rows import too_large

LARGEST_FILE = 10_000_000
MOST_ENTRIES = 5_000
ATOM = "{http://www.w3.org/2005/Atom}"
_KEPT = frozenset(("p", "br", "small", "strong", "div", "li"))
_POST = re.compile(r"<small>")
_WORD = re.compile(r"\s{0,5}(?:<br>)?\s{0,5}<strong>([A-Za-z -]{1,20})</strong>\s{0,3}(?:-\s)?")
_CODE = re.compile(r"/incidents/([A-Za-z0-9]{1,60})(?:[/?#]|$)")
_TAG_ID = re.compile(r"[A-Za-z]{1,30}/(\d{1,30})$")


def read_statuspage_atom(content: bytes, *, received_at: datetime, zone: tzinfo | None = None) -> Feed:
    """Read one feed; a bad entry is listed with its place, the others are kept.

    `received_at` places stamps without a year where an entry has no time of its own; `zone` is that of
    stamps without a zone word.

    Raises:
        FeedError: too large, no XML, with a document type or entities, or no Atom feed.

    """
    feed = _document(content)
    incidents: dict[str, FeedIncident] = {}
    maintenances: dict[str, FeedMaintenance] = {}
    problems: list[FeedProblem] = []
    for number, entry in enumerate(feed.findall(f"{ATOM}entry")):
        place = f"entry[{number}]"
        try:
            read = _entry(entry, received_at=received_at, zone=zone)
        except ValueError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
            continue
        if read.external_id in incidents or read.external_id in maintenances:
            said = f"id '{read.external_id}' came before; the first is kept."
            problems.append(FeedProblem(place=place, message=said))
        elif isinstance(read, FeedIncident):
            incidents[read.external_id] = read
        else:
            maintenances[read.external_id] = read
    return Feed(
        page_name=_page_name(feed),
        heard_at=_page_time(feed, problems=problems),
        incidents=tuple(incidents.values()),
        maintenances=tuple(maintenances.values()),
        problems=tuple(problems),
    )


def _document(content: bytes) -> Element:
    if len(content) > LARGEST_FILE:
        raise FeedError(too_large(content, most=LARGEST_FILE))
    try:
        feed = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise FeedError(
            "The file declares a document type or entities, which no Atom feed needs; it is not read."
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise FeedError(f"The file is not XML, or was cut off: {error}. Bring it whole.") from None
    if feed.tag != f"{ATOM}feed":
        shown = feed.tag.removeprefix(ATOM)[:60]
        raise FeedError(f"The file's root is <{shown}>, not an Atom <feed>. Expected is /history.atom.")
    if len(feed) > MOST_ENTRIES:
        raise FeedError(f"The feed has more than {MOST_ENTRIES} entries. Split it by year.")
    return feed


def _page_name(feed: Element) -> str:
    """Return the page's name as its JSON gives it: "GitHub" of "GitHub Status - Incident History"."""
    return _text(feed, "title").removesuffix(" - Incident History").removesuffix(" Status")[:200]


def _page_time(feed: Element, *, problems: list[FeedProblem]) -> datetime | None:
    try:
        return _time(feed, "updated")
    except ValueError as error:
        problems.append(FeedProblem(place="feed", message=str(error)))
        return None


def _entry(entry: Element, *, received_at: datetime, zone: tzinfo | None) -> FeedIncident | FeedMaintenance:
    address = _address(entry)
    updated = _time(entry, "updated")
    near = _time(entry, "published") or updated or received_at
    markup = clean_html(_text(entry, "content") or _text(entry, "summary"), tags=_KEPT)
    before, *pieces = _POST.split(markup)
    told = Told(
        external_id=_code(entry, address=address),
        title=(tidied(_text(entry, "title")) or "Without a title")[:500],
        address=address,
        changed_at=updated,
        announced=text_of_clean(before),
    )
    # Newest first in the feed; two posts of one minute keep their order only when turned about.
    posts = reversed(list(_posts(pieces, near=near, zone=zone)))
    return read_posts(posts, told=told, zone=zone)


def _address(entry: Element) -> str:
    """Return the address of the incident's page, "" for none or one that no browser should open."""
    for link in entry.findall(f"{ATOM}link"):
        href = storable_text(link.get("href", ""))
        if link.get("rel", "alternate") == "alternate" and href.startswith(("https://", "http://")):
            return href if len(href) <= 500 else ""
    return ""


def _code(entry: Element, *, address: str) -> str:
    """Return the code in the link, which is the id in the JSON; else the number in the entry's own id."""
    found = _CODE.search(address) or _TAG_ID.search(_text(entry, "id"))
    if found is None:
        raise FeedError("the entry has neither a link to /incidents/… nor a number in its id.")
    return found[1]


def _posts(pieces: list[str], *, near: datetime, zone: tzinfo | None) -> Iterator[Post]:
    """Yield the posts of an entry; a piece that does not begin with a stamp belongs to the one before."""
    open_stamp, body = "", ""
    for piece in [*pieces, None]:
        stamp, closed, rest = (piece or "").partition("</small>")
        if piece is not None and not (closed and len(stamp) < 100 and written_times(text_of_clean(stamp))):
            body += piece
            continue
        if open_stamp:
            yield _post(open_stamp, body, near=near, zone=zone)
        open_stamp, body = text_of_clean(stamp), rest


def _post(stamp: str, body: str, *, near: datetime, zone: tzinfo | None) -> Post:
    """Return one post, its stamp in the year nearest to the entry's own time."""
    told = written_times(stamp)[0]
    if told.day is None or told.seconds is None:
        raise FeedError(f"the stamp '{stamp[:60]}' has no day or no time such as 'Aug 21, 00:37 UTC'.")
    local_near = near.astimezone(clock_of(told.zone, zone=zone))
    day = told.day.near(local_near.date())
    if day is None:
        raise FeedError(f"the stamp '{stamp[:60]}' names no day of the calendar.")
    local = datetime(day.year, day.month, day.day) + timedelta(seconds=told.seconds)  # noqa: DTZ001
    read = instant_of(local, word=told.zone, zone=zone)
    if read.at is None:
        raise FeedError(f"stamp '{stamp[:60]}': {read.note}")
    word = _WORD.match(body)
    return Post(
        at=read.at,
        word=status_word(word[1]) if word else "",
        body=text_of_clean(body[word.end() :] if word else body),
        note=read.note,
    )


def _time(element: Element, name: str) -> datetime | None:
    given = _text(element, name)
    try:
        return instant(given)
    except ValueError as error:
        raise FeedError(f"<{name}> is {given[:60]!r}: {error}.") from None


def _text(element: Element, name: str) -> str:
    return (element.findtext(f"{ATOM}{name}") or "").strip()


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_statuspage_atom(content, received_at=context.received_at, zone=context.zone)


FORMAT = Format(
    code="statuspage_atom",
    label="Statuspage Atom feed",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
    polled=True,
)
