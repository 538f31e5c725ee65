"""A mail before it goes out: shown as it would look, or sent to the person at the screen alone.

Nobody sees here what they may not see anywhere else: the mail of another reader is shown to who sees all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import OutboxMessage, ReportSchedule
from sla.selectors.mailings import scheduled_vendors, vendor_contacts
from sla.services.mailings.composing import Composed, compose_released, compose_summary
from sla.services.mailings.periods import ReportPeriod, last_period
from sla.services.mailings.readers import Reading, address_named, reading_of, recipients
from sla.services.mailings.released import released_to
from sla.services.outbox import post
from vendors import nudges
from vendors.models import Vendor, sees_all_vendors

ME = "me"
Audience = ReportSchedule.Audience


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A mail as a reader would get it for the last whole period; `why` says why there would be none."""

    period: ReportPeriod
    to: str
    composed: Composed | None = None
    vendor: Vendor | None = None
    why: str = ""


def reader_choices(schedule: ReportSchedule, *, viewer: User, now: datetime) -> list[tuple[str, str]]:
    """Return the readers whose mail a person may look at, each with its words."""
    if schedule.audience == Audience.VENDORS:
        vendors = scheduled_vendors(schedule).visible_to(viewer).order_by("name", "pk")  # type: ignore[attr-defined]
        return [(f"vendor/{vendor.pk}", vendor.name) for vendor in vendors]
    found = [(ME, f"you, {viewer.get_full_name() or viewer.get_username()}")]
    if sees_all_vendors(viewer):
        until = last_period(schedule, now=now).last_on
        for each in recipients(schedule, until=until).reached:
            about = f", {each.vendor.name}" if each.vendor is not None else ""
            found.append((each.subject, f"{each.name or each.address}{about}"))
    return found


def preview(schedule: ReportSchedule, *, reader: str, viewer: User, now: datetime) -> Preview:
    """Return the mail of a reader, computed and not kept; raise ValidationError for one not to be shown."""
    if reader not in dict(reader_choices(schedule, viewer=viewer, now=now)):
        raise ValidationError("Choose one of the readers of this report schedule.", code="reader")
    period = last_period(schedule, now=now)
    if schedule.audience == Audience.VENDORS:
        return _of_vendor(schedule, vendor=_vendor_in(reader), period=period, now=now)
    reading = _reading(schedule, reader=reader, viewer=viewer)
    to = f"{reading.name} <{reading.address}>" if reading.name else reading.address
    if not reading.vendors.exists():
        why = "manages" if schedule.audience == Audience.MANAGERS else "may see"
        return Preview(period=period, to=to, why=f"{reading.name} {why} no vendor of this report.")
    composed = compose_summary(reading, period=period, now=now)
    return Preview(period=period, to=to, composed=composed, vendor=reading.vendor)


def _reading(schedule: ReportSchedule, *, reader: str, viewer: User) -> Reading:
    if reader == ME:
        return reading_of(schedule, subject=f"user/{viewer.pk}", account=viewer)
    vendor = _vendor_in(reader) if "/vendor/" in reader else None
    if reader.startswith("user/"):
        account = User.objects.get(pk=int(reader.split("/")[1]))
        return reading_of(schedule, subject=reader, account=account, vendor=vendor)
    address = address_named(schedule, subject=reader)
    return reading_of(schedule, subject=reader, address=address, vendor=vendor)


def _vendor_in(reader: str) -> Vendor:
    found: Vendor = Vendor.objects.get(pk=int(reader.rpartition("/")[2]))
    return found


def _of_vendor(schedule: ReportSchedule, *, vendor: Vendor, period: ReportPeriod, now: datetime) -> Preview:
    contacts = vendor_contacts(vendor, role=schedule.contact_role)
    to = ", ".join(f"{contact.name} <{contact.email}>" for contact in contacts)
    releases = released_to(vendor, period=period)
    if not releases:
        why = f"Nothing that was released to {vendor} waits to be sent: it would get no mail."
        return Preview(period=period, to=to, vendor=vendor, why=why)
    composed = compose_released(vendor, releases=releases, schedule=schedule, period=period, now=now)
    why = "" if contacts else f"{vendor} has no contact of this kind with an e-mail address: nobody gets it."
    return Preview(period=period, to=to, composed=composed, vendor=vendor, why=why)


@transaction.atomic
def send_test(schedule: ReportSchedule, *, reader: str, by: User, now: datetime) -> OutboxMessage:
    """Send the mail of a reader to the person at the screen, marked as a test; return the message.

    Nothing of it is kept as told or as sent. Raises ValidationError for a person without an address, and
    where there is no mail to send.
    """
    address = by.email.strip()
    if not address:
        raise ValidationError(
            f"{by} has no e-mail address, so nothing was sent. Enter it on your page under Users.",
            code="address",
        )
    shown = preview(schedule, reader=reader, viewer=by, now=now)
    composed = shown.composed
    if composed is None:
        raise ValidationError(f"Nothing was sent: {shown.why}", code="nothing")
    message = post(
        key=f"report-test/{schedule.pk}/{by.pk}/{now.isoformat()}",
        subject=f"[Test] {composed.subject}",
        text=composed.mail.text,
        html=composed.mail.html,
        now=now,
        address=address,
        name=by.get_full_name() or by.get_username(),
        reader=by,
        vendor=shown.vendor,
        files=composed.files,
    )
    nudges.after_commit()
    return message
