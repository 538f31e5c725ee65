"""The register's own acts that need a second person: whom letters reach, and the limit of exclusions."""

from __future__ import annotations

from collections.abc import Collection

from vendors.models import Contact, LegalEntity
from vendors.services.approvals.registry import Act, GuardedRow, Table
from vendors.services.approvals.saving import row_state, save_row


def moves_letters(row: Contact | None, *, old: Contact | None, changed: Collection[str]) -> bool:
    """Say whether letters or mails that went to one address go to another one, or to one more.

    The first address of a kind at a vendor is an entry, no change: nothing went anywhere before.
    """
    if not {"email", "role", "vendor"} & set(changed):
        return False
    if old is not None and old.email:
        return True
    if row is None or not row.email:
        return False
    alike = Contact.objects.filter(vendor=row.vendor_id, role=row.role).exclude(email="")
    return alike.exclude(pk=row.pk).exists()


def moves_limit(row: LegalEntity | None, *, old: LegalEntity | None, changed: Collection[str]) -> bool:
    """Say whether one person may decide more than before."""
    before = old.exclusion_limit_minor if old is not None else 0
    return row is not None and row.exclusion_limit_minor > before


TABLE = Table(
    acts=(
        Act(
            code="contact",
            label="Change where letters and mails to a vendor go",
            permission="vendors.change_contact",
            run=save_row,
            state=row_state,
        ),
        Act(
            code="exclusion_limit",
            label="Raise the limit up to which one person excludes",
            permission="vendors.change_legalentity",
            run=save_row,
            state=row_state,
        ),
    ),
    rows=(
        GuardedRow(model="vendors.Contact", act="contact", concerns=moves_letters),
        GuardedRow(model="vendors.LegalEntity", act="exclusion_limit", concerns=moves_limit),
    ),
)
