"""Write the rows of the credit register and what every claim comes to."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Write the rows of the credit register and what every claim comes to."""

    help = "Write the rows of the credit register and what every claim comes to."
    report = "credit_register"
