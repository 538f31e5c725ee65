"""Two look at once, and two tell one reader at once: each warning stands once and is told once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from sla.models import Alert, AlertNotice, AlertPolicy, OutboxMessage, ServiceLevelAgreement
from sla.services.alerts.acknowledging import acknowledge_alert
from sla.services.alerts.looking import look_at_drafts, look_at_everything
from sla.services.alerts.policy import house_policy
from sla.services.alerts.raising import raise_found
from sla.services.alerts.telling import tell_chat, tell_reader
from tests.builders import a_schedule, an_outage, at, person, some_terms
from tests.sla.alert_builders import a_boss, a_found, an_outage_of, drafted

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"
    ),
]

NOW = at("2019-06-15 12:00")


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Run acts at the same moment, each on a connection of its own; return how each came out."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        start.wait(timeout=10)
        try:
            said = act()
        except ValidationError:
            return "refused"
        finally:
            connection.close()
        return said if isinstance(said, str) else "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def a_missed_june() -> ServiceLevelAgreement:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 73)
    drafted(agreement, now="2019-06-15 12:00")
    return agreement


def raised(*subjects: str) -> None:
    with transaction.atomic():
        raise_found([a_found(subject) for subject in subjects], standing=[], now=NOW)


def look() -> None:
    with transaction.atomic():
        look_at_everything(now=NOW)


def test_looks_at_once_and_a_refreshed_draft_raise_a_warning_once() -> None:
    agreement = a_missed_june()

    def draft() -> None:
        look_at_drafts([agreement.pk], now=NOW)

    assert at_once(look, draft, look, draft) == ["done"] * 4
    alert = Alert.objects.get()
    assert (alert.rank, alert.occurrence, alert.cleared_at) == (3, 1, None)


def test_the_rules_are_made_once() -> None:
    assert at_once(house_policy, house_policy, house_policy) == ["done"] * 3
    assert AlertPolicy.objects.count() == 1


def test_two_mails_to_one_reader_tell_each_warning_in_one_of_them() -> None:
    boss = a_boss()
    house_policy()
    raised("1", "2")

    def tell(slot: str) -> Callable[[], str]:
        return lambda: tell_reader(boss.pk, slot=slot, origin="", now=NOW)

    assert at_once(tell("1"), tell("2"), tell("3")) == ["2 warnings told.", *["Nothing is left to tell."] * 2]
    assert (OutboxMessage.objects.count(), AlertNotice.objects.count()) == (1, 2)


def test_the_chat_is_told_once() -> None:
    house_policy()
    raised("1")

    def tell(slot: str) -> Callable[[], str]:
        return lambda: tell_chat(slot=slot, origin="", now=NOW)

    assert at_once(tell("1"), tell("2")) == ["1 warning told.", "Nothing is left to tell."]


def test_one_of_two_people_acknowledges_it() -> None:
    raised("1")
    alert = Alert.objects.get()
    people = [person("olga"), person("dora")]

    def take_on(by: Any) -> Callable[[], Any]:
        return lambda: acknowledge_alert(alert, by=by, note=str(by), now=NOW) and None

    assert at_once(*map(take_on, people)) == ["done", "refused"]


def test_an_acknowledgement_is_not_lost_to_a_look_at_the_same_moment() -> None:
    agreement = a_missed_june()
    look()
    alert, olga = Alert.objects.get(), person("olga")
    an_outage(
        agreement.contract.services.get().outages.get().incident,
        agreement.contract.services.get(),
        started_at=at("2019-06-14 04:00"),
        ended_at=at("2019-06-14 04:30"),
    )
    drafted(agreement, now="2019-06-15 13:00")

    def take_on() -> None:
        acknowledge_alert(alert, by=olga, note="on it", now=NOW)

    assert at_once(look, take_on) == ["done", "done"]
    alert.refresh_from_db()
    assert (alert.is_acknowledged, alert.acknowledged_note) == (True, "on it")
