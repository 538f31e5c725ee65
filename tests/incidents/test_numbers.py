"""The next free number: two people who record at once never share one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from incidents.models import Incident
from incidents.services import record_incident
from tests.vendors.rows import REASON, person


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one writer in at a time")
def test_incidents_recorded_at_once_get_a_number_each() -> None:
    by = person()

    def record(title: str) -> str:
        try:
            incident = Incident(title=title)
            record_incident(incident, by=by, reason=REASON)
            return incident.reference
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(record, map(str, range(24))))
    assert sorted(given) == [f"INC-{number:05d}" for number in range(1, 25)]
