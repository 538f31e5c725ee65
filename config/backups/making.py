"""Making a backup: the database first, then the uploads that its rows may name."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

from config.backups import engines
from config.backups.archive import (
    DATABASE,
    FORMAT,
    MANIFEST,
    PRODUCT,
    UPLOADS,
    BackupError,
    Manifest,
    Writer,
    new_archive,
)


def make_backup(path: Path, *, now: datetime) -> Manifest:
    """Write database and uploads to an archive, and return what it holds; others may go on working.

    The uploads come second: a file is written before the row that names it, and none is ever removed, so that
    what the rows of the earlier moment name is there.
    """
    if path.exists():
        raise BackupError(f"{path} exists already. Name a file that does not.")
    if not path.parent.is_dir():
        raise BackupError(f"{path.parent} is no folder. Make it, or name another place.")
    scratch = tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-")
    with scratch as folder, new_archive(path) as archive:
        copy = Path(folder) / DATABASE
        moment = engines.dump(copy)
        writer = Writer(archive)
        writer.add(DATABASE, path=copy)
        copy.unlink()
        for name, upload in uploads(Path(settings.MEDIA_ROOT)):
            writer.add(f"{UPLOADS}{name}", path=upload)
        manifest = Manifest(
            product=PRODUCT,
            format=FORMAT,
            engine=connection.vendor,
            made_at=now.isoformat(),
            versions={
                "database": moment.server,
                "django": django.get_version(),
                "python": platform.python_version(),
            },
            migrations=moment.migrations,
            rows=moment.rows,
            members=writer.members,
        )
        archive.writestr(MANIFEST, manifest.dumped())
    return manifest


def uploads(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and place of every uploaded file, by name; links are not followed."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(root).as_posix(), path
