"""HTML: a part that stands in any page of the admin, and a page of its own that prints well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from sla.reports.tables.shown import shown_report
from sla.reports.tables.values import Report

MOST_ROWS = 1_000
STYLES = Path(__file__).resolve().parents[2] / "static" / "sla"


def page_part(report: Report, *, most: int = MOST_ROWS) -> SafeString:
    """Return the report as a part of a page that links `sla/recourse.css` and `sla/report.css`."""
    return render_to_string("sla/reports/table.html", {"report": shown_report(report, most=most)})


def render_html(report: Report, *, most: int = MOST_ROWS) -> Iterator[bytes]:
    """Yield one page that needs nothing beside it: no script, no style sheet, no picture."""
    # The project's own files: nothing in them comes from a row.
    style = mark_safe("\n".join((STYLES / name).read_text() for name in ("recourse.css", "report.css")))  # nosec B308 B703
    context = {"report": shown_report(report, most=most), "style": style}
    yield render_to_string("sla/reports/page.html", context).encode()
