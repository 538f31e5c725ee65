"""What readers of maintenance notices share: the standard's words, and several windows of one notice.

The words are those of the draft NANOG standard for maintenance notes (X-MAINTNOTE), which the parsers of
vendors' own mails use too.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from incidents.feeds.values import FeedComponent, FeedMaintenance, NoticeStatus

LONGEST_NUMBER = 110
LONGEST_NAME = 250
WORST_FIRST = ("OUTAGE", "DEGRADED", "REDUCED-REDUNDANCY", "NO-IMPACT", "")
STATUSES = {
    "TENTATIVE": NoticeStatus.TENTATIVE,
    "CONFIRMED": NoticeStatus.CONFIRMED,
    "CANCELLED": NoticeStatus.CANCELLED,
    "CANCELED": NoticeStatus.CANCELLED,
    "IN-PROCESS": NoticeStatus.IN_PROCESS,
    "COMPLETED": NoticeStatus.COMPLETED,
    "RE-SCHEDULED": NoticeStatus.RESCHEDULED,
    "RESCHEDULED": NoticeStatus.RESCHEDULED,
    "NO-CHANGE": None,
    "": None,
}

_EMERGENCY = re.compile(r"(?<!non-)(?<!non )\b(?:emergency|urgent)\b", re.IGNORECASE)
_REPLACES = re.compile(
    r"\b(?:reschedul(?:e|ed|ing) (?:of|from)|replaces|supersedes)\s{1,5}"
    r"(?:(?:ticket|notice|maintenance|change|number|no\.?|#)\s{0,5}){0,3}"
    r"([A-Z][A-Z0-9]{0,20}-?[A-Z0-9-]{0,40}\d[A-Z0-9-]{0,40})",
    re.IGNORECASE,
)


def read_status(word: str, *, notes: list[str]) -> NoticeStatus | None:
    """Translate the standard's word; None, and a note, for one that it does not know."""
    plain = word.strip().upper().replace("_", "-")
    if plain not in STATUSES:
        notes.append(f"The status '{word[:60]}' is not a word of the standard; an earlier status holds.")
    status = STATUSES.get(plain)
    if status is NoticeStatus.RESCHEDULED:
        notes.append("Re-scheduled: see whether this is the new window, or the one that will not be used.")
    return status


def read_impact(word: str, *, notes: list[str]) -> str:
    """Give the standard's word for an impact: what it does not know, it wants read as OUTAGE."""
    plain = word.strip().upper().replace("_", "-")
    if plain in WORST_FIRST:
        return plain or "OUTAGE"
    note = f"The impact '{word[:60]}' is not a word of the standard, which wants it read as OUTAGE."
    if note not in notes:
        notes.append(note)
    return "OUTAGE"


def components(named: Iterable[tuple[str, str]]) -> tuple[FeedComponent, ...]:
    """Name each object once, with the worst impact that was said of it."""
    worst: dict[str, str] = {}
    for name, impact in named:
        worst[name] = min(impact, worst.get(name, ""), key=WORST_FIRST.index)
    return tuple(FeedComponent(name=name[:LONGEST_NAME], worst_status=word) for name, word in worst.items())


def is_emergency(title: str) -> bool:
    """Tell whether the title calls it so; texts name emergency numbers, too, and are not asked."""
    return _EMERGENCY.search(title) is not None


def replaced(text: str, *, number: str) -> str:
    """Find the number of the notice that this one replaces, "" where the text names none."""
    found = _REPLACES.search(text)
    return found[1] if found and found[1] != number else ""


def numbered(windows: Iterable[FeedMaintenance]) -> list[FeedMaintenance]:
    """Give the windows of each notice numbers of their own: "<number>#1" is the one that begins first.

    A notice of one window keeps its number. The order in the file is irrelevant; windows that only moved
    keep their numbers as long as they keep their order in time.
    """
    notices: dict[str, list[FeedMaintenance]] = {}
    for window in windows:
        notices.setdefault(window.external_id, []).append(window)
    found = []
    for number, parts in notices.items():
        parts.sort(key=lambda part: (part.starts_at, part.ends_at, part.account, repr(part.components)))
        several = len(parts) > 1
        for place, part in enumerate(parts, start=1):
            own = f"{number}#{place}" if several else number
            found.append(replace(part, external_id=own, notice=number if several else ""))
    return found


def arrived(
    stated: datetime | None, *, received_at: datetime, what: str, notes: list[str]
) -> datetime | None:
    """Return when the notice reached us: what it states, but never after we had it in hand."""
    if stated is None or stated <= received_at:
        return stated
    notes.append(
        f"{what} ({stated:%Y-%m-%d %H:%M} UTC) lies after it reached us ({received_at:%Y-%m-%d %H:%M} UTC); "
        "the latter is taken."
    )
    return received_at
