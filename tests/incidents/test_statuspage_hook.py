"""Reading Statuspage webhooks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.events import fold, incidents_of
from incidents.feeds.statuspage_hook import TWICE, read_statuspage_hook
from incidents.feeds.values import Feed, FeedComponent, FeedContext, FeedError, FeedEvent
from tests.incidents.spoilt import CAPTURES, RECEIVED, assert_sound, spoilt

INCIDENT = (CAPTURES / "statuspage-incident.json").read_bytes()
COMPONENT = (CAPTURES / "statuspage-component.json").read_bytes()


def read(content: bytes) -> Feed:
    return read_statuspage_hook(content, FeedContext(received_at=RECEIVED))


def incident(**keys: Any) -> bytes:
    document = json.loads(INCIDENT)
    document["incident"] |= keys
    return json.dumps(document).encode()


def change(number: str, *, clock: str, old: str, new: str) -> bytes:
    document = json.loads(COMPONENT)
    document["component_update"] |= {
        "id": number,
        "created_at": f"2026-03-02T{clock}Z",
        "old_status": old,
        "new_status": new,
    }
    return json.dumps(document).encode()


def event_of(content: bytes) -> FeedEvent:
    feed = read(content)
    assert feed.problems == ()
    (event,) = feed.events
    return event


def test_a_message_on_an_incident_tells_the_whole_of_it() -> None:
    feed = read(INCIDENT)
    assert feed.incidents == ()
    assert feed.heard_at == datetime(2026, 3, 2, 9, 41, 12, 300000, tzinfo=UTC)
    event = event_of(INCIDENT)
    assert (event.external_id, event.recurring) == ("inc7", False)
    assert event.at == datetime(2026, 3, 2, 9, 41, 12, 100000, tzinfo=UTC)
    said = event.said
    assert (said.title, said.severity, said.status) == ("Slow answers", "major", "identified")
    assert said.started_at == datetime(2026, 3, 2, 9, 30, 0, 500000, tzinfo=UTC)
    assert said.components == (FeedComponent(name="API", worst_status="partial_outage"),)


def test_the_latest_telling_holds_in_whatever_order_they_come() -> None:
    resolved = incident(
        status="resolved",
        resolved_at="2026-03-02T10:00:00Z",
        updated_at="2026-03-02T10:00:01Z",
        impact="minor",
    )
    said = fold([event_of(resolved), event_of(INCIDENT)])
    assert (said.status, said.severity) == ("resolved", "minor")
    assert said.resolved_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert said.notes == ()


def test_a_vendor_that_opens_it_again_or_corrects_its_start_is_followed() -> None:
    resolved = {
        "status": "resolved",
        "resolved_at": "2026-03-02T10:00:00Z",
        "updated_at": "2026-03-02T10:00:01Z",
    }
    story = [event_of(INCIDENT), event_of(incident(**resolved))]
    again = event_of(incident(status="investigating", updated_at="2026-03-02T10:20:00Z"))
    opened = fold([*story, again])
    assert (opened.resolved_at, opened.status) == (None, "investigating")
    assert opened.notes[0].startswith("opened again at 2026-03-02 10:20:00 UTC")
    corrected = resolved | {"started_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-04T10:00:00Z"}
    assert fold([*story, event_of(incident(**corrected))]).started_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_the_same_message_with_its_keys_turned_round_is_the_same_event() -> None:
    document = json.loads(INCIDENT)
    document["incident"] = dict(reversed(document["incident"].items()))
    document["meta"]["generated_at"] = "2026-03-02T09:50:00Z"
    assert event_of(json.dumps(document).encode()) == event_of(INCIDENT)


def test_a_notice_of_work_is_maintenance() -> None:
    feed = read(
        incident(
            status="scheduled",
            impact="maintenance",
            scheduled_for="2026-03-05T01:00:00Z",
            scheduled_until="2026-03-05T02:00:00Z",
        )
    )
    assert (feed.events, feed.incidents) == ((), ())
    assert feed.maintenances[0].starts_at == datetime(2026, 3, 5, 1, tzinfo=UTC)


def test_a_component_that_leaves_operational_fails_until_it_is_back() -> None:
    said = incidents_of(
        event_of(content)
        for content in (
            change("ch4", clock="12:00:00", old="operational", new="degraded_performance"),
            change("ch3", clock="10:00:00", old="degraded_performance", new="operational"),
            change("ch2", clock="09:50:00", old="partial_outage", new="degraded_performance"),
            COMPONENT,
        )
    )
    first, second = said
    assert first.external_id == "component-c1@2026-03-02T09:31:05.000000Z"
    assert first.started_at == datetime(2026, 3, 2, 9, 31, 5, tzinfo=UTC)
    assert first.resolved_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert first.components == (FeedComponent(name="API", worst_status="partial_outage"),)
    assert (first.title, first.notes) == ("API: degraded performance", (TWICE,))
    assert (second.resolved_at, second.planned) == (None, False)


def test_a_component_at_work_is_planned_unless_it_had_failed_before() -> None:
    work = event_of(change("a", clock="09:00:00", old="operational", new="under_maintenance"))
    back = event_of(change("c", clock="10:00:00", old="under_maintenance", new="operational"))
    failed = event_of(change("0", clock="08:00:00", old="operational", new="major_outage"))
    then = event_of(change("a", clock="09:00:00", old="major_outage", new="under_maintenance"))
    assert [said.planned for said in incidents_of([work, back])] == [True]
    assert [said.planned for said in incidents_of([failed, then, back])] == [False]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (incident(id=""), "incident.id", "empty (found '')."),
        (incident(updated_at="x"), "incident.updated_at", "not a time such as"),
        (
            change("a", clock="09:00:00", old="operational", new="operational"),
            "component_update",
            "the component stays 'operational': nothing to record.",
        ),
        (
            change("a", clock="", old="operational", new="major_outage"),
            "component_update.created_at",
            "not a time such as",
        ),
        (b'{"component_update": 3}', "component_update", "not an object in braces (found 3)."),
    ],
)
def test_a_fault_is_listed_with_its_place(content: bytes, place: str, message: str) -> None:
    feed = read(content)
    assert feed.events == ()
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


def test_a_message_whose_own_time_is_bad_still_tells_its_incident() -> None:
    document = json.loads(INCIDENT) | {"meta": {"generated_at": "x"}}
    feed = read(json.dumps(document).encode())
    assert (len(feed.events), feed.heard_at, feed.problems[0].place) == (1, None, "meta.generated_at")


@pytest.mark.parametrize("content", [b'{"page": {}}', b"[]", INCIDENT[:300]])
def test_what_is_no_message_of_statuspage_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedError):
        read(content)


@given(spoilt(INCIDENT) | spoilt(COMPONENT))
def test_a_spoilt_message_never_harms(content: bytes) -> None:
    assert_sound(read, content)
