"""Read the text that a person copies from the page of one or several Statuspage incidents.

Each post ends with its stamp, "Posted Jun 02, 2016 - 05:15 PDT"; before the first stands the title, and
"Incident Report for …" or "Scheduled Maintenance Report for …". An address of the page in the text gives
the incident the id that the JSON and the Atom feed give it; without one the id is made of the title and
the time of the first post.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from hashlib import sha256

from incidents.feeds.html_text import storable_text, tidied
from incidents.feeds.posts import Post, Told, read_posts, status_word
from incidents.feeds.status_stamps import POSTED, affected_line, affected_parts, stamp_of
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

LARGEST_TEXT = 2_000_000
LONGEST_LINE = 20_000
_REPORT = re.compile(r"(Incident|Scheduled Maintenance) Report for (.{1,200})", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s/]{1,200}/incidents/([A-Za-z0-9]{4,60})")
_WORD = re.compile(r"([A-Za-z -]{6,14}?)(?:\s[-–—]\s(.*))?")
_OVER = re.compile(r"This incident has been resolved\.|The scheduled maintenance has been completed\.")
_EXPECTED = "Copy the whole page of an incident, with lines such as 'Posted Jun 02, 2016 - 05:15 PDT'."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The lines of one incident; `first` is the number of its first line, counted from one."""

    first: int
    lines: Sequence[str]

    @property
    def place(self) -> str:
        return f"lines {self.first} to {self.first + len(self.lines) - 1}"


def read_pasted_status(content: bytes, *, zone: tzinfo | None = None) -> Feed:
    """Read a pasted text; an incident with a fault is listed with its lines, the others are kept.

    `zone` is that of stamps without a zone word, and decides what "PST" in July means.

    Raises:
        FeedError: too long, not UTF-8, or without any post.

    """
    lines = _lines(content)
    if not any(POSTED.match(line) for line in lines):
        raise FeedError(f"No line begins with 'Posted'. {_EXPECTED}")
    read: dict[str, FeedIncident | FeedMaintenance] = {}
    problems: list[FeedProblem] = []
    page = ""
    for part in _parts(lines):
        page = page or _page(part)
        try:
            told = _told(part, zone=zone)
        except FeedError as error:
            problems.append(FeedProblem(place=part.place, message=str(error)))
            continue
        if told.external_id in read:
            said = f"id '{told.external_id}' came before; the first is kept."
            problems.append(FeedProblem(place=part.place, message=said))
        else:
            read[told.external_id] = told
    return Feed(
        page_name=page,
        incidents=tuple(said for said in read.values() if isinstance(said, FeedIncident)),
        maintenances=tuple(said for said in read.values() if isinstance(said, FeedMaintenance)),
        problems=tuple(problems),
    )


def _lines(content: bytes) -> list[str]:
    if len(content) > LARGEST_TEXT:
        raise FeedError(f"The text has {len(content)} bytes, more than {LARGEST_TEXT}. Paste it in parts.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FeedError("The text is not UTF-8. Save it as UTF-8, or paste it.") from None
    lines = storable_text(text).replace("\u00a0", " ").splitlines()
    if any(len(line) > LONGEST_LINE for line in lines):
        raise FeedError(f"A line has more than {LONGEST_LINE} letters. {_EXPECTED}")
    return lines


def _parts(lines: Sequence[str]) -> Iterator[_Part]:
    """Yield the lines of each incident: from its title, or behind the parts that the one before affected."""
    starts = {0}
    for number, line in enumerate(lines):
        if _REPORT.fullmatch(line.strip()):
            starts.add(_title_above(lines, number))
        elif affected_line(line) is not None:
            starts.add(number + 1)
    # What stands before the first title (an address, the menu of the page) belongs to that incident.
    bounds = [*sorted(starts), len(lines)]
    posted = [number for number, line in enumerate(lines) if POSTED.match(line)]
    begin = 0
    for end in bounds[1:]:
        if bisect_left(posted, begin) < bisect_left(posted, end):
            yield _Part(first=begin + 1, lines=lines[begin:end])
            begin = end


def _title_above(lines: Sequence[str], number: int) -> int:
    """Return the line of the title above a "Report for", with the address that may stand above that."""
    above = [place for place in range(max(number - 6, 0), number) if lines[place].strip()]
    if not above:
        return number
    title = above[-1]
    return above[-2] if len(above) > 1 and _ADDRESS.search(lines[above[-2]]) else title


def _page(part: _Part) -> str:
    found = (_REPORT.fullmatch(line.strip()) for line in part.lines)
    return next((report[2].strip() for report in found if report), "")


def _told(part: _Part, *, zone: tzinfo | None) -> FeedIncident | FeedMaintenance:
    title, work, body = _head(part.lines)
    parts: tuple[FeedComponent, ...] = ()
    posts: list[Post] = []
    chunk: list[str] = []
    for line in body:
        if POSTED.match(line):
            posts.append(_post(chunk, stamp=line, zone=zone))
            chunk = []
        elif (said := affected_line(line)) is not None:
            parts = affected_parts(said)
        else:
            chunk.append(line)
    found = next((match for line in part.lines if (match := _ADDRESS.search(line))), None)
    # Newest first on the page: two posts of one minute keep their order only when turned about.
    posts.reverse()
    told = Told(
        external_id=found[1] if found else _made_id(title, posts=posts),
        title=title[:500] or "Without a title",
        address=found[0] if found else "",
        components=parts,
        work=work,
    )
    return read_posts(posts, told=told, zone=zone)


def _head(lines: Sequence[str]) -> tuple[str, bool, list[str]]:
    """Return the title, whether the page reports work, and the lines of the posts."""
    for number, line in enumerate(lines):
        if report := _REPORT.fullmatch(line.strip()):
            above = [text.strip() for text in lines[:number] if text.strip()]
            title = above[-1] if above and not _ADDRESS.search(above[-1]) else ""
            return title, report[1].lower().startswith("scheduled"), list(lines[number + 1 :])
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped and not _ADDRESS.search(stripped):
            known = status_word(stripped) or POSTED.match(stripped)
            return (
                ("", False, list(lines[number:])) if known else (stripped, False, list(lines[number + 1 :]))
            )
    return "", False, []


def _post(chunk: Sequence[str], *, stamp: str, zone: tzinfo | None) -> Post:
    at, note = stamp_of(stamp, zone=zone)
    body = tidied("\n".join(chunk))
    first, _, rest = body.partition("\n")
    found = _WORD.fullmatch(first)
    word = status_word(found[1]) if found else ""
    if found and word:
        body = tidied(f"{found[2] or ''}\n{rest}")
    elif over := _OVER.match(body):
        # What the page itself writes: as good as its word, where the copy lost that.
        word = "resolved" if "resolved" in over[0] else "completed"
    return Post(at=at, word=word, body=body, note=note)


def _made_id(title: str, *, posts: Sequence[Post]) -> str:
    first = min((post.at for post in posts), default=None)
    if first is None:
        raise FeedError(f"'{title[:60]}' has no post with a time. {_EXPECTED}")
    return "pasted-" + sha256(f"{title}\n{first.isoformat()}".encode()).hexdigest()[:24]


def _read(content: bytes, context: FeedContext) -> Feed:
    return read_pasted_status(content, zone=context.zone)


FORMAT = Format(
    code="pasted_status",
    label="Text copied from a status page",
    read=_read,
    clock=Clock.VENDOR_STATUS_PAGE,
)
