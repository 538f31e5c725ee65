"""Back up the database and the uploads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.backups.archive import BackupError
from config.backups.making import make_backup


class Command(BaseCommand):
    """Write one archive, and say what it holds."""

    help = (
        "Write the database and the uploads to one archive, while everything goes on. It holds all that "
        "Recourse knows, so keep it as you keep the database. The secret key is not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument(
            "file", type=Path, metavar="FILE", help="where to write it; it must not exist yet"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        path: Path = options["file"]
        try:
            made = make_backup(path, now=timezone.now())
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was written. {error}") from error
        rows, files = sum(made.rows.values()), len(made.members) - 1
        self.stdout.write(
            f"{path}: {rows} rows of {len(made.rows)} tables, {files} uploads, {path.stat().st_size} bytes."
        )
