"""Write the evidence pack of a finalised statement."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sla.management.documents import BAD_INPUT, SUCH, add_file_arguments, newest_revision, write_file
from sla.services.evidence import evidence_pack


class Command(BaseCommand):
    """Write one zip with the statement, what it rests on, and a verifier that needs only Python."""

    help = "Write the evidence of a finalised service level statement into one zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number, the edition and the file."""
        parser.add_argument("number", metavar="NUMBER", help=SUCH)
        add_file_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the revision and write its pack."""
        number, edition = options["number"], options["edition"]
        revision = newest_revision(number)
        if revision is None:
            raise CommandError(
                f"There is no finalised statement {number!r}. Finalise it first; of a draft there is only "
                "the PDF: statement_pdf.",
                returncode=BAD_INPUT,
            )
        try:
            data = evidence_pack(revision, edition=edition)
        except ValueError as error:
            raise CommandError(str(error)) from error
        name = f"{revision.full_number.replace('/', '-')}-{edition}.zip"
        path = write_file(data, output=options["output"], name=name)
        self.stdout.write(f"The evidence of {revision.full_number}, {edition} edition, is written to {path}.")
