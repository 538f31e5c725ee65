"""How people close a month that workers close too: one asks by the API, another approves in the admin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from queue import Empty, Queue
from random import Random
from threading import Event

from tests.chaos import books
from tests.load.people import CREATED, DONE, FOUND, Colleague, at_once
from tests.load.portfolio import CONTRACTS, OPEN, reference_of

ASKED, REFUSED = 202, 400
WAIT_SECONDS = 0.2
NOT_ONCE = (
    "SELECT s.id, count(r.id) FROM sla_statement s"
    " LEFT JOIN sla_statementrevision r ON r.statement_id = s.id"
    f" WHERE s.period = '{OPEN}' GROUP BY 1 HAVING count(r.id) <> 1"
)


def finalise_all(closer: Colleague, *, asked: Queue[int], deadline: Event) -> None:
    """Ask for each statement of the month until all are finalised; each request is sent twice at once."""
    attempt = 0
    while not deadline.is_set():
        attempt += 1
        left = [number for number in range(CONTRACTS) if not _is_finalised(closer, number)]
        if not left:
            return
        for number in Random(attempt).sample(left, len(left)):
            if deadline.is_set():
                return
            _finalise(closer, number, attempt=attempt, asked=asked)
        asked.join()


def _number(number: int) -> str:
    return f"statements/{reference_of(number)}/power/{OPEN}"


def _is_finalised(closer: Colleague, number: int) -> bool:
    answer = closer.ask("API: record", _number(number))
    return json.loads(answer.body)["revision"] is not None


def _finalise(closer: Colleague, number: int, *, attempt: int, asked: Queue[int]) -> None:
    """Ask for one; it may be that a worker was first, or that the request of a moment ago still waits."""
    read = closer.ask("API: open questions", f"{_number(number)}/questions")
    reasons = {each["code"]: "Looked at with the vendor" for each in json.loads(read.body)}
    answer = closer.ask_twice(
        "API: finalise",
        f"{_number(number)}/finalise",
        body={"reason": "Month closed", "reasons": reasons},
        key=f"close-{number}-{attempt}",
        expected=CREATED | {ASKED, REFUSED},
    )
    told = json.loads(answer.body)
    if answer.status == ASKED:
        asked.put(told["request"])
    elif answer.status == REFUSED and {each["code"] for each in told["errors"]} != {"nothing_changed"}:
        closer.floor.calls.complain(f"{_number(number)} is refused: {answer.text[:500]}")


def approve_all(approvers: Sequence[Colleague], *, asked: Queue[int], over: Event) -> None:
    """Approve what was asked, each request by two people at once; the second is told that it is decided."""
    while not over.is_set():
        try:
            request = asked.get(timeout=WAIT_SECONDS)
        except Empty:
            continue
        at_once([partial(_approve, approver, request=request) for approver in approvers])
        asked.task_done()


def _approve(approver: Colleague, *, request: int) -> None:
    approver.open(
        "admin: approve",
        f"/admin/vendors/approval/{request}/change/",
        posted={"decide": "approve", "note": ""},
        expected=FOUND | DONE,
    )


def not_once(database: str) -> list[books.Row]:
    """Return the statements of the month that are not finalised exactly once, and how often they are."""
    return books.asked(database, NOT_ONCE)
