"""What would show that a text came to life: in pages, workbooks, files, calendars, mails and documents."""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO, StringIO
from zipfile import ZipFile

from icalendar import Calendar

from tests.attack.inputs import CANARY, REVEALED
from vendors.files.spreadsheets import guarded

LINKS = frozenset({"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset"})
SAFE = ("http:", "https:", "mailto:", "tel:")


class Page(HTMLParser):
    """Notes elements, attributes and addresses that no template of ours writes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in [(tag, ""), *attrs]:
            if "atk" in name or (name == "autofocus" and "atk" in str(attrs)):
                self.found.append(f"<{tag} {name}>")
            scheme = re.match(r"[\s\x00-\x20]*([a-z][a-z\s]*:)", value or "", re.IGNORECASE)
            if name in LINKS and scheme and not scheme[1].lower().startswith(SAFE) and "atk" in str(value):
                self.found.append(f"<{tag} {name}={value!r}>")
            if name.startswith("on") and "alert(" in str(value):
                self.found.append(f"<{tag} {name}={value!r}>")


def of_page(text: str) -> list[str]:
    """Return what came to life in a page."""
    return [*Page(text).found, *of_text(text)]


def of_text(text: str) -> list[str]:
    """Return whether a sum was worked out, or a file read."""
    return [word for word in (REVEALED, CANARY, "root:x:0:0") if word in text]


def of_csv(text: str) -> list[str]:
    """Return the cells that a spreadsheet would run."""
    rows = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
    cells = [cell for row in rows for cell in row if not re.fullmatch(r"-[\d.,]+ [A-Z]{3}", cell)]
    return [cell for cell in cells if guarded(cell) != cell] + of_text(text)


def of_workbook(data: bytes) -> list[str]:
    """Return formulas that are no totals, links, and what is no XML."""
    book, found = ZipFile(BytesIO(data)), []
    for name in book.namelist():
        text = book.read(name).decode()
        formulas = re.findall(r"<f>(.*?)</f>", text)
        found += [one for one in formulas if not re.match(r"(SUBTOTAL|SUMIFS)\(", one)]
        found += re.findall(r"<hyperlinks?\b|<ddeLink|TargetMode=.External.|<atk[^>]*>|<script", text)
        found += of_text(text) if not formulas else []
    return found


def of_calendar(data: bytes) -> list[str]:
    """Return properties that no step has, and lines that no program may read."""
    calendar = Calendar.from_ical(data)
    names = {name for event in calendar.walk("VEVENT") for name in event}
    known = {"UID", "DTSTAMP", "SUMMARY", "DESCRIPTION", "URL", "DTSTART", "DTEND", "TRANSP"}
    long = [
        str(line) for line in data.split(b"\r\n") if len(line) > 75 or re.search(rb"[\x00-\x08\n\r]", line)
    ]
    return [*sorted(names - known), *long]


def pdf_text(data: bytes) -> str:
    """Return the words of a PDF; none where the machine cannot read them."""
    try:
        done = subprocess.run(["pdftotext", "-q", "-", "-"], input=data, capture_output=True, check=True)
    except FileNotFoundError:
        return ""
    return done.stdout.decode()


def of_pdf(data: bytes) -> list[str]:
    """Return what came to life in a document: sums, files, links and scripts."""
    marks = [mark for mark in (b"/URI", b"/JavaScript", b"/Launch", b"/EmbeddedFile") if mark in data]
    return [*of_text(pdf_text(data)), *map(str, marks), *([] if data.startswith(b"%PDF") else ["no PDF"])]


def of_pack(data: bytes) -> Iterator[str]:
    """Yield what came to life in the files of a pack."""
    for name in (pack := ZipFile(BytesIO(data))).namelist():
        if name.startswith("/") or ".." in name:
            yield name
        body = pack.read(name)
        if name.endswith(".csv"):
            yield from of_csv(body.decode())
        elif name.endswith(".pdf"):
            yield from of_pdf(body)
        elif "engine/" not in name and name.endswith((".txt", ".json", ".toml")):
            yield from of_text(body.decode())
