"""Write balanced journal lines by account and cost centre."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Write balanced journal lines by account and cost centre."""

    help = "Write balanced journal lines by account and cost centre."
    report = "journal"
