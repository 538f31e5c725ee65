"""Finding the windows that texts tell of: every form, every zone word, the day that is meant."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.feeds.narrated import LONGEST_QUOTE, LONGEST_TEXT, narrated
from incidents.feeds.posts import Post, windows_of

LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def windows(text: str, *, posted: str, zone: ZoneInfo | None = None) -> list[tuple[str, str]]:
    found = narrated(text, reference=at(posted), zone=zone)
    return [(f"{said.start:%Y-%m-%dT%H:%MZ}", f"{said.end:%Y-%m-%dT%H:%MZ}") for said in found.windows]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Between 12:23 and 13:05 PDT it failed.", "2021-08-06T19:23Z", "2021-08-06T20:05Z"),
        ("It failed from 7:41 to 11:52 US/Pacific.", "2021-08-06T14:41Z", "2021-08-06T18:52Z"),
        ("between 11:36am and 1:06pm PDT", "2021-08-06T18:36Z", "2021-08-06T20:06Z"),
        ("between 11:36 a.m. and 1:06 p.m. PDT", "2021-08-06T18:36Z", "2021-08-06T20:06Z"),
        ("Between 12:15 PM and 12:21 PM PDT we saw errors.", "2021-08-06T19:15Z", "2021-08-06T19:21Z"),
        ("4:15-5:28 Pacific", "2021-08-06T11:15Z", "2021-08-06T12:28Z"),
        ("From 17:00–17:30 PT, it was slow.", "2021-08-06T00:00Z", "2021-08-06T00:30Z"),
        ("from 13:28–21:15 UTC (7h 47m)", "2021-08-06T13:28Z", "2021-08-06T21:15Z"),
        ("between ~08:05 UTC and ~16:30 UTC", "2021-08-06T08:05Z", "2021-08-06T16:30Z"),
        ("Between 06:59 UTC to 13:18 UTC", "2021-08-06T06:59Z", "2021-08-06T13:18Z"),
        ("06:32 – 08:24 AEST", "2021-08-06T20:32Z", "2021-08-06T22:24Z"),
        ("5 pm until 6 pm CEST", "2021-08-06T15:00Z", "2021-08-06T16:00Z"),
        ("from 10:00 to 11:30 (UTC+02:00)", "2021-08-06T08:00Z", "2021-08-06T09:30Z"),
        ("from 10:00 to 11:30 GMT-5", "2021-08-06T15:00Z", "2021-08-06T16:30Z"),
        ("from 10:00 to 11:30 Eastern Daylight Time", "2021-08-06T14:00Z", "2021-08-06T15:30Z"),
        ("from 10:00 to 11:30 Asia/Kolkata", "2021-08-06T04:30Z", "2021-08-06T06:00Z"),
        ("2021-08-06T05:16:00-07:00 - 2021-08-06T07:45:00-07:00", "2021-08-06T12:16Z", "2021-08-06T14:45Z"),
        ("2021-08-06 05:16 - 07:45 PDT", "2021-08-06T12:16Z", "2021-08-06T14:45Z"),
        # The half of the day said once: the shorter reading.
        ("11:30-1:15 PM PDT", "2021-08-06T18:30Z", "2021-08-06T20:15Z"),
        ("2:30-4:15 PM PDT", "2021-08-06T21:30Z", "2021-08-06T23:15Z"),
    ],
)
def test_a_window_is_found_in_each_form_that_vendors_use(text: str, start: str, end: str) -> None:
    assert windows(text, posted="2021-08-06T23:30:00Z") == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (
            "Between 10:45 PM PDT on August 6 and 2:53 AM PDT on August 7",
            "2021-08-07T05:45Z",
            "2021-08-07T09:53Z",
        ),
        ("Between August 6 5:23 PM and August 7 2:48 AM PDT", "2021-08-07T00:23Z", "2021-08-07T09:48Z"),
        ("Between August 6 5:50 PM PDT and 11:27 PM PDT", "2021-08-07T00:50Z", "2021-08-07T06:27Z"),
        ("between 10:45 PM and 2:53 AM PDT on August 7", "2021-08-07T05:45Z", "2021-08-07T09:53Z"),
        (
            "On August 6, 2021, between 15:05 UTC and 00:14 UTC on August 7",
            "2021-08-06T15:05Z",
            "2021-08-07T00:14Z",
        ),
        ("Between 18:46 UTC and 20:36 UTC on 6 August 2021", "2021-08-06T18:46Z", "2021-08-06T20:36Z"),
        ("On 5 August 16:30 to 6 August 17:43 2021 US/Pacific:", "2021-08-05T23:30Z", "2021-08-07T00:43Z"),
        (
            "On Wednesday, 4 August 2021 03:06 to Friday 6 August 11:33 US/Pacific",
            "2021-08-04T10:06Z",
            "2021-08-06T18:33Z",
        ),
        ("6:34 AM PDT till 7:26 AM PDT on 8/6/2021", "2021-08-06T13:34Z", "2021-08-06T14:26Z"),
        ("between 14:00 and 15:00 UTC on Thursday", "2021-08-05T14:00Z", "2021-08-05T15:00Z"),
        ("yesterday between 14:00 and 15:00 UTC", "2021-08-06T14:00Z", "2021-08-06T15:00Z"),
    ],
)
def test_the_day_is_taken_from_the_words(text: str, start: str, end: str) -> None:
    assert windows(text, posted="2021-08-07T10:00:00Z") == [(start, end)]


@pytest.mark.parametrize(
    ("posted", "start", "end"),
    [
        ("2021-08-06T13:00:00Z", "2021-08-05T22:00Z", "2021-08-06T01:30Z"),
        ("2021-08-06T01:35:00Z", "2021-08-05T22:00Z", "2021-08-06T01:30Z"),
        # Told while it lasts.
        ("2021-08-06T22:30:00Z", "2021-08-06T22:00Z", "2021-08-07T01:30Z"),
        ("2022-01-01T02:00:00Z", "2021-12-31T22:00Z", "2022-01-01T01:30Z"),
    ],
)
def test_a_window_without_a_day_is_the_last_that_had_begun(posted: str, start: str, end: str) -> None:
    assert windows("between 22:00 and 01:30 UTC", posted=posted) == [(start, end)]


def test_a_text_changed_later_may_tell_of_what_came_after_its_post() -> None:
    text = "It was slow from 08:45 to 09:13 UTC and from 12:08 to 12:48 UTC."
    posted, changed = at("2026-07-25T09:25:00Z"), at("2026-07-30T18:33:00Z")
    assert len(narrated(text, reference=posted).windows) == 2
    found = narrated(text, reference=posted, changed_at=changed).windows
    assert [window.start for window in found] == [at("2026-07-25T08:45:00Z"), at("2026-07-25T12:08:00Z")]


def test_a_day_without_a_year_is_the_nearest_to_the_post() -> None:
    text = "from 23:00 to 23:30 UTC on December 31"
    assert windows(text, posted="2022-01-01T02:00:00Z") == [("2021-12-31T23:00Z", "2021-12-31T23:30Z")]


def test_several_windows_of_one_text_are_all_told() -> None:
    text = "The timeframes were 10:00-10:20, 10:45-11:50 UTC, and 16:00-16:30 UTC."
    assert windows(text, posted="2026-08-01T18:00:00Z") == [
        ("2026-08-01T10:00Z", "2026-08-01T10:20Z"),
        ("2026-08-01T10:45Z", "2026-08-01T11:50Z"),
        ("2026-08-01T16:00Z", "2026-08-01T16:30Z"),
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (
            "At 4:15AM Pacific our load balancer ceased responding. It was back at 5:28AM Pacific.",
            "2016-06-02T11:15Z",
            "2016-06-02T12:28Z",
        ),
        (
            "Starting at 5:07 AM PDT we saw errors. By 6:03 AM PDT, rates had returned to normal levels,"
            " and by 7:05 AM PDT, all instances had been recovered.",
            "2016-06-02T12:07Z",
            "2016-06-02T14:05Z",
        ),
        (
            "We experienced an issue beginning at Thursday, 2016-06-02 01:00 US/Pacific.\n"
            "The issue has been resolved for all affected users as of Thursday, 2016-06-02 02:13 US/Pacific.",
            "2016-06-02T08:00Z",
            "2016-06-02T09:13Z",
        ),
        (
            "(All Times US/Pacific)\n**Incident Start:** 2 June 2016 01:11"
            "\n**Incident End:** 2 June 2016 02:44",
            "2016-06-02T08:11Z",
            "2016-06-02T09:44Z",
        ),
    ],
)
def test_a_start_and_an_end_told_apart_make_a_window(text: str, start: str, end: str) -> None:
    assert windows(text, posted="2016-06-02T17:15:00Z") == [(start, end)]


@pytest.mark.parametrize(
    "text",
    [
        "We look into it.",
        "We will provide an update by 10:00 UTC.",
        "We will perform work between 10:00 and 11:00 UTC.",
        "From 10:00–11:00 UTC, we will perform work.",
        "The work is expected between 10:00 and 11:00 UTC.",
        "on August 20 between 10:00 and 11:00 UTC",
        "It began at 10:00 UTC.",
        "Scores of 10:00 and 11:00 UTC",
        "between 10:00 and 10:00 UTC",
        "between 13:00 am and 14:00 am UTC",
        "between 25:00 and 26:00 UTC",
        "version 10.10.10.10:80-90 UTC",
    ],
)
def test_plans_single_times_and_impossible_ones_give_no_window(text: str) -> None:
    assert narrated(text, reference=at("2021-08-07T10:00:00Z")).windows == ()


def test_an_announcement_may_lie_ahead() -> None:
    text = "From 17:00–17:30 PT, we will be performing work."
    found = narrated(text, reference=at("2024-12-15T00:00:00Z"), looking_back=False)
    assert [window.start for window in found.windows] == [at("2024-12-15T01:00:00Z")]


def test_without_a_zone_nothing_is_guessed() -> None:
    found = narrated("From 18:12–18:55, we saw errors.", reference=at("2026-09-02T19:00:00Z"))
    assert found.windows == ()
    assert found.notes == (
        "“From 18:12–18:55”: The time 18:12 bears no zone; say which zone this source writes in.",
    )
    said = windows("From 18:12–18:55, we saw errors.", posted="2026-09-02T19:00:00Z", zone=ZoneInfo("UTC"))
    assert said == [("2026-09-02T18:12Z", "2026-09-02T18:55Z")]


def test_a_word_that_several_places_use_needs_the_zone() -> None:
    text, posted = "between 10:10 and 11:30 IST", "2021-07-07T18:00:00Z"
    assert windows(text, posted=posted) == []
    assert windows(text, posted=posted, zone=ZoneInfo("Asia/Kolkata")) == [
        ("2021-07-07T04:40Z", "2021-07-07T06:00Z")
    ]
    assert windows(text, posted=posted, zone=ZoneInfo("Europe/Dublin")) == [
        ("2021-07-07T09:10Z", "2021-07-07T10:30Z")
    ]


def test_pst_in_july_is_read_as_printed_and_noted() -> None:
    text = "Outage Window – 6:34 AM PST till 7:26 AM PST on 7/6/2018"
    found = narrated(text, reference=at("2018-07-08T19:00:00Z"))
    assert (found.windows[0].start, found.windows[0].end) == (
        at("2018-07-06T14:34:00Z"),
        at("2018-07-06T15:26:00Z"),
    )
    assert found.notes == (
        "“6:34 AM PST till 7:26 AM PST on 7/6/2018”: 'PST' is printed for 2018-07-06 06:34, but clocks there"
        " showed another letter that day; it is read as printed, an hour may be wrong.",
    )


def test_pst_in_july_is_the_clock_of_the_place_where_the_zone_is_known() -> None:
    text = "6:34 AM PST till 7:26 AM PST on 7/6/2018"
    found = narrated(text, reference=at("2018-07-08T19:00:00Z"), zone=LOS_ANGELES)
    assert found.windows[0].start == at("2018-07-06T13:34:00Z")
    assert "the clock of America/Los_Angeles is taken" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "start", "note"),
    [
        (
            "between 1:10 AM and 1:50 AM PT on November 7, 2021",
            "2021-11-07T08:10:00Z",
            "comes twice in America/Los_Angeles",
        ),
        (
            "between 2:10 AM and 3:50 AM PT on March 14, 2021",
            "2021-03-14T10:10:00Z",
            "does not exist in America/Los_Angeles",
        ),
    ],
)
def test_hours_at_the_change_of_clocks_are_noted(text: str, start: str, note: str) -> None:
    found = narrated(text, reference=at("2021-11-08T00:00:00Z"))
    assert found.windows[0].start == at(start)
    assert note in found.notes[0]


def test_a_date_far_from_the_post_is_kept_and_noted() -> None:
    text = "On February 18, 2026, between 05:02 UTC and 11:30 UTC"
    found = narrated(text, reference=at("2026-08-18T11:42:00Z"))
    assert found.windows[0].start == at("2026-02-18T05:02:00Z")
    assert "lies 181 days from the post" in found.notes[0]


def test_a_window_that_ends_before_it_begins_is_not_proposed() -> None:
    text = "from 10:00 UTC on August 7 to 09:00 UTC on August 6"
    found = narrated(text, reference=at("2021-08-07T12:00:00Z"))
    assert found.windows == ()
    assert "ends before it begins" in found.notes[0]


def test_a_post_mortem_is_read_as_of_the_last_post_before_it() -> None:
    posts = [
        Post(at=at("2016-06-02T12:15:00Z"), word="investigating", body="We look into it."),
        Post(
            at=at("2016-06-02T17:15:00Z"), word="resolved", body="Over. It failed from 4:15 to 5:28 Pacific."
        ),
        Post(
            at=at("2016-06-09T18:51:00Z"), word="postmortem", body="It failed between 4:15 and 5:30 Pacific."
        ),
    ]
    found = windows_of(posts, changed_at=None, zone=None).windows
    assert [(said.start, said.end) for said in found] == [
        (at("2016-06-02T11:15:00Z"), at("2016-06-02T12:30:00Z")),
        (at("2016-06-02T11:15:00Z"), at("2016-06-02T12:28:00Z")),
    ]


def test_the_quote_is_short_and_shows_both_ends() -> None:
    text = f"Starting at 5:07 AM PDT errors rose. {'Much was tried. ' * 60}By 7:05 AM PDT all had recovered."
    quote = narrated(text, reference=at("2021-08-06T20:00:00Z")).windows[0].quote
    assert len(quote) <= LONGEST_QUOTE + 5
    assert quote.startswith("5:07 AM PDT")
    assert quote.endswith("By 7:05 AM PDT")


WORDS = [
    "12:00",
    "1:11",
    "9:59PM",
    "25:00",
    "pm",
    "am",
    "between",
    "from",
    "to",
    "and",
    "-",
    "–",
    "UTC",
    "PST",
    "PT",
    "IST",
    "UTC-5",
    "(UTC)",
    "US/Pacific",
    "US/Nowhere",
    "May",
    "31",
    "30",
    "2021",
    "1999",
    "2021-02-30",
    "02/31/21",
    "31/12/2021",
    "Feb",
    "Tuesday",
    "yesterday",
    ",",
    ".",
    "\n",
    "started",
    "resolved",
    "beginning",
    "end:",
    "ended",
    "\xa0",
    "*",
    "~",
    "T",
    "Z",
    "+05:30",
    "9999-12-31",
    "0001-01-01",
]


@given(
    st.lists(st.sampled_from(WORDS), max_size=40),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from((None, UTC, LOS_ANGELES, ZoneInfo("Pacific/Apia"), ZoneInfo("Africa/Casablanca"))),
    st.booleans(),
)
def test_any_words_give_sound_windows_or_none(
    words: list[str], posted: datetime, zone: ZoneInfo | None, looking_back: bool
) -> None:
    for text in ("".join(words), " ".join(words)):
        for window in narrated(text, reference=posted, zone=zone, looking_back=looking_back).windows:
            assert window.start < window.end
            assert window.start.tzinfo is UTC
            assert window.end.tzinfo is UTC


def test_only_the_beginning_of_an_endless_text_is_searched() -> None:
    text = f"{'x' * LONGEST_TEXT} between 10:00 and 11:00 UTC"
    assert narrated(text, reference=at("2021-08-06T12:00:00Z")).windows == ()
