"""Build tables for tests of readers: separated text, workbooks, and a context to read them in."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

import xlsxwriter

from incidents.feeds.values import FeedContext

RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)
SHEET = "xl/worksheets/sheet1.xml"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def context(zone: str | None = "UTC", **columns: str) -> FeedContext:
    """Give a context; an option is written as `option_order` for `option:order`."""
    mapped = {key.replace("option_", "option:"): name for key, name in columns.items()}
    return FeedContext(received_at=RECEIVED, zone=ZoneInfo(zone) if zone else None, columns=mapped)


def cell_date(*parts: int) -> datetime:
    """Give a date cell: what a spreadsheet shows, of no zone."""
    return datetime(*parts)  # type: ignore[arg-type,misc]  # noqa: DTZ001


def csv_of(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def xlsx_of(
    *rows: tuple[object, ...], sheets: Mapping[str, tuple[tuple[object, ...], ...]] | None = None
) -> bytes:
    """Write a workbook; datetimes become date cells, text that begins with "=" a formula."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    timed = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    for name, listed in (sheets or {"Sheet1": rows}).items():
        sheet = book.add_worksheet(name)
        for number, cells in enumerate(listed):
            for place, value in enumerate(cells):
                if isinstance(value, datetime):
                    sheet.write_datetime(number, place, value, timed)
                else:
                    sheet.write(number, place, value)
    book.close()
    return content.getvalue()


def edited(content: bytes, change: Callable[[bytes], bytes], *, part: str = SHEET) -> bytes:
    """Change one part of a workbook."""
    written = BytesIO()
    with ZipFile(BytesIO(content)) as before, ZipFile(written, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            read = before.read(name)
            after.writestr(name, change(read) if name == part else read)
    return written.getvalue()
