"""Restore a backup, and verify what it holds."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.backups.archive import BackupError
from config.backups.restoring import restore_backup


class Command(BaseCommand):
    """Check an archive, put it in place, and verify every finalised statement."""

    help = (
        "Put a backup in the place of an empty database, and verify every finalised statement. Stop the web "
        "server and the workers first. Status 1: it was not restored, or a statement differs; the last line "
        "says which."
    )
    # The tables of what is restored are not there yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and leave to overwrite."""
        parser.add_argument("file", type=Path, metavar="FILE", help="an archive that `backup` wrote")
        parser.add_argument(
            "--replace", action="store_true", help="lose what the database holds; old uploads are put aside"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        try:
            done = restore_backup(options["file"], replace=options["replace"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        made = done.manifest
        self.stdout.write(f"Restored as of {made.made_at}: {sum(made.rows.values())} rows.")
        if done.migrated:
            self.stdout.write(f"Migrated by {', '.join(done.migrated)}.")
        if done.put_aside:
            self.stdout.write(f"The uploads that were here are now in {done.put_aside}.")
        if done.doubted:
            waited = "1 message" if done.doubted == 1 else f"{done.doubted} messages"
            self.stdout.write(f"{waited} that waited may have been sent since: see Messages, in doubt.")
        call_command("verify_statements", stdout=self.stdout, stderr=self.stderr)
