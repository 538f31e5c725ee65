"""Making a link to one released statement, and withdrawing it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import OutboxMessage, Release, StatementLink
from sla.reports.editions import Edition, statement_document
from sla.selectors.addresses import entry_of_contact
from sla.services.links.words import link_mail
from sla.services.outbox import post
from sla.services.outbox.sealing import LINK, link_key
from vendors import nudges
from vendors.models import Contact
from vendors.services import checked_reason
from vendors.services.approvals import names_of, others_with, place_of
from vendors.services.system import is_system

USUAL_DAYS, MOST_DAYS = 30, 180
MAY_LINK = "sla.add_release"
MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Made:
    """A new link; `key` is known now and never again, and is empty where the mail alone carries it."""

    link: StatementLink
    key: str


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make_link(
    release: Release,
    *,
    contact: Contact,
    days: int,
    origin: str,
    by: User,
    now: datetime,
    mailed: bool = True,
) -> Made:
    """Make a link to a released statement for a contact of its vendor; mail it, or return its key once.

    `origin` begins the address in the mail. Raises ValidationError for a contact of another vendor or without
    an address, for an address that `by` alone vouches for while another could make the link, for a time that
    is too long, and where the vendor's edition cannot be shown.
    """
    _check(release, contact=contact, days=days)
    own = why_not_own_address(release, contact=contact, by=by)
    if own:
        raise ValidationError({"contact": own})
    # Only the message's key or, where it is shown once, this variable leads to the link's.
    seed = f"{LINK}{secrets.token_urlsafe(32)}"
    key, until = link_key(seed), now + timedelta(days=days)
    link = StatementLink(
        release=release,
        contact=contact,
        name=contact.name,
        address=contact.email,
        digest=digest_of(key),
        made_at=now,
        made_by=by,
        expires_at=until,
    )
    if mailed:
        link.message = _mail(link, seed=seed, origin=origin, now=now)
    link.full_clean()
    link.save()
    if mailed:
        nudges.after_commit()
    return Made(link=link, key="" if mailed else key)


def _check(release: Release, *, contact: Contact, days: int) -> None:
    vendor = release.revision.statement.agreement.contract.vendor
    if contact.vendor_id != vendor.pk:
        raise ValidationError(
            {"contact": f"{contact} is no contact of {vendor}: choose one of its contacts."}
        )
    if not contact.email:
        raise ValidationError(
            {"contact": f"{contact} has no e-mail address. Codes are sent there: enter it with the vendor."}
        )
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": f"{days} days are not between 1 and {MOST_DAYS}."})
    try:
        statement_document(release.revision, edition=Edition.VENDOR)
    except ValueError as error:
        raise ValidationError(str(error), code="edition") from error


def why_not_own_address(release: Release, *, contact: Contact, by: User) -> str:
    """Return why somebody may not make a link for a contact; empty where they may.

    Whoever reads the mailbox answers as the vendor. So an address that one person alone entered gets its link
    from another one, as soon as another one could make it.
    """
    entry = entry_of_contact(contact)
    if is_system(by) or entry is None or not entry.is_word_of(by):
        return ""
    others = others_with(MAY_LINK, by=by, row=release, place=place_of(release), most=MOST_NAMED + 1)
    if not others:
        return ""
    return (
        f"You alone entered {contact.email}, on {entry.at:%Y-%m-%d}, and nobody approved it: whoever reads"
        f" that mailbox answers as the vendor. Ask {names_of(others)} to make the link."
    )


def _mail(link: StatementLink, *, seed: str, origin: str, now: datetime) -> OutboxMessage:
    subject, text = link_mail(link, origin=origin)
    vendor = link.release.revision.statement.agreement.contract.vendor
    return post(
        key=seed, subject=subject, text=text, address=link.address, name=link.name, vendor=vendor, now=now
    )


@transaction.atomic
def revoke_link(link: StatementLink, *, by: User, why: str, now: datetime) -> StatementLink:
    """Let a link open nothing from now on. Raises ValidationError where it was withdrawn before."""
    row: StatementLink = StatementLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    if row.revoked_at is not None:
        raise ValidationError(
            f"It was withdrawn already, on {row.revoked_at:%Y-%m-%d} by {row.revoked_by}.", code="withdrawn"
        )
    row.revoked_at, row.revoked_by, row.revoked_why = now, by, checked_reason(why)
    row.save(update_fields=["revoked_at", "revoked_by", "revoked_why"])
    return row
