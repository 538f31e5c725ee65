"""Reading the times of a column: every way of writing them, the order of day and month, zones."""

from zoneinfo import ZoneInfo

import pytest

from tests.incidents.tables import at
from vendors.files.errors import FileError
from vendors.files.times import ColumnTimes, Order, settle_all


def column(*values: str, zone: str | None = "UTC", order: Order | None = None) -> ColumnTimes:
    made = ColumnTimes(column="Opened", zone=ZoneInfo(zone) if zone else None, order=order)
    for row, value in enumerate(values, start=2):
        made.learn(value, row=row)
    return made


def settled(*values: str, zone: str | None = "UTC", order: Order | None = None) -> ColumnTimes:
    made = column(*values, zone=zone, order=order)
    settle_all([made])
    return made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2016-02-29T01:16:00Z", "2016-02-29T01:16:00Z"),
        ("2016-02-29T01:16:00.123456+05:30", "2016-02-28T19:46:00.123456Z"),
        ("2016-02-29 01:16 -0500", "2016-02-29T06:16:00Z"),
        ("2016-02-29 01:16", "2016-02-29T01:16:00Z"),
        ("2016/2/9 1:16:05", "2016-02-09T01:16:05Z"),
        ("2016-02-29 01:16:05,250", "2016-02-29T01:16:05.250Z"),
        ("29-02-2016 01:16", "2016-02-29T01:16:00Z"),
        ("29.02.16 1:16 PM", "2016-02-29T13:16:00Z"),
        ("5/5/15", "2015-05-05T00:00:00Z"),
        ("5/5/95 12:00 a.m.", "1995-05-05T00:00:00Z"),
        ("Jul 25, 2022 14:00", "2022-07-25T14:00:00Z"),
        ("July 25, 2022 at 2:00 PM UTC", "2022-07-25T14:00:00Z"),
        ("Jun 02, 2016 - 05:15 GMT", "2016-06-02T05:15:00Z"),
        ("Mon, 25 Jul 2022 14:00:00 +0200", "2022-07-25T12:00:00Z"),
        ("25-Jul-22 14:00", "2022-07-25T14:00:00Z"),
        ("25th July 2022", "2022-07-25T00:00:00Z"),
        ("20160229", "2016-02-29T00:00:00Z"),
        ("20160229T011600Z", "2016-02-29T01:16:00Z"),
        ("201602290116", "2016-02-29T01:16:00Z"),
        ("1456708560", "2016-02-29T01:16:00Z"),
        ("1456708560.5", "2016-02-29T01:16:00.5Z"),
        ("1456708560123", "2016-02-29T01:16:00.123Z"),
        ("1456708560123456", "2016-02-29T01:16:00.123456Z"),
        ("42429.052777777775", "2016-02-29T01:16:00Z"),
        ("42429,5", "2016-02-29T12:00:00Z"),
    ],
)
def test_a_time_is_read_however_it_is_written(value: str, expected: str) -> None:
    assert settled(value).read(value).at == at(expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("soon", "not a date and time"),
        ("2016-02-30 01:16", "no date of the calendar: day is out of range for month"),
        ("2016-02-29 24:00", "no date of the calendar: hour must be in 0..23"),
        ("13:00 PM", "not a date and time"),
        ("29.02.16 13:00 PM", "there is no 13 o'clock pm"),
        ("3 Févr 2016", "not a date and time"),
        ("3 Mai 2016", "'Mai' is no month; write it in English or as a number"),
        ("2016-02-29T01:16:00+99:00", "there is no offset +99:00"),
        ("0001-01-01T00:00:00Z", "the year lies outside 1990 to 2200"),
        ("9999-12-31 23:59", "the year lies outside 1990 to 2200"),
        ("0000-01-01", "no date of the calendar: year 0 is out of range"),
        ("9999999999999999", "the year lies outside 1990 to 2200"),
        ("1234567", "a number of neither days since 1900 nor seconds"),
        ("٢٠١٦-02-29", "not a date and time"),
        ("1" * 61, "longer than any time"),
        ("2016-02-29 " + " " * 40 + "x", "not a date and time"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        settled(value).read(value)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("05/03/2016", "29/02/2016"), "2016-03-05T00:00:00Z"),
        (("05/03/2016", "02/29/2016"), "2016-05-03T00:00:00Z"),
    ],
)
def test_one_value_above_twelve_proves_the_order_of_the_column(
    values: tuple[str, ...], expected: str
) -> None:
    assert settled(*values).read("05/03/2016").at == at(expected)


def test_a_column_without_proof_asks() -> None:
    with pytest.raises(FileError) as asked:
        settled("5/5/2016", "05/03/2016")
    assert str(asked.value) == (
        "Column 'Opened': its dates can be read day first or month first; row 3 has '05/03/2016'. "
        "State the order of dates: day-first or month-first."
    )
    stated = settled("5/5/2016", "05/03/2016", order=Order.MONTH_FIRST)
    assert stated.read("05/03/2016").at == at("2016-05-03T00:00:00Z")


def test_a_column_that_proves_both_is_refused() -> None:
    with pytest.raises(FileError, match=r"day first and month first: row 2 has '29/02/2016' and row 3 has"):
        settled("29/02/2016", "02/29/2016")
    stated = settled("29/02/2016", "02/29/2016", order=Order.DAY_FIRST)
    with pytest.raises(ValueError, match=r"month must be in 1\.\.12"):
        stated.read("02/29/2016")


def test_a_column_written_alike_lends_its_proof() -> None:
    proving, doubtful, other = column("29-02-2016"), column("05-03-2016"), column("05/03/2016")
    settle_all([proving, doubtful])
    assert doubtful.read("05-03-2016").at == at("2016-03-05T00:00:00Z")
    with pytest.raises(FileError, match="day first or month first"):
        settle_all([proving, other])


def test_dates_that_a_spreadsheet_turned_beside_dates_it_left_are_pointed_out() -> None:
    assert settled("2016-03-05 01:16:00", "13/25/2016", order=Order.MONTH_FIRST).mixed.startswith(
        "it mixes dates as numbers or year first (row 2 has '2016-03-05 01:16:00') with dates as text."
    )
    assert settled("2016-03-05", "2016-03-25").mixed == ""


@pytest.mark.parametrize("value", ["2016-02-29 01:16", "42429.5", "5/5/15", "Jun 02, 2016 - 05:15 PDT"])
def test_a_time_without_a_zone_asks_for_one(value: str) -> None:
    with pytest.raises(FileError, match=r"Column 'Opened' has .*State the zone of the times\."):
        settled(value, zone=None).read(value)


def test_a_time_with_its_offset_needs_no_zone() -> None:
    assert settled("1456708560", zone=None).read("1456708560").at == at("2016-02-29T01:16:00Z")
    assert settled(zone=None).read("2016-02-29T01:16:00+01:00").at == at("2016-02-29T00:16:00Z")


@pytest.mark.parametrize(
    ("value", "expected", "notes"),
    [
        ("2016-07-01 12:00", "2016-07-01T19:00:00Z", ()),
        ("2016-07-01 12:00 PDT", "2016-07-01T19:00:00Z", ()),
        (
            "2016-07-01 12:00 PST",
            "2016-07-01T19:00:00Z",
            (
                "2016-07-01 12:00 PST: America/Los_Angeles had PDT then; read as 2016-07-01 19:00 UTC. "
                "If PST is right, it is 2016-07-01 20:00 UTC.",
            ),
        ),
        (
            "2016-07-01 12:00 CET",
            "2016-07-01T19:00:00Z",
            (
                "2016-07-01 12:00 CET: America/Los_Angeles had PDT then; read as 2016-07-01 19:00 UTC. "
                "If CET is right, it is another time.",
            ),
        ),
        (
            "2016-11-06 01:30",
            "2016-11-06T08:30:00Z",
            (
                "2016-11-06 01:30 came twice in America/Los_Angeles, as the clocks changed; "
                "read as 2016-11-06 08:30 UTC, it could be 2016-11-06 09:30 UTC.",
            ),
        ),
        ("2016-11-06 01:30 PST", "2016-11-06T09:30:00Z", ()),
        ("2016-11-06 01:30 PDT", "2016-11-06T08:30:00Z", ()),
        (
            "2016-03-13 02:30",
            "2016-03-13T10:30:00Z",
            (
                "2016-03-13 02:30 never came in America/Los_Angeles, as the clocks changed; "
                "read as 2016-03-13 10:30 UTC, it could be 2016-03-13 09:30 UTC.",
            ),
        ),
        ("2016-07-01", "2016-07-01T07:00:00Z", ("'2016-07-01' has no time of day; read as 00:00.",)),
    ],
)
def test_a_local_time_is_placed_by_the_zone_and_doubts_are_noted(
    value: str, expected: str, notes: tuple[str, ...]
) -> None:
    read = settled(value, zone="America/Los_Angeles").read(value)
    assert (read.at, read.notes) == (at(expected), notes)
