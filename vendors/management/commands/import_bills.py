"""Bring a file of bills into the register."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from vendors.management.registers import (
    BAD_INPUT,
    add_column_arguments,
    add_register_arguments,
    columns_from,
    read_file,
    report_lines,
    vendor_from,
)
from vendors.services import system_user
from vendors.services.registers.bills import REGISTER, import_bills


class Command(BaseCommand):
    """Read one file of bills; run it again whenever it has changed."""

    help = (
        "Store what was really billed of usage-based fees, and compare bills of recurring fees with those on "
        "file. Lines that cannot be used are listed with their rows; the others are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the bills, as CSV or XLSX")
        parser.add_argument("--vendor", metavar="SLUG", help="look at this vendor's contracts only")
        add_column_arguments(parser)
        add_register_arguments(parser, register=REGISTER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the bills, print what became of each."""
        try:
            report = import_bills(
                read_file(options["file"]),
                columns=columns_from(options["column"]),
                vendor=vendor_from(options["vendor"]),
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
