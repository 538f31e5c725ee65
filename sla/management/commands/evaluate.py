"""Evaluate a contract document without touching the database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sla.documents import Document, DocumentError, local_clock, read_document, remarks, results_of
from sla.reports.plain import render_json
from sla.reports.text import render_text

BAD_INPUT = 2


class Command(BaseCommand):
    """Print what a document's statements come to, each figure with its reasons."""

    help = "Evaluate a contract document (TOML or JSON) without a database."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and which schedule and period of it."""
        parser.add_argument("file", metavar="FILE", help="the document; - reads standard input")
        parser.add_argument("--agreement", default="", metavar="CODE", help="one SLA schedule; else all")
        parser.add_argument("--period", metavar="LABEL", help="such as 2019-06; else every period touched")
        parser.add_argument(
            "--known-until", metavar="TIME", help="later seconds are unknown; local time is the contract's"
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the document, print the results; on bad input list every fault and leave with status 2."""
        document = self._read(options["file"])
        for remark in remarks(document):
            self.stderr.write(f"Note: {remark}")
        known_until = _moment(options["known_until"], document=document)
        codes = [options["agreement"]] if options["agreement"] else [a.code for a in document.agreements]
        printed = [
            self._results(document, code, options["period"], known_until, options["format"]) for code in codes
        ]
        if not any(printed):
            raise CommandError(
                "Nothing is recorded in the document. Name a period: --period 2019-06.", returncode=BAD_INPUT
            )
        self.stdout.write("\n".join(text for text in printed if text), ending="")

    def _read(self, name: str) -> Document:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CommandError(
                f"{name} cannot be read: {why}. Check the path.", returncode=BAD_INPUT
            ) from error
        try:
            return read_document(data, name=name)
        except DocumentError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error

    def _results(
        self, document: Document, code: str, period: str | None, known_until: datetime | None, form: str
    ) -> str:
        try:
            results = results_of(document, agreement=code, period_label=period, known_until=known_until)
            names = {
                target.code: target.name
                for terms in document.agreement(code).versions
                for target in terms.targets
            }
        except ValueError as error:
            raise CommandError(f"{document.contract.reference}: {error}", returncode=BAD_INPUT) from error
        if form == "json":
            return "".join(f"{render_json(result)}\n" for result in results)
        return "\n".join(render_text(result, names=names) for result in results)


def _moment(text: str | None, *, document: Document) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return local_clock(document.contract.zone)(moment)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CommandError(
            f"--known-until {text!r} is no time ({error}). Write 2019-06-25T04:15:00Z, or leave out the Z.",
            returncode=BAD_INPUT,
        ) from error
