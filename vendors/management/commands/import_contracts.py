"""Bring a register of contracts into ours."""

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
    entity_from,
    read_file,
    report_lines,
    same_from,
    vendor_from,
)
from vendors.models import validate_currency, validate_zone
from vendors.services import system_user
from vendors.services.registers.contracts import FORMATS, REGISTER, Usual, import_contracts


class Command(BaseCommand):
    """Read one register; run it again whenever it has moved on."""

    help = (
        "Create and update contracts, and the vendors that they name, from a table (CSV or XLSX) or from "
        "Open Contracting Data. What cannot be used is listed with its place; the others are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the register")
        parser.add_argument(
            "--format",
            choices=sorted(FORMATS),
            default="csv",
            help="csv is any table, XLSX too (default: csv)",
        )
        parser.add_argument("--vendor", metavar="SLUG", help="the vendor, where the register names none")
        parser.add_argument(
            "--entity", metavar="CODE", help="which of our companies signed, unless it says so"
        )
        parser.add_argument("--currency", default="", help="the currency, where the register names none")
        parser.add_argument(
            "--zone", default="UTC", help="where the months of new contracts begin (default: UTC)"
        )
        parser.add_argument(
            "--same",
            action="append",
            default=[],
            metavar="NAME=NAME",
            help="two names of one vendor: the first is taken for the second; it is remembered",
        )
        add_column_arguments(parser)
        add_register_arguments(parser, register=REGISTER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the register, print what became of each contract."""
        try:
            if options["currency"]:
                validate_currency(options["currency"])
            validate_zone(options["zone"])
            report = import_contracts(
                read_file(options["file"]),
                form=options["format"],
                columns=columns_from(options["column"]),
                usual=Usual(
                    vendor=vendor_from(options["vendor"]),
                    entity=entity_from(options["entity"]),
                    currency=options["currency"],
                    zone=options["zone"],
                    same=same_from(options["same"]),
                ),
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
