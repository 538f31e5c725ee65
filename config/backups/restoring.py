"""Restoring a backup: everything is checked before anything is touched."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.backups import engines
from config.backups.archive import (
    DATABASE,
    UPLOADS,
    BackupError,
    Manifest,
    make_way,
    read_manifest,
    unpack,
)
from sla.services.outbox.delivering import note_restored
from vendors import guards

NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was done: the old uploads are where they were put, messages that waited are in doubt."""

    manifest: Manifest
    migrated: list[str]
    put_aside: Path | None
    doubted: int


def restore_backup(path: Path, *, replace: bool) -> Restored:
    """Put the database and the uploads of an archive in place; raise BackupError where they do not fit.

    Where the backup is older than the code, its database is migrated. What waited to be sent then may
    have been sent since, so it is in doubt: a person decides.
    """
    with _opened(path) as archive:
        manifest = read_manifest(archive)
        missing = _refuse_unfit(manifest)
        _refuse_full(replace=replace)
        with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=".restore-") as scratch:
            unpack(archive, manifest=manifest, into=Path(scratch))
            engines.check(Path(scratch) / DATABASE)
            engines.load(Path(scratch) / DATABASE)
            aside = _put_uploads(Path(scratch) / UPLOADS)
    _refuse_other_rows(manifest)
    if missing:
        call_command("migrate", verbosity=0, interactive=False)
    guards.lay_guards()
    # Otherwise PostgreSQL guesses for minutes, and pages that are read now take seconds.
    engines.measure()
    doubted = note_restored(made_at=datetime.fromisoformat(manifest.made_at))
    return Restored(manifest=manifest, migrated=missing, put_aside=aside, doubted=doubted)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    # What a spoilt archive makes of its reader, by the place that is spoilt.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BackupError(f"{path} is damaged, or no backup: {error}. Use another backup.") from error
    except OSError as error:
        raise BackupError(f"{error.filename or path} cannot be used: {error.strerror or error}.") from error


def _refuse_unfit(manifest: Manifest) -> list[str]:
    """Raise BackupError where this code cannot work with the backup; return what it has to be migrated by."""
    if manifest.engine != connection.vendor:
        theirs, ours = (NAMES.get(name, name) for name in (manifest.engine, connection.vendor))
        raise BackupError(
            f"It is a backup of {theirs}, and DATABASE_URL names {ours}. Name a {theirs} database."
        )
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    newer = sorted(set(manifest.migrations) - known)
    if newer:
        raise BackupError(
            f"It was made by newer code: {', '.join(newer)} is not among the migrations here. "
            "Restore it with the code that made it, or later code."
        )
    return sorted(known - set(manifest.migrations))


def _refuse_full(*, replace: bool) -> None:
    if replace:
        return
    found, uploaded = engines.tables(), Path(settings.MEDIA_ROOT)
    if found:
        raise BackupError(
            f"The database holds {len(found)} tables already. Name an empty one in DATABASE_URL,"
            " or say --replace: everything that it holds is then lost."
        )
    if uploaded.exists() and any(uploaded.iterdir()):
        raise BackupError(f"{uploaded} holds uploads already. Name another RECOURSE_DATA, or say --replace.")


def _put_uploads(unpacked: Path) -> Path | None:
    """Put the uploads in place, and return where those are now that were there."""
    target = Path(settings.MEDIA_ROOT)
    aside = make_way(target)
    if unpacked.exists():
        shutil.move(unpacked, target)
    return aside


def _refuse_other_rows(manifest: Manifest) -> None:
    found = engines.counts(manifest.rows)
    wrong = [
        f"{name} has {found[name]} rows, not {rows}"
        for name, rows in sorted(manifest.rows.items())
        if found[name] != rows
    ]
    if wrong:
        raise BackupError("What was restored is not what was backed up: " + "; ".join(wrong) + ".")
