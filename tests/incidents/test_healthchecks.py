"""Reading the flips of one check of Healthchecks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.feeds.healthchecks import FORMAT, MOST_FLIPS, read_healthchecks
from incidents.feeds.values import FeedComponent, FeedContext, FeedError
from tests.incidents.spoilt import CAPTURES, RECEIVED, assert_sound, spoilt

CAPTURE = (CAPTURES / "healthchecks.json").read_bytes()


def flips(*given_flips: tuple[str, int]) -> bytes:
    rows = [{"timestamp": f"2026-03-23T{clock}+00:00", "up": up} for clock, up in given_flips]
    return json.dumps(rows).encode()


def clocks(content: bytes) -> list[tuple[str, str]]:
    incidents = read_healthchecks(content).incidents
    return [
        (f"{said.started_at:%H:%M:%S}", f"{said.resolved_at:%H:%M:%S}" if said.resolved_at else "open")
        for said in incidents
    ]


def test_each_fall_runs_to_the_next_recovery_and_the_newest_may_be_open() -> None:
    feed = read_healthchecks(CAPTURE, check="Nightly backup")
    first, second = feed.incidents
    assert feed.problems == ()
    assert (first.external_id, second.external_id) == (
        "down@2026-03-23T10:17:15.000000Z",
        "down@2026-03-23T10:20:00.000000Z",
    )
    assert first.started_at == datetime(2026, 3, 23, 10, 17, 15, tzinfo=UTC)
    assert first.resolved_at == datetime(2026, 3, 23, 10, 18, 23, tzinfo=UTC)
    assert (second.resolved_at, second.status) == (None, "down")
    assert first.title == "Nightly backup: down"
    assert first.components == (FeedComponent(name="Nightly backup"),)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], []),
        ([("10:00:00", 1)], []),
        ([("10:00:00", 0)], [("10:00:00", "open")]),
        ([("10:05:00", 1), ("10:02:00", 0), ("10:00:00", 0)], [("10:00:00", "10:05:00")]),
        ([("10:07:00", 1), ("10:05:00", 1), ("10:00:00", 0)], [("10:00:00", "10:05:00")]),
        # The newest first: it fell and came back within a second, and fell again within another.
        ([("10:00:00", 1), ("10:00:00", 0)], [("10:00:00", "10:00:00")]),
        (
            [("10:05:00", 0), ("10:05:00", 1), ("10:00:00", 0)],
            [("10:00:00", "10:05:00"), ("10:05:00", "open")],
        ),
        # Whoever turned the list round: the times order it.
        ([("10:00:00", 0), ("10:05:00", 1)], [("10:00:00", "10:05:00")]),
    ],
)
def test_flips_are_paired(told: list[tuple[str, int]], expected: list[tuple[str, str]]) -> None:
    assert clocks(flips(*told)) == expected


@pytest.mark.parametrize(
    ("file_name", "component"),
    [("Nightly backup.json", "Nightly backup"), ("/a/b/Mail", "Mail"), ("", None), ("a\x00.json", None)],
)
def test_the_file_bears_the_name_of_the_check(file_name: str, component: str | None) -> None:
    context = FeedContext(received_at=RECEIVED, file_name=file_name)
    said = FORMAT.read(CAPTURE, context).incidents[0]
    assert said.components == ((FeedComponent(name=component),) if component else ())
    assert said.notes == (() if component else ("the list names no check: name the file after it",))
    assert said.external_id == "down@2026-03-23T10:17:15.000000Z"


@pytest.mark.parametrize(
    ("row", "place", "message"),
    [
        (3, "[0]", "not an object in braces (found 3)."),
        ({"timestamp": "2026-03-23T10:17:15+00:00", "up": 2}, "[0]", "'up' is 2, neither 0 nor 1."),
        ({"timestamp": None, "up": 0}, "[0]", "the flip has no timestamp."),
        ({"timestamp": "2026-03-23T10:17:15", "up": 0}, "[0].timestamp", "the time has no offset"),
        ({"timestamp": "2026-03-23T10:17:15Z"}, "[0].up", "not there"),
    ],
)
def test_a_bad_flip_is_listed_and_the_good_ones_kept(row: Any, place: str, message: str) -> None:
    feed = read_healthchecks(json.dumps([row, *json.loads(CAPTURE)]).encode())
    assert len(feed.incidents) == 2
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", "The file holds an object, not a list. Expected is the answer of /flips/ for one check."),
        (b'[{"id": 1}]', "The list holds no flips."),
        (b"[" + b"0," * MOST_FLIPS + b"0]", f"The file has {MOST_FLIPS + 1} flips, more than {MOST_FLIPS}."),
        (CAPTURE[:90], "The file is not JSON, or was cut off"),
    ],
    ids=["object", "other list", "too many", "cut"],
)
def test_what_is_no_list_of_flips_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_healthchecks(content)
    assert str(refused.value).startswith(message)


@given(spoilt(CAPTURE), st.text())
def test_a_spoilt_file_never_harms(content: bytes, file_name: str) -> None:
    context = FeedContext(received_at=RECEIVED, file_name=file_name)
    assert_sound(lambda given_content: FORMAT.read(given_content, context), content)
