"""Bring a saved file of a feed into the register."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from incidents.feeds.formats import FORMATS
from incidents.feeds.values import Feed
from incidents.models import FeedSource
from incidents.services import ImportReport, Outcome, import_feed, known_feed
from incidents.services.feeds.uploads import LARGEST_UPLOAD, read_feed
from incidents.services.sources import feed_of
from vendors.models import Vendor
from vendors.services import system_user

BAD_INPUT = 2
PIPE = "-"
TITLE_WIDTH = 58


class Command(BaseCommand):
    """Read one file of a feed; run it again whenever the feed has moved on."""

    help = (
        "Create and update incidents and announced maintenance from a saved feed. A second run changes only "
        "what the feed changed, and never what a person corrected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument(
            "file",
            type=Path,
            help="The saved file, e.g. incidents.json; - reads what a pipe brings, as from a mail server.",
        )
        parser.add_argument("--source", metavar="CODE", help="The feed that it comes from, by its code.")
        parser.add_argument(
            "--feed", choices=sorted(FORMATS), help="The format, for the first file of a vendor's feed."
        )
        parser.add_argument("--vendor", metavar="SLUG", help="Whose feed it is, with --feed.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would change, and change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, import it, print what became of each record."""
        dry_run = options["dry_run"]
        if dry_run:
            # One transaction, so that not even the feed's own row stays behind.
            with transaction.atomic():
                self._import(options)
                transaction.set_rollback(True)
        else:
            self._import(options)

    def _import(self, options: dict[str, Any]) -> None:
        source = _source(options)
        values = _read(options["file"], source=source)
        by, at = system_user(), timezone.now()
        if source.vendor and source._state.adding:
            source = known_feed(source.vendor, kind=source.kind, by=by)
        report = import_feed(values, source=source, by=by, at=at, dry_run=options["dry_run"])
        for line in _lines(report, page=values.page_name, source=source):
            self.stdout.write(printable(line))


def printable(line: str) -> str:
    """Return a line that no terminal obeys: what the feed has of control signs is written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)


def _source(options: dict[str, Any]) -> FeedSource:
    code, kind, slug = options["source"], options["feed"], options["vendor"]
    if code:
        source = FeedSource.objects.filter(code=code).first() if code.isprintable() else None
        if source is None:
            known = ", ".join(FeedSource.objects.values_list("code", flat=True)[:10])
            raise CommandError(
                f"No feed has the code {code!r}. Known are: {known or 'none yet'}.", returncode=BAD_INPUT
            )
        return source
    if not kind or slug is None:
        raise CommandError(
            "Name the feed: --source CODE, or --feed FORMAT --vendor SLUG for a new one.",
            returncode=BAD_INPUT,
        )
    return feed_of(_vendor(slug), kind=kind)


def _vendor(slug: str) -> Vendor:
    # No database takes NUL or half a character, and no short name has them.
    vendor = Vendor.objects.filter(slug=slug).first() if slug.isprintable() else None
    if vendor is None:
        known = ", ".join(Vendor.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise CommandError(
            f"No vendor has the short name {slug!r}. Known are: {known or 'none yet'}.", returncode=BAD_INPUT
        )
    return vendor


def _read(path: Path, *, source: FeedSource) -> Feed:
    try:
        is_piped = str(path) == PIPE
        content = sys.stdin.buffer.read(LARGEST_UPLOAD + 1) if is_piped else path.read_bytes()
        name = "" if is_piped else path.name
        return read_feed(source, content, received_at=timezone.now(), file_name=name, is_sent=is_piped)
    except ValidationError as error:
        said = printable("; ".join(error.messages))
        raise CommandError(f"{path}: {said}", returncode=BAD_INPUT) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"{path} cannot be read: {why}. Check the path.", returncode=BAD_INPUT) from error


def _lines(report: ImportReport, *, page: str, source: FeedSource) -> Iterator[str]:
    whose = source.vendor.name if source.vendor else source.code
    yield f"{page or 'The feed'} for {whose}" + (": dry run, nothing is kept" if report.dry_run else "")
    for row in report.rows:
        title = row.title if len(row.title) <= TITLE_WIDTH else row.title[: TITLE_WIDTH - 1] + "…"
        yield f"  {row.outcome:<11}  {row.external_id:<14}  {title}"
        yield from (f"               {note}" for note in row.notes)
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in Outcome)
    yield f"{len(report.rows)} records: {counts}."
    yield from report.notes
    if report.letters:
        yield f"{report.letters} letters wait in the inbox for a person to read."
    if report.samples:
        yield f"{report.samples} measured values are new."
    if report.unmatched:
        yield "Names in the feed that no service goes by (add them to a service under 'Names in feeds'):"
        yield from (f"  {name} (in {count} records)" for name, count in report.unmatched)
    if report.problems:
        yield "Records passed over:"
        yield from (f"  {problem.place}: {problem.message}" for problem in report.problems)
