"""What differs between the engines: one moment of the database as a file, and back, all or nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

from config.backups.archive import BackupError

# Tables are made in the first schema of the search path; all of ours go, with what belongs to them.
EMPTY_POSTGRES = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
    EXECUTE format('DROP TABLE %I.%I CASCADE', current_schema(), each.tablename);
  END LOOP;
END $$;
DROP FUNCTION IF EXISTS guard_refuse();
"""
SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
# Somebody who still works with the database is waited for so long.
LOCK_WAIT = "-c lock_timeout=15s -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What the database held at the moment of the backup."""

    migrations: list[str]
    rows: dict[str, int]
    server: str


def tables() -> list[str]:
    """Return the names of all tables."""
    connection.ensure_connection()
    return sorted(connection.introspection.table_names())


def counts(names: Iterable[str]) -> dict[str, int]:
    """Return how many rows each table holds."""
    with connection.cursor() as cursor:
        return {name: _one(cursor, f"SELECT COUNT(*) FROM {_quoted(name)}") for name in names}  # nosec B608


def dump(path: Path) -> Moment:
    """Write one moment of the database to a file, while others may go on writing; return what it held."""
    return _dump_sqlite(path) if connection.vendor == "sqlite" else _dump_postgres(path)


def check(path: Path) -> None:
    """Raise BackupError where the file is no database that could be loaded."""
    if connection.vendor == "sqlite":
        _check_sqlite(path)
    else:
        _run([_program("pg_restore"), "--list", str(path)])


def load(path: Path) -> None:
    """Put the file in the place of all that the database holds: whole, or not at all."""
    if connection.vendor == "sqlite":
        _load_sqlite(path)
    else:
        _load_postgres(path)


def measure() -> None:
    """Let the engine count what its tables hold, by which it chooses how to answer a query."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _dump_sqlite(path: Path) -> Moment:
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        # In one go: a copy that lets writers in between begins again with each change.
        connection.connection.backup(copy)
        # A file of its own, without the journal that it was taken from.
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute(SQLITE_TABLES)
        names = sorted(name for (name,) in found)
        rows = {name: copy.execute(f"SELECT COUNT(*) FROM {_quoted(name)}").fetchone()[0] for name in names}  # nosec B608
        applied = copy.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
    return Moment(
        migrations=[name for (name,) in applied], rows=rows, server=f"SQLite {sqlite3.sqlite_version}"
    )


def _check_sqlite(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupError(f"Its database cannot be read: {error}. Use another backup.") from error
    if found != "ok":
        raise BackupError(f"Its database is damaged: {found}. Use another backup.")


def _load_sqlite(path: Path) -> None:
    connection.ensure_connection()
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            # One transaction of the database that is written to: readers see all of it or nothing.
            copy.backup(connection.connection)
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be written to: {error}.") from error


def _dump_postgres(path: Path) -> Moment:
    """Let pg_dump see the very moment in which the rows are counted."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        snapshot = _one(cursor, "SELECT pg_export_snapshot()")
        names = tables()
        moment = Moment(
            migrations=_applied(cursor),
            rows=counts(names),
            server=f"PostgreSQL {_one(cursor, 'SHOW server_version')}",
        )
        told = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        _run(_command("pg_dump", *told, f"--file={path}"))
    return moment


def _load_postgres(path: Path) -> None:
    """Feed what empties the database and what fills it to one transaction."""
    script = path.with_name("database.sql")
    told = ["--no-owner", "--no-privileges", f"--file={script}"]
    _run([_program("pg_restore"), *told, str(path)])
    psql = _command("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    connection.close()
    with _both(EMPTY_POSTGRES, path=script) as feed:
        _run(psql, feed=feed)


@contextmanager
def _both(text: str, *, path: Path) -> Iterator[Any]:
    """Yield a file that holds a text, then what another file holds."""
    whole = path.with_name("whole.sql")
    with whole.open("wb") as target, path.open("rb") as source:
        target.write(text.encode())
        shutil.copyfileobj(source, target)
    path.unlink()
    with whole.open("rb") as feed:
        yield feed


def _command(program: str, *told: str) -> list[str]:
    """Return a program of PostgreSQL with the address of our database, and without the password."""
    args, _ = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, list(told))
    return [_program(program), *args[1:]]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is not installed. Install the client programs of PostgreSQL.")
    return found


def _run(command: list[str], *, feed: Any = subprocess.DEVNULL) -> None:
    _, login = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    env = {**os.environ, **(login or {}), "PGOPTIONS": LOCK_WAIT}
    done = subprocess.run(  # nosec B603 # no shell, our own arguments
        command, env=env, stdin=feed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"status {done.returncode}"
        raise BackupError(f"{Path(command[0]).name} says: {said}")


def _applied(cursor: Any) -> list[str]:
    cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [name for (name,) in cursor.fetchall()]


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
