"""Reading Uptime Kuma webhooks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.events import incidents_of
from incidents.feeds.uptime_kuma import read_uptime_kuma
from incidents.feeds.values import FeedComponent, FeedError, FeedEvent
from tests.incidents.spoilt import CAPTURES, assert_sound, spoilt

CAPTURE = (CAPTURES / "uptime-kuma.json").read_bytes()
FELL = datetime(2026, 9, 24, 23, 51, 35, 527000, tzinfo=UTC)


def message(**heartbeat: Any) -> bytes:
    document = json.loads(CAPTURE)
    document["heartbeat"] |= heartbeat
    return json.dumps(document).encode()


def at(clock: str, **heartbeat: Any) -> bytes:
    return message(time=f"2026-09-25 {clock}", localDateTime="", **heartbeat)


def event_of(content: bytes) -> FeedEvent:
    feed = read_uptime_kuma(content)
    assert feed.problems == ()
    (event,) = feed.events
    return event


def test_a_time_without_a_zone_is_utc() -> None:
    event = event_of(CAPTURE)
    assert (event.external_id, event.at, event.recurring) == ("29", FELL, True)
    said = event.said
    assert (said.title, said.status) == ("Portal: down", "down")
    assert said.narrative == "getaddrinfo ENOTFOUND example.com"
    assert (said.started_at, said.resolved_at, said.notes) == (FELL, None, ())
    assert said.components == (FeedComponent(name="Portal"),)


def test_a_local_time_that_disagrees_is_named() -> None:
    said = event_of(message(localDateTime="2026-09-24 17:51:35")).said
    assert said.started_at == FELL
    assert said.notes == (
        "its two times differ: 2026-09-24 23:51:35 UTC is taken, 2026-09-24 17:51:35 -07:00 is the local one",
    )
    assert event_of(message(localDateTime="soon")).said.notes == (
        "its local time cannot be read; the UTC time is taken",
    )


def test_a_fall_and_its_recovery_are_one_incident() -> None:
    (said,) = incidents_of([event_of(at("00:20:00", status=1, msg="200 - OK")), event_of(CAPTURE)])
    assert (said.started_at, said.resolved_at) == (FELL, datetime(2026, 9, 25, 0, 20, tzinfo=UTC))
    assert (said.title, said.narrative) == ("Portal: down", "getaddrinfo ENOTFOUND example.com")


@pytest.mark.parametrize("unimportant", [False, 0])
def test_a_reminder_moves_no_start_and_an_hour_of_them_is_one_event(unimportant: Any) -> None:
    reminders = [event_of(at(clock, important=unimportant)) for clock in ("00:01:00", "00:31:00", "01:01:00")]
    assert len({event.event_id for event in reminders}) == 2
    (said,) = incidents_of([*reminders, event_of(CAPTURE)])
    assert (said.started_at, said.resolved_at) == (FELL, None)
    (lost,) = incidents_of(reminders)
    assert (lost.started_at, lost.status) == (None, "down")


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (message(status=2), "heartbeat", "status 2 (pending): nothing to record."),
        (message(status=3), "heartbeat", "status 3 (under maintenance): nothing to record."),
        (message(status=9), "heartbeat", "status 9 (unknown): nothing to record."),
        (message(time=""), "heartbeat", "the heartbeat has no time: nothing to record."),
        (message(status="0"), "heartbeat.status", "not a whole number (found '0')."),
        (
            b'{"heartbeat": null, "monitor": null, "msg": "Test"}',
            "heartbeat",
            "a test message, or one about a certificate: nothing to record.",
        ),
    ],
)
def test_what_is_neither_fall_nor_recovery_is_passed_over_with_a_word(
    content: bytes, place: str, said: str
) -> None:
    feed = read_uptime_kuma(content)
    assert feed.events == ()
    assert [(problem.place, problem.message) for problem in feed.problems] == [(place, said)]


@pytest.mark.parametrize("content", [b'{"msg": "x"}', b"[]", CAPTURE[:90]])
def test_what_is_no_message_of_uptime_kuma_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedError):
        read_uptime_kuma(content)


@given(spoilt(CAPTURE))
def test_a_spoilt_message_never_harms(content: bytes) -> None:
    assert_sound(read_uptime_kuma, content)
