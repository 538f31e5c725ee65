"""Roll what vendors owe us forward, month by month."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Roll what vendors owe us forward, month by month."""

    help = "Roll what vendors owe us forward, month by month."
    report = "roll_forward"
