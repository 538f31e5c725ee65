"""When what was released leaves for its vendor, in words: at once, with which mail, or why it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Max, Min

from sla.engine.periods import zone_info
from sla.models import Duty, Release, ReportSchedule, StatementRevision
from sla.selectors.mailings import scheduled_vendors, vendor_contacts
from sla.services.duties.periods import due_periods
from sla.services.duties.planning import report_calendar
from sla.services.mailings.periods import next_due, vendor_run
from sla.services.statements.drafting import newest_revision
from vendors.models import Contact, Vendor

Kind, State = Duty.Kind, Duty.State
NO_SCHEDULE = "no report schedule for vendors is about this vendor"


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """How a schedule takes a release along: at once, once some periods are closed, or at an instant (UTC)."""

    period: str
    contacts: tuple[Contact, ...]
    zone: str
    due_at: datetime | None = None
    waits: bool = False

    def __str__(self) -> str:
        names = ", ".join(contact.name for contact in self.contacts)
        if self.due_at is not None:
            local = self.due_at.astimezone(zone_info(self.zone))
            return f"goes with the mail of {local:%Y-%m-%d %H:%M} {self.zone} to {names}"
        if self.waits:
            return f"goes with the mail of {self.period} to {names}, as soon as its periods are closed"
        return f"goes at once to {names}, as the mail of {self.period} is out already"


def mailing_words(release: Release, *, now: datetime) -> str:
    """Return whether the vendor was sent a release, else when it will be or why it is not."""
    report = release.report
    if report is not None:
        message = report.message
        state = message.get_state_display().lower()
        return f"In the report of {report.period}, written {message.created_at:%Y-%m-%d}: {state}."
    newest = newest_revision(release.revision.statement)
    if newest is None or newest.pk != release.revision_id:
        return "Not sent: a newer revision was finalised before it left. Release that one."
    why = not_sent(release.revision)
    return f"Not sent: {why}." if why else f"It {leaving(release.revision, now=now)}."


def not_sent(revision: StatementRevision) -> str:
    """Return why no mail would carry a revision to its vendor, empty where one does."""
    vendor = revision.statement.agreement.contract.vendor
    schedules = _schedules(vendor)
    if not schedules:
        return NO_SCHEDULE
    if any(vendor_contacts(vendor, role=each.contact_role) for each in schedules):
        return ""
    names = ", ".join(dict.fromkeys(each.get_contact_role_display() for each in schedules))
    return f"{vendor} has no contact with an e-mail address ({names}); enter one at the vendor"


def leaving(revision: StatementRevision, *, now: datetime) -> Leaving:
    """Return how a revision that is released at a UTC instant leaves, by the schedule that is the first.

    Raises ValueError where none takes it: see `not_sent`.
    """
    found = list(_leavings(revision, now=now))
    if not found:
        raise ValueError(f"{revision} is not sent: {not_sent(revision)}.")
    return min(found, key=lambda each: (each.due_at or now, each.waits))


def _leavings(revision: StatementRevision, *, now: datetime) -> Iterator[Leaving]:
    statement = revision.statement
    vendor = statement.agreement.contract.vendor
    for schedule in _schedules(vendor):
        contacts = tuple(vendor_contacts(vendor, role=schedule.contact_role))
        if contacts:
            yield _by(schedule, vendor=vendor, last_on=statement.last_on, contacts=contacts, now=now)


def _by(
    schedule: ReportSchedule, *, vendor: Vendor, last_on: date, contacts: Sequence[Contact], now: datetime
) -> Leaving:
    to: dict[str, Any] = {"contacts": tuple(contacts), "zone": schedule.zone}
    begun = Duty.objects.filter(kind=Kind.REPORT, schedule=schedule, ends_on__gte=last_on)
    out = begun.filter(state=State.DONE).order_by("-ends_on").first()
    if out is not None and not _is_written(schedule, vendor=vendor, period=out.period):
        return Leaving(period=out.period, **to)
    made = begun.filter(state__in=(State.DUE, State.RUNNING)).order_by("ends_on").first()
    if made is not None:
        return Leaving(period=made.period, waits=True, **to)
    late = _not_begun(schedule, last_on=last_on, now=now)
    if late:
        return Leaving(period=late, waits=True, **to)
    period, due_at = next_due(schedule, now=now)
    while period.last_on < last_on:
        period, due_at = next_due(schedule, now=due_at)
    return Leaving(period=period.label, due_at=due_at, **to)


def _not_begun(schedule: ReportSchedule, *, last_on: date, now: datetime) -> str:
    """Return the first period that is due and not begun, and ends on a day or later; else nothing."""
    begun = Duty.objects.filter(kind=Kind.REPORT, schedule=schedule).order_by()
    days = begun.aggregate(first=Min("ends_on"), last=Max("ends_on"))
    known = (days["first"], days["last"]) if days["last"] is not None else None
    found = due_periods(report_calendar(schedule, known=known), at=now)
    return next((each.period.label for each in found if each.period.last_on >= last_on), "")


def _is_written(schedule: ReportSchedule, *, vendor: Vendor, period: str) -> bool:
    """Say whether a vendor's run of a period is over: what is released now goes with another one."""
    runs = Duty.objects.filter(kind=Kind.MAIL, subject=vendor_run(schedule, vendor), period=period)
    return runs.filter(state__in=(State.DONE, State.FAILED)).exists()


def _schedules(vendor: Vendor) -> list[ReportSchedule]:
    """Return the report schedules for vendors that go out to one, by name."""
    rows = ReportSchedule.objects.filter(is_active=True, audience=ReportSchedule.Audience.VENDORS)
    rows = rows.select_related("vendor", "tag").order_by("name")
    return [row for row in rows if scheduled_vendors(row).filter(pk=vendor.pk).exists()]
