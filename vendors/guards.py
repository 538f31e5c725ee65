"""Triggers that refuse to change what is frozen, on SQLite and PostgreSQL alike.

Every history table is guarded; other tables are named by `freeze`. The triggers are laid anew after each
`migrate`, because SQLite loses them whenever it remakes a table. `flush` lifts them for its own work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from django.apps import apps
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from simple_history.models import HistoricalChanges

PREFIX = "guard_"
HISTORY_WHY = "history is only ever added to"
FUNCTION = """
CREATE OR REPLACE FUNCTION guard_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_ARGV[0]; END $$
"""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One frozen table: why, which columns may still change, and while which column holds which value."""

    label: str
    why: str
    allowed: tuple[str, ...] = ()
    only_while: tuple[str, str] | None = None

    @property
    def model(self) -> type[models.Model]:
        """Return the model whose table is frozen."""
        return apps.get_model(self.label)

    @property
    def table(self) -> str:
        """Return the name of the frozen table."""
        return self.model._meta.db_table


_FROZEN: dict[str, Guard] = {}


def freeze(
    label: str, *, why: str, allowed: tuple[str, ...] = (), only_while: tuple[str, str] | None = None
) -> None:
    """Name a model ("sla.StatementRevision") whose rows are never changed, save these fields, or deleted.

    `only_while` names a field and a value: once it holds another one, those fields are frozen too. Call it
    from an app's `ready`; it takes effect at the next `migrate`.
    """
    _FROZEN[label.lower()] = Guard(label=label, why=why, allowed=allowed, only_while=only_while)


def guards() -> list[Guard]:
    """Return every guard by table name: the named ones and all history tables."""
    history = [
        Guard(label=model._meta.label, why=HISTORY_WHY)
        for model in apps.get_models()
        if issubclass(model, HistoricalChanges)
    ]
    return sorted([*_FROZEN.values(), *history], key=lambda guard: guard.table)


def installed(*, using: str = "default") -> set[str]:
    """Return the names of the triggers that stand in the database."""
    return {name for name, _ in _standing(connections[using])}


def trigger_names(guard: Guard, *, using: str = "default") -> set[str]:
    """Return the triggers that a guard needs on this engine."""
    actions = {"update", "delete"}
    if connections[using].vendor == "postgresql":
        actions |= {"truncate"}
    return {_trigger_name(guard.table, action=action) for action in actions}


def lay_guards(*, using: str = "default") -> None:
    """Put every guard in place, replacing what stood before; a missing table is passed over."""
    connection = connections[using]
    with transaction.atomic(using=using):
        drop_guards(using=using)
        tables = set(connection.introspection.table_names())
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(FUNCTION)
            for guard in guards():
                if guard.table in tables:
                    for statement in _statements(guard, connection=connection):
                        cursor.execute(statement)


def drop_guards(*, using: str = "default") -> None:
    """Take every guard away."""
    connection = connections[using]
    quote = connection.ops.quote_name
    if connection.vendor == "postgresql":
        # It touches no trigger of a table that still has foreign keys to check.
        connection.check_constraints()
    with connection.cursor() as cursor:
        for name, table in _standing(connection):
            on = f" ON {quote(table)}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {quote(name)}{on}")


@contextmanager
def lifted(*, using: str = "default") -> Iterator[None]:
    """Lift the guards for one transaction, for what may really go: demo data, and `flush`.

    Nobody else slips through meanwhile: dropping a trigger locks its table on PostgreSQL, and a
    writing transaction locks the whole database on SQLite.
    """
    with transaction.atomic(using=using):
        drop_guards(using=using)
        yield
        lay_guards(using=using)


def lay_guards_after_migrate(*, using: str, **_: Any) -> None:
    """Lay the guards once the tables are what the models say."""
    lay_guards(using=using)


def _standing(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    if connection.vendor == "postgresql":
        query = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname LIKE %s AND NOT tgisinternal AND pg_table_is_visible(pg_class.oid)"
        )
    else:
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(query, [f"{PREFIX}%"])
        return sorted((name, table) for name, table in cursor.fetchall())


def _trigger_name(table: str, *, action: str) -> str:
    # PostgreSQL cuts names at 63 characters; the checksum keeps two long tables apart.
    return f"{PREFIX}{action}_{table[:36]}_{crc32(table.encode()):08x}"


def _statements(guard: Guard, *, connection: BaseDatabaseWrapper) -> Iterator[str]:
    yield _statement(guard, action="update", connection=connection)
    yield _statement(guard, action="delete", connection=connection)
    if connection.vendor == "postgresql":
        yield _statement(guard, action="truncate", connection=connection)


def _statement(guard: Guard, *, action: str, connection: BaseDatabaseWrapper) -> str:
    quote = connection.ops.quote_name
    name, table = quote(_trigger_name(guard.table, action=action)), quote(guard.table)
    when = _watched(guard, connection=connection) if action == "update" and guard.allowed else ""
    message = _literal(f"{guard.table} is frozen: {guard.why}. {action.upper()} is refused.")
    head = f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table}"
    if connection.vendor == "postgresql":
        each = "STATEMENT" if action == "truncate" else "ROW"
        return f"{head} FOR EACH {each} {when} EXECUTE FUNCTION guard_refuse({message})"
    return f"{head} FOR EACH ROW {when} BEGIN SELECT RAISE(ABORT, {message}); END"


def _watched(guard: Guard, *, connection: BaseDatabaseWrapper) -> str:
    """Return the condition that a column other than the allowed ones changes, or any when it is too late."""
    fields = [guard.model._meta.get_field(name) for name in guard.allowed]
    free = {field.column for field in fields if isinstance(field, models.Field)}
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    columns = [
        connection.ops.quote_name(field.column)
        for field in guard.model._meta.concrete_fields
        if field.column is not None and field.column not in free
    ]
    conditions = [f"OLD.{column} {differs} NEW.{column}" for column in columns]
    if guard.only_while is not None:
        name, value = guard.only_while
        conditions.append(f"OLD.{connection.ops.quote_name(name)} {differs} {_literal(value)}")
    return "WHEN (" + " OR ".join(conditions) + ")"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
