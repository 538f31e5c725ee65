"""What of a mail is needed to read a notice: who wrote, when it arrived, its text and its calendars.

When a notice reached us decides whether it came in time, so it is not left to the sender: the topmost
`Received` header was written by the last server on the way, the one that put the mail into our mailbox;
no sender can write above it. `Date` is what the sender's clock, or the sender, claims.
"""

import email
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256

from incidents.feeds.html_text import BLOCKS, clean_html, text_of_clean
from incidents.feeds.json_files import plausible
from incidents.feeds.values import FeedError

LARGEST_MAIL = 20_000_000
LARGEST_TEXT = 200_000
LONGEST_HEADER = 2_000
MOST_PARAMETERS = 100_000
MOST_LINES = 400_000
MOST_PARTS = 2_000
DEEPEST = 20
HEADERS = ("From", "Subject", "Date", "Received", "Message-ID")
# A list rewrites From and keeps the writer in one of the others.
SENDERS = ("From", "Reply-To", "Sender", "X-Original-From", "X-Original-Sender")

# Names that are no alphabet of a mail; some take minutes for a long text.
NO_ENCODINGS = frozenset(
    {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
)
CELLS = frozenset(("td", "th"))

_PARAMETERS = re.compile(
    rb"^content-[a-z-]{1,40}[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.MULTILINE | re.IGNORECASE
)
_CELL = re.compile("<t[dh]>")
_FORWARDED = re.compile(r"\s{0,5}(?:\[[^\]]{0,60}\]\s{0,5})?(?:fwd?|wg|tr|rv)\s{0,3}:", re.IGNORECASE)
_QUOTED_SENDER = re.compile(
    r"^[>*\s]{0,9}(?:From|Von|De)[*\s]{0,3}:[^<\n]{0,200}<([^<>\s]{3,200})>", re.MULTILINE
)
_ADDRESS = re.compile(r"[\w.+=-]{1,80}@[\w-][\w.-]{1,180}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail in plain values; times in UTC, None where it states none that can be read.

    `senders` are addresses in lower case, the likeliest first. `whole` is False for one that was cut off.
    """

    message_id: str
    subject: str
    sender: str
    senders: tuple[str, ...]
    written_at: datetime | None
    arrived_at: datetime | None
    text: str
    calendars: tuple[bytes, ...]
    forwarded: bool
    whole: bool


def read_mail(content: bytes) -> Mail:
    """Read one mail as it lies in a mailbox; one that is attached to it is read in its place.

    Raises:
        FeedError: too large, of too many parts, or no mail.

    """
    _check_size(content)
    _check_parameters(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    try:
        message = email.message_from_bytes(content)
        if any(name in message for name in HEADERS):
            return _told(message, content=content)
    except Exception as error:
        # The library trusts what a mail says of its parts; a file that breaks it is no notice.
        raise FeedError(f"The mail cannot be read: {type(error).__name__}. Save it as .eml again.") from None
    raise FeedError("The file is not a mail: it has none of the usual headers. Save it as .eml.")


def _told(message: Message, *, content: bytes) -> Mail:
    """Read a mail, or the one attached to it, after the words of its cover."""
    read = _read(message, content=content)
    attached = next((part for part in list(message.walk())[1:] if _is_message(part)), None)
    if attached is None or read.calendars:
        return read
    inner = _read(attached, content=content)
    return replace(inner, text="\n\n".join(filter(None, (read.text, inner.text))))


def _check_size(content: bytes) -> None:
    """Refuse what would take minutes to read: each part within a part makes every line dearer."""
    if len(content) > LARGEST_MAIL:
        raise FeedError(
            f"The mail has {len(content)} bytes, more than {LARGEST_MAIL}. Save it without files."
        )
    lowered = content.lower()
    lines, parts = content.count(b"\n") + content.count(b"\r"), content.count(b"\n--")
    depth = max(lowered.count(b"multipart/"), lowered.count(b"message/"))
    if lines > 2 * MOST_LINES or parts > MOST_PARTS or depth > DEEPEST:
        raise FeedError(
            f"The mail has too many lines, parts, or parts within parts ({lines}, {parts}, {depth}). "
            "It is no notice; save the notice alone."
        )


def _check_parameters(content: bytes) -> None:
    """Refuse headers of parts that are far longer than any real one: each parameter is compared with all."""
    lengths = [len(found[0]) for found in _PARAMETERS.finditer(content)]
    if max(lengths, default=0) > LONGEST_HEADER or sum(lengths) > MOST_PARAMETERS:
        raise FeedError("The mail describes its parts at endless length. It is no notice; save that alone.")


def _is_message(part: Message) -> bool:
    return (
        part.get_content_type() != "message/rfc822"
        and "Subject" in part
        and ("Received" in part or "From" in part)
    )


def _own_parts(message: Message) -> Iterator[Message]:
    """Yield the parts of a mail without those of a mail attached to it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() == "multipart":
            waiting += [child for child in reversed(inside) if isinstance(child, Message)]


def _read(message: Message, *, content: bytes) -> Mail:
    subject = header(message, "Subject")
    parts = list(_own_parts(message))
    text = _text(parts)
    forwarded = _FORWARDED.match(subject) is not None
    senders = [address for name in SENDERS for address in _addresses(message, name)]
    if forwarded:
        senders = [*_QUOTED_SENDER.findall(text[:20_000]), *senders]
    return Mail(
        message_id=header(message, "Message-ID")[:250] or f"sha256:{sha256(content).hexdigest()}",
        subject=subject,
        sender=header(message, "From") or next(iter(senders), ""),
        senders=tuple(dict.fromkeys(found.lower() for found in senders if _ADDRESS.fullmatch(found))),
        written_at=_time(header(message, "Date")),
        arrived_at=_time(next(iter(_headers(message, "Received")), "").rpartition(";")[2]),
        text=text,
        calendars=tuple(_calendars(parts)),
        forwarded=forwarded,
        whole=not any("Boundary" in type(defect).__name__ for part in parts for defect in part.defects),
    )


def header(message: Message, name: str) -> str:
    """Return the first header of that name as one line of plain text, "" where it is missing."""
    return next(iter(_headers(message, name)), "")


def _headers(message: Message, name: str) -> Iterator[str]:
    for given in message.get_all(name, []):
        try:
            text = str(make_header(decode_header(str(given)[:LONGEST_HEADER])))
        except Exception:
            # An encoding that does not exist, or is broken: the header as it stands.
            text = str(given)[:LONGEST_HEADER]
        yield " ".join(_clean(text).split())


def _addresses(message: Message, name: str) -> Iterator[str]:
    try:
        yield from (address for _, address in getaddresses([header(message, name)]) if address)
    except Exception:
        return


def _time(text: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(text.strip())
        # "-0000" says: this is UTC, and nothing is said of where.
        return plausible(read if read.tzinfo else read.replace(tzinfo=UTC))
    except Exception:
        return None


def _clean(text: str) -> str:
    """Return text that a database can hold."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _body(part: Message) -> str:
    """Return the text of one part."""
    raw = part.get_payload(decode=True)
    return _clean(_decoded(part, raw[:LARGEST_TEXT])) if isinstance(raw, bytes) else ""


def _decoded(part: Message, raw: bytes) -> str:
    """Decode one part, as well as it can be; a wrong name of an encoding is not the vendor's notice."""
    named = (part.get_content_charset() or "utf-8").replace("_", "-")
    with suppress(LookupError, ValueError):
        if named not in NO_ENCODINGS:
            return raw.decode(named, "replace")
    return raw.decode("utf-8", "replace")


def _text(parts: list[Message]) -> str:
    """Return the text for a person: the plain one, else that of the HTML."""
    bodies = {kind: _first(parts, kind) for kind in ("text/plain", "text/html")}
    return bodies["text/plain"] or plain_of_html(bodies["text/html"])


def _first(parts: list[Message], kind: str) -> str:
    texts = (_body(part) for part in parts if part.get_content_type() == kind and not part.get_filename())
    return next((text for text in texts if text.strip()), "").strip()


def plain_of_html(markup: str) -> str:
    """Return the words of HTML, the cells of a row apart; nothing of it is markup afterwards."""
    try:
        cleaned = clean_html(markup, tags=BLOCKS | CELLS)
    except ValueError as error:
        return f"(The mail cannot be shown as text: {error}.)"
    return text_of_clean(_CELL.sub(" ", cleaned))


def _calendars(parts: list[Message]) -> Iterator[bytes]:
    """Yield each calendar once, in UTF-8; mail programs like to send it as a part and as a file."""
    seen: set[bytes] = set()
    for part in parts:
        named = (part.get_filename() or "").lower().endswith((".ics", ".ical", ".icalendar"))
        if part.get_content_type() not in ("text/calendar", "application/ics") and not named:
            continue
        raw = part.get_payload(decode=True)
        if not isinstance(raw, bytes) or not raw.strip():
            continue
        # A calendar that is not in the encoding it names is left to its own reader to refuse.
        text = _decoded(part, raw)
        raw = raw if "\N{REPLACEMENT CHARACTER}" in text else text.encode("utf-8", "replace")
        if raw not in seen:
            seen.add(raw)
            yield raw
