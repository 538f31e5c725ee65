"""Reading AWS's former data.json: ids and ends that it does not state, posts over midnight, windows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.aws_data import read_aws_data
from incidents.feeds.values import Feed, FeedComponent, FeedError
from tests.incidents.mutations import assert_only_sound_values, mutated

CAPTURE = (Path(__file__).parent / "captures" / "health-dashboard.json").read_bytes()
GOOD = {"service": "mail", "date": "1624564393", "summary": "[RESOLVED] Slow", "status": "1"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def archive(*records: object) -> Feed:
    return read_aws_data(json.dumps({"archive": list(records), "current": []}).encode())


def described(*posts: tuple[str, str], **record: Any) -> Feed:
    text = "".join(f'<div><span class="yellowfg">{stamp}</span>&nbsp;{said}</div>' for stamp, said in posts)
    return archive(GOOD | {"description": text} | record)


def test_an_event_is_known_by_its_service_and_its_first_post() -> None:
    feed = read_aws_data(CAPTURE)
    assert (feed.page_name, feed.problems) == ("AWS", ())
    assert [said.external_id for said in feed.incidents] == [
        "metrics-ap-northeast-1-1626280770",
        "connectivity-us-east-2-1624564393",
        "tables-us-east-1-1628298493",
    ]


def test_a_resolved_event_is_over_at_its_last_post_and_says_so() -> None:
    said = read_aws_data(CAPTURE).incidents[2]
    assert (said.title, said.severity, said.status) == ("Increased error rates", "3", "resolved")
    assert said.components == (FeedComponent(name="Tables (N. Virginia)"),)
    assert (said.started_at, said.first_posted_at, said.resolved_at) == (
        at("2021-08-07T01:08:13Z"),
        at("2021-08-07T01:08:13Z"),
        # The stamp names the day only after midnight.
        at("2021-08-07T09:53:00Z"),
    )
    assert said.notes[:2] == (
        "AWS states no end; because its summary says [RESOLVED], the time of the last post stands for it.",
        "AWS states no start: the first post stands for it, but the text tells of a window.",
    )
    assert "2021-08-07 06:11 UTC : Most tables work." in said.narrative


def test_every_window_of_the_text_is_proposed_and_the_posted_times_stay() -> None:
    said = read_aws_data(CAPTURE).incidents[2]
    assert [(window.start, window.end) for window in said.windows] == [
        (at("2021-08-07T00:23:00Z"), at("2021-08-07T09:48:00Z")),
        # Without a zone word: the one that all other times of the text bear.
        (at("2021-08-07T01:44:00Z"), at("2021-08-07T05:02:00Z")),
    ]


def test_an_event_of_one_post_has_no_length_but_a_window() -> None:
    said = read_aws_data(CAPTURE).incidents[1]
    assert said.resolved_at == at("2021-06-24T19:53:00Z")
    assert [(window.start, window.end) for window in said.windows] == [
        (at("2021-06-24T19:15:00Z"), at("2021-06-24T19:21:00Z"))
    ]


def test_a_current_event_is_open_and_keeps_both_languages() -> None:
    said = read_aws_data(CAPTURE).incidents[0]
    assert (said.resolved_at, said.title) == (None, "レイテンシー | Increased latencies")
    assert said.notes == ()


def test_a_stamp_before_the_first_post_is_of_the_next_day() -> None:
    said = described((" 12:53 PM PDT", "We look."), ("1:10 AM PDT", "Over.")).incidents[0]
    assert said.resolved_at == at("2021-06-25T08:10:00Z")


def test_a_stamp_of_january_belongs_to_the_year_after() -> None:
    said = described(
        ("11:50 PM PST", "We look."), ("Jan 1, 12:10 AM PST", "Over."), date="1640937000"
    ).incidents[0]
    assert said.resolved_at == at("2022-01-01T08:10:00Z")


def test_pst_in_june_is_noted() -> None:
    notes = described(("12:53 PM PST", "Over.")).incidents[0].notes
    assert "'PST' is printed for 2021-06-24 12:53" in notes[0]


def test_text_without_a_stamp_is_of_the_first_post() -> None:
    said = archive(GOOD | {"description": "Mail <b>was</b> slow."}).incidents[0]
    assert said.narrative == "2021-06-24 19:53 UTC : Mail was slow."


@pytest.mark.parametrize(
    ("record", "place", "message"),
    [
        (3, "archive[0]", "not an object in braces (found 3)."),
        ({"date": "1624564393"}, "archive[0].service", "not there"),
        (GOOD | {"date": "soon"}, "archive[0].date", "a date is seconds since 1970"),
        (GOOD | {"date": "9" * 11}, "archive[0].date", "the year lies outside 1990 to 2200"),
        (GOOD | {"date": "٣" * 9}, "archive[0].date", "a date is seconds since 1970"),
        (GOOD | {"date": True}, "archive[0].date", "a date is seconds since 1970"),
        (GOOD | {"description": "<div>" * 500}, "archive[0]", "the HTML nests more than 400 tags"),
        (
            GOOD | {"description": "<span>12:53 PM</span>Over."},
            "archive[0]",
            "the stamp '12:53 PM' bears no zone; say which zone this source writes in.",
        ),
    ],
)
def test_a_bad_record_is_listed_with_its_place_and_the_good_one_kept(
    record: object, place: str, message: str
) -> None:
    good = GOOD | {"service": "good"}
    feed = archive(record, good, good)
    assert [said.external_id for said in feed.incidents] == ["good-1624564393"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)
    assert feed.problems[-1].message == "id 'good-1624564393' came before; the first is kept."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CAPTURE[:900], "The file is not JSON, or was cut off"),
        (b"[]", "The file holds a list without 'archive'."),
        (b'{"archive": {"a": 1}}', "'archive' holds an object, not a list."),
    ],
)
def test_a_file_that_is_no_feed_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_aws_data(content)
    assert str(refused.value).startswith(message)


@given(mutated((CAPTURE,)))
def test_no_damage_to_a_file_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read_aws_data, content=content)
