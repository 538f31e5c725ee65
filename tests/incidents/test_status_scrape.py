"""Reading the CSV of a scraped Statuspage history."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given

from incidents.feeds.status_scrape import read_status_scrape
from incidents.feeds.values import FeedComponent, FeedError
from tests.incidents.mutations import assert_only_sound_values, mutated

HEADER = ("Incident_Title", "Incident_Link", "Incident_color", "Incident_Impact", "Updates", "Service")
LINK = "https://status.northwind.example/incidents/pz385w9h0001"
POSTS = json.dumps(
    [
        {
            "Update_Title": "Resolved",
            "Update_Body": "Search failed from 4:40 to 5:05 PM PST, and is well again.",
            "Update_Timestamp": "Posted 7 months ago. Jan 28, 2024 - 00:30 PST",
        },
        {
            "Update_Title": "Identified",
            "Update_Body": "We know the cause.",
            "Update_Timestamp": "Posted 7 months ago. Jan 27, 2024 - 16:52 PST",
        },
    ]
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def file_of(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


ROW = (
    "Unreliable search",
    LINK,
    "#e67e22",
    "impact-major",
    POSTS,
    "This incident affected: Search and Chat.",
)


def test_a_row_is_an_incident() -> None:
    feed = read_status_scrape(file_of(ROW))
    assert feed.problems == ()
    (said,) = feed.incidents
    assert (said.external_id, said.title, said.severity, said.status) == (
        "pz385w9h0001",
        "Unreliable search",
        "major",
        "resolved",
    )
    assert (said.started_at, said.resolved_at) == (at("2024-01-28T00:52:00Z"), at("2024-01-28T08:30:00Z"))
    assert said.components == (FeedComponent(name="Search"), FeedComponent(name="Chat"))
    assert [(window.start, window.end) for window in said.windows] == [
        (at("2024-01-28T00:40:00Z"), at("2024-01-28T01:05:00Z"))
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({1: "=HYPERLINK(1)"}, "column Incident_Link: '=HYPERLINK(1)' is no address of an incident."),
        ({4: "[{"}, "column Updates: '[{' is no JSON list of posts."),
        ({4: "{}"}, "column Updates holds an object, not a list of posts."),
        ({4: "[3]"}, "column Updates holds a number among its posts."),
        ({4: "[]"}, "'Unreliable search' has no post with a time."),
        (
            {4: POSTS.replace("Jan 27, 2024", "Jan 27")},
            "'Posted 7 months ago. Jan 27 - 16:52 PST' is no stamp",
        ),
        ({1: LINK.replace("0001", "0000")}, "id 'pz385w9h0000' came before; the first is kept."),
    ],
)
def test_a_bad_row_is_listed_with_its_number_and_the_good_one_kept(
    changed: dict[int, str], message: str
) -> None:
    good = (ROW[0], LINK.replace("0001", "0000"), *ROW[2:])
    bad = tuple(changed.get(number, cell) for number, cell in enumerate(ROW))
    feed = read_status_scrape(file_of(good, bad))
    assert [said.external_id for said in feed.incidents] == ["pz385w9h0000"]
    assert feed.problems[0].place == "row 3"
    assert feed.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file lacks the columns Incident_Title, Incident_Link, Incident_Impact, Updates, Service."),
        (b"\xff\xfe", "The file is not UTF-8."),
        (file_of(ROW)[:-120], "The file is no CSV, or was cut off"),
        (file_of(ROW, header=HEADER[:5]), "The file lacks the columns Service."),
        (file_of(ROW) + b'"' + b"x" * 200_000, "The file is no CSV, or was cut off"),
    ],
    ids=["empty", "bytes", "cut", "column", "field"],
)
def test_a_file_that_is_no_such_table_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_status_scrape(content)
    assert str(refused.value).startswith(message)


@given(mutated((file_of(ROW, ROW),)))
def test_no_damage_to_a_file_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read_status_scrape, content=content)
