"""Report what is missing before the figures can be relied on."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Report what is missing before the figures can be relied on."""

    help = "Report what is missing before the figures can be relied on."
    report = "completeness"
