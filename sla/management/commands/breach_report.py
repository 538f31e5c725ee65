"""Report every service level missed in a range of statement periods."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Report every service level missed in a range of statement periods."""

    help = "Report every service level missed in a range of statement periods."
    report = "breach"
