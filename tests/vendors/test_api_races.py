"""Two requests at once: one key is used by one of them, and no edit is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from tests.api import WHY, Program, administrator
from tests.vendors.rows import a_vendor
from vendors.models import KeptAnswer, Vendor

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time"),
]
AT_ONCE = 6


def all_at_once(program: Program, method: str, path: str, bodies: list[Any], **headers: str) -> list[Any]:
    """Send requests from as many threads, and return the answers."""
    barrier = Barrier(len(bodies))

    def send(body: Any) -> Any:
        barrier.wait()
        try:
            return program.ask(method, path, body, **headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


def test_one_key_sent_many_times_at_once_does_one_thing() -> None:
    program = administrator()
    body = {"slug": "northrack", "name": "Northrack", "reason": WHY}
    answers = all_at_once(program, "post", "vendors", [body] * AT_ONCE, idempotency_key="one")

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len([answer for answer in answers if answer.status_code == 201]) >= 1
    assert Vendor.objects.get().history.count() == 1
    assert KeptAnswer.objects.count() == 1


def test_of_edits_from_one_state_one_holds_and_the_others_are_told() -> None:
    a_vendor()
    program = administrator()
    tag = program.get("vendors/northrack").headers["ETag"]
    bodies = [{"name": f"Name {number}", "reason": WHY} for number in range(AT_ONCE)]
    answers = all_at_once(program, "patch", "vendors/northrack", bodies, if_match=tag)

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (AT_ONCE - 1)
    assert Vendor.objects.get().history.count() == 2
