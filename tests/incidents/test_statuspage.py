"""Reading Statuspage v2 JSON: every flavour, every trap, and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from incidents.feeds.json_files import LARGEST_FILE
from incidents.feeds.statuspage import read_statuspage
from incidents.feeds.values import FeedComponent, FeedError, FeedIncident
from tests.incidents.mutations import assert_only_sound_values, mutated

CAPTURES = Path(__file__).parent / "captures"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def incident_of(name: str, *, external_id: str) -> FeedIncident:
    feed = read_statuspage((CAPTURES / name).read_bytes())
    return next(said for said in feed.incidents if said.external_id == external_id)


def file_of(**record: object) -> bytes:
    return json.dumps({"incidents": [record]}).encode()


def test_a_real_page_is_read_in_full() -> None:
    feed = read_statuspage((CAPTURES / "github-2023.json").read_bytes())
    assert feed.page_name == "GitHub"
    assert feed.heard_at == at("2023-10-06T02:59:36.332Z")
    assert feed.problems == ()
    assert [said.external_id for said in feed.incidents] == ["9f8dkxjg67qq", "tpykx175y6jt"]
    second = feed.incidents[1]
    assert (second.title, second.severity, second.status, second.planned) == (
        "Incident with Actions",
        "minor",
        "resolved",
        False,
    )
    assert second.started_at == at("2023-09-27T00:23:20.622Z")
    assert second.first_posted_at == at("2023-09-27T00:23:20.692Z")
    assert second.resolved_at == at("2023-09-27T00:58:42.854Z")
    assert second.components == (FeedComponent(name="Actions", worst_status="partial_outage"),)


def test_posts_are_told_oldest_first() -> None:
    narrative = incident_of("awkward.json", external_id="older-page").narrative
    assert narrative == (
        "2019-02-20 18:00 UTC investigating: We look into it.\n\n2019-02-20 19:40 UTC resolved: It is over."
    )


@pytest.mark.parametrize(
    ("external_id", "started", "posted", "resolved"),
    [
        # No started_at and an offset: created_at is the start.
        ("older-page", "2019-02-20T18:00:19.418Z", "2019-02-20T18:00:19.483Z", "2019-02-20T19:40:58.572Z"),
        # Typed in five days later: only the posts know when it began.
        ("typed-in-late", "2016-09-03T21:25:00Z", "2016-09-03T21:25:00Z", "2016-09-03T21:28:00Z"),
        # Resolved without a time: over at the last post, so of no length.
        ("over-without-a-time", "2016-08-30T19:00:00Z", "2016-08-30T19:00:00Z", "2016-08-30T19:00:00Z"),
        ("ends-before-it-starts", "2018-03-05T10:00:00Z", "2018-03-05T09:00:00Z", "2018-03-05T09:00:00Z"),
    ],
)
def test_times_are_found_where_the_page_hides_them(
    external_id: str, started: str, posted: str, resolved: str
) -> None:
    said = incident_of("awkward.json", external_id=external_id)
    assert (said.started_at, said.first_posted_at, said.resolved_at) == (
        at(started),
        at(posted),
        at(resolved),
    )


def test_the_window_that_a_post_tells_of_is_proposed_and_the_posted_times_stay() -> None:
    posts = [
        {
            "status": "resolved",
            "display_at": "2023-09-05T17:01:00Z",
            "body": "From 16:24-16:43 UTC it failed.",
        },
        {"status": "investigating", "display_at": "2023-09-05T16:30:00Z", "body": "It fails since 16:24."},
    ]
    said = read_statuspage(file_of(id="x", status="resolved", incident_updates=posts)).incidents[0]
    assert (said.started_at, said.resolved_at) == (at("2023-09-05T16:30:00Z"), at("2023-09-05T17:01:00Z"))
    assert [(window.start, window.end, window.quote) for window in said.windows] == [
        (at("2023-09-05T16:24:00Z"), at("2023-09-05T16:43:00Z"), "From 16:24-16:43 UTC")
    ]


def test_a_told_time_without_a_zone_is_a_window_only_where_the_zone_is_known() -> None:
    post = {"status": "resolved", "display_at": "2026-09-02T19:30:00Z", "body": "From 18:12–18:55 it failed."}
    content = file_of(id="x", status="resolved", incident_updates=[post])
    said = read_statuspage(content).incidents[0]
    assert said.windows == ()
    assert said.notes == (
        "“From 18:12–18:55”: The time 18:12 bears no zone; say which zone this source writes in.",
    )
    known = read_statuspage(content, zone=ZoneInfo("Etc/UTC")).incidents[0]
    assert [window.start for window in known.windows] == [at("2026-09-02T18:12:00Z")]


def test_a_stated_start_wins_over_an_earlier_creation() -> None:
    feed = read_statuspage(
        file_of(
            id="x", created_at="2020-01-01T00:00:00Z", started_at="2020-01-01T07:48:00Z", status="resolved"
        )
    )
    assert feed.incidents[0].started_at == at("2020-01-01T07:48:00Z")


def test_components_come_from_the_record_and_its_posts_without_notices() -> None:
    said = incident_of("awkward.json", external_id="ends-before-it-starts")
    assert said.components == (
        FeedComponent(name="Mail sending", worst_status="partial_outage"),
        FeedComponent(name="Reports", worst_status="major_outage"),
    )
    assert incident_of("awkward.json", external_id="typed-in-late").components == ()


def test_a_page_of_another_maker_is_read_with_most_keys_missing() -> None:
    feed = read_statuspage((CAPTURES / "other-maker.json").read_bytes())
    said = feed.incidents[0]
    assert said.external_id == "01M3Q4RK1SM4EMK445GGPG7C0A"
    assert (said.started_at, said.resolved_at) == (at("2026-09-29T17:52:52Z"), None)
    assert feed.heard_at is None


def test_a_maintenance_has_its_window_its_notice_and_its_real_end() -> None:
    feed = read_statuspage((CAPTURES / "maintenance.json").read_bytes())
    assert feed.incidents == ()
    (said,) = feed.maintenances
    assert (said.starts_at, said.ends_at) == (at("2025-08-29T01:00:00Z"), at("2025-08-29T02:00:00Z"))
    assert said.noticed_at == at("2025-08-27T12:00:00Z")
    assert (said.actual_started_at, said.actual_ended_at) == (
        at("2025-08-29T01:05:00Z"),
        at("2025-08-29T02:40:21.277Z"),
    )


def test_a_maintenance_with_impossible_times_is_listed_and_the_rest_kept() -> None:
    feed = read_statuspage((CAPTURES / "maintenance.json").read_bytes())
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        (
            "scheduled_maintenances[1]",
            "maintenance 'mw2' ends (2025-08-29 01:00:00+00:00)"
            " before it begins (2025-08-29 02:00:00+00:00).",
        ),
        (
            "scheduled_maintenances[2]",
            "maintenance 'mw3' has only one of scheduled_for and scheduled_until; both are needed.",
        ),
    ]


@pytest.mark.parametrize("envelope", ["incident", "bare"])
def test_one_incident_alone_is_a_file_too(envelope: str) -> None:
    record = {"id": "x", "name": "N", "created_at": "2020-01-01T00:00:00Z", "incident_updates": []}
    document = {"incident": record} if envelope == "incident" else record
    assert [said.external_id for said in read_statuspage(json.dumps(document).encode()).incidents] == ["x"]


GOOD = {"id": "good", "created_at": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("record", "place", "message"),
    [
        (3, "incidents[0]", "not an object in braces (found 3)."),
        ({"created_at": "2020-01-01T00:00:00Z"}, "incidents[0].id", "not there"),
        ({"id": "", "created_at": "2020-01-01T00:00:00Z"}, "incidents[0].id", "empty (found '')."),
        ({"id": "a" * 121}, "incidents[0].id", "longer than 120 letters"),
        ({"id": "a", "name": 4}, "incidents[0].name", "not text (found 4)."),
        (
            {"id": "a"},
            "incidents[0]",
            "incident 'a' has no time at all: started_at, created_at and display_at are empty.",
        ),
        (
            {"id": "a", "created_at": "2020-01-01 00:00"},
            "incidents[0].created_at",
            "the time has no offset; 'Z' or '-05:00' must follow it (found '2020-01-01 00:00').",
        ),
        ({"id": "a", "created_at": "soon"}, "incidents[0].created_at", "not a time such as"),
        ({"id": "a", "created_at": 5}, "incidents[0].created_at", "a time is text such as"),
        (
            {"id": "a", "created_at": "0001-01-01T00:00:00Z"},
            "incidents[0].created_at",
            "the year lies outside 1990 to 2200 (found '0001-01-01T00:00:00Z').",
        ),
        ({"id": "a", "name": "x\x00"}, "incidents[0].name", "the text holds a null byte or half a character"),
        (
            {"id": "a", "name": "\ud800", "created_at": "2020-01-01T00:00:00Z"},
            "incidents[0].name",
            "the text holds a null byte or half a character (found '\\ud800').",
        ),
        (
            {"id": "a", "incident_updates": [{}, {"display_at": "x"}]},
            "incidents[0].incident_updates[1].display_at",
            "not a time such as 2019-06-25T04:15:00Z (found 'x').",
        ),
        ({"id": "a", "incident_updates": {}}, "incidents[0].incident_updates", "not a list (found {})."),
    ],
)
def test_a_bad_record_is_listed_with_its_place_and_the_good_one_kept(
    record: object, place: str, message: str
) -> None:
    feed = read_statuspage(json.dumps({"incidents": [record, GOOD]}).encode())
    assert [said.external_id for said in feed.incidents] == ["good"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


def test_an_id_that_comes_twice_keeps_the_first() -> None:
    feed = read_statuspage(json.dumps({"incidents": [GOOD | {"name": "first"}, GOOD]}).encode())
    assert [said.title for said in feed.incidents] == ["first"]
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        ("incidents[1]", "id 'good' came before; the first is kept.")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is not JSON, or was cut off"),
        ((CAPTURES / "awkward.json").read_bytes()[:700], "The file is not JSON, or was cut off"),
        (b"\xff\xfe\x00", "The file is not JSON, or was cut off"),
        (b"1" * 5000, "The file is not JSON, or was cut off"),
        (b"[" * 200_000, "The file nests brackets without end"),
        (b'{"incidents":' * 100_000, "The file nests brackets without end"),
        (b"[]", "The file holds a list, not an object"),
        (b'{"status": {}}', "The file has no incidents; its keys are: status."),
        (b'{"incidents": {}}', "'incidents' holds an object, not a list."),
        (b" " * (LARGEST_FILE + 1), f"The file has {LARGEST_FILE + 1:,} bytes, more than {LARGEST_FILE:,}."),
    ],
    ids=[
        "empty",
        "cut",
        "bytes",
        "digits",
        "deep list",
        "deep object",
        "list",
        "no incidents",
        "object",
        "huge",
    ],
)
def test_a_file_that_is_no_feed_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_statuspage(content)
    assert str(refused.value).startswith(message)


def test_a_page_without_a_usable_name_still_gives_its_incidents() -> None:
    feed = read_statuspage(json.dumps({"page": 4, "incidents": [GOOD]}).encode())
    assert (feed.page_name, len(feed.incidents)) == ("", 1)
    assert feed.problems[0].place == "page"


@given(
    mutated(
        tuple(
            (CAPTURES / name).read_bytes()
            for name in ("github-2023.json", "awkward.json", "maintenance.json")
        )
    )
)
def test_no_damage_to_a_file_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read_statuspage, content=content)
