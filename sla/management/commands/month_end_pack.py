"""Write the reports of a month's end as one workbook."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Write the reports of a month's end as one workbook."""

    help = "Write the reports of a month's end as one workbook."
    report = "month_end_pack"
    form = "xlsx"
