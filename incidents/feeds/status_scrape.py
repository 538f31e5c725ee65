"""Read the CSV of a scraped Statuspage history: one row an incident, its posts as JSON in one column.

Stamps read "Posted 3 months ago. May 31, 2024 - 18:05 PDT"; only the part behind the full stop counts.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from incidents.feeds.html_text import storable_text, tidied
from incidents.feeds.json_files import kind_of, read_document
from incidents.feeds.posts import Post, Told, read_posts, status_word
from incidents.feeds.status_stamps import affected_line, affected_parts, stamp_of
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
from vendors.files.rows import too_large

LARGEST_FILE = 20_000_000
MOST_ROWS = 20_000
TITLE, LINK, IMPACT, POSTS, PARTS = (
    "Incident_Title",
    "Incident_Link",
    "Incident_Impact",
    "Updates",
    "Service",
)
_CODE = re.compile(r"https?://[^\s/]{1,200}/incidents/([A-Za-z0-9]{1,60})(?:[/?#]|$)")


def read_status_scrape(content: bytes, *, zone: tzinfo | None = None) -> Feed:
    """Read one file; a bad row is listed with its number, the others are kept.

    Raises:
        FeedError: too large, not UTF-8, no CSV, or without the columns that are needed.

    """
    read: dict[str, FeedIncident | FeedMaintenance] = {}
    problems: list[FeedProblem] = []
    for place, row in _rows(content):
        try:
            told = _row(row, zone=zone)
        except FeedError as error:
            problems.append(FeedProblem(place=place, message=str(error)))
            continue
        if told.external_id in read:
            said = f"id '{told.external_id}' came before; the first is kept."
            problems.append(FeedProblem(place=place, message=said))
        else:
            read[told.external_id] = told
    return Feed(
        incidents=tuple(said for said in read.values() if isinstance(said, FeedIncident)),
        maintenances=tuple(said for said in read.values() if isinstance(said, FeedMaintenance)),
        problems=tuple(problems),
    )


def _rows(content: bytes) -> list[tuple[str, dict[str, str]]]:
    """Return each row by its column names, with its number as a spreadsheet shows it."""
    if len(content) > LARGEST_FILE:
        raise FeedError(too_large(content, most=LARGEST_FILE))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FeedError("The file is not UTF-8. Save it as 'CSV UTF-8'.") from None
    rows: list[tuple[str, dict[str, str]]] = []
    reader = csv.reader(io.StringIO(storable_text(text), newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = [name for name in (TITLE, LINK, IMPACT, POSTS, PARTS) if name not in header]
        if missing:
            raise FeedError(f"The file lacks the columns {', '.join(missing)}.")
        for number, cells in enumerate(reader, start=2):
            if number > MOST_ROWS:
                raise FeedError(f"The file has more than {MOST_ROWS} rows. Split it by year.")
            if cells:
                rows.append((f"row {number}", dict(zip(header, cells, strict=False))))
    except csv.Error as error:
        raise FeedError(f"The file is no CSV, or was cut off: {error}.") from None
    if rows and len(rows[-1][1]) < len(header):
        raise FeedError(f"The file is no CSV, or was cut off: its last {rows[-1][0]} is not whole.")
    return rows


def _row(row: dict[str, str], *, zone: tzinfo | None) -> FeedIncident | FeedMaintenance:
    link = row.get(LINK, "").strip()
    found = _CODE.match(link)
    if found is None:
        raise FeedError(f"column {LINK}: '{link[:60]}' is no address of an incident.")
    parts = row.get(PARTS, "").strip()
    impact = row.get(IMPACT, "").strip().removeprefix("impact-")[:60]
    told = Told(
        external_id=found[1],
        title=tidied(row.get(TITLE, ""))[:500] or "Without a title",
        severity=impact,
        address=link[:500],
        components=affected_parts(affected_line(parts) or "") if parts else (),
        work=impact == "maintenance",
    )
    return read_posts(reversed(list(_posts(row.get(POSTS, ""), zone=zone))), told=told, zone=zone)


def _posts(said: str, *, zone: tzinfo | None) -> Iterator[Post]:
    try:
        document = read_document(said.encode(), what=POSTS)
    except FeedError:
        raise FeedError(f"column {POSTS}: '{said[:60]}' is no JSON list of posts.") from None
    if not isinstance(document, list):
        raise FeedError(f"column {POSTS} holds {kind_of(document)}, not a list of posts.")
    for post in document:
        if not isinstance(post, dict):
            raise FeedError(f"column {POSTS} holds {kind_of(post)} among its posts.")
        at, note = stamp_of(_text(post, "Update_Timestamp"), zone=zone)
        word = status_word(_text(post, "Update_Title"))
        yield Post(at=at, word=word, body=tidied(_text(post, "Update_Body")), note=note)


def _text(post: dict[str, Any], key: str) -> str:
    given = post.get(key)
    return storable_text(given) if isinstance(given, str) else ""


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_status_scrape(content, zone=context.zone)


FORMAT = Format(
    code="status_scrape",
    label="Scraped Statuspage history (CSV)",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
    hidden=True,
)
