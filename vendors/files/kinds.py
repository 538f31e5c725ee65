"""What a file really is, by how it begins, for whoever brings one of another kind than is read."""

import re

JSON, CALENDAR, MAIL = "JSON", "a calendar (iCalendar)", "a mail"
OLD_EXCEL, PACKED = "an old Excel workbook (.xls) or one locked by a password", "packed"
_BEGINNINGS = tuple(
    (re.compile(start), kind)
    for start, kind in (
        (rb"\xd0\xcf\x11\xe0", OLD_EXCEL),
        (rb"%PDF", "a PDF"),
        (rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture"),
        (rb"\x1f\x8b|7z\xbc\xaf|Rar!", PACKED),
        (rb"\s*<", "a web page or XML, whatever its name"),
        (rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\]])", JSON),
        (rb"\s*BEGIN:VCALENDAR", CALENDAR),
        (rb"(?i:return-path|received|delivered-to|mime-version|message-id|x-[a-z-]{1,40}): ", MAIL),
    )
)


def kind_of_file(content: bytes) -> str:
    """Name what a file is where it begins as that, empty where nothing tells it."""
    return next((kind for start, kind in _BEGINNINGS if start.match(content[:500])), "")
