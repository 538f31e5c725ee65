"""Bring a saved status history into the register."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from incidents.feeds.statuspage import read_statuspage
from incidents.feeds.values import Feed, FeedError
from incidents.models import FeedKind
from incidents.services import ImportReport, Outcome, import_incidents, known_feed
from vendors.models import Vendor
from vendors.services import system_user

READERS: dict[FeedKind, Callable[[bytes], Feed]] = {FeedKind.STATUSPAGE: read_statuspage}
BAD_INPUT = 2
TITLE_WIDTH = 58


class Command(BaseCommand):
    """Read one file of a vendor's feed; run it again whenever the feed has moved on."""

    help = (
        "Create and update incidents and announced maintenance from a saved feed. A second run changes only "
        "what the feed changed, and never what a person corrected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("file", type=Path, help="The saved file, e.g. incidents.json.")
        parser.add_argument("--feed", required=True, choices=sorted(READERS), help="The format of the file.")
        parser.add_argument("--vendor", required=True, metavar="SLUG", help="Whose feed it is.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would change, and change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, import it, print what became of each record."""
        kind = FeedKind(options["feed"])
        vendor = _vendor(options["vendor"])
        values = _read(options["file"], kind=kind)
        # One transaction, so that a dry run leaves not even the feed's own row behind.
        with transaction.atomic():
            by = system_user()
            source = known_feed(vendor, kind=kind, by=by).code
            report = import_incidents(values, vendor=vendor, source=source, by=by, dry_run=options["dry_run"])
            transaction.set_rollback(options["dry_run"])
        for line in _lines(report, page=values.page_name, vendor=vendor):
            self.stdout.write(printable(line))


def printable(line: str) -> str:
    """Return a line that no terminal obeys: what the feed has of control signs is written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)


def _vendor(slug: str) -> Vendor:
    # No database takes NUL or half a character, and no short name has them.
    vendor = Vendor.objects.filter(slug=slug).first() if slug.isprintable() else None
    if vendor is None:
        known = ", ".join(Vendor.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise CommandError(
            f"No vendor has the short name {slug!r}. Known are: {known or 'none yet'}.", returncode=BAD_INPUT
        )
    return vendor


def _read(path: Path, *, kind: FeedKind) -> Feed:
    try:
        return READERS[kind](path.read_bytes())
    except FeedError as error:
        raise CommandError(f"{path}: {printable(str(error))}", returncode=BAD_INPUT) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"{path} cannot be read: {why}. Check the path.", returncode=BAD_INPUT) from error


def _lines(report: ImportReport, *, page: str, vendor: Vendor) -> Iterator[str]:
    yield f"{page or 'The feed'} for {vendor.name}" + (": dry run, nothing is kept" if report.dry_run else "")
    for row in report.rows:
        title = row.title if len(row.title) <= TITLE_WIDTH else row.title[: TITLE_WIDTH - 1] + "…"
        yield f"  {row.outcome:<11}  {row.external_id:<14}  {title}"
        yield from (f"               {note}" for note in row.notes)
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in Outcome)
    yield f"{len(report.rows)} records: {counts}."
    if report.unmatched:
        yield "Names in the feed that no service goes by (add them to a service under 'Names in feeds'):"
        yield from (f"  {name} (in {count} records)" for name, count in report.unmatched)
    if report.problems:
        yield "Records passed over:"
        yield from (f"  {problem.place}: {problem.message}" for problem in report.problems)
