"""Bring a portfolio workbook into the register."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sla.services.portfolio import REGISTER, import_portfolio
from vendors.management.registers import BAD_INPUT, add_register_arguments, read_file, report_lines
from vendors.services import system_user


class Command(BaseCommand):
    """Read one workbook; run it again whenever it has changed."""

    help = (
        "Create and update companies, vendors, accounts, contracts, services, fees and SLA schedules "
        "from one workbook: all of it or nothing. A second run changes nothing, and never what a person "
        "corrected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the workbook, such as portfolio.xlsx")
        add_register_arguments(parser, register=REGISTER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the workbook, print what became of each record."""
        try:
            report = import_portfolio(
                read_file(options["file"]),
                by=system_user(),
                at=timezone.now(),
                register=options["register"],
                dry_run=options["dry_run"],
            )
        except ValidationError as error:
            said = " ".join(error.messages)
            raise CommandError(f"{options['file']}: {said}", returncode=BAD_INPUT) from error
        for line in report_lines(report, name=options["file"].name):
            self.stdout.write(line)
        if report.problems:
            raise CommandError(
                f"{options['file']} was not imported, nothing was changed. Correct the places above.",
                returncode=BAD_INPUT,
            )
