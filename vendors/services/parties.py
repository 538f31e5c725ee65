"""Vendors leave the lists by being archived; what they owe us stays."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from vendors.models import Vendor
from vendors.services.records import save_record


def archive_vendor(vendor: Vendor, *, at: datetime, by: User, reason: str) -> None:
    """Take a vendor out of the daily lists, from a UTC instant; nothing is deleted."""
    if vendor.archived_at is not None:
        raise ValidationError(
            f"{vendor} is archived since {vendor.archived_at:%Y-%m-%d}. Restore it first.", code="archived"
        )
    vendor.archived_at = at
    save_record(vendor, by=by, reason=reason)


def restore_vendor(vendor: Vendor, *, by: User, reason: str) -> None:
    """Bring an archived vendor back into the daily lists."""
    if vendor.archived_at is None:
        raise ValidationError(f"{vendor} is not archived. There is nothing to restore.", code="archived")
    vendor.archived_at = None
    save_record(vendor, by=by, reason=reason)
