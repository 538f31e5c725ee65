"""Reading Alertmanager webhooks, version 4."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.alertmanager import MOST_ALERTS, read_alertmanager
from incidents.feeds.events import fold
from incidents.feeds.values import Feed, FeedComponent, FeedError, FeedEvent
from tests.incidents.spoilt import CAPTURES, RECEIVED, assert_sound, spoilt

CAPTURE = (CAPTURES / "alertmanager.json").read_bytes()
OLDER = (CAPTURES / "alertmanager-older.json").read_bytes()
ALERT = {
    "status": "firing",
    "labels": {"alertname": "TooSlow", "service": "payments"},
    "startsAt": "2026-02-06T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "f1",
}


def read(content: bytes, **columns: str) -> Feed:
    return read_alertmanager(content, received_at=RECEIVED, columns=columns)


def group(*alerts: Any, **keys: Any) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts, **keys}).encode()


def event_of(**alert: Any) -> FeedEvent:
    feed = read(group({key: value for key, value in (ALERT | alert).items() if value is not None}))
    assert feed.problems == ()
    (event,) = feed.events
    return event


def test_a_group_is_read_alert_by_alert() -> None:
    feed = read(CAPTURE)
    assert feed.problems == ()
    firing, resolved = feed.events
    start = datetime(2026, 2, 6, 0, 17, 58, 432911, tzinfo=UTC)
    assert firing.external_id == "a1bc48475b20e73d@2026-02-06T00:17:58.432911Z"
    assert (firing.at, firing.said.started_at, firing.said.resolved_at) == (start, start, None)
    assert (firing.said.title, firing.said.severity, firing.said.status) == ("TooSlow", "critical", "firing")
    assert firing.said.narrative == "Payments are slow\n\nHalf of them took more than 4 s."
    assert firing.said.components == (FeedComponent(name="payments"),)
    assert firing.said.address == "https://prometheus.example.com/graph?g0.expr=x"
    assert resolved.said.started_at == datetime(2026, 2, 6, 0, 0, 0, 500000, tzinfo=UTC)
    assert resolved.said.resolved_at == resolved.at == datetime(2026, 2, 6, 0, 10, tzinfo=UTC)
    assert resolved.said.components == (FeedComponent(name="probe"),)


def test_firing_and_resolved_are_one_incident_and_the_next_firing_is_another() -> None:
    firing = event_of()
    resolved = event_of(status="resolved", endsAt="2026-02-06T00:05:00Z")
    said = fold([resolved, firing])
    assert (said.started_at, said.resolved_at, said.status) == (
        datetime(2026, 2, 6, tzinfo=UTC),
        datetime(2026, 2, 6, 0, 5, tzinfo=UTC),
        "resolved",
    )
    assert event_of(startsAt="2026-02-06T09:00:00Z").external_id != firing.external_id


def test_what_is_told_again_every_few_hours_is_the_same_event() -> None:
    again = event_of(annotations={"description": "now 30.4 %"})
    assert again.event_id == event_of(annotations={"description": "now 30.1 %"}).event_id
    assert fold([event_of(), again]).resolved_at is None


@pytest.mark.parametrize(
    ("status", "ends_at", "over"),
    [
        ("firing", "0001-01-01T00:00:00Z", None),
        ("firing", "", None),
        ("firing", None, None),
        # Grafana and older senders state when a firing alert would lapse.
        ("firing", "2099-01-01T00:00:00Z", None),
        ("resolved", "2026-02-06T00:05:00Z", "2026-02-06T00:05:00+00:00"),
        # Without a status of its own: over when its end has passed.
        (None, "0001-01-01T00:00:00Z", None),
        (None, "2026-02-06T00:05:00.123456789-05:00", "2026-02-06T05:05:00.123456+00:00"),
        (None, "2099-01-01T00:00:00Z", None),
    ],
)
def test_the_year_one_is_no_end(status: str | None, ends_at: str | None, over: str | None) -> None:
    said = event_of(status=status, endsAt=ends_at).said
    assert said.resolved_at == (datetime.fromisoformat(over) if over else None)


def test_a_resolved_alert_without_an_end_ends_when_it_arrives() -> None:
    event = event_of(status="resolved")
    assert event.said.resolved_at == RECEIVED
    assert event.said.notes == ("resolved without an end time: the end is when the message arrived",)
    assert event.event_id.endswith("/resolved/end unknown")


def test_an_older_sender_without_fingerprints_is_known_by_the_labels() -> None:
    (event,) = read(OLDER).events
    assert event.said.started_at == datetime(2018, 3, 7, 11, 33, 21, 873077, tzinfo=UTC)
    assert event.said.components == (FeedComponent(name="node-1:9100"),)
    turned = json.loads(OLDER)
    labels = turned["alerts"][0]["labels"]
    turned["alerts"][0]["labels"] = dict(reversed(labels.items()))
    assert read(json.dumps(turned).encode()).events == (event,)
    labels["instance"] = "node-2:9100"
    turned["alerts"][0]["labels"] = labels
    assert read(json.dumps(turned).encode()).events[0].external_id != event.external_id


@pytest.mark.parametrize(
    ("labels", "columns", "component"),
    [
        ({"service": "a", "job": "b", "instance": "c"}, {}, "a"),
        ({"job": "b", "instance": "c"}, {}, "b"),
        ({"instance": "c"}, {}, "c"),
        ({"service": "", "job": "b"}, {}, "b"),
        ({"service": "a", "host": "d"}, {"component": "host"}, "d"),
    ],
)
def test_the_component_is_a_label(labels: dict[str, str], columns: dict[str, str], component: str) -> None:
    (event,) = read(group(ALERT | {"labels": labels}), **columns).events
    assert event.said.components == (FeedComponent(name=component),)


def test_where_no_label_names_what_is_hit_a_person_is_asked() -> None:
    (event,) = read(group(ALERT | {"labels": {"alertname": "Hot", "host": "andromeda"}})).events
    assert event.said.components == ()
    assert event.said.notes == (
        "no label says what is hit (looked for: service, job, instance); "
        "choose one of these: alertname, host",
    )
    (event,) = read(group(ALERT), component="host").events
    assert event.said.notes == (
        "no label says what is hit (looked for: host); choose one of these: alertname, service",
    )


def test_severity_and_title_may_come_from_other_labels() -> None:
    alert = ALERT | {"labels": {"alertname": "A", "priority": "P1", "summary": "Slow", "service": "x"}}
    (event,) = read(group(alert), severity="priority", title="summary").events
    assert (event.said.severity, event.said.title) == ("P1", "Slow")


@pytest.mark.parametrize(
    ("alert", "place", "message"),
    [
        (3, "alerts[0]", "not an object in braces (found 3)."),
        ({"labels": {}}, "alerts[0].startsAt", "not there"),
        (ALERT | {"startsAt": ""}, "alerts[0]", "the alert has no startsAt."),
        (ALERT | {"startsAt": "0001-01-01T00:00:00Z"}, "alerts[0].startsAt", "the year lies outside"),
        (ALERT | {"status": "pending"}, "alerts[0]", "status 'pending' is neither 'firing' nor 'resolved'."),
        (ALERT | {"labels": {"a": 1}}, "alerts[0].labels", "not an object whose values are all text"),
        (ALERT | {"labels": {"a": "\x00"}}, "alerts[0].labels", "the text holds a null byte"),
        (ALERT | {"endsAt": "later"}, "alerts[0].endsAt", "not a time such as"),
    ],
)
def test_a_bad_alert_is_listed_and_the_good_one_kept(alert: Any, place: str, message: str) -> None:
    feed = read(group(alert, ALERT | {"fingerprint": "good"}))
    assert [event.external_id for event in feed.events] == ["good@2026-02-06T00:00:00.000000Z"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


def test_alerts_that_the_sender_left_out_are_missed() -> None:
    feed = read(group(ALERT, truncatedAlerts=7))
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        ("truncatedAlerts", "7 alerts were left out by the sender. Raise max_alerts of its receiver.")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"status": "firing"}', "The message has no list of 'alerts'; its keys are: status."),
        (b'{"alerts": {}}', "The message has no list of 'alerts'; its keys are: alerts."),
        (
            group(*[1] * (MOST_ALERTS + 1)),
            f"The message has {MOST_ALERTS + 1} alerts, more than {MOST_ALERTS}.",
        ),
        (CAPTURE[:400], "The file is not JSON, or was cut off"),
    ],
    ids=["no alerts", "object", "too many", "cut"],
)
def test_what_is_no_message_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(content)
    assert str(refused.value).startswith(message)


@given(spoilt(CAPTURE) | spoilt(OLDER))
def test_a_spoilt_message_never_harms(content: bytes) -> None:
    assert_sound(read, content)
