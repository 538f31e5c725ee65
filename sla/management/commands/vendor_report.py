"""Write the compliance report of one vendor to a file."""

from __future__ import annotations

from argparse import ArgumentParser
from calendar import monthrange
from datetime import UTC, date, datetime
from pathlib import Path
from re import fullmatch
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sla.reports.editions.edition import Edition
from sla.reports.tables import render
from sla.reports.vendor import VendorReport, as_report, vendor_page, vendor_pdf
from sla.services.reporting import everything
from sla.services.vendor_reports import make_vendor_report
from vendors.models import Vendor

REFUSED = 2
FORMS = ("csv", "html", "json", "pdf", "xlsx")


class Command(BaseCommand):
    """Say what one vendor promised, gave and owes in a period."""

    help = "Write the compliance report of one vendor: vendor_report SLUG --period 2019-06 --output FILE"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what may be given."""
        parser.add_argument("slug", help="Short name of the vendor.")
        parser.add_argument(
            "--period", required=True, help="2019, 2019-Q2, 2019-06, or 2019-06-01..2019-06-15."
        )
        parser.add_argument("--edition", choices=[each.value for each in Edition], default="internal")
        parser.add_argument("--format", choices=FORMS, default="pdf")
        parser.add_argument("--since", type=date.fromisoformat, help="Corrections since this day.")
        parser.add_argument("--output", required=True, help="File to write.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        try:
            first_on, last_on = days_of(options["period"])
            vendor = Vendor.objects.get(slug=options["slug"])
            report = make_vendor_report(
                vendor,
                first_on=first_on,
                last_on=last_on,
                period=options["period"],
                edition=Edition(options["edition"]),
                user=everything(),
                now=datetime.now(UTC),
                since=options["since"],
            )
            Path(options["output"]).write_bytes(written(report, form=options["format"]))
        except Vendor.DoesNotExist as error:
            known = ", ".join(Vendor.objects.values_list("slug", flat=True)[:10])
            raise CommandError(
                f"There is no vendor {options['slug']!r}. Known are: {known}.", returncode=REFUSED
            ) from error
        except (ValueError, OSError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        self.stdout.write(f"{report.headline}. Written to {options['output']}.")


def written(report: VendorReport, *, form: str) -> bytes:
    """Return a report's file: the page and the PDF with pictures, the others as tables."""
    if form == "pdf":
        return vendor_pdf(report)
    return vendor_page(report) if form == "html" else b"".join(render(as_report(report), form=form))


def days_of(period: str) -> tuple[date, date]:
    """Return the first and the last day of a year, a quarter, a month or a range; raise ValueError."""
    if match := fullmatch(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", period):
        return date.fromisoformat(match[1]), date.fromisoformat(match[2])
    if match := fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", period):
        first, last = int(match[2]), int(match[2])
    elif match := fullmatch(r"(\d{4})-Q([1-4])", period):
        first, last = int(match[2]) * 3 - 2, int(match[2]) * 3
    elif match := fullmatch(r"(\d{4})", period):
        first, last = 1, 12
    else:
        raise ValueError(
            f"{period!r} names no period. Write 2019, 2019-Q2, 2019-06, or 2019-06-01..2019-06-15."
        )
    year = int(match[1])
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])
