"""Reading what a person copies from the pages of a Statuspage."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from incidents.feeds.pasted_status import LARGEST_TEXT, read_pasted_status
from incidents.feeds.status_stamps import affected_parts
from incidents.feeds.values import FeedError, FeedIncident, NoticeStatus
from tests.incidents.mutations import assert_only_sound_values, mutated

PAGES = (Path(__file__).parent / "captures" / "pasted-pages.txt").read_bytes()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def one(text: str, *, zone: ZoneInfo | None = None) -> FeedIncident:
    feed = read_pasted_status(text.encode(), zone=zone)
    assert feed.problems == ()
    return feed.incidents[0]


def test_a_copied_page_gives_its_incident() -> None:
    feed = read_pasted_status(PAGES)
    assert (feed.page_name, feed.problems) == ("Northwind Pay", ())
    (said,) = feed.incidents
    assert (said.external_id, said.title, said.status) == (
        "5zlcdr000001",
        "Card payments unreachable",
        "postmortem",
    )
    assert said.address == "http://status.northwind.example/incidents/5zlcdr000001"
    assert (said.started_at, said.first_posted_at, said.resolved_at) == (
        at("2016-06-02T12:15:00Z"),
        at("2016-06-02T12:15:00Z"),
        at("2016-06-02T17:15:00Z"),
    )
    assert [part.name for part in said.components] == ["Card API", "Reports (Billing, Invoices)"]
    assert said.narrative.startswith(
        "2016-06-02 12:15 UTC investigating: We look into connectivity problems."
    )


def test_a_post_mortem_tells_of_the_real_window_beside_the_posted_times() -> None:
    (said,) = read_pasted_status(PAGES).incidents
    (window,) = said.windows
    assert (window.start, window.end) == (at("2016-06-02T11:15:00Z"), at("2016-06-02T12:28:00Z"))


def test_announced_work_in_the_same_paste_is_a_maintenance() -> None:
    (said,) = read_pasted_status(PAGES).maintenances
    assert said.title == "Card brand updates"
    assert (said.starts_at, said.ends_at) == (at("2016-11-01T22:00:00Z"), at("2016-11-01T23:30:00Z"))
    assert (said.noticed_at, said.actual_started_at, said.actual_ended_at) == (
        at("2016-10-04T14:57:00Z"),
        at("2016-11-01T22:02:00Z"),
        at("2016-11-01T23:00:00Z"),
    )
    assert said.status is NoticeStatus.COMPLETED


def test_an_incident_without_an_address_has_the_same_id_in_every_paste() -> None:
    text = "Mail is slow\nInvestigating\nWe look.\nPosted May 31, 2024 - 18:05 PDT\n"
    later = f"Mail is slow\nResolved\nOver.\nPosted May 31, 2024 - 19:05 PDT\n{text.split(chr(10), 1)[1]}"
    assert one(text).external_id == one(later).external_id
    assert one(text).external_id.startswith("pasted-")
    assert one(later).resolved_at == at("2024-06-01T02:05:00Z")


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("Posted Jun 02, 2016 - 05:15 PDT", "2016-06-02T12:15:00Z"),
        ("Posted 3 months ago. May 31, 2024 - 18:05 PDT", "2024-06-01T01:05:00Z"),
        ("Posted about 1 month ago. Jan 06, 2024 - 09:41 PST", "2024-01-06T17:41:00Z"),
        ("  Posted Jun 2, 2016 – 05:15 UTC", "2016-06-02T05:15:00Z"),
        ("Posted Jun 02, 2016 - 5:15 PM CEST", "2016-06-02T15:15:00Z"),
    ],
)
def test_stamps_are_read_in_each_form(stamp: str, instant: str) -> None:
    assert one(f"Mail\nResolved\nOver.\n{stamp}").started_at == at(instant)


def test_pst_in_july_is_read_as_printed_and_noted() -> None:
    text = "Mail\nResolved\nOver.\nPosted Jul 06, 2018 - 07:15 PST"
    said = one(text)
    assert said.started_at == at("2018-07-06T15:15:00Z")
    assert "'PST' is printed for 2018-07-06 07:15" in said.notes[0]
    known = one(text, zone=ZoneInfo("America/Los_Angeles"))
    assert known.started_at == at("2018-07-06T14:15:00Z")


def test_a_page_without_status_words_is_over_where_the_page_itself_says_so() -> None:
    said = one(
        "Cooling failed\nIncident Report for Northwind\nThis incident has been resolved.\n"
        "Posted Jun 07, 2024 - 04:19 UTC\nTemperatures rise.\nPosted Jun 07, 2024 - 01:14 UTC\n"
    )
    assert (said.status, said.resolved_at) == ("resolved", at("2024-06-07T04:19:00Z"))


def test_posts_without_any_words_leave_the_end_to_a_person() -> None:
    said = one("Cooling failed\nIncident Report for Northwind\nAll well.\nPosted Jun 07, 2024 - 04:19 UTC")
    assert said.resolved_at is None
    assert said.notes == ("The posts bear no status words, so nobody says when it was over.",)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("API and ChatGPT.", ["API", "ChatGPT"]),
        ("API, Login, and Chat.", ["API", "Login", "Chat"]),
        ("API, Login and Chat.", ["API", "Login", "Chat"]),
        ("Processing Networks (TSYS (Vital)).", ["Processing Networks (TSYS (Vital))"]),
        ("Web (App, Site) and Search and Rescue, Mail.", ["Web (App, Site) and Search and Rescue", "Mail"]),
        ("Character.AI.", ["Character.AI"]),
        ("", []),
    ],
)
def test_affected_parts_are_told_apart(said: str, names: list[str]) -> None:
    assert [part.name for part in affected_parts(said)] == names


def test_an_incident_with_a_fault_is_listed_with_its_lines_and_the_other_kept() -> None:
    text = (
        "Mail\nResolved\nOver.\nPosted Jun 02, 2016 - 05:15\nThis incident affected: Mail.\n"
        "Web\nResolved\nOver.\nPosted Jun 02, 2016 - 05:15 UTC\nThis incident affected: Web.\n"
    )
    feed = read_pasted_status(text.encode())
    assert [said.title for said in feed.incidents] == ["Web"]
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        (
            "lines 1 to 5",
            "'Posted Jun 02, 2016 - 05:15': The time 05:15 bears no zone;"
            " say which zone this source writes in.",
        )
    ]


@pytest.mark.parametrize(
    "stamp", ["Posted yesterday", "Posted Feb 30, 2016 - 05:15 UTC", "Posted Jun 02 - 05:15 UTC", "Posted "]
)
def test_a_stamp_that_names_no_instant_is_a_problem(stamp: str) -> None:
    feed = read_pasted_status(f"Mail\nResolved\nOver.\n{stamp}".encode())
    assert feed.incidents == ()
    assert feed.problems[0].place == "lines 1 to 4"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "No line begins with 'Posted'."),
        (b"Mail was slow.", "No line begins with 'Posted'."),
        (b"Posted \xff", "The text is not UTF-8."),
        (b"x" * 20_001, "A line has more than 20000 letters."),
        (b" " * (LARGEST_TEXT + 1), f"The text has {LARGEST_TEXT + 1} bytes, more than {LARGEST_TEXT}."),
    ],
)
def test_a_text_without_posts_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_pasted_status(content)
    assert str(refused.value).startswith(message)


@given(mutated((PAGES,)))
def test_no_damage_to_a_text_gives_unsound_values(content: bytes) -> None:
    assert_only_sound_values(read_pasted_status, content=content)
