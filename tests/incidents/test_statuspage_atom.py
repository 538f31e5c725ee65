"""Reading the Atom feed of a Statuspage: its stamps, its traps, and what is refused."""

import json
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from incidents.feeds.statuspage import read_statuspage
from incidents.feeds.statuspage_atom import LARGEST_FILE, read_statuspage_atom
from incidents.feeds.values import Feed, FeedError, FeedIncident, NoticeStatus
from tests.incidents.mutations import assert_only_sound_values, mutated

CAPTURES = Path(__file__).parent / "captures"
REAL = (CAPTURES / "github-2026.atom").read_bytes()
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def read(content: bytes, *, zone: ZoneInfo | None = None) -> Feed:
    return read_statuspage_atom(content, received_at=NOW, zone=zone)


def post(stamp: str, word: str, text: str = "") -> str:
    day, time = stamp.split(", ")
    return (
        f"<p> <small>{day[:4]}<var data-var='date'>{day[4:]}</var>, <var data-var='time'>{time[:5]}</var>"
        f"{time[5:]}</small><br> <strong>{word}</strong> - {text} </p>"
    )


def entry(
    *posts: str,
    code: str = "abc123",
    published: str = "2022-01-01T03:00:00Z",
    updated: str = "2022-01-02T09:00:00Z",
    before: str = "",
) -> str:
    return f"""<entry><id>tag:status.example,2005:Incident/77</id><published>{published}</published>
      <updated>{updated}</updated>
      <link rel="alternate" type="text/html" href="https://status.example/incidents/{code}"/>
      <title>Mail is slow</title><content type="html">{escape(before + " ".join(posts))}</content></entry>"""


def feed_of(*entries: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
    return f"{head}<title>Northwind Status - Incident History</title>{''.join(entries)}</feed>".encode()


def one(*posts: str, zone: ZoneInfo | None = None) -> FeedIncident:
    feed = read(feed_of(entry(*posts)), zone=zone)
    assert feed.problems == ()
    return feed.incidents[0]


def test_a_real_feed_is_read_in_full() -> None:
    feed = read(REAL)
    assert (feed.page_name, feed.heard_at, feed.problems) == ("GitHub", at("2026-08-22T03:43:56Z"), ())
    said = feed.incidents[1]
    assert (said.external_id, said.title, said.status) == (
        "qcvjkzcs7j74",
        "Incident with Actions",
        "resolved",
    )
    assert said.address == "https://www.githubstatus.com/incidents/qcvjkzcs7j74"
    assert (said.severity, said.components) == ("", ())
    # `published` is 02:04, the time of the end.
    assert (said.started_at, said.first_posted_at, said.resolved_at, said.changed_at) == (
        at("2026-08-06T15:22:00Z"),
        at("2026-08-06T15:22:00Z"),
        at("2026-08-07T02:04:00Z"),
        at("2026-08-11T02:05:24Z"),
    )
    assert [(window.start, window.end) for window in said.windows] == [
        (at("2026-08-06T15:05:00Z"), at("2026-08-07T00:14:00Z"))
    ]
    assert said.narrative.startswith(
        "2026-08-06 15:22 UTC investigating: We are investigating reports of degraded performance for Actions"
        "\n\n2026-08-06 15:41 UTC update: Actions is experiencing degraded availability."
    )


def test_a_stamp_has_the_year_nearest_to_the_entry() -> None:
    said = one(post("Jan 01, 02:30 UTC", "Resolved"), post("Dec 31, 23:10 UTC", "Investigating"))
    assert (said.started_at, said.resolved_at) == (at("2021-12-31T23:10:00Z"), at("2022-01-01T02:30:00Z"))


def test_both_feeds_of_a_page_tell_the_same_incident_to_the_minute() -> None:
    page = json.loads((CAPTURES / "github-2023.json").read_bytes())
    entries = []
    for record in page["incidents"]:
        posts = [
            post(
                f"{at(told['display_at']):%b %d, %H:%M UTC}",
                told["status"].capitalize(),
                told["body"],
            )
            for told in record["incident_updates"]
        ]
        entries.append(
            entry(*posts, code=record["id"], published=record["resolved_at"], updated=record["updated_at"])
        )
    by_json = {said.external_id: said for said in read_statuspage(json.dumps(page).encode()).incidents}
    by_atom = {said.external_id: said for said in read(feed_of(*entries)).incidents}
    assert by_atom.keys() == by_json.keys()
    for code, said in by_atom.items():
        other = by_json[code]
        assert other.first_posted_at is not None
        assert other.resolved_at is not None
        assert said.first_posted_at == other.first_posted_at.replace(second=0, microsecond=0)
        assert said.resolved_at == other.resolved_at.replace(second=0, microsecond=0)
        assert (said.changed_at, said.status) == (other.changed_at, other.status)


def test_a_single_post_has_no_length_and_says_so() -> None:
    said = one(post("Jan 01, 02:30 UTC", "Resolved", "Between 00:10 and 01:20 UTC mail was slow."))
    assert said.started_at == said.resolved_at == at("2022-01-01T02:30:00Z")
    assert said.windows[0].start == at("2022-01-01T00:10:00Z")
    assert said.notes == (
        "All that is posted bears the time of its end, so it has no length; say when it began.",
    )


@pytest.mark.parametrize(
    ("posts", "status", "resolved"),
    [
        ([("02:00", "Investigating")], "investigating", None),
        ([("02:30", "Resolved"), ("02:00", "Investigating")], "resolved", "2022-01-01T02:30:00Z"),
        (
            [("02:40", "Update"), ("02:30", "Resolved"), ("02:00", "Identified")],
            "resolved",
            "2022-01-01T02:30:00Z",
        ),
        ([("02:40", "Investigating"), ("02:30", "Resolved"), ("02:00", "Identified")], "investigating", None),
        (
            [
                ("02:50", "Resolved"),
                ("02:40", "Investigating"),
                ("02:30", "Resolved"),
                ("02:00", "Identified"),
            ],
            "resolved",
            "2022-01-01T02:50:00Z",
        ),
        # Two posts of one minute: the feed's order holds.
        ([("02:00", "Resolved"), ("02:00", "Investigating")], "resolved", "2022-01-01T02:00:00Z"),
    ],
)
def test_it_is_over_at_the_resolved_that_nothing_reopens(
    posts: list[tuple[str, str]], status: str, resolved: str | None
) -> None:
    said = one(*(post(f"Jan 01, {time} UTC", word) for time, word in posts))
    assert (said.status, said.resolved_at) == (status, at(resolved) if resolved else None)


def test_captures_of_one_entry_are_ordered_by_their_last_change() -> None:
    first = entry(post("Jan 01, 02:00 UTC", "Investigating"), updated="2022-01-01T02:00:00Z")
    then = entry(
        post("Jan 01, 02:30 UTC", "Resolved", "Mail was slow from 01:40 to 02:20 UTC."),
        post("Jan 01, 02:00 UTC", "Investigating"),
        updated="2022-01-04T10:00:00Z",
    )
    tellings = [read(feed_of(capture)).incidents[0] for capture in (first, then)]
    assert tellings[0].external_id == tellings[1].external_id
    assert [said.changed_at for said in tellings] == [at("2022-01-01T02:00:00Z"), at("2022-01-04T10:00:00Z")]
    assert (tellings[0].resolved_at, len(tellings[1].windows)) == (None, 1)


def test_announced_work_is_a_maintenance_with_the_window_of_its_text() -> None:
    feed = read(
        feed_of(
            entry(
                post("Jan 05, 05:40 UTC", "Completed"),
                post("Jan 05, 04:02 UTC", "In progress"),
                post("Jan 01, 02:00 UTC", "Scheduled", "We will move servers."),
                before="<p><strong>THIS IS A SCHEDULED EVENT Jan <var data-var='date'> 5</var>, "
                "<var data-var='time'>04:00</var> - <var data-var='time'>06:00</var> UTC</strong></p>",
            )
        )
    )
    (said,) = feed.maintenances
    assert (said.starts_at, said.ends_at) == (at("2022-01-05T04:00:00Z"), at("2022-01-05T06:00:00Z"))
    assert (said.noticed_at, said.actual_started_at, said.actual_ended_at) == (
        at("2022-01-01T02:00:00Z"),
        at("2022-01-05T04:02:00Z"),
        at("2022-01-05T05:40:00Z"),
    )
    assert (said.status, said.notes, feed.incidents) == (NoticeStatus.COMPLETED, (), ())


def test_work_without_a_stated_window_has_that_of_its_posts_and_says_so() -> None:
    feed = read(
        feed_of(
            entry(
                post("Jan 01, 05:40 UTC", "Completed"),
                post("Jan 01, 04:02 UTC", "In progress"),
                post("Jan 01, 02:00 UTC", "Scheduled", "We will move servers."),
            ),
            entry(post("Jan 01, 02:00 UTC", "Scheduled", "Some day."), code="later"),
        )
    )
    (said,) = feed.maintenances
    assert (said.starts_at, said.ends_at) == (at("2022-01-01T04:02:00Z"), at("2022-01-01T05:40:00Z"))
    assert said.notes == ("The announced window is not told; it is taken from “In progress” to “Completed”.",)
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        (
            "entry[1]",
            "work 'later' does not tell its window, and has not both begun and ended;"
            " enter its window by hand.",
        )
    ]


def test_a_stamp_without_a_zone_needs_one() -> None:
    content = feed_of(entry(post("Jan 01, 02:30", "Resolved")))
    feed = read(content)
    assert feed.incidents == ()
    assert feed.problems[0].message == (
        "stamp 'Jan 01, 02:30': The time 02:30 bears no zone; say which zone this source writes in."
    )
    said = read(content, zone=ZoneInfo("Europe/Berlin")).incidents[0]
    assert said.started_at == at("2022-01-01T01:30:00Z")


def test_markup_of_a_post_becomes_text() -> None:
    said = one(post("Jan 01, 02:30 UTC", "Resolved", "a &lt;b&gt; <script>alert(1)</script><i>c</i><br/>d"))
    assert said.narrative == "2022-01-01 02:30 UTC resolved: a <b> c\nd"


def test_an_entry_without_a_code_has_the_number_of_its_own_id() -> None:
    content = feed_of(entry(post("Jan 01, 02:30 UTC", "Resolved"), code="x")).replace(
        b"/incidents/x", b"/other"
    )
    assert read(content).incidents[0].external_id == "77"


def test_no_address_is_kept_that_a_browser_should_not_open() -> None:
    content = feed_of(entry(post("Jan 01, 02:30 UTC", "Resolved"))).replace(b"https://status", b"javascript:")
    assert read(content).incidents[0].address == ""


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (entry(), "'Mail is slow' has no post with a time."),
        (
            entry(post("Feb 30, 02:30 UTC", "Resolved")),
            "the stamp 'Feb 30, 02:30 UTC' names no day of the calendar.",
        ),
        (entry(post("Jan 01, 02:30 UTC", "Resolved"), published="soon"), "<published> is 'soon': not a time"),
        (
            entry(post("Jan 01, 02:30 UTC", "Resolved"), updated="0001-01-01T00:00:00Z"),
            "<updated> is '0001-01-01T00:00:00Z': the year lies outside",
        ),
        (
            entry(post("Jan 01, 02:30 UTC", "Resolved"), code="good"),
            "id 'good' came before; the first is kept.",
        ),
        (entry("<div>" * 500), "the HTML nests more than 400 tags"),
        ("<entry/>", "the entry has neither a link to /incidents/… nor a number in its id."),
    ],
)
def test_a_bad_entry_is_listed_with_its_place_and_the_good_one_kept(bad: str, message: str) -> None:
    feed = read(feed_of(entry(post("Jan 01, 02:30 UTC", "Resolved"), code="good"), bad))
    assert [said.external_id for said in feed.incidents] == ["good"]
    assert feed.problems[0].place == "entry[1]"
    assert feed.problems[0].message.startswith(message)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&a;</title></feed>"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is not XML, or was cut off"),
        (REAL[:2000], "The file is not XML, or was cut off"),
        (b"{}", "The file is not XML, or was cut off"),
        (b"<?xml version='1.0' encoding='none'?><feed/>", "The file is not XML, or was cut off"),
        (BOMB, "The file declares a document type or entities"),
        (OUTSIDE, "The file declares a document type or entities"),
        (b"<rss version='2.0'/>", "The file's root is <rss>, not an Atom <feed>."),
        (b"<a>" * 200_000, "The file is not XML, or was cut off"),
        (b" " * (LARGEST_FILE + 1), f"The file has {LARGEST_FILE + 1:,} bytes, more than {LARGEST_FILE:,}."),
    ],
    ids=["empty", "cut", "json", "encoding", "bomb", "outside", "rss", "deep", "huge"],
)
def test_a_file_that_is_no_feed_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(content)
    assert str(refused.value).startswith(message)


WORK = feed_of(
    entry(
        post("Jan 05, 05:40 PST", "Completed"),
        post("Jan 05, 04:02 PST", "In progress"),
        post("Jan 01, 02:00 PST", "Scheduled", "From 4:00 to 6:00 PT we will move servers."),
    )
)


@given(mutated((REAL, WORK)))
def test_no_damage_to_a_feed_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read, content=content)
