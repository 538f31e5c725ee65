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
from sla.services.links.words import link_mail
from sla.services.outbox import post
from sla.services.outbox.sealing import LINK, link_key
from vendors import nudges
from vendors.models import Contact
from vendors.services import checked_reason

USUAL_DAYS, MOST_DAYS = 30, 180


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
    an address, for a time that is too long, and where the vendor's edition cannot be shown.
    """
    _check(release, contact=contact, days=days)
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
            {"contact": f"{contact} is no contact of {vendor}. Choose one of its contacts."}
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
