"""Warnings that wait for one person: the first of them for the home page, and whom no mail reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sla.models import Alert
from sla.services.alerts.policy import house_policy
from sla.services.alerts.readers import readers_of
from sla.services.alerts.words import (
    address_of,
    degree,
    left_words,
    money_words,
    own_address,
    pressing_of,
    tone_now,
)
from vendors.models import Reader


@dataclass(frozen=True, kw_only=True)
class WaitingWarning:
    """One warning ready to be shown: where it is dealt with, and its own page."""

    alert: Alert
    degree: str
    tone: str
    left: str
    money: str
    place_url: str
    url: str


@dataclass(frozen=True, kw_only=True)
class WaitingWarnings:
    """The most pressing warnings of a person, and how many there are in all."""

    rows: tuple[WaitingWarning, ...]
    count: int


def waiting_warnings(user: Reader, *, most: int, now: datetime) -> WaitingWarnings:
    """Return the warnings that stand and that nobody took on, of what a person may see.

    The most pressing first, at most `most` of them, in two queries; `now` is UTC.
    """
    rows = Alert.objects.unacknowledged().visible_to(user).order_by()
    keys = sorted(
        pressing_of(pk, due_at=due_at, currency=currency, minor=minor, now=now)
        for pk, due_at, currency, minor in rows.values_list("pk", "due_at", "currency", "amount_minor")
    )
    chosen = [key[-1] for key in keys[:most]]
    related = ("vendor", "claim", "incident", "contract", "statement__agreement__contract")
    found = Alert.objects.select_related(*related).in_bulk(chosen)
    return WaitingWarnings(rows=tuple(_shown(found[pk], now=now) for pk in chosen), count=len(keys))


def _shown(alert: Alert, *, now: datetime) -> WaitingWarning:
    _, word = degree(alert)
    return WaitingWarning(
        alert=alert,
        degree=word,
        tone=tone_now(alert, now=now),
        left=left_words(alert, now=now),
        money=money_words(alert),
        place_url=address_of(alert),
        url=own_address(alert),
    )


def unreached(user: Reader) -> list[str]:
    """Return the names of those whom no mail can reach, of the warnings that wait and that a user may see."""
    alerts = list(Alert.objects.unacknowledged().visible_to(user))
    readers = readers_of(alerts, policy=house_policy())
    people = {each for alert in alerts for each in readers.of(alert) if not each.email}
    return sorted(each.get_full_name() or str(each) for each in people)
