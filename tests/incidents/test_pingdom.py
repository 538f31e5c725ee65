"""Reading Pingdom webhooks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.events import incidents_of
from incidents.feeds.pingdom import read_pingdom
from incidents.feeds.values import FeedComponent, FeedError, FeedEvent
from tests.incidents.spoilt import CAPTURES, assert_sound, spoilt

CAPTURE = (CAPTURES / "pingdom.json").read_bytes()
FELL = 1457939434


def message(**keys: Any) -> bytes:
    document = json.loads(CAPTURE) | keys
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def recovery(seconds: int, **keys: Any) -> bytes:
    after = {"previous_state": "DOWN", "current_state": "UP", "state_changed_timestamp": FELL + seconds}
    return message(**(after | {"state_changed_utc_time": None, "description": "OK"} | keys))


def event_of(content: bytes) -> FeedEvent:
    feed = read_pingdom(content)
    assert feed.problems == ()
    (event,) = feed.events
    return event


def test_a_fall_is_read_in_full() -> None:
    event = event_of(CAPTURE)
    fell = datetime(2016, 3, 14, 7, 10, 34, tzinfo=UTC)
    assert (event.external_id, event.at, event.recurring) == ("2048467", fell, True)
    said = event.said
    assert (said.title, said.severity, said.status) == ("Shop: DNS error", "HIGH", "DOWN")
    assert said.narrative == "Non-recoverable failure in name resolution"
    assert (said.started_at, said.resolved_at) == (fell, None)
    assert said.components == (FeedComponent(name="Shop"),)
    assert said.notes == ()


def test_a_fall_and_its_recovery_are_one_incident_whichever_comes_first() -> None:
    (said,) = incidents_of([event_of(recovery(600)), event_of(CAPTURE)])
    assert (said.external_id, said.title) == ("2048467@2016-03-14T07:10:34.000000Z", "Shop: DNS error")
    assert said.started_at == datetime(2016, 3, 14, 7, 10, 34, tzinfo=UTC)
    assert said.resolved_at == datetime(2016, 3, 14, 7, 20, 34, tzinfo=UTC)


def test_a_recovery_whose_fall_got_lost_needs_a_start_time() -> None:
    (said,) = incidents_of([event_of(recovery(600))])
    assert (said.title, said.started_at) == ("Shop", None)
    assert said.notes == ("needs a start time: no event says when it began",)


@pytest.mark.parametrize(("state", "over"), [("FAILING", False), ("down", False), ("SUCCESS", True)])
def test_checks_of_several_steps_have_other_words(state: str, over: bool) -> None:
    said = event_of(message(current_state=state, previous_state="")).said
    assert (said.resolved_at is not None) is over
    assert said.status == state


@pytest.mark.parametrize(
    ("keys", "started_at", "notes"),
    [
        ({"state_changed_timestamp": None}, "2016-03-14T07:10:34+00:00", ()),
        ({"state_changed_timestamp": "1457939434"}, "2016-03-14T07:10:34+00:00", ()),
        (
            {"state_changed_utc_time": "2016-03-14T08:10:34"},
            "2016-03-14T07:10:34+00:00",
            ("its two times differ: 2016-03-14 07:10:34 UTC is taken, 2016-03-14 08:10:34 is written",),
        ),
    ],
)
def test_the_epoch_goes_before_the_text_without_a_zone(
    keys: dict[str, Any], started_at: str, notes: tuple[str, ...]
) -> None:
    said = event_of(message(**keys)).said
    assert said.started_at == datetime.fromisoformat(started_at)
    assert said.notes == notes


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (
            message(current_state="UNCONFIRMED"),
            "message",
            "state 'UNCONFIRMED' is neither down nor up: nothing to record.",
        ),
        (
            recovery(0, previous_state="PAUSED"),
            "message",
            "the check came up from 'PAUSED', not from a failure: nothing to record.",
        ),
        (
            message(state_changed_timestamp=None, state_changed_utc_time=None),
            "message",
            "neither state_changed_timestamp nor state_changed_utc_time is there: nothing to record.",
        ),
        (
            message(state_changed_timestamp=1457939434000),
            "message.state_changed_timestamp",
            "a time is given in whole seconds since 1970, such as 1457939434 (found 1457939434000).",
        ),
        (message(check_id=[]), "message.check_id", "an id is text or a whole number (found [])."),
    ],
)
def test_a_fault_is_listed_with_its_place(content: bytes, place: str, said: str) -> None:
    feed = read_pingdom(content)
    assert feed.events == ()
    assert [(problem.place, problem.message) for problem in feed.problems] == [(place, said)]


@pytest.mark.parametrize("content", [b'{"check_id": 1}', b"[]", CAPTURE[:300]])
def test_what_is_no_message_of_pingdom_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedError):
        read_pingdom(content)


@given(spoilt(CAPTURE))
def test_a_spoilt_message_never_harms(content: bytes) -> None:
    assert_sound(read_pingdom, content)
