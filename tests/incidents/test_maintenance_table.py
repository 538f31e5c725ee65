"""Reading notices of work from tables."""

import pytest

from incidents.feeds.maintenance_table import FIELDS, FORMAT
from incidents.feeds.table_columns import MAINTENANCE_WORDS
from incidents.feeds.values import Feed, FeedComponent, FeedError, FeedMaintenance, NoticeStatus
from tests.incidents.tables import at, context, csv_of

COLUMNS = {
    "number": "Window",
    "notice": "Notice",
    "title": "Title",
    "starts": "From",
    "ends": "To",
    "noticed": "Sent",
    "component": "Circuits",
    "status": "State",
    "emergency": "Urgent",
    "impact": "Impact",
    "option_separator": ",",
}
HEAD = "Window;Notice;Title;From;To;Sent;Circuits;State;Urgent;Impact"
LINE = "W1;N7;Card swap;13.03.2016 01:00;13.03.2016 05:00;01.03.2016 09:00;C-1, C-2;Confirmed;no;OUTAGE"


def read(*lines: str, head: str = HEAD, zone: str | None = "Europe/Amsterdam", **columns: str) -> Feed:
    return FORMAT.read(csv_of(head, *lines), context(zone, **COLUMNS | columns))


def test_a_window_is_read_in_full() -> None:
    assert read(LINE) == Feed(
        maintenances=(
            FeedMaintenance(
                external_id="W1",
                title="Card swap",
                starts_at=at("2016-03-13T00:00:00Z"),
                ends_at=at("2016-03-13T04:00:00Z"),
                noticed_at=at("2016-03-01T08:00:00Z"),
                components=(FeedComponent(name="C-1"), FeedComponent(name="C-2")),
                impact="OUTAGE",
                notice="N7",
            ),
        )
    )


@pytest.mark.parametrize(
    ("word", "stated", "status"),
    [
        ("", "", NoticeStatus.CONFIRMED),
        ("Tentative", "", NoticeStatus.TENTATIVE),
        ("IN-PROCESS", "", NoticeStatus.IN_PROCESS),
        ("Re-Scheduled", "", NoticeStatus.RESCHEDULED),
        ("canceled", "", NoticeStatus.CANCELLED),
        ("Withdrawn", "withdrawn=cancelled|done=completed", NoticeStatus.CANCELLED),
    ],
)
def test_the_status_is_read_by_its_words(word: str, stated: str, status: NoticeStatus) -> None:
    (said,) = read(LINE.replace("Confirmed", word), option_status=stated).maintenances
    assert said.status is status


@pytest.mark.parametrize(
    ("before", "after", "place", "message"),
    [
        (
            "Confirmed",
            "Withdrawn",
            "row 2, column State",
            "no known status; say what it means in option:status",
        ),
        (";no;", ";perhaps;", "row 2, column Urgent", "neither yes nor no;"),
        ("13.03.2016 05:00", "", "row 2, column To", "the window needs its start and its end (found '')."),
        ("13.03.2016 01:00", "", "row 2, column From", "the window needs its start and its end (found '')."),
        (
            "13.03.2016 05:00",
            "13.03.2016 01:00",
            "row 2, column To",
            "the window ends no later than it begins;",
        ),
        ("13.03.2016 05:00", "late", "row 2, column To", "not a date and time"),
        ("W1", "", "row 2, column Window", "the row has no number; give each record its own, or leave"),
    ],
)
def test_a_window_that_cannot_be_used_is_listed(before: str, after: str, place: str, message: str) -> None:
    other = LINE.replace("W1", "W2")
    feed = read(LINE.replace(before, after), other)
    assert [said.external_id for said in feed.maintenances] == ["W2"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


def test_windows_of_one_notice_get_numbers_that_hold() -> None:
    lines = (LINE, LINE.replace("13.03", "14.03"))
    feed = read(*lines, number="")
    assert {said.notice for said in feed.maintenances} == {"N7"}
    numbers = [said.external_id for said in feed.maintenances]
    assert len(set(numbers)) == 2
    changed = [line.replace("Card swap", "Card swap, again").replace("no;", "yes;") for line in lines]
    assert [said.external_id for said in read(*changed, number="").maintenances] == numbers


def test_a_notice_after_the_fact_is_noted() -> None:
    (said,) = read(LINE.replace("01.03.2016 09:00", "13.03.2016 01:01")).maintenances
    assert said.notes == ("The notice was given after the work was to begin.",)


def test_a_time_of_two_readings_is_noted_with_its_column() -> None:
    (said,) = read(
        LINE.replace("13.03.2016 01:00", "27.03.2016 02:30").replace("13.03", "27.03")
    ).maintenances
    assert said.notes == (
        "From: 2016-03-27 02:30 never came in Europe/Amsterdam, as the clocks changed; "
        "read as 2016-03-27 01:30 UTC, it could be 2016-03-27 00:30 UTC.",
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"starts": ""}, "Say which columns hold the window: map 'starts' and 'ends'."),
        (
            {"option_status": "gone=lost"},
            "option:status: 'lost' is no status. Give one of: tentative, confirmed",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns: dict[str, str], message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(LINE, **columns)
    assert str(refused.value).startswith(message)


def test_every_field_that_is_proposed_can_be_mapped() -> None:
    assert MAINTENANCE_WORDS.keys() <= FIELDS.keys()
