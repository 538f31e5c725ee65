"""What migrations make is what the tests run on: tables made from the models, and the roles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from tests.config.processes import manage

OURS = ("vendors_", "incidents_", "sla_")
# What has no name of its own is numbered by its place in the table.
NUMBERED = re.compile(r"^(__.*|fk_\d+)$")
pytestmark = [pytest.mark.django_db, pytest.mark.long]


@contextmanager
def opened(other: Mapping[str, str]) -> Iterator[Any]:
    """Open the database of another installation."""
    found = connection.copy()
    name = other["DATABASE_URL"].rsplit("/", 1)[1] if "DATABASE_URL" in other else ""
    found.settings_dict["NAME"] = name or f"{other['RECOURSE_DATA']}/recourse.sqlite3"
    try:
        yield found
    finally:
        found.close()


def shape_of(database: Any) -> dict[str, Any]:
    """Return what each of our tables consists of: its columns, and what holds for them by which name."""
    introspection = database.introspection
    with database.cursor() as cursor:
        return {
            table.name: (
                sorted(
                    (column.name, str(column.type_code), column.null_ok, column.default)
                    for column in introspection.get_table_description(cursor, table.name)
                ),
                sorted(
                    (NUMBERED.sub("", name), sorted((key, str(value)) for key, value in how.items()))
                    for name, how in introspection.get_constraints(cursor, table.name).items()
                ),
            )
            for table in introspection.get_table_list(cursor)
            if table.name.startswith(OURS)
        }


def groups_of(database: Any) -> list[tuple[str, str]]:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT auth_group.name, auth_permission.codename FROM auth_group"
            " JOIN auth_group_permissions ON group_id = auth_group.id"
            " JOIN auth_permission ON permission_id = auth_permission.id"
        )
        return sorted(cursor.fetchall())


def test_migrations_make_what_the_models_say(other: dict[str, str]) -> None:
    status, _, said = manage("migrate", other=other)
    assert (status, said) == (0, "")
    with opened(other) as migrated:
        made, expected = shape_of(migrated), shape_of(connection)
        assert sorted(made) == sorted(expected)
        for table, found in made.items():
            assert found == expected[table], table
        assert groups_of(migrated) == groups_of(connection)
