"""Bring one notice of work of a feed into the register, and follow it where it is moved or called off."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import Q

from incidents.feeds.values import FeedMaintenance, NoticeStatus
from incidents.models import FeedRecord, MaintenanceWindow
from incidents.services.feeds.merging import changes_of, merge, state_of
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
    services = list(dict.fromkeys(service for part in run.parts(said) for service in run.services(part)))
    vendor = _vendor(said, services=services, run=run)
    window = record.window or _on_file(said, vendor=vendor)
    window = window or MaintenanceWindow(vendor=vendor, reference=said.external_id, source=run.source.code)
    fields = maintenance_fields(said, known=window, seen_at=run.at)
    before = state_of(window, fields=fields)
    doing.conflicts += merge(window, fields=fields)
    doing.changes += changes_of(window, before=before, fields=fields)
    doing.saved.append(record_maintenance(window, services=services, by=run.by, reason=run.reason))
    record.window = window
    if said.status is NoticeStatus.TENTATIVE:
        doing.notes.append("tentative: the vendor may still move it")
    if said.replaces:
        _call_off(said, vendor=vendor, doing=doing)
    doing.notes += said.notes


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
    """Call off what a notice takes the place of: a notice, or each of its windows."""
    run, at = doing.run, said.changed_at or doing.run.at
    standing = MaintenanceWindow.objects.standing().filter(vendor=vendor)
    own = {said.external_id, said.notice}
    earlier = standing.filter(Q(reference=said.replaces) | Q(reference__startswith=f"{said.replaces}#"))
    for window in earlier.exclude(reference__in=own):
        reason = f"{run.reason}: {said.external_id} takes its place"
        cancel_maintenance(window, at=at, by=run.by, reason=reason)
        doing.notes.append(f"takes the place of {window.reference}, which is called off")


def follow_windows(told: Iterable[FeedMaintenance], *, doing: Doing) -> None:
    """Call off the windows of a notice that its newest telling has no more, where they are still to come.

    A notice of one window bears the vendor's number alone, one of several `<number>#1` and so on. What has
    begun stays: a reminder of the last night does not undo the first.
    """
    run = doing.run
    by_notice: dict[str, set[str]] = {}
    for said in told:
        by_notice.setdefault(said.notice or said.external_id, set()).add(said.external_id)
    for notice, kept in by_notice.items():
        rows = FeedRecord.objects.filter(
            source=run.source, window__cancelled_at=None, window__starts_at__gt=run.at
        )
        mine = rows.filter(Q(external_id=notice) | Q(external_id__startswith=f"{notice}#"))
        for record in mine.exclude(external_id__in=kept).select_related("window"):
            assert record.window is not None
            reason = f"{run.reason}: notice {notice} has this window no more"
            cancel_maintenance(record.window, at=run.at, by=run.by, reason=reason)
            doing.notes.append(f"{record.external_id} is no more in notice {notice}: called off")
