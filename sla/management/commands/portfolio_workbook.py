"""Write the workbook in which a portfolio is entered."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from sla.management.documents import write_file
from sla.services.portfolio import empty_portfolio


class Command(BaseCommand):
    """Write the empty workbook, or one that holds an example of each kind of row."""

    help = "Write the workbook that import_portfolio reads: headings, notes, and the words to choose from."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("file", type=Path, metavar="FILE", help="where to write, such as portfolio.xlsx")
        parser.add_argument("--examples", action="store_true", help="fill it with a small made-up portfolio")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and say how to go on."""
        data = empty_portfolio(examples=options["examples"])
        path = write_file(data, output=options["file"], name="portfolio.xlsx")
        self.stdout.write(f"{path} is written. Fill it in, then: manage.py import_portfolio {path} --dry-run")
