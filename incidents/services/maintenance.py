"""Record announced work, and cancel it."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.models import MaintenanceService, MaintenanceWindow
from vendors.models import Service
from vendors.services import Saved, remove_record, save_record


@transaction.atomic
def record_maintenance(
    window: MaintenanceWindow, *, services: Iterable[Service] = (), by: User, reason: str
) -> Saved:
    """Save a notice of work and list the services that it touches; listed ones stay.

    Raises:
        ValidationError: a service belongs to another vendor, or a time is wrong; nothing is changed.

    """
    wanted = list(services)
    for service in wanted:
        _refuse_other_vendor(window, service=service)
    saved = save_record(window, by=by, reason=reason)
    listed = set(window.services.values_list("service_id", flat=True))
    new = [service for service in wanted if service.pk not in listed]
    for service in new:
        save_record(MaintenanceService(window=window, service=service), by=by, reason=reason)
    return Saved.UPDATED if new and saved is Saved.UNCHANGED else saved


@transaction.atomic
def touch_exactly(window: MaintenanceWindow, *, services: Iterable[Service], by: User, reason: str) -> Saved:
    """Save a notice of work and list the services that it touches, and no others. Raises ValidationError."""
    wanted = list(services)
    saved = record_maintenance(window, services=wanted, by=by, reason=reason)
    gone = list(window.services.exclude(service__in=wanted))
    for touched in gone:
        remove_record(touched, by=by, reason=reason)
    return Saved.UPDATED if gone and saved is Saved.UNCHANGED else saved


def record_touched_service(touched: MaintenanceService, *, by: User, reason: str) -> Saved:
    """List one more service of a window. Raises ValidationError for a service of another vendor."""
    _refuse_other_vendor(touched.window, service=touched.service)
    return save_record(touched, by=by, reason=reason)


def _refuse_other_vendor(window: MaintenanceWindow, *, service: Service) -> None:
    if service.contract.vendor_id != window.vendor_id:
        raise ValidationError(
            f"{service} is delivered by {service.contract.vendor}, the notice came from {window.vendor}. "
            "Choose a service of that vendor.",
            code="other_vendor",
        )


def cancel_maintenance(window: MaintenanceWindow, *, at: datetime, by: User, reason: str) -> Saved:
    """Say that the work was called off at a UTC instant: the notice then excludes nothing.

    Raises:
        ValidationError: it was cancelled before.

    """
    if window.cancelled_at is not None:
        raise ValidationError(
            f"{window.reference} was cancelled at {window.cancelled_at:%Y-%m-%d %H:%M} UTC already.",
            code="cancelled",
        )
    window.cancelled_at = at
    return save_record(window, by=by, reason=reason)
