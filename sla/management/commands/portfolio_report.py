"""Report how each SLA schedule did and what became of the money."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Report how each SLA schedule did and what became of the money."""

    help = "Report how each SLA schedule did and what became of the money."
    report = "portfolio"
