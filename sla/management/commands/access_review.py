"""Report who has access to what."""

from __future__ import annotations

from sla.management.reporting import ReportCommand


class Command(ReportCommand):
    """Report who has access to what."""

    help = "Report who may log in, by what roles, and which vendors and companies they reach."
    report = "access_review"
