"""Letting a vendor have a finalised statement: a person's act, once for each revision."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import Release, ReportSchedule, StatementRevision
from sla.selectors.mailings import scheduled_vendors
from sla.services.statements.drafting import newest_revision
from sla.services.statements.finalising import lock_statement
from vendors import nudges
from vendors.models import Contact, Vendor
from vendors.services.records import SYSTEM_USERNAME


@transaction.atomic
def release_revision(revision: StatementRevision, *, by: User, now: datetime, note: str = "") -> Release:
    """Let the vendor have a finalised statement: the next mail of its report schedules carries it.

    Raises ValidationError for one that was released before, for one that a newer revision replaced (the
    vendor would get figures that we no longer hold), and for a release that no person makes.
    """
    if by.pk is None or by.username == SYSTEM_USERNAME:
        raise ValidationError(
            "Only a person lets a vendor have a statement: sign in and release it.", code="person"
        )
    # Whoever finalises the next revision at this moment waits, and is seen here or comes after.
    statement = lock_statement(revision.statement)
    newest = newest_revision(statement)
    if newest is None or newest.pk != revision.pk:
        raise ValidationError(
            f"{revision} was replaced by r{newest.number if newest else '?'}: release that one, so that the"
            " vendor gets the figures that hold.",
            code="replaced",
        )
    before = Release.objects.filter(revision=revision).select_related("released_by").first()
    if before is not None:
        raise ValidationError(
            f"{revision} was released already, on {before.released_at:%Y-%m-%d} by {before.released_by}.",
            code="released",
        )
    row = Release.objects.create(revision=revision, released_at=now, released_by=by, note=note.strip())
    nudges.after_commit()
    return row


def mailing_words(release: Release) -> str:
    """Return whether the vendor was sent a release, else when it will be or why it is not."""
    report = release.report
    if report is not None:
        message = report.message
        state = message.get_state_display().lower()
        return f"In the report of {report.period}, written {message.created_at:%Y-%m-%d}: {state}."
    vendor = release.revision.statement.agreement.contract.vendor
    if newest_of(release).pk != release.revision_id:
        return "Not sent: a newer revision was finalised before it left. Release that one."
    schedules = _schedules(vendor)
    if not schedules:
        return "Not sent: no report schedule for vendors is about this vendor."
    roles = [each.contact_role for each in schedules]
    if not Contact.objects.filter(vendor=vendor, role__in=roles).exclude(email="").exists():
        names = ", ".join(dict.fromkeys(each.get_contact_role_display() for each in schedules))
        return f"Not sent: {vendor} has no contact with an e-mail address ({names}). Enter one at the vendor."
    return f"Waits: it goes with the next report of {', '.join(each.name for each in schedules)}."


def newest_of(release: Release) -> StatementRevision:
    """Return the newest revision of a release's statement."""
    found = newest_revision(release.revision.statement)
    assert found is not None
    return found


def _schedules(vendor: Vendor) -> list[ReportSchedule]:
    """Return the report schedules for vendors that go out to one, by name."""
    rows = ReportSchedule.objects.filter(is_active=True, audience=ReportSchedule.Audience.VENDORS)
    rows = rows.select_related("vendor", "tag").order_by("name")
    return [row for row in rows if scheduled_vendors(row).filter(pk=vendor.pk).exists()]
