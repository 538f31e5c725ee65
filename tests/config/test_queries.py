"""A query of a web request is broken off where it takes too long."""

from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.utils import ConnectionHandler

from config import queries


@pytest.mark.django_db
def test_postgresql_breaks_off_what_takes_too_long(monkeypatch: Any, settings: Any) -> None:
    stated = connections["default"].settings_dict
    if connections["default"].vendor != "postgresql":
        pytest.skip("SQLite has no such limit: nobody else waits for its queries.")
    own = ConnectionHandler({"default": {**stated, "OPTIONS": dict(stated["OPTIONS"])}})
    monkeypatch.setattr(queries, "connections", own)
    settings.WEB_QUERY_SECONDS = 1
    queries.limit_queries()
    connection = own["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("15s",)
            with pytest.raises(OperationalError, match="statement timeout"):
                cursor.execute("SELECT pg_sleep(5)")
    finally:
        connection.close()
