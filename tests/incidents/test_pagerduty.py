"""Reading PagerDuty webhooks V3."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.events import fold
from incidents.feeds.pagerduty import read_pagerduty
from incidents.feeds.values import Feed, FeedComponent, FeedError, FeedEvent, FeedMoment
from tests.incidents.spoilt import CAPTURES, assert_sound, spoilt

CAPTURE = (CAPTURES / "pagerduty.json").read_bytes()
TRIGGERED_AT = datetime(2026, 6, 4, 13, 35, 29, 781000, tzinfo=UTC)


def message(
    event_type: str = "incident.triggered", *, at: str = "13:35:29.781", number: str = "", **data: Any
) -> bytes:
    document = json.loads(CAPTURE)
    document["event"] |= {
        "id": number or f"{event_type}-{at}",
        "event_type": event_type,
        "occurred_at": f"2026-06-04T{at}Z",
    }
    document["event"]["data"] |= data
    return json.dumps(document).encode()


def event_of(content: bytes) -> FeedEvent:
    feed = read_pagerduty(content)
    assert feed.problems == ()
    (event,) = feed.events
    return event


def problem_of(content: bytes) -> tuple[str, str]:
    feed = read_pagerduty(content)
    assert feed.events == ()
    return feed.problems[0].place, feed.problems[0].message


def test_a_trigger_is_read_in_full() -> None:
    event = event_of(CAPTURE)
    assert (event.external_id, event.event_id, event.at) == ("PFQ1", "01AAAA", TRIGGERED_AT)
    assert not event.recurring
    said = event.said
    assert (said.title, said.severity, said.status) == ("Checkout fails", "high", "triggered")
    assert (said.started_at, said.first_posted_at, said.resolved_at) == (TRIGGERED_AT, TRIGGERED_AT, None)
    assert said.components == (FeedComponent(name="Checkout"),)
    assert said.address == "https://acme.example.com/incidents/PFQ1"


def test_the_priority_goes_before_the_urgency() -> None:
    said = event_of(message(priority={"summary": "P2"})).said
    assert said.severity == "P2"


def test_a_story_is_joined_by_the_incident() -> None:
    said = fold(
        event_of(content)
        for content in (
            message("incident.resolved", at="14:20:00", status="resolved"),
            message("incident.priority_updated", at="13:40:00", priority={"summary": "P1"}),
            message("incident.acknowledged", at="13:38:00", status="acknowledged"),
            message("incident.acknowledged", at="13:50:00", status="acknowledged"),
            message(),
        )
    )
    assert (said.started_at, said.resolved_at) == (TRIGGERED_AT, datetime(2026, 6, 4, 14, 20, tzinfo=UTC))
    assert (said.severity, said.status) == ("high", "resolved")
    assert said.moments == (FeedMoment(kind="acknowledged", at=datetime(2026, 6, 4, 13, 38, tzinfo=UTC)),)


def test_an_older_resolve_alone_needs_a_start_and_a_newer_one_bears_it() -> None:
    alone = fold([event_of(message("incident.resolved", at="14:20:00", status="resolved"))])
    assert (alone.started_at, alone.notes) == (None, ("needs a start time: no event says when it began",))
    newer = event_of(
        message("incident.resolved", at="14:20:00", status="resolved", created_at="2026-06-04T13:35:29Z")
    )
    assert fold([newer]).started_at == datetime(2026, 6, 4, 13, 35, 29, tzinfo=UTC)


def test_a_reopened_incident_is_open_again_from_its_first_start() -> None:
    reopened = message("incident.reopened", at="15:00:00", status="triggered")
    story = [event_of(message()), event_of(message("incident.resolved", at="14:20:00", status="resolved"))]
    said = fold([*story, event_of(reopened)])
    assert (said.started_at, said.resolved_at, said.status) == (TRIGGERED_AT, None, "triggered")
    assert said.notes[0] == (
        "PagerDuty opened it again at 2026-06-04 15:00:00 UTC; the message does not say when it first began"
    )
    assert said.notes[1].startswith("opened again at 2026-06-04 15:00:00 UTC, after it stood as over since")


def test_a_reopening_whose_earlier_end_got_lost_is_named() -> None:
    newer = {"status": "triggered", "created_at": "2026-06-04T13:35:29Z"}
    said = fold([event_of(message("incident.reopened", at="15:00:00", **newer))])
    assert (said.started_at, said.resolved_at) == (datetime(2026, 6, 4, 13, 35, 29, tzinfo=UTC), None)
    assert said.notes == ("PagerDuty opened it again at 2026-06-04 15:00:00 UTC",)


@pytest.mark.parametrize("created_at", [None, "2026-06-04T13:35:29Z"])
def test_a_later_word_on_what_is_over_does_not_open_it(created_at: str | None) -> None:
    data = {"status": "resolved", "created_at": created_at}
    said = fold(
        [
            event_of(message(created_at=created_at)),
            event_of(message("incident.resolved", at="14:20:00", **data)),
            event_of(message("incident.priority_updated", at="16:00:00", priority={"summary": "P3"}, **data)),
        ]
    )
    assert (said.resolved_at, said.severity) == (datetime(2026, 6, 4, 14, 20, tzinfo=UTC), "P3")


@pytest.mark.parametrize(
    ("event_type", "kind", "key"),
    [
        ("incident.annotated", "incident_note", "content"),
        ("incident.status_update_published", "incident_status_update", "message"),
    ],
)
def test_a_note_is_told_of_the_incident_that_it_was_added_to(event_type: str, kind: str, key: str) -> None:
    document = json.loads(message(event_type, at="13:45:00"))
    document["event"]["data"] = {
        "id": "N1",
        "type": kind,
        key: "A disk was full.",
        "incident": {
            "id": "PFQ1",
            "summary": "Checkout fails",
            "html_url": "https://acme.example.com/i/PFQ1",
        },
    }
    event = event_of(json.dumps(document).encode())
    assert (event.external_id, event.said.narrative) == ("PFQ1", "A disk was full.")
    assert (event.said.title, event.said.started_at, event.said.resolved_at) == ("Checkout fails", None, None)


@pytest.mark.parametrize(
    ("reason", "notes"),
    [
        (
            {"type": "merge_resolve_reason", "incident": {"id": "PZZ"}},
            ("merged into incident PZZ: its end is not the end of the trouble",),
        ),
        ({"type": "other"}, ()),
        ("done", ()),
        (None, ()),
    ],
)
def test_a_merged_incident_says_so(reason: Any, notes: tuple[str, ...]) -> None:
    event = event_of(message("incident.resolved", status="resolved", resolve_reason=reason))
    assert event.said.notes == notes
    assert event.said.resolved_at == event.at


@pytest.mark.parametrize("event_type", ["service.updated", "pagey.ping"])
def test_a_message_on_no_incident_is_passed_over_with_a_word(event_type: str) -> None:
    assert problem_of(message(event_type)) == (
        "event",
        f"'{event_type}' is no event of an incident: nothing to record.",
    )


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (message(id=""), "event", "'incident.triggered' names no incident (an id has 1 to 80 letters)"),
        (message(title=4), "event.data.title", "not text (found 4)."),
        (message(title="\x00"), "event.data.title", "the text holds a null byte or half a character"),
        (message(at="25:00:00"), "event.occurred_at", "not a time such as 2019-06-25T04:15:00Z"),
        (message(created_at="2026-06-04T13:35:29"), "event.data.created_at", "the time has no offset"),
        (message(service="x"), "event.data.service", "not an object in braces"),
    ],
)
def test_a_fault_is_listed_with_its_place(content: bytes, place: str, said: str) -> None:
    found, text = problem_of(content)
    assert found == place
    assert text.startswith(said)


@pytest.mark.parametrize("content", [b'{"messages": []}', b'{"event": []}', b"{}", b"[]", CAPTURE[:300]])
def test_what_is_no_message_of_pagerduty_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedError):
        read_pagerduty(content)


@given(spoilt(CAPTURE))
def test_a_spoilt_message_never_harms(content: bytes) -> None:
    def read(given_content: bytes) -> Feed:
        return read_pagerduty(given_content)

    assert_sound(read, content)
