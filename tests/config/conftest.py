"""What several tests of running Recourse start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection


@pytest.fixture
def other(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the variables of another installation, whose database is empty."""
    data = tmp_path / "other"
    if connection.vendor == "sqlite":
        yield {"RECOURSE_DATA": str(data)}
        return
    stated = connection.settings_dict
    login = stated["USER"] + (f":{stated['PASSWORD']}" if stated["PASSWORD"] else "")
    server, name = f"postgres://{login}@{stated['HOST']}:{stated['PORT']}", f"{stated['NAME']}_restored"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as maker:
        maker.execute(f'DROP DATABASE IF EXISTS "{name}"')
        maker.execute(f'CREATE DATABASE "{name}"')
        yield {"RECOURSE_DATA": str(data), "DATABASE_URL": f"{server}/{name}"}
        maker.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
