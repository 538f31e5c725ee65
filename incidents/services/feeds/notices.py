"""Bring one notice of work of a feed into the register, and follow it where it is moved or called off."""

from datetime import datetime

from django.core.exceptions import ValidationError

from incidents.feeds.values import FeedMaintenance, NoticeStatus
from incidents.models import FeedRecord, MaintenanceWindow
from incidents.services.feeds.merging import merge
from incidents.services.feeds.runs import Doing, Run
from incidents.services.feeds.words import maintenance_fields
from incidents.services.maintenance import cancel_maintenance, record_maintenance
from vendors.models import Service, Vendor


def bring_notice(said: FeedMaintenance, *, record: FeedRecord, doing: Doing) -> None:
    """Create or update the window of a record, and call off the one whose place it takes.

    Raises:
        ValidationError: nobody knows whose notice it is, or a value is not valid.

    """
    run = doing.run
    services = list(dict.fromkeys(service for part in said.components for service in run.services(part)))
    vendor = _vendor(said, services=services, run=run)
    window = record.window or _on_file(said, vendor=vendor)
    window = window or MaintenanceWindow(vendor=vendor, reference=said.external_id, source=run.source.code)
    doing.conflicts += merge(window, fields=maintenance_fields(said, seen_at=_cancelled(window, run=run)))
    doing.saved.append(record_maintenance(window, services=services, by=run.by, reason=run.reason))
    record.window = window
    if said.status is NoticeStatus.TENTATIVE:
        doing.notes.append("tentative: the vendor may still move it")
    if said.replaces:
        _call_off(said, vendor=vendor, doing=doing)
    doing.notes += said.notes


def _cancelled(window: MaintenanceWindow, *, run: Run) -> datetime:
    # A notice that was called off before keeps that instant, however often the feed repeats it.
    return window.cancelled_at or run.at


def _vendor(said: FeedMaintenance, *, services: list[Service], run: Run) -> Vendor:
    if run.source.vendor is not None:
        return run.source.vendor
    vendors = list(dict.fromkeys(service.contract.vendor for service in services))
    if len(vendors) != 1:
        found = ", ".join(vendor.name for vendor in vendors) or "none of its parts"
        raise ValidationError(
            f"Notice {said.external_id}: whose work it is cannot be told ({found} is known by its names). "
            "Choose the vendor of the feed, or name the service that it means.",
            code="no_vendor",
        )
    return vendors[0]


def _on_file(said: FeedMaintenance, *, vendor: Vendor) -> MaintenanceWindow | None:
    return MaintenanceWindow.objects.filter(vendor=vendor, reference=said.external_id).first()


def _call_off(said: FeedMaintenance, *, vendor: Vendor, doing: Doing) -> None:
    run = doing.run
    earlier = MaintenanceWindow.objects.standing().filter(vendor=vendor, reference=said.replaces).first()
    if earlier is not None:
        at = said.changed_at or run.at
        cancel_maintenance(earlier, at=at, by=run.by, reason=f"{run.reason}: {said.external_id} replaces it")
        doing.notes.append(f"takes the place of {said.replaces}, which is called off")
