"""What was not told yet, to whom, and telling it: one message with all that a reader has not heard of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from sla.models import Alert, AlertNotice, AlertPolicy, OutboxMessage
from sla.reports.mails.warnings import warning_chat, warning_mail
from sla.services.alerts.levels import LOST
from sla.services.alerts.policy import held_policy, house_policy
from sla.services.alerts.readers import Readers, readers_of
from sla.services.alerts.words import line_of, pressing
from sla.services.outbox import post

NOTHING = "Nothing is left to tell."
# What a person reads in one go. The rest, the least pressing, comes with the next message.
MOST_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Untold:
    """The warnings that nobody has taken on, and who has not heard of them as bad as they are."""

    by_reader: Mapping[int, Sequence[Alert]]
    by_chat: Sequence[Alert]
    people: Mapping[int, User]
    readers: Readers


def untold(*, policy: AlertPolicy, only: Collection[int] | None = None) -> Untold:
    """Return what was not told yet, by the key of each reader; the queries do not grow with the rows.

    Readers without an e-mail address are left out: for them it stands on the list. `only` narrows it to some.
    """
    rows = Alert.objects.unacknowledged().order_by("pk")
    alerts = list(rows.select_related("vendor", "contract", "statement__agreement__contract"))
    told = set(
        AlertNotice.objects.filter(
            alert__cleared_at=None, occurrence=F("alert__occurrence"), rank__gte=F("alert__rank")
        )
        .order_by()
        .values_list("alert", "reader")
    )
    readers = readers_of(alerts, policy=policy)
    people: dict[int, User] = {}
    by_reader: dict[int, list[Alert]] = defaultdict(list)
    for alert in alerts:
        for reader in readers.of(alert):
            wanted = only is None or reader.pk in only
            if wanted and reader.email and (alert.pk, reader.pk) not in told:
                people[reader.pk] = reader
                by_reader[reader.pk].append(alert)
    by_chat = [alert for alert in alerts if (alert.pk, None) not in told]
    return Untold(by_reader=by_reader, by_chat=by_chat, people=people, readers=readers)


def is_urgent(alert: Alert, *, policy: AlertPolicy, now: datetime) -> bool:
    """Say whether a warning does not wait for the daily mail.

    Little time is left or none, a level is missed for good, or it has just gone to the deputies.
    """
    if alert.due_at is not None and alert.due_at - now < timedelta(hours=policy.urgent_hours):
        return True
    is_lost = alert.kind == Alert.Kind.LEVEL and alert.rank >= LOST
    return is_lost or alert.escalated_at == now


def is_time(alerts: Iterable[Alert], *, policy: AlertPolicy, is_daily: bool, now: datetime) -> bool:
    """Say whether some warnings are to be told now: with the daily mail, or as one does not wait for it."""
    return any(is_daily or is_urgent(alert, policy=policy, now=now) for alert in alerts)


@transaction.atomic
def tell_reader(reader_id: int, *, slot: str, origin: str, now: datetime) -> str:
    """Write one mail with everything that a reader has not heard of; return what was done.

    What was told is noted with it. `origin` begins each link; `slot` is the hour that the mail belongs to.
    """
    # Two mails to one reader are written one after the other.
    reader = User.objects.select_for_update(no_key=True).get(pk=reader_id)
    policy = house_policy()
    found = untold(policy=policy, only={reader_id})
    alerts, left = _ranked(found.by_reader.get(reader_id, []), now=now)
    if not alerts:
        return NOTHING
    notes = {
        alert.pk: _note(alert, reader=reader, before=before, readers=found.readers)
        for alert, before in _with_earlier(alerts, reader_id=reader_id)
    }
    lines = [line_of(alert, note=notes[alert.pk], origin=origin, now=now) for alert in alerts]
    name = reader.get_full_name() or reader.get_username()
    mail = warning_mail(lines, name=name, left=left, list_url=list_address(origin))
    message = post(
        key=f"warnings/user:{reader_id}/{slot}",
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        address=reader.email,
        name=name,
        reader=reader,
        now=now,
    )
    return _noted(alerts, message=message, reader=reader, now=now)


@transaction.atomic
def tell_chat(*, slot: str, origin: str, now: datetime) -> str:
    """Write one message to the chat with everything that it has not heard of; return what was done."""
    policy = held_policy()
    alerts, _ = _ranked(untold(policy=policy).by_chat, now=now)
    if not alerts or not policy.to_chat:
        return NOTHING
    lines = [
        line_of(alert, note=_again(before), origin=origin, now=now)
        for alert, before in _with_earlier(alerts, reader_id=None)
    ]
    subject, text = warning_chat(lines, list_url=list_address(origin))
    message = post(
        key=f"warnings/chat/{slot}",
        subject=subject,
        text=text,
        channel=OutboxMessage.Channel.CHAT,
        now=now,
    )
    return _noted(alerts, message=message, reader=None, now=now)


def _ranked(alerts: Sequence[Alert], *, now: datetime) -> tuple[list[Alert], int]:
    """Return the most pressing of what is to be told, and how many are left for the next message."""
    ranked = sorted(alerts, key=lambda alert: pressing(alert, now=now))
    return ranked[:MOST_AT_ONCE], max(0, len(ranked) - MOST_AT_ONCE)


def _note(alert: Alert, *, reader: User, before: datetime | None, readers: Readers) -> str:
    """Return why a warning comes again, or why it comes to a deputy."""
    vendor = readers.vendors.get(alert.vendor_id or 0)
    is_owner = vendor is not None and vendor.owner_id == reader.pk
    if vendor is not None and alert.escalated_at is not None and not is_owner:
        owner = "Nobody" if vendor.owner is None else vendor.owner.get_full_name() or str(vendor.owner)
        has = "has" if vendor.owner is None else "has not"
        return f"{owner} {has} acknowledged it: you are a deputy for {vendor}. {_again(before)}".strip()
    return _again(before)


def _again(before: datetime | None) -> str:
    return "" if before is None else f"Worse than when it was told on {before:%Y-%m-%d} (UTC)."


def list_address(origin: str) -> str:
    """Return the address of all warnings; empty where links are left out."""
    return f"{origin}{reverse('admin:sla_alert_changelist')}" if origin else ""


def _with_earlier(
    alerts: Sequence[Alert], *, reader_id: int | None
) -> Iterator[tuple[Alert, datetime | None]]:
    """Yield each warning with when the reader was last told of it as less bad."""
    notices = AlertNotice.objects.filter(
        alert__in=alerts, reader=reader_id, occurrence=F("alert__occurrence"), rank__lt=F("alert__rank")
    )
    last = dict(notices.order_by("told_at").values_list("alert", "told_at"))
    for alert in alerts:
        yield alert, last.get(alert.pk)


def _noted(alerts: Sequence[Alert], *, message: OutboxMessage, reader: User | None, now: datetime) -> str:
    """Note what was told, in the transaction of the message."""
    AlertNotice.objects.bulk_create(
        AlertNotice(
            alert=alert,
            occurrence=alert.occurrence,
            rank=alert.rank,
            reader=reader,
            message=message,
            told_at=now,
        )
        for alert in alerts
    )
    return f"{len(alerts)} warning{'s' * (len(alerts) != 1)} told."
