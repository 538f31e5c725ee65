"""Reads, exports, edits and the close of a month at once: no error, nothing lost, nothing done twice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Queue

from tests.chaos import books
from tests.chaos.installation import Installation
from tests.load import closing
from tests.load.conftest import Told
from tests.load.figures import Calls, lasting
from tests.load.marks import Marks
from tests.load.memory import megabytes
from tests.load.people import Colleague, Floor, look_round, work
from tests.load.portfolio import APPROVERS, CLOSED, CLOSER, CONTRACTS, PEOPLE, SHARED

SECONDS = float(os.environ.get("LOAD_SECONDS", "10"))
# For the close, beyond the time in which people work; it ends when all is closed.
CLOSING_SECONDS = 300
# Of a web process: it keeps what lists showed, and no more than that.
MOST_MEGABYTES = 600
# One to vendor managers, one to finance.
REPORTS, SENT = "SELECT state FROM sla_duty WHERE kind = 'report'", 2
FAULTS = ('"level": "error"', '"level": "critical"', "Traceback (most recent call last)")


def test_a_month_is_closed_while_people_read_export_and_edit(
    installation: Installation, tokens: dict[str, str], told: Told
) -> None:
    floor = a_floor(installation, tokens=tokens)
    assert installation.web is not None
    people, closers = signed_in(floor)
    look_round(people[0])
    for each in [a_thread(partial(look_round, one), floor=floor) for one in people]:
        each.join()
    floor.calls.made.clear()
    before = memory(installation)
    begun = time.monotonic()
    everybody_works(installation, floor=floor, people=people, closers=closers)
    lasted = time.monotonic() - begun
    after = memory(installation)
    installation.wait_for(lambda: is_all_done(installation.database), what="what is due to be done")
    settled = time.monotonic() - begun
    told.lines += floor.calls.table()
    told.lines += [
        f"{len(floor.calls.made)} requests in {lasted:.0f} s by {PEOPLE} people, a closer and"
        f" {len(APPROVERS)} approvers; all that was due done after {settled:.0f} s.",
        f"{CONTRACTS} contracts, {len(CLOSED) + 1} months, {floor.incidents} incidents;"
        f" {len(floor.marks.written)} edits of {len(SHARED)} records, {len(floor.marks.entered)} entered.",
        f"Unshared memory of the web server, by process: {before} MB, afterwards {after} MB.",
        "Limits of requests are raised: one person here does what hundreds do.",
    ]
    assert floor.calls.wrong == []
    assert faults(installation) == []
    assert floor.marks.lost(installation.database) == []
    assert floor.marks.not_once(installation.database) == []
    check_books(installation)
    assert max(after) < MOST_MEGABYTES


def a_floor(installation: Installation, *, tokens: dict[str, str]) -> Floor:
    """Start the web server; return where all work."""
    keys = books.asked(installation.database, "SELECT reference, id FROM incidents_incident")
    known = {str(reference): int(key) for reference, key in keys}
    return Floor(
        address=installation.start_web(),
        calls=Calls(),
        marks=Marks(),
        tokens=tokens,
        shared={reference: known[reference] for reference in SHARED},
        incidents=len(known),
    )


def memory(installation: Installation) -> list[int]:
    """Return the unshared megabytes of each process of the web server, the arbiter first."""
    assert installation.web is not None
    return [round(each) for each in megabytes(installation.web.pid).values()]


def signed_in(floor: Floor) -> tuple[list[Colleague], list[Colleague]]:
    """Return those who read and write, and those who close the month, who asks first."""
    people = [Colleague(floor, name=f"manager-{number}") for number in range(PEOPLE)]
    return people, [Colleague(floor, name=name) for name in (CLOSER, *APPROVERS)]


def everybody_works(
    installation: Installation, *, floor: Floor, people: list[Colleague], closers: list[Colleague]
) -> None:
    """Let people work for some seconds, workers do what is due, and the month be closed by both."""
    closer, *approvers = closers
    asked: Queue[int] = Queue()
    late, over = threading.Event(), threading.Event()
    installation.start_plain_worker()
    installation.nudge()
    approving = a_thread(partial(closing.approve_all, approvers, asked=asked, over=over), floor=floor)
    finalising = a_thread(partial(closing.finalise_all, closer, asked=asked, deadline=late), floor=floor)
    working = [a_thread(partial(works, one), floor=floor) for one in people]
    for each in working:
        each.join()
    finalising.join(CLOSING_SECONDS)
    late.set()
    over.set()
    approving.join()


def works(one: Colleague) -> None:
    """Let somebody work for some seconds."""
    for _ in lasting(SECONDS):
        work(one)


def a_thread(act: Callable[[], None], *, floor: Floor) -> threading.Thread:
    """Run something beside the others; what it raises is noted."""

    def noted() -> None:
        try:
            act()
        except Exception as error:
            floor.calls.complain(f"{type(error).__name__}: {error}")

    found = threading.Thread(target=noted, daemon=True)
    found.start()
    return found


def faults(installation: Installation) -> list[str]:
    """Return the lines of all programs that tell of a fault."""
    said = installation.everything_said().splitlines()
    return [line[:2000] for line in said if any(fault in line for fault in FAULTS)]


def is_all_done(database: str) -> bool:
    """Say whether the month is closed, its reports made, and nothing left to do."""
    return len(books.asked(database, REPORTS)) >= SENT and not books.left_open(database)


def check_books(installation: Installation) -> None:
    """See that the month was closed once, each report made once, and every figure is what it was."""
    database = installation.database
    assert closing.not_once(database) == []
    assert books.done_twice(database) == {}
    assert books.asked(database, "SELECT kind, subject, error FROM sla_duty WHERE state = 'failed'") == []
    assert set(books.asked(database, REPORTS)) == {("done",)}
    verified = installation.command("verify_statements")
    assert verified.ended() == 0, verified.said
