"""What senders bring: the address that they send to, and one message taken or refused.

The address of a feed holds a key that is signed from a random part of the feed's row. Whoever reads the
database alone cannot send, and a new random part withdraws the address; a new RECOURSE_SECRET_KEY withdraws
those of all feeds. The key is compared in constant time.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.signing import Signer
from django.db import transaction
from django.utils.crypto import constant_time_compare

from incidents.feeds.signatures import SIGNED, authorized_by, signed_by
from incidents.models import FeedDelivery, FeedSource
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.reports import ImportReport
from incidents.services.feeds.runs import Outcome
from incidents.services.feeds.uploads import read_feed
from vendors import callers
from vendors.services import save_record, system_user

SALT = "incidents.feeds"
LARGEST_MESSAGE = 2_000_000
# Of one feed in a minute, by one process: a storm of alarms is far below it.
MOST_A_MINUTE = 300
# So many messages of a feed that were taken are listed, and so many that were not are kept whole.
KEPT = 20


def address_key(source: FeedSource) -> str:
    """Return the key in the address that a feed is sent to, empty where it has none."""
    return Signer(salt=SALT).signature(f"{source.pk}:{source.push_key}") if source.push_key else ""


def make_address(source: FeedSource, *, by: User) -> bool:
    """Give a feed an address to be sent to; an earlier one leads nowhere then. Say whether there was one."""
    again = bool(source.push_key)
    source.push_key = secrets.token_urlsafe(32)
    reason = "A new address for the sender" if again else "An address for the sender"
    save_record(source, by=by, reason=reason)
    return again


def withdraw_address(source: FeedSource, *, by: User) -> None:
    """Let the address that a feed was sent to lead nowhere."""
    source.push_key = None
    save_record(source, by=by, reason="No address for a sender any more")


def source_at(pk: int, *, key: str) -> FeedSource | None:
    """Return the feed whose address this is, None where there is none."""
    source = FeedSource.objects.select_related("vendor").filter(pk=pk).exclude(push_key=None).first()
    if source is None or not constant_time_compare(address_key(source).encode(), key.encode()):
        return None
    return source


def is_flood(source: FeedSource, *, at: datetime) -> bool:
    """Count a message, and say whether these are more in a minute than any sender has to send."""
    return callers.is_flood(f"feeds/{source.pk}", most=MOST_A_MINUTE, at=at)


def take_message(
    source: FeedSource, content: bytes, *, headers: Mapping[str, str], at: datetime
) -> FeedDelivery:
    """Bring in what a sender sent, all of it or nothing; `at` is when it arrived, in UTC.

    The same message may come again: nothing changes. One that cannot be used is kept whole, so that nobody
    loses it.

    Raises:
        ValidationError: not signed, not readable, or nothing in it can be used; its words may be answered.

    """
    try:
        _check_sender(source, content, headers=headers)
        return _taken(source, content, at=at)
    except Exception as error:
        words = "; ".join(error.messages) if isinstance(error, ValidationError) else _fault(error)
        _keep(FeedDelivery(source=source, received_at=at, size=len(content), content=content, error=words))
        raise


def note_refused(source: FeedSource, *, at: datetime, size: int, why: str) -> None:
    """Keep a line of a message that holds nothing, or too much to be kept; `at` is its arrival in UTC."""
    _keep(FeedDelivery(source=source, received_at=at, size=size, error=why))


def take_again(delivery: FeedDelivery, *, by: User) -> FeedDelivery:
    """Bring in a message that was refused, on a person's word that it is genuine.

    Raises:
        ValidationError: it was taken, or cannot be used as before; it stays.

    """
    if delivery.content is None:
        why = "was not kept" if delivery.error else "was taken already"
        raise ValidationError(f"{delivery} {why}.", code="taken")
    source = delivery.source
    taken = _taken(source, bytes(delivery.content), at=delivery.received_at, by=by)
    delivery.delete()
    return taken


def _taken(source: FeedSource, content: bytes, *, at: datetime, by: User | None = None) -> FeedDelivery:
    with transaction.atomic():
        # Two messages of one incident at the same moment would each miss what the other told.
        FeedSource.objects.select_for_update(of=("self",), no_key=True).order_by().get(pk=source.pk)
        values = read_feed(source, content, received_at=at, is_sent=True)
        report = import_feed(values, source=source, by=by or system_user(), at=at)
        wrong = _wrong(report)
        if wrong and not any(row.outcome is not Outcome.REFUSED for row in report.rows):
            raise ValidationError(wrong, code="nothing")
        kept = content if wrong else None
        delivery = FeedDelivery(source=source, received_at=at, size=len(content), content=kept, error=wrong)
        delivery.outcome = _outcome(report)
        _keep(delivery)
    return delivery


def _check_sender(source: FeedSource, content: bytes, *, headers: Mapping[str, str]) -> None:
    secret = source.signing_secret
    if not secret:
        return
    if source.kind in SIGNED:
        if not signed_by(content, headers, secret, code=source.kind):
            raise ValidationError("It is not signed with the secret of this feed.", code="sender")
    elif not authorized_by(headers, secret):
        raise ValidationError("Its Authorization header is not the secret of this feed.", code="sender")


def _wrong(report: ImportReport) -> str:
    """Return what could not be used, in words."""
    refused = [
        f"{row.external_id}: {'; '.join(row.notes)}" for row in report.rows if row.outcome is Outcome.REFUSED
    ]
    return " ".join([*refused, *(f"{problem.place}: {problem.message}" for problem in report.problems)])[
        :2_000
    ]


def _outcome(report: ImportReport) -> str:
    counts = [f"{report.count(each)} {each}" for each in Outcome if report.count(each)]
    counts += [f"{report.samples} measured values"] if report.samples else []
    return ", ".join(counts) or "nothing to bring in"


def _fault(error: Exception) -> str:
    return f"A fault of this program: {type(error).__name__}"


def _keep(delivery: FeedDelivery) -> None:
    """Keep a message, and forget the oldest of its sort."""
    delivery.save()
    is_whole = delivery.content is None
    rows = FeedDelivery.objects.filter(source=delivery.source, content__isnull=is_whole)
    old = list(rows.order_by("-received_at", "-pk").values_list("pk", flat=True)[KEPT : KEPT + 100])
    FeedDelivery.objects.filter(pk__in=old).delete()
