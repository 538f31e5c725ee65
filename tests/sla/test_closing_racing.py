"""A miss is recorded, or a person finalises, while a period closes: neither is passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from sla.models import ServiceLevelAgreement, Statement, StatementRevision
from sla.services import closing
from sla.services.duties.rounds import run_round
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.heads import head_of
from tests.builders import at, person
from tests.sla.running import a_closing_schedule, clock, closings
from tests.sla.test_closing import JULY_6, missed

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"
    ),
]


@contextmanager
def meanwhile(act: Callable[[], Any]) -> Iterator[Callable[[], Any]]:
    """Yield what runs an act on a connection of its own, and returns when it is committed."""

    def run() -> Any:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(run).result(timeout=30)


def closed(agreement: ServiceLevelAgreement) -> str:
    run_round(clock=clock(JULY_6))
    [(_, state, said)] = closings(agreement)
    assert state == "done"
    return said


def test_a_miss_that_is_recorded_while_a_period_finalises_itself_is_left_to_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreement = a_closing_schedule()
    finalise = closing.finalise_statement
    with meanwhile(lambda: missed(agreement)) as record:

        def record_and_finalise(statement: Statement, **named: Any) -> StatementRevision:
            record()
            return finalise(statement, **named)

        monkeypatch.setattr(closing, "finalise_statement", record_and_finalise)
        assert closed(agreement) == "Waits for a person: a level is missed; a credit of USD 200.00."
    assert not StatementRevision.objects.exists()
    run_round(clock=clock("2019-07-06 07:01"))
    assert Statement.objects.get(period="2019-06").shown == "USD 200.00"


def test_a_person_who_finalises_at_the_same_moment_is_waited_for_and_was_first() -> None:
    agreement, by = a_closing_schedule(), person()
    june = head_of(agreement, period_label="2019-06")
    begun, waited = Event(), Event()

    def finalise_slowly() -> None:
        with transaction.atomic():
            finalise_statement(june, by=by, why="month end", reasons={}, now=at("2019-07-06 06:00"))
            begun.set()
            assert is_waited_for(waited)

    with meanwhile(finalise_slowly) as finalise, ThreadPoolExecutor(1) as pool:
        finalising = pool.submit(finalise)
        assert begun.wait(30)
        assert closed(agreement) == "Finalised as NR-2018/power/2019-06/r1 already."
        finalising.result()
    assert StatementRevision.objects.get().cause == "month end"


def is_waited_for(patience: Event) -> bool:
    """Return as soon as another connection waits for a lock."""
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            [(count,)] = cursor.fetchall()
        if count:
            return True
        patience.wait(0.1)
    return False
