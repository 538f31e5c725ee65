"""How fast 100,000 incidents are imported, against the plain rows that they come to, and in what memory."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from simple_history.utils import bulk_create_with_history

from incidents.models import FeedSource, Incident, Milestone, Outage
from incidents.services import Outcome, import_feed
from incidents.services.feeds.reports import Part, Steps
from incidents.services.feeds.uploads import read_feed
from tests.benchmarks.conftest import Figures
from tests.vendors.rows import REASON, a_contract, a_service, person, saved
from vendors.models import Service, ServiceAlias

INCIDENTS = int(os.environ.get("BENCH_INCIDENTS", "100000"))
START = datetime(2019, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = {
    "number": "id",
    "title": "summary",
    "began": "start",
    "ended": "end",
    "severity": "severity",
    "component": "component",
}

pytestmark = pytest.mark.django_db(transaction=True)


def a_table(count: int) -> bytes:
    """Return incidents of one service as CSV, an hour apart and 20 minutes long."""
    lines = ["id,summary,start,end,severity,component"]
    for number in range(count):
        start = START + timedelta(minutes=number)
        end = start + timedelta(seconds=20)
        lines.append(f"I{number},Mail is down,{start.isoformat()},{end.isoformat()},major,Mail sending")
    return "\n".join(lines).encode()


@contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Note the seconds by the clock."""
    begun = time.perf_counter()
    yield
    into[name] = time.perf_counter() - begun


def peak_mb() -> float:
    """Return the most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plain_rows(service: Service, *, count: int) -> None:
    """Write as many incidents with an outage and three moments, with their history and nothing else."""
    by, batch = person("plain"), 500
    for first in range(0, count, batch):
        numbers = range(first, min(first + batch, count))
        incidents = [Incident(reference=f"P{number}", title="Mail is down") for number in numbers]
        bulk_create_with_history(incidents, Incident, default_user=by, default_change_reason=REASON)
        outages = [
            Outage(incident=each, service=service, started_at=START, ended_at=START) for each in incidents
        ]
        bulk_create_with_history(outages, Outage, default_user=by, default_change_reason=REASON)
        moments = [
            Milestone(incident=each, kind=kind, at=START)
            for each in incidents
            for kind in ("occurred", "resolved")
        ]
        bulk_create_with_history(moments, Milestone, default_user=by, default_change_reason=REASON)


def test_a_hundred_thousand_incidents_are_imported_in_bounded_memory(figures: Figures) -> None:
    service = a_service(a_contract(), code="mail", name="Mail")
    saved(ServiceAlias(service=service, name="Mail sending"))
    vendor = service.contract.vendor
    source = saved(FeedSource(code="list", kind="incident_table", vendor=vendor, columns=COLUMNS))
    seconds: dict[str, float] = {}
    table, before = a_table(INCIDENTS), peak_mb()
    with timed(seconds, "read"):
        values = read_feed(source, table, received_at=NOW, file_name="list.csv")
    after_reading = peak_mb()
    seen: list[tuple[int, int]] = []

    def note(part: Part) -> None:
        seen.append((part.done, part.total))

    with timed(seconds, "import"):
        report = import_feed(values, source=source, by=person("robot"), at=NOW, steps=Steps(told=note))
    after_import = peak_mb()
    assert (report.count(Outcome.CREATED), seen[-1]) == (INCIDENTS, (INCIDENTS, INCIDENTS))
    with timed(seconds, "again"):
        again = import_feed(values, source=source, by=person("robot"), at=NOW)
    assert again.count(Outcome.UNCHANGED) == INCIDENTS
    with timed(seconds, "plain"):
        plain_rows(service, count=INCIDENTS)
    name = f"feeds: {INCIDENTS:,} incidents, {connection.vendor}"
    ratio = seconds["import"] / seconds["plain"]
    figures.notes[name] = (
        f"read {seconds['read']:.1f} s, imported {seconds['import']:.1f} s ({ratio:.2f} x the plain rows with"
        f" their history), again without news {seconds['again']:.1f} s;"
        f" {after_reading - before:.0f} MB to read, {after_import - after_reading:.0f} MB more to import"
    )
