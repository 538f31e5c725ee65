"""Who entered the address that links and codes go to, and who approved it, as history tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, takewhile
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from sla.models import StatementLink
from vendors.models import ApiToken, Approval, Contact


@dataclass(frozen=True, kw_only=True)
class AddressEntry:
    """Who entered an address, when (UTC), and who approved it; nobody, where it was entered alone."""

    by: User
    at: datetime
    approved_by: User | None

    def is_word_of(self, user: User) -> bool:
        """Say whether it rests on one person alone: who entered it, or made a token of the user who did."""
        if self.approved_by is not None:
            return False
        return self.by == user or ApiToken.objects.filter(user=self.by, created_by=user).exists()


def entry_of_contact(contact: Contact) -> AddressEntry | None:
    """Return who entered the address that a contact has now."""
    versions = Contact.history.filter(id=contact.pk, vendor=contact.vendor_id)
    return _entry(versions, address=contact.email)


def entry_of_link(link: StatementLink) -> AddressEntry | None:
    """Return who entered the address that a link was made for, whatever its contact has now."""
    vendor = link.release.revision.statement.agreement.contract.vendor_id
    versions = Contact.history.filter(vendor=vendor)
    if link.contact_id is not None:
        return _entry(versions.filter(id=link.contact_id), address=link.address)
    # The contact is gone: whoever entered that address at the vendor last.
    return _entry(versions.filter(email__iexact=link.address), address=link.address)


def _entry(versions: Any, *, address: str) -> AddressEntry | None:
    newest_first = versions.exclude(history_type="-").select_related("history_user").order_by("-history_id")
    since = dropwhile(lambda version: not _same(version.email, address), newest_first)
    held = list(takewhile(lambda version: _same(version.email, address), since))
    if not held:
        return None
    first = held[-1]
    return AddressEntry(by=first.history_user, at=first.history_date, approved_by=_approver(first))


def _approver(version: Any) -> User | None:
    """Return who approved that this address of this vendor is used, be it in a new contact or in this one."""
    about = Q(row=version.id) | Q(row=None)
    rows = Approval.objects.filter(
        about, act="contact", decision=Approval.Decision.APPROVED, vendor=version.vendor_id
    )
    for row in rows.select_related("decided_by").order_by("-pk"):
        if _same(str(row.asked.get("fields", {}).get("email", "")), version.email):
            return row.decided_by
    return None


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
