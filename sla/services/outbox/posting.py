"""Writing a message: its words are fixed from then on, and its key makes it the same message for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from sla.models import OutboxFile, OutboxMessage, WebhookTarget
from sla.reports.mails.lines import one_line as one_line
from vendors.models import Vendor

LONGEST_SUBJECT = 250
LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    content_type: str
    content: bytes


@transaction.atomic
def post(
    *,
    key: str,
    subject: str,
    text: str,
    now: datetime,
    html: str = "",
    channel: OutboxMessage.Channel = OutboxMessage.Channel.MAIL,
    address: str = "",
    name: str = "",
    reader: User | None = None,
    vendor: Vendor | None = None,
    target: WebhookTarget | None = None,
    files: Iterable[Attachment] = (),
) -> OutboxMessage:
    """Write a message that waits to be sent; return the one that is there where the key was used before.

    Call it in the transaction of what it tells of. Line breaks and control characters leave the subject and
    the name, so that no record can add a header. The number of the mail follows from the key: mail programs
    recognise a message that is sent again. Raises ValidationError for an address that is none.
    """
    if channel == OutboxMessage.Channel.MAIL:
        _check_address(address, name=name)
    row, made = OutboxMessage.objects.get_or_create(
        key=key,
        defaults={
            "channel": channel,
            "address": address,
            "name": one_line(name, most=LONGEST_NAME),
            "reader": reader,
            "vendor": vendor,
            "target": target,
            "subject": one_line(subject, most=LONGEST_SUBJECT),
            "text": text,
            "html": html,
            "message_id": message_id(key),
            "created_at": now,
            "next_at": now,
        },
    )
    for each in files if made else ():
        OutboxFile.objects.create(
            message=row,
            name=each.name,
            content_type=each.content_type,
            content=each.content,
            size=len(each.content),
            digest=hashlib.sha256(each.content).hexdigest(),
        )
    return row


def _check_address(address: str, *, name: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        whose = f" of {one_line(name, most=LONGEST_NAME)}" if name else ""
        raise ValidationError(
            f"{address!r}{whose} is no e-mail address. Correct it where the person is kept.", code="address"
        ) from error


def message_id(key: str) -> str:
    """Return the Message-ID of a key, such as <0f3a…@recourse.example>."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"
