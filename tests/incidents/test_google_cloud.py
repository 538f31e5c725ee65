"""Reading Google Cloud's incidents.json: its three times, its products and places, and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.google_cloud import MOST_COMPONENTS, read_google_cloud
from incidents.feeds.values import FeedComponent, FeedError, FeedIncident
from tests.incidents.mutations import assert_only_sound_values, mutated

CAPTURE = (Path(__file__).parent / "captures" / "cloud-incidents.json").read_bytes()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def one(**record: Any) -> FeedIncident:
    feed = read_google_cloud(
        json.dumps([{"id": "x", "begin": "2022-07-01T12:00:00+00:00"} | record]).encode()
    )
    assert feed.problems == ()
    return feed.incidents[0]


def test_an_incident_has_its_start_its_first_post_and_its_end() -> None:
    feed = read_google_cloud(CAPTURE)
    assert (feed.page_name, feed.problems) == ("Google Cloud", ())
    said = feed.incidents[0]
    assert (said.title, said.severity, said.status) == ("Packet loss in two regions", "high", "AVAILABLE")
    assert (said.started_at, said.first_posted_at, said.resolved_at, said.changed_at) == (
        at("2022-06-16T08:11:00Z"),
        at("2022-06-16T09:46:24Z"),
        at("2022-06-16T09:44:00Z"),
        at("2022-06-17T00:10:46Z"),
    )
    assert said.address == "https://status.cloud.google.com/incidents/iAgV000000000000000A"


def test_each_window_that_the_updates_tell_of_is_proposed_and_no_promise_of_an_update() -> None:
    said = read_google_cloud(CAPTURE).incidents[0]
    assert [(window.start, window.end, window.quote) for window in said.windows] == [
        (
            at("2022-06-16T08:11:00Z"),
            at("2022-06-16T09:44:00Z"),
            "16 June 2022 01:11 Incident End: 16 June 2022 02:44",
        ),
        (at("2022-06-16T08:22:00Z"), at("2022-06-16T09:58:00Z"), "from 01:22 to 02:58 US/Pacific"),
    ]


def test_a_contract_can_be_held_to_a_product_or_to_a_product_in_a_place() -> None:
    said = read_google_cloud(CAPTURE).incidents[0]
    assert said.components == (
        FeedComponent(name="Cloud Networking", worst_status="SERVICE_OUTAGE"),
        FeedComponent(name="Cloud Networking (europe-west6)", worst_status="SERVICE_OUTAGE"),
        FeedComponent(name="Cloud Networking (asia-northeast1)", worst_status=""),
        FeedComponent(name="Cloud Run", worst_status="SERVICE_OUTAGE"),
        FeedComponent(name="Cloud Run (europe-west6)", worst_status="SERVICE_OUTAGE"),
        FeedComponent(name="Cloud Run (asia-northeast1)", worst_status=""),
    )
    assert said.notes == ("Products and places are told apart: not every product failed in every place.",)


def test_an_open_incident_has_no_end() -> None:
    said = read_google_cloud(CAPTURE).incidents[1]
    assert (said.resolved_at, said.status) == (None, "SERVICE_INFORMATION")
    assert said.components == (FeedComponent(name="Warehouse", worst_status="SERVICE_INFORMATION"),)
    assert said.notes == ("It was posted before it is said to have begun.",)


@pytest.mark.parametrize(
    ("record", "note"),
    [
        ({"end": "2022-07-01T12:00:00+00:00"}, "It ends no later than it begins, so it has no length."),
        (
            {
                "end": "2022-07-01T13:00:00+00:00",
                "updates": [{"when": "2022-07-01T12:30:00+00:00", "status": "SERVICE_OUTAGE"}],
            },
            "It has an end, but its newest update says 'SERVICE_OUTAGE'.",
        ),
        (
            {
                "updates": [
                    {
                        "when": "2022-07-01T12:30:00+00:00",
                        "text": "This incident is being merged with an existing incident.",
                        "status": "AVAILABLE",
                    }
                ]
            },
            "It was merged with another incident, which may tell of the same time.",
        ),
    ],
)
def test_what_a_person_should_look_at_is_noted(record: dict[str, Any], note: str) -> None:
    assert one(**record).notes == (note,)


def test_too_many_pairs_leave_the_products_alone() -> None:
    named = [{"title": f"P{number}", "id": f"p{number}"} for number in range(60)]
    said = one(affected_products=named, currently_affected_locations=named)
    assert len(said.components) == 60
    assert (
        said.notes[-1] == f"More than {MOST_COMPONENTS} pairs of product and place: only products are listed."
    )


def test_without_products_the_service_is_the_part() -> None:
    assert one(service_name="Warehouse").components == (FeedComponent(name="Warehouse"),)


@pytest.mark.parametrize(
    ("record", "place", "message"),
    [
        (3, "[0]", "not an object in braces (found 3)."),
        ({"begin": "2022-07-01T12:00:00Z"}, "[0].id", "not there"),
        ({"id": "a"}, "[0]", "incident 'a' has no time at all: begin, created and when are empty."),
        ({"id": "a", "begin": "2022-07-01T12:00:00"}, "[0].begin", "the time has no offset"),
        ({"id": "a", "begin": 5}, "[0].begin", "a time is text such as"),
        ({"id": "a", "updates": [{"text": 4}]}, "[0].updates[0].text", "not text (found 4)."),
        ({"id": "a", "external_desc": "\ud800"}, "[0].external_desc", "the text holds a null byte"),
    ],
)
def test_a_bad_record_is_listed_with_its_place_and_the_good_one_kept(
    record: object, place: str, message: str
) -> None:
    good = {"id": "good", "begin": "2022-07-01T12:00:00Z"}
    feed = read_google_cloud(json.dumps([record, good, good]).encode())
    assert [said.external_id for said in feed.incidents] == ["good"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)
    assert feed.problems[-1].message == "id 'good' came before; the first is kept."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CAPTURE[:900], "The file is not JSON, or was cut off"),
        (b"{}", "The file holds an object, not a list."),
        (b"[" * 200_000, "The file nests brackets without end"),
    ],
    ids=["cut", "object", "deep"],
)
def test_a_file_that_is_no_feed_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_google_cloud(content)
    assert str(refused.value).startswith(message)


@given(mutated((CAPTURE,)))
def test_no_damage_to_a_file_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read_google_cloud, content=content)
