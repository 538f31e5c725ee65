"""What the commands that make a report share: their parameters, where the file goes, what is said."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from sla.reports.tables import FORMS, Report, tally_lines, watched
from sla.services.reporting import REPORTS, everything, make_report, report_file

BAD_INPUT = 2
BINARY = ("xlsx", "pdf")


class ReportCommand(BaseCommand):
    """Make one report: into a file, else to standard output; what is said goes to standard error."""

    report: ClassVar[str]
    form = "csv"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the report's own parameters, the format and the file."""
        for each in REPORTS[self.report].parameters:
            parser.add_argument(
                f"--{each.code.replace('_', '-')}",
                dest=each.code,
                required=each.required,
                default="",
                metavar={"period": "DAY", "moment": "TIME"}.get(each.kind, "CODE"),
                help=each.help,
            )
        parser.add_argument(
            "--format", choices=tuple(FORMS), default=self.form, help=f"Default: {self.form}."
        )
        parser.add_argument("--output", metavar="FILE", help="Where to write; else to standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the report and write it; on bad input say each fault and leave with status 2."""
        form, output = options["format"], options["output"]
        if form in BINARY and not output and sys.stdout.isatty():
            raise CommandError(
                f"{form} is not for a screen. Name a file: --output FILE.", returncode=BAD_INPUT
            )
        known = {each.code for each in REPORTS[self.report].parameters}
        try:
            report = make_report(
                self.report,
                parameters={code: options[code] or "" for code in known},
                user=everything(),
                now=datetime.now(tz=UTC),
            )
        except ValidationError as error:
            raise CommandError("\n".join(error.messages), returncode=BAD_INPUT) from error
        self._write(report, form=form, output=output)

    def _write(self, report: Report, *, form: str, output: str | None) -> None:
        report, tallies = watched(report)
        _, _, pieces = report_file(report, form=form)
        try:
            if output:
                _to_file(pieces, path=Path(output))
            else:
                self._to_screen(pieces)
        except OSError as error:
            raise CommandError(
                f"{output or 'standard output'} cannot be written: {error.strerror}. Choose another FILE.",
                returncode=BAD_INPUT,
            ) from error
        except ValueError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        said = [f"{report.title}: {report.subtitle}", *report.summary, *tally_lines(report, tallies=tallies)]
        said += report.about.notes
        for line in (*said, *([f"Written to {output}"] if output else [])):
            self.stderr.write(line, style_func=str)

    def _to_screen(self, pieces: Iterator[bytes]) -> None:
        raw = getattr(self.stdout, "buffer", None)
        for piece in pieces:
            if raw is not None:
                raw.write(piece)
            else:
                self.stdout.write(piece.decode(), ending="")


def _to_file(pieces: Iterator[bytes], *, path: Path) -> None:
    """Write beside the file and put it in place whole: a failed run leaves the old one."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
