"""Reading UptimeRobot webhooks, which bear durations and hardly a time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.events import incidents_of
from incidents.feeds.uptimerobot import read_uptimerobot
from incidents.feeds.values import Feed, FeedComponent, FeedError, FeedEvent
from tests.incidents.spoilt import CAPTURES, RECEIVED, assert_sound, spoilt

CAPTURE = (CAPTURES / "uptimerobot.json").read_bytes()
STATED = "the start is the end less the 0:44:37 that it states"
END_ARRIVED = "the end is when the message arrived: the sender states no time"
START_ARRIVED = "the start is when the message arrived: the sender states no time"


def message(**keys: Any) -> bytes:
    return json.dumps(json.loads(CAPTURE) | keys).encode()


def fall(**keys: Any) -> bytes:
    words = {"alert_type": "1", "alert_details": "Host Is Unreachable"}
    return message(**(words | {"alert_friendly_duration": "*alertFriendlyDuration*"} | keys))


def event_of(content: bytes, *, received_at: datetime = RECEIVED) -> FeedEvent:
    feed = read_uptimerobot(content, received_at=received_at)
    assert feed.problems == ()
    (event,) = feed.events
    return event


def test_a_recovery_began_its_duration_before_it_arrived() -> None:
    said = event_of(CAPTURE).said
    assert (said.started_at, said.resolved_at) == (datetime(2026, 11, 30, 9, 15, 23, tzinfo=UTC), RECEIVED)
    assert said.components == (FeedComponent(name="Mail"),)
    assert said.notes == (END_ARRIVED, STATED)


def test_a_fall_begins_when_it_arrives_and_its_recovery_corrects_that() -> None:
    fell = event_of(fall(), received_at=RECEIVED - timedelta(minutes=44))
    assert (fell.said.started_at, fell.said.notes) == (RECEIVED - timedelta(minutes=44), (START_ARRIVED,))
    (said,) = incidents_of([event_of(CAPTURE), fell])
    assert said.title == "Mail: Host Is Unreachable"
    assert (said.started_at, said.resolved_at) == (RECEIVED - timedelta(minutes=44, seconds=37), RECEIVED)
    assert said.notes == (START_ARRIVED, END_ARRIVED, STATED)


def test_the_same_words_on_another_day_are_another_failure() -> None:
    days = (RECEIVED, RECEIVED + timedelta(days=1))
    told = incidents_of([event_of(CAPTURE, received_at=day) for day in days])
    assert [said.resolved_at for said in told] == list(days)


def test_stated_times_and_seconds_go_before_arrival_and_words() -> None:
    event = event_of(message(alert_datetime="1764493200", alert_duration="300", monitor_id=784350743))
    assert (event.external_id, event.at) == ("784350743", datetime(2025, 11, 30, 9, 0, tzinfo=UTC))
    assert event.said.started_at == datetime(2025, 11, 30, 8, 55, tzinfo=UTC)
    assert event.said.notes == ("the start is the end less the 0:05:00 that it states",)
    assert event_of(fall(alert_datetime=1764493200)).said.notes == ()


def test_keys_may_be_written_as_its_variables_are() -> None:
    keys = {
        "monitorID": "7",
        "monitorFriendlyName": "Mail",
        "alertType": 1,
        "alertDuration": "*alertDuration*",
    }
    event = event_of(json.dumps(keys).encode())
    assert (event.external_id, event.said.title, event.said.started_at) == ("7", "Mail: down", RECEIVED)


def test_a_monitor_without_a_number_is_known_by_its_address() -> None:
    renamed = event_of(message(monitor_friendly_name="Post"))
    assert renamed.external_id == event_of(CAPTURE).external_id
    assert event_of(message(monitor_url="x.example.com")).external_id != renamed.external_id


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("44 minutes and 37 seconds", 2677),
        ("1 hour, 2 minutes and 3 seconds", 3723),
        ("5 hours 27 minutes and 14 seconds", 19634),
        ("2 Days and 1 Hour", 176_400),
        ("1 minute", 60),
        ("0 seconds", 0),
        ("3 hrs, 5 mins, 1 sec", 11_101),
        ("some minutes", None),
        ("44 minutes and", None),
        ("44 minutes and and 3 seconds", None),
        ("44 fortnights", None),
        ("-4 minutes", None),
        ("999999999 days", None),
        ("", None),
        ("*alertFriendlyDuration*", None),
        ("1 " * 100_000, None),
    ],
)
def test_a_duration_in_words_is_read_or_nothing_is_made_up(words: str, seconds: int | None) -> None:
    said = event_of(message(alert_friendly_duration=words)).said
    assert said.resolved_at == RECEIVED
    assert said.started_at == (None if seconds is None else RECEIVED - timedelta(seconds=seconds))


def test_a_duration_that_cannot_be_read_is_named() -> None:
    words = event_of(message(alert_friendly_duration="44 fortnights")).said
    assert words.notes == (END_ARRIVED, "its duration '44 fortnights' cannot be read")
    assert event_of(message(alert_duration="-5")).said.notes == (
        END_ARRIVED,
        "its duration '-5' cannot be read",
    )
    assert event_of(message(alert_friendly_duration="")).said.notes == (END_ARRIVED,)


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (
            message(alert_type="3"),
            "message",
            "alert type '3' is neither down (1) nor up (2): nothing to record.",
        ),
        (message(alert_type=None), "message.alerttype", "an id is text or a whole number (found None)."),
        (
            message(monitor_friendly_name=5),
            "message.monitorfriendlyname",
            "not text (found 5).",
        ),
    ],
)
def test_a_fault_is_listed_with_its_place(content: bytes, place: str, said: str) -> None:
    feed = read_uptimerobot(content, received_at=RECEIVED)
    assert feed.events == ()
    assert [(problem.place, problem.message) for problem in feed.problems] == [(place, said)]


@pytest.mark.parametrize("content", [b'{"alert_type": "1"}', b'{"monitor_url": "x"}', b"[]", CAPTURE[:90]])
def test_what_is_no_message_of_uptimerobot_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedError):
        read_uptimerobot(content, received_at=RECEIVED)


@given(spoilt(CAPTURE) | spoilt(message(alert_datetime="1764493200", alert_duration="300")))
def test_a_spoilt_message_never_harms(content: bytes) -> None:
    def read(given_content: bytes) -> Feed:
        return read_uptimerobot(given_content, received_at=RECEIVED)

    assert_sound(read, content)
