"""Whom reports and warnings reach, with a second person."""

from __future__ import annotations

from collections.abc import Collection

from sla.models import AlertPolicy, ReportSchedule
from vendors.services.approvals import Act, GuardedRow
from vendors.services.approvals.saving import row_state, save_row

# What of a report schedule says who gets it, and of whose figures.
REACH = frozenset({"audience", "readers", "addresses", "contact_role", "vendor", "tag"})
WARNED = frozenset({"readers", "to_chat"})


def _moves_reports(
    row: ReportSchedule | None, *, old: ReportSchedule | None, changed: Collection[str]
) -> bool:
    """Say whether somebody gets reports that did not, or no longer gets them."""
    if old is not None:
        return bool(REACH & set(changed))
    assert row is not None
    is_named = bool({"readers", "addresses"} & set(changed))
    return is_named or row.audience == ReportSchedule.Audience.VENDORS


def _moves_warnings(row: AlertPolicy | None, *, old: AlertPolicy | None, changed: Collection[str]) -> bool:
    return bool(WARNED & set(changed))


MAILS = Act(
    code="mails",
    label="Change whom reports reach",
    permission="sla.change_reportschedule",
    run=save_row,
    state=row_state,
)
WARNINGS = Act(
    code="warnings",
    label="Change whom warnings reach",
    permission="sla.change_alertpolicy",
    run=save_row,
    state=row_state,
)
MAIL_ROWS = (
    GuardedRow(model="sla.ReportSchedule", act="mails", concerns=_moves_reports),
    GuardedRow(model="sla.AlertPolicy", act="warnings", concerns=_moves_warnings),
)
