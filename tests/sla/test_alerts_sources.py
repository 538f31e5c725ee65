"""Incidents that are left open or without a vendor, and sources that have gone silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.models import FeedPoll, SourceWatch
from sla.models import Alert
from tests.builders import a_contract, a_service, a_vendor, an_incident, an_outage, at, saved
from tests.incidents.feed_rows import a_feed
from tests.sla.alert_builders import looked, rules, the_alert

pytestmark = pytest.mark.django_db

INCIDENT, SILENT = Alert.Kind.INCIDENT, Alert.Kind.SILENT


def kinds(now: Any, kind: Alert.Kind) -> list[tuple[int, str]]:
    """Look, and return rank and headline of the warnings of a kind."""
    return [(rank, said) for of, rank, said in looked(now) if of == kind]


def an_open_incident(**fields: Any) -> Any:
    service = a_service(a_contract(), code="power-a")
    incident = an_incident(**{"vendor": service.contract.vendor, **fields})
    an_outage(incident, service)
    return incident


def test_an_incident_that_stays_open_is_asked_after_then_after_two_and_four_times_as_long() -> None:
    incident = an_open_incident()
    begun = at("2019-06-25 04:15")
    assert kinds(begun + timedelta(days=7), INCIDENT) == []
    ages = (timedelta(days=7, minutes=1), timedelta(days=14), timedelta(days=28))
    assert [kinds(begun + age, INCIDENT)[0][0] for age in ages] == [1, 2, 3]
    alert = the_alert(kind=INCIDENT)
    assert alert.headline == "INC-1 is still open, since 2019-06-25: Power lost at the data center"
    assert (alert.incident, alert.vendor, alert.due_at) == (incident, incident.vendor, None)


def test_one_without_a_vendor_is_asked_after_once_closed_or_not() -> None:
    an_open_incident(vendor=None, status="resolved")
    assert kinds("2019-06-27 04:15", INCIDENT) == []
    assert kinds("2019-06-27 04:16", INCIDENT) == [
        (1, "INC-1 has no vendor yet, since 2019-06-25: Power lost at the data center")
    ]
    assert the_alert(kind=INCIDENT).vendor is None


def test_announced_work_is_not_asked_after() -> None:
    an_open_incident(vendor=None, planned=True)
    assert kinds("2019-08-01 12:00", INCIDENT) == []


def test_one_that_is_closed_clears() -> None:
    incident = an_open_incident()
    assert kinds("2019-07-05 12:00", INCIDENT) != []
    incident.status = "resolved"
    saved(incident)
    assert kinds("2019-07-05 13:00", INCIDENT) == []


def test_the_house_says_after_how_many_days() -> None:
    an_open_incident()
    rules(open_days=1, zone="America/Los_Angeles")
    assert kinds("2019-06-26 12:00", INCIDENT) == [
        (1, "INC-1 is still open, since 2019-06-24: Power lost at the data center")
    ]


def heard(service: Any, when: str | None, source: str = "our probe") -> SourceWatch:
    return saved(
        SourceWatch(service=service, source=source, last_heard_at=None if when is None else at(when))
    )


def test_a_source_that_was_heard_and_is_silent_is_warned_of_and_worse_after_twice_and_four_times() -> None:
    heard(a_service(a_contract(), code="power-a", name="Power feed A"), "2019-06-10 08:30")
    ages = {"2019-06-13 08:30": 0, "2019-06-13 08:31": 1, "2019-06-16 08:30": 2, "2019-06-22 08:30": 3}
    assert [len(kinds(when, SILENT)) and the_alert(kind=SILENT).rank for when in ages] == [0, 1, 2, 3]
    alert = the_alert(kind=SILENT)
    assert alert.headline == "Nothing heard from our probe since 2019-06-10 08:30 (UTC)"
    assert alert.detail == (
        "It is watched for Power feed A. While it is silent, nobody can say that nothing happened."
    )


def test_one_that_was_never_heard_is_no_silence() -> None:
    heard(a_service(a_contract(), code="power-a"), None)
    assert kinds("2019-06-20 12:00", SILENT) == []


def test_a_feed_that_falls_silent_for_many_services_is_one_warning() -> None:
    contract = a_contract()
    for number in range(10):
        heard(
            a_service(contract, code=f"s{number}", name=f"Service {number}"),
            "2019-06-10 08:30",
            "status page",
        )
    assert kinds("2019-06-20 12:00", SILENT) == [
        (2, "Nothing heard from status page since 2019-06-10 08:30 (UTC)")
    ]
    assert "Service 7 and 2 more." in the_alert(kind=SILENT).detail


def test_one_that_is_heard_again_clears_and_a_later_silence_is_another() -> None:
    watch = heard(a_service(a_contract(), code="power-a"), "2019-06-10 08:30")
    assert len(kinds("2019-06-20 12:00", SILENT)) == 1
    watch.last_heard_at = at("2019-06-20 11:00")
    saved(watch)
    assert kinds("2019-06-20 13:00", SILENT) == []
    assert kinds("2019-06-24 12:00", SILENT) == [
        (1, "Nothing heard from our probe since 2019-06-20 11:00 (UTC)")
    ]
    assert Alert.objects.filter(kind=SILENT).count() == 2


def test_nobody_listens_for_a_service_that_has_ended() -> None:
    contract = a_contract(vendor=a_vendor("gone"))
    heard(a_service(contract, code="old", in_service_until=at("2019-06-15 00:00")), "2019-06-10 08:30")
    assert kinds("2019-06-20 12:00", SILENT) == []


def a_fetched_feed(*, every: int = 5, heard_at: str | None = None, **poll: Any) -> FeedPoll:
    source = a_feed("page", url="https://status.example/", every_minutes=every)
    fields = {"heard_at": None if heard_at is None else at(heard_at), **poll}
    return FeedPoll.objects.create(source=source, next_at=at("2019-07-01 00:00"), **fields)


@pytest.mark.parametrize(
    ("every", "within", "late", "later", "latest"),
    [
        (5, "2019-06-10 09:30", "2019-06-10 09:31", "2019-06-10 10:30", "2019-06-10 12:30"),
        (60, "2019-06-10 20:30", "2019-06-10 20:31", "2019-06-11 08:30", "2019-06-12 08:30"),
        (1440, "2019-06-13 08:30", "2019-06-13 08:31", "2019-06-16 08:30", "2019-06-22 08:30"),
        (10080, "2019-06-24 08:30", "2019-06-24 08:31", "2019-07-08 08:30", "2019-08-05 08:30"),
    ],
)
def test_a_feed_that_cannot_be_read_is_warned_of_by_its_interval(
    every: int, within: str, late: str, later: str, latest: str
) -> None:
    why = "It answered with status 410: the address was given up."
    a_fetched_feed(every=every, heard_at="2019-06-10 08:30", failures=3, error=why)
    assert kinds(within, SILENT) == []
    assert [kinds(when, SILENT)[0][0] for when in (late, later, latest)] == [1, 2, 3]
    alert = the_alert(kind=SILENT)
    assert alert.headline == "The feed page has not been read since 2019-06-10 08:30 (UTC)"
    assert alert.detail.endswith(f"nobody can say that nothing happened. It says: {why}")


def test_one_that_was_never_read_is_warned_of_too() -> None:
    a_fetched_feed(failing_since=at("2019-06-10 08:30"), failures=9, error="Not JSON.")
    assert kinds("2019-06-10 12:30", SILENT) == [
        (3, "The feed page was never read; it has been asked since 2019-06-10 08:30 (UTC)")
    ]


def test_its_services_are_not_warned_of_beside_it_and_once_it_is_read_it_clears() -> None:
    poll = a_fetched_feed(heard_at="2019-06-10 08:30", failures=9, error="Not JSON.")
    heard(a_service(a_contract(), code="power-a"), "2019-06-10 06:00", "page")
    assert len(kinds("2019-06-20 12:00", SILENT)) == 1
    FeedPoll.objects.filter(pk=poll.pk).update(heard_at=at("2019-06-20 11:59"), failures=0, error="")
    assert kinds("2019-06-20 12:10", SILENT) == []


@pytest.mark.parametrize("changed", [{"every_minutes": None}, {"url": "", "every_minutes": None}])
def test_one_that_is_not_fetched_any_more_is_not_waited_for(changed: dict[str, Any]) -> None:
    poll = a_fetched_feed(heard_at="2019-06-10 08:30", failures=9, error="Not JSON.")
    for name, value in changed.items():
        setattr(poll.source, name, value)
    saved(poll.source)
    assert kinds("2019-06-20 12:00", SILENT) == []
