"""Reading incidents from tables: what is mapped, the awkward rows, and numbers that hold."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.feeds.incident_table import FIELDS, FORMAT, MOMENTS
from incidents.feeds.table_columns import INCIDENT_WORDS
from incidents.feeds.values import Feed, FeedComponent, FeedContext, FeedError, FeedIncident, FeedMoment
from incidents.models import MilestoneKind
from tests.incidents.tables import at, cell_date, context, csv_of, xlsx_of

TICKETS = (Path(__file__).parent / "captures" / "tickets.csv").read_bytes()
COLUMNS = {
    "number": "Ticket No",
    "title": "Summary",
    "began": "Opened",
    "ended": "Restored",
    "closed": "Closed",
    "severity": "Priority",
    "status": "State",
    "component": "Affected",
    "root_cause": "Cause",
    "option_separator": ";",
}


def read(content: bytes, *, zone: str | None = "UTC", **columns: str) -> Feed:
    return FORMAT.read(content, context(zone, **columns))


def test_a_kept_log_is_read_in_full() -> None:
    feed = read(TICKETS, zone="Europe/Amsterdam", **COLUMNS)
    assert [said.external_id for said in feed.incidents] == ["T-1001", "T-1002", "T-1003", "T-1004"]
    assert feed.incidents[0] == FeedIncident(
        external_id="T-1001",
        title="Mail does not arrive",
        narrative="Root cause: A disk was full, then the other",
        severity="P1",
        status="Closed",
        started_at=at("2016-02-29T00:16:00Z"),
        first_posted_at=None,
        resolved_at=at("2016-02-29T03:00:00Z"),
        changed_at=None,
        components=(FeedComponent(name="Mail"), FeedComponent(name="Web mail")),
        moments=(FeedMoment(kind="closed", at=at("2016-03-05T11:00:00Z")),),
    )


def test_awkward_rows_are_kept_with_a_note() -> None:
    feed = read(TICKETS, **COLUMNS)
    assert [(said.started_at, said.resolved_at, said.notes) for said in feed.incidents[1:]] == [
        (at("2016-03-01T09:00:00Z"), None, ()),
        (
            at("2016-03-02T10:00:00Z"),
            at("2016-03-02T10:00:00Z"),
            ("It ends no later than it begins: it counts no time.",),
        ),
        (None, at("2016-03-03T11:00:00Z"), ("The table does not say when it began.",)),
    ]


def test_bad_rows_and_guidance_are_left_out_and_listed() -> None:
    assert [(problem.place, problem.message) for problem in read(TICKETS, **COLUMNS).problems] == [
        ("row 5", "passed over as guidance: none of its times has a digit."),
        ("row 12, column Restored", "not a date and time such as 2016-02-29 01:16 (found 'soon')."),
    ]


def test_a_workbook_says_the_same_as_text() -> None:
    rows = xlsx_of(
        ("Nr", "Opened", "Ended"),
        (1, cell_date(2016, 3, 5, 1, 16), cell_date(2016, 3, 5, 2, 30)),
    )
    (said,) = read(rows, zone="America/Chicago", number="Nr", began="Opened", ended="Ended").incidents
    assert (said.external_id, said.started_at, said.resolved_at) == (
        "1",
        at("2016-03-05T07:16:00Z"),
        at("2016-03-05T08:30:00Z"),
    )


def test_every_moment_has_a_column_and_a_word_of_the_register() -> None:
    assert {"occurred", *MOMENTS} == set(MilestoneKind.values)
    content = csv_of("N," + ",".join(MOMENTS), "1," + ",".join(["2016-02-29T00:00:00Z"] * len(MOMENTS)))
    (said,) = read(content, number="N", **{kind: kind for kind in MOMENTS}).incidents
    assert [moment.kind for moment in said.moments] == list(MOMENTS)


def test_every_field_that_is_proposed_can_be_mapped() -> None:
    assert INCIDENT_WORDS.keys() <= FIELDS.keys()


@pytest.mark.parametrize(
    ("word", "stated", "planned"),
    [
        ("Yes", "", True),
        ("0", "", False),
        ("", "", False),
        ("Change", "change|work", True),
        ("x", "change", False),
    ],
)
def test_planned_is_read_by_its_words(word: str, stated: str, planned: bool) -> None:
    (said,) = read(csv_of("N,P", f"1,{word}"), number="N", planned="P", option_planned=stated).incidents
    assert said.planned is planned


def test_a_word_that_is_neither_yes_nor_no_is_a_problem() -> None:
    feed = read(csv_of("N,P", "1,perhaps"), number="N", planned="P")
    assert feed.incidents == ()
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        (
            "row 2, column P",
            "neither yes nor no; list the words that mean yes in option:planned (found 'perhaps').",
        )
    ]


def test_a_row_that_says_it_is_over_without_an_end_is_noted() -> None:
    (said,) = read(
        csv_of("N,A,S", "1,2016-02-29 01:00,Resolved"), number="N", began="A", status="S"
    ).incidents
    assert said.notes == ("Its status is 'Resolved', but the table does not say when it ended.",)


def test_a_time_in_the_future_of_the_file_is_noted() -> None:
    # Year first with two digits looks like day first.
    (said,) = read(csv_of("N,A", "1,16-02-29 01:00"), number="N", began="A").incidents
    assert said.started_at == at("2029-02-16T01:00:00Z")
    assert said.notes == (
        "It lies in the future of the file: is the year, or the order of day and month, right?",
    )


NUMBERLESS = csv_of("Title,Began,Where,Note", "Slow,2016-02-29 01:00,EU,first", "Slow,2016-02-29 01:00,US,x")


def test_a_made_number_is_the_same_on_every_reading_and_whatever_else_changes() -> None:
    columns = {"title": "Title", "began": "Began", "component": "Where", "narrative": "Note"}
    first = read(NUMBERLESS, **columns).incidents
    again = read(NUMBERLESS.replace(b"first", b"more is known"), **columns).incidents
    assert [said.external_id for said in first] == [said.external_id for said in again]
    assert [said.external_id for said in first] == ["row-d76672186a1532753628", "row-2372fd7a50b7312683dc"]


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        (
            ("1,2016-02-29", ",2016-02-29"),
            "row 3, column N",
            "the row has no number; give each record its own, or leave the column out: "
            "then numbers are made from the rows.",
        ),
        (
            ("1,2016-02-29", f"{'9' * 121},2016-02-29"),
            "row 3, column N",
            "longer than 120 letters; give each",
        ),
        (
            ("1,2016-02-29", "1,2016-03-01"),
            "row 3, column N",
            "'1' came before, in row 2; the first is kept. Is it a row for each update?",
        ),
    ],
)
def test_a_number_that_cannot_be_used_is_a_problem(lines: tuple[str, ...], place: str, message: str) -> None:
    feed = read(csv_of("N,A", *lines), number="N", began="A")
    assert [said.external_id for said in feed.incidents] == ["1"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


def test_without_a_number_a_row_needs_its_start() -> None:
    feed = read(csv_of("T,A", "Slow,", "x,2016-02-29"), title="T", began="A")
    assert [problem.place for problem in feed.problems] == ["row 2"]
    assert len(feed.incidents) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "Say which column holds which field"),
        ({"number": "N", "began": "Z"}, "No row names the column 'Z'. Row 1 has: 'N', 'A'."),
        (
            {"number": "N", "began": "A", "option_order": "year"},
            "option:order is 'year'. Give one of: day-first",
        ),
        (
            {"number": "N", "option_rows": "updates"},
            "A table with a row for each update also needs: changed, s",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns: dict[str, str], message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(csv_of("N,A", "1,2016-02-29 01:00"), **columns)
    assert str(refused.value).startswith(message)


def test_times_without_a_zone_are_refused_whole() -> None:
    with pytest.raises(FeedError, match="State the zone of the times"):
        read(TICKETS, zone=None, **COLUMNS)


ODD = st.sampled_from(
    [
        b"\x00",
        b"\xff",
        b'"',
        b",",
        b";",
        b"\n",
        b"1e999",
        b"99-99-9999",
        b"\xed\xa0\x80",
        b"=1+1",
        b"?",
        b"\t",
    ]
)
BOOK = xlsx_of(
    ("Ticket No", "Opened", "Restored"),
    *((f"T{n}", cell_date(2016, 2, 1 + n), "29-02-2016") for n in range(9)),
)


@given(
    content=st.sampled_from([TICKETS, TICKETS.decode().encode("utf-16"), BOOK]),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 30), ODD), max_size=6),
    cut=st.integers(0, 10_000),
)
@settings(max_examples=150, deadline=None)
def test_a_mutilated_file_gives_incidents_that_can_be_kept_or_is_refused(
    content: bytes, edits: list[tuple[int, int, bytes]], cut: int
) -> None:
    for place, length, odd in edits:
        place %= len(content) + 1
        content = content[:place] + odd + content[place + length :]
    content = content[: len(content) - cut % 50]
    given_columns = {key: COLUMNS[key] for key in ("number", "began", "ended")}
    try:
        feed = FORMAT.read(content, context("Europe/Amsterdam", **given_columns))
    except FeedError:
        return
    for said in feed.incidents:
        for moment in (said.started_at, said.resolved_at):
            assert moment is None or moment.utcoffset().total_seconds() == 0  # type: ignore[union-attr]
        said.title.encode()
        assert "\x00" not in said.title
        assert 0 < len(said.external_id) <= 120


@given(cells=st.lists(st.lists(st.text(max_size=30), min_size=3, max_size=3), max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_text_in_any_cell_is_read_or_listed(cells: list[list[str]]) -> None:
    lines = ["N|B|E", *("|".join(cell.replace("|", "").replace('"', "") for cell in row) for row in cells)]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    try:
        feed: Feed = FORMAT.read(content, context(number="N", began="B", ended="E"))
    except FeedError:
        return
    assert all(said.external_id.strip() for said in feed.incidents)


def test_the_context_is_all_that_a_reader_needs() -> None:
    assert FORMAT.needs_zone
    assert isinstance(context(), FeedContext)


def test_times_told_in_the_words_of_a_row_are_proposed_beside_those_of_its_columns() -> None:
    text = "Between 21:45 and 22:30 PDT customers were offline."
    content = csv_of(
        "Nr,Opened,Restored,Note,Work",
        f"1,2019-06-25 21:30,2019-06-25 23:00,{text},no",
        f"2,2019-06-25 21:45,2019-06-25 22:30,{text},no",
        f"3,2019-06-25 21:30,2019-06-25 23:00,{text},yes",
        f"4,,,{text},no",
    )
    columns = {"number": "Nr", "began": "Opened", "ended": "Restored", "narrative": "Note", "planned": "Work"}
    feed = read(content, zone="America/Los_Angeles", **columns)
    window = (at("2019-06-26T04:45:00Z"), at("2019-06-26T05:30:00Z"), "Between 21:45 and 22:30 PDT")
    assert [[(each.start, each.end, each.quote) for each in said.windows] for said in feed.incidents] == [
        [window],
        [],
        [],
        [],
    ]
