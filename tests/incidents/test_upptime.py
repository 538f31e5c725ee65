"""Reading what an Upptime repository keeps: runs of its log, minutes of its summary, announced work."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from incidents.feeds.upptime import METRIC, read_upptime
from incidents.feeds.values import FeedComponent, FeedError
from tests.incidents.mutations import assert_only_sound_values, mutated

LOG = (Path(__file__).parent / "captures" / "upptime-log.tsv").read_bytes()
SUMMARY = json.dumps(
    [{"name": "API", "slug": "api", "dailyMinutesDown": {"2022-05-19": 1440, "2022-05-18": 12}}]
).encode()
ISSUES = json.dumps(
    [
        {
            "number": 7,
            "title": "Database move",
            "body": "We move.\n<!--\nstart: 2021-02-24T13:00:00+00:00\nend: 2021-02-24T15:00:00+01:00\n"
            "expectedDown: google, hacker-news\n-->",
            "created_at": "2021-02-20T09:00:00Z",
            "updated_at": "2021-02-21T09:00:00Z",
        },
        {
            "number": 8,
            "title": "Mail",
            "body": "<!--\nstart: 2021-02-25T13:00:00Z\nend: 2021-02-25T14:00:00Z\n"
            "expectedDegraded: mail\n-->",
            "created_at": "2021-02-20T09:00:00Z",
        },
        {"number": 9, "title": "Something else", "body": "No window."},
    ]
).encode()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_run_of_down_lines_is_one_incident() -> None:
    feed = read_upptime(LOG)
    assert feed.problems == ()
    assert [(said.external_id, said.title, said.resolved_at) for said in feed.incidents] == [
        ("MD1@2021-09-08T02:37:36Z", "MD1 is down", at("2021-09-08T03:06:15Z")),
        ("API gateway@2021-09-09T11:00:00Z", "API gateway is degraded", at("2021-09-09T11:05:00Z")),
        ("API gateway@2021-09-09T11:05:00Z", "API gateway is down", at("2021-09-09T11:20:00Z")),
        ("MD1@2022-05-18T08:00:00Z", "MD1 is down", None),
    ]
    first, _, down, last = feed.incidents
    assert first.notes == ("The log begins with it, so it may have begun earlier.",)
    assert (down.components, down.severity) == (
        (FeedComponent(name="API gateway", worst_status="down"),),
        "down",
    )
    assert (last.status, last.first_posted_at, last.notes) == ("down", None, ())


def test_a_log_newest_first_gives_the_same() -> None:
    head, *lines = LOG.decode().splitlines()
    turned = "\n".join([head, *reversed(lines)]).encode()
    assert read_upptime(turned) == read_upptime(LOG)


def test_the_summary_gives_the_minutes_down_of_each_day() -> None:
    samples = read_upptime(SUMMARY).samples
    assert [(said.component, said.metric, said.at, said.value) for said in samples] == [
        ("API", METRIC, at("2022-05-18T00:00:00Z"), Decimal(12)),
        ("API", METRIC, at("2022-05-19T00:00:00Z"), Decimal(1440)),
    ]


def test_an_issue_announces_its_window() -> None:
    feed = read_upptime(ISSUES)
    assert feed.problems == ()
    first, second = feed.maintenances
    assert (first.external_id, first.title, first.narrative) == ("issue-7", "Database move", "We move.")
    assert (first.starts_at, first.ends_at, first.noticed_at, first.changed_at) == (
        at("2021-02-24T13:00:00Z"),
        at("2021-02-24T14:00:00Z"),
        at("2021-02-20T09:00:00Z"),
        at("2021-02-21T09:00:00Z"),
    )
    assert first.components == (FeedComponent(name="google"), FeedComponent(name="hacker-news"))
    assert second.components == (FeedComponent(name="mail"),)


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (
            LOG.replace(b"2021-09-14", b"x") + b"abc\tsoon\tsoon\t\xf0\x9f\x9f\xa5 A is down (0 in 0 ms)",
            "line 12",
            "not a time",
        ),
        (SUMMARY.replace(b"1440", b"1441"), "[0].dailyMinutesDown", "a day has 0 to 1440 minutes"),
        (SUMMARY.replace(b"2022-05-18", b"yesterday"), "[0].dailyMinutesDown", "Invalid isoformat string"),
        (
            SUMMARY.replace(b"1440", b'"x"'),
            "[0].dailyMinutesDown.2022-05-19",
            "not a whole number",
        ),
        (
            ISSUES.replace(b"T15:00:00+01:00", b"T12:00:00+00:00"),
            "[0]",
            "issue 7 has no start and end, or ends before it begins.",
        ),
        (ISSUES.replace(b"start: 2021-02-25", b"start: soon"), "[1]", "issue 8: not a time"),
        (ISSUES.replace(b'"number": 9', b'"number": "9"'), "[2].number", "not a whole number"),
    ],
)
def test_a_bad_record_is_listed_with_its_place(content: bytes, place: str, message: str) -> None:
    problems = {problem.place: problem.message for problem in read_upptime(content).problems}
    assert problems[place].startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file has no line of a site that is up or down."),
        (b"\xff\xfe", "The file is not UTF-8."),
        (SUMMARY[:30], "The file is not JSON, or was cut off"),
        (b"[3]", "The file holds a list of neither sites nor issues."),
    ],
)
def test_a_file_that_is_none_of_the_three_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_upptime(content)
    assert str(refused.value).startswith(message)


@given(mutated((LOG, SUMMARY, ISSUES)))
def test_no_damage_to_a_file_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read_upptime, content=content)
