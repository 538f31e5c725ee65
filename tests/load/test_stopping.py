"""A program that is asked to stop ends what it has begun: an upgrade breaks nothing off."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.chaos import books
from tests.chaos.installation import Installation
from tests.chaos.people import HOST, PATIENCE_SECONDS, sent
from tests.load.portfolio import OPEN, SHARED

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
EDITS = 3


@contextmanager
def held(database: str, query: str) -> Iterator[None]:
    """Hold rows, so that whoever wants to write them is in the middle of it."""
    with psycopg.connect(database) as line:
        assert line.execute(query).fetchall()
        yield
        line.rollback()


def waiting(installation: Installation) -> int:
    """Return how many wait for such rows."""
    return int(books.asked(installation.database, WAITING)[0][0])


@pytest.fixture
def headers(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['manager-0']}", "Content-Type": "application/json"}


def edit(server: str, *, number: int, headers: dict[str, str]) -> int:
    """Edit an incident from the state in which it is; return the status."""
    path = f"/api/v1/incidents/{SHARED[number]}"
    tag = {"If-Match": sent(server, "GET", path, headers=headers).headers["ETag"]}
    body = json.dumps({"narrative": f"Edit {number}", "reason": "while it stops"})
    return sent(server, "PATCH", path, headers={**headers, **tag}, body=body).status


def test_a_web_server_that_is_asked_to_stop_answers_all_that_it_took(
    installation: Installation, headers: dict[str, str]
) -> None:
    server = urlsplit(installation.start_web()).netloc
    web = installation.web
    assert web is not None
    incidents = int(books.asked(installation.database, "SELECT count(*) FROM incidents_incident")[0][0])
    shared = ", ".join(f"'{reference}'" for reference in SHARED)
    rows_held = f"SELECT id FROM incidents_incident WHERE reference IN ({shared}) FOR UPDATE"
    with (
        ThreadPoolExecutor(EDITS) as pool,
        closing(HTTPConnection(server, timeout=PATIENCE_SECONDS)) as line,
    ):
        with held(installation.database, rows_held):
            edits = [pool.submit(edit, server, number=number, headers=headers) for number in range(EDITS)]
            installation.wait_for(lambda: waiting(installation) == EDITS, what="edits in the middle")
            # As slow as its reader: the first bytes are there, the last not yet made.
            asking = {**headers, "Host": HOST, "X-Forwarded-Proto": "https"}
            line.request("GET", "/api/v1/incidents/export?format=csv", headers=asking)
            export = line.getresponse()
            begun = export.read(1000)
            web.ask_to_end()
            installation.wait_for(lambda: "Handling signal: term" in web.said, what="it to hear of it")
            assert not web.is_gone
        assert [each.result() for each in edits] == [200] * EDITS
        rows = list(csv.reader(io.StringIO((begun + export.read()).decode("utf-8-sig"))))
    assert len(rows) == incidents + 1
    assert web.ended() == 0
    told = books.asked(
        installation.database, "SELECT narrative FROM incidents_incident WHERE narrative LIKE 'Edit %'"
    )
    assert sorted(told) == [(f"Edit {number}",) for number in range(EDITS)]
    assert '"level": "error"' not in web.said


def test_a_worker_that_is_asked_to_stop_ends_the_closing_that_it_has_begun(
    installation: Installation,
) -> None:
    running = "SELECT period, state, attempts FROM sla_duty WHERE kind = 'close' AND state = 'running'"
    with held(
        installation.database, f"SELECT id FROM sla_statement WHERE period = '{OPEN}' FOR NO KEY UPDATE"
    ):
        worker = installation.start_plain_worker(processes=1)
        installation.nudge()
        installation.wait_for(lambda: waiting(installation) == 1, what="a closing in the middle")
        assert books.asked(installation.database, running) == [(OPEN, "running", 1)]
        worker.ask_to_end()
        installation.wait_for(lambda: "Warm shutdown" in worker.said, what="the worker to hear of it")
        assert not worker.is_gone
    assert worker.ended() == 0
    closed = books.asked(
        installation.database,
        f"SELECT state, attempts FROM sla_duty WHERE kind = 'close' AND period = '{OPEN}' AND state <> 'due'",
    )
    assert closed == [("done", 1)] * len(closed) != []
    assert '"level": "error"' not in worker.said
