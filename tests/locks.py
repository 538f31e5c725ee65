"""Asks squawk what the SQL of new migrations would lock, or break for code that still runs.

    python -m tests.locks

It needs the PostgreSQL server of TEST_DATABASE_URL, since only there the SQL is what an installation gets.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import django

APPS = ("vendors", "incidents", "sla")
# What installations have: these ran before anybody used the tables, or with nobody there.
RELEASED = {"vendors": 4, "incidents": 2, "sla": 3}
# Rules that do not hold here.
LEFT_OUT = {
    "prefer-text-field": "Django's types; a longer varchar is no rewrite since PostgreSQL 9.2",
    "prefer-bigint-over-int": "Django's types, chosen by the model",
    "prefer-bigint-over-smallint": "Django's types, chosen by the model",
    "require-lock-timeout": "config/settings.py sets it for every connection",
    "require-statement-timeout": "migrate may take its time; what it locks is what counts",
}
# What one migration may do all the same, by its name: each rule with the reason.
BY_PEOPLE = (
    "written when a person saves one; between migrate and restart that is refused, and nothing is lost"
)
BY_RUNS = "written by runs that are tried again: between migrate and restart they wait, and nothing is lost"
EMPTY = "of a new column, empty in every row: made in moments, and the runs that write there wait as long"
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "vendors.0006_register_runs": {"ban-drop-default": BY_PEOPLE},
    "vendors.0008_approvals": {"ban-drop-default": BY_PEOPLE},
    "incidents.0004_upload_parts": {"ban-drop-default": BY_PEOPLE},
    "incidents.0005_what_concerns_nobody": {
        "ban-drop-default": BY_RUNS,
        "adding-foreign-key-constraint": EMPTY,
        "require-concurrent-index-creation": EMPTY,
    },
    "sla.0005_webhooks": {
        "adding-foreign-key-constraint": EMPTY,
        "require-concurrent-index-creation": EMPTY,
    },
}
CREATED, ALTERED = re.compile(r'^CREATE TABLE "(\w+)"', re.MULTILINE), re.compile(r'ALTER TABLE "(\w+)"')


def new_migrations() -> Iterator[tuple[str, str]]:
    """Yield app and name of each migration that installations do not have yet."""
    root = Path(__file__).resolve().parent.parent
    for app in APPS:
        for path in sorted((root / app / "migrations").glob("[0-9]*.py")):
            if int(path.stem[:4]) > RELEASED[app]:
                yield app, path.stem


def problems_of(sql: str, *, name: str) -> list[str]:
    """Return what squawk says of a migration's SQL, less what is left out or excepted.

    What is done to a table that the same migration makes holds up nobody.
    """
    left_out = [f"--exclude={rule}" for rule in (*LEFT_OUT, *EXCEPTIONS.get(name, ()))]
    program = Path(sys.executable).with_name("squawk")
    told = [str(program), "--reporter=json", f"--stdin-filepath={name}.sql", *left_out]
    done = subprocess.run(told, input=sql, capture_output=True, text=True, check=False)
    if done.returncode and not done.stdout.strip():
        raise SystemExit(f"squawk could not read {name}: {done.stderr.strip()}")
    found = json.loads(done.stdout or "[]")
    lines, made = sql.splitlines(), set(CREATED.findall(sql))
    found = [each for each in found if not made & set(ALTERED.findall(lines[each["line"]]))]
    return [f"{name}, line {each['line'] + 1}: {each['rule_name']}: {each['message']}" for each in found]


def main() -> None:
    """Print every problem; status 1 where there is one."""
    if not os.environ.get("TEST_DATABASE_URL"):
        print("Locks of migrations: NOT CHECKED. Name a PostgreSQL server in TEST_DATABASE_URL.")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    # Nothing is applied; the database itself may not be there yet.
    connection.settings_dict["NAME"] = "postgres"
    problems = []
    names = [f"{app}.{name}" for app, name in new_migrations()]
    for app, name in new_migrations():
        sql = io.StringIO()
        call_command("sqlmigrate", app, name, stdout=sql, no_color=True)
        problems += problems_of(sql.getvalue(), name=f"{app}.{name}")
    print("\n".join(problems) or f"Locks of migrations: nothing found in {len(names)} new ones.")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
