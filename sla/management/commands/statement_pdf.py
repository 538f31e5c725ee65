"""Write a service level statement as PDF."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sla.management.documents import (
    BAD_INPUT,
    SUCH,
    add_file_arguments,
    newest_revision,
    schedule_named,
    write_file,
)
from sla.reports.editions import Edition, draft_pdf, revision_pdf


class Command(BaseCommand):
    """Print the finalised revision, else the draft by the records as they stand, marked as such."""

    help = "Write a service level statement as PDF; a period that is not finalised as a draft."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number, or schedule and period, the edition and the file."""
        parser.add_argument("number", metavar="NUMBER", help=f"{SUCH}; or REFERENCE/SCHEDULE with a PERIOD")
        parser.add_argument("period", metavar="PERIOD", nargs="?", default="", help="such as 2019-06")
        parser.add_argument("--draft", action="store_true", help="by today's records, also where finalised")
        add_file_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the statement and write it."""
        number = "/".join(filter(None, (options["number"], options["period"])))
        edition = Edition(options["edition"])
        revision = None if options["draft"] else newest_revision(number)
        try:
            if revision is not None:
                told, data = revision.full_number, revision_pdf(revision, edition=edition)
            else:
                agreement, label = schedule_named(number)
                told = f"the draft of {number}"
                now = timezone.now().replace(microsecond=0)
                data = draft_pdf(agreement, period_label=label, edition=edition, now=now)
        except ValueError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        known = revision.full_number if revision is not None else f"{number}-draft"
        path = write_file(
            data, output=options["output"], name=f"{known.replace('/', '-')}-{edition.value}.pdf"
        )
        self.stdout.write(f"{told[:1].upper() + told[1:]}, {edition.value} edition, is written to {path}.")
