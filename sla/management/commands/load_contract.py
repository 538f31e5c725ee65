"""Load a contract document into the register."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from sla.documents import Document, DocumentError, read_document
from sla.services import LoadReport, load_document
from vendors.services import Saved, system_user

BAD_INPUT = 2
ABSENT_SHOWN = 20


class Command(BaseCommand):
    """Create and update a contract with everything under it; run it again after each change of the file."""

    help = (
        "Load a contract document (TOML or JSON): all of it or nothing. Nothing is ever deleted; what is on "
        "file and not in the document is listed. A second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("file", metavar="FILE", help="the document; - reads standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the document, load it, print what became of each kind of record."""
        document = _read(options["file"])
        try:
            report = load_document(document, by=system_user(), at=datetime.now(UTC))
        except ValidationError as error:
            faults = "\n".join(f"  {text}" for text in error.messages)
            raise CommandError(
                f"{options['file']} was not loaded, nothing was changed:\n{faults}", returncode=BAD_INPUT
            ) from error
        for line in _lines(report, reference=document.contract.reference):
            self.stdout.write(line)


def _read(name: str) -> Document:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"{name} cannot be read: {why}. Check the path.", returncode=BAD_INPUT) from error
    try:
        return read_document(data, name=name)
    except DocumentError as error:
        raise CommandError(str(error), returncode=BAD_INPUT) from error


def _lines(report: LoadReport, *, reference: str) -> Iterator[str]:
    counts = report.counts()
    width = max((len(kind) for kind in counts), default=0)
    yield f"{'':<{width}}  {'created':>9} {'updated':>9} {'unchanged':>9}"
    for kind, done in counts.items():
        columns = " ".join(f"{done[saved]:>9}" for saved in (Saved.CREATED, Saved.UPDATED, Saved.UNCHANGED))
        yield f"{kind:<{width}}  {columns}"
    if report.absent:
        yield "On file, not in the document, and left alone:"
        yield from (f"  {kind}: {name}" for kind, name in report.absent[:ABSENT_SHOWN])
        if len(report.absent) > ABSENT_SHOWN:
            yield f"  and {len(report.absent) - ABSENT_SHOWN} more"
    yield from (f"Note: {remark}" for remark in report.remarks)
    before = "was loaded before: nothing has changed."
    yield f"{reference} {'is loaded.' if report.changed else before}"
