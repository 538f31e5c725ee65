"""Reading measurements from tables: one value a row or one column a metric, and what is no number."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.feeds.sample_table import FORMAT
from incidents.feeds.values import Feed, FeedError, FeedSample
from tests.incidents.tables import at, cell_date, context, csv_of, xlsx_of

NARROW = {"at": "Time", "component": "Where", "metric": "What", "value": "Value", "volume": "Count"}


def read(content: bytes, *, zone: str | None = "UTC", **columns: str) -> Feed:
    return FORMAT.read(content, context(zone, **columns))


def one(value: str, **columns: str) -> Feed:
    given_columns = {"at": "Time", "value": "Value", "option_component": "EU", "option_metric": "m"}
    return read(csv_of("Time;Value", f"1456708560;{value}"), **given_columns | columns)


def test_one_value_a_row() -> None:
    content = csv_of(
        "Time,Where,What,Value,Count",
        "2016-02-29 01:16,EU,latency_ms,12.50,300",
        "2016-02-29 01:16,EU,loss,0,",
        "2016-02-29 01:16,US,loss,-,",
    )
    assert read(content, **NARROW) == Feed(
        samples=(
            FeedSample(
                component="EU",
                metric="latency_ms",
                at=at("2016-02-29T01:16:00Z"),
                value=Decimal("12.50"),
                volume=300,
            ),
            FeedSample(component="EU", metric="loss", at=at("2016-02-29T01:16:00Z"), value=Decimal(0)),
        )
    )


def test_one_column_a_metric() -> None:
    content = xlsx_of(
        ("Time", "Latency (ms)", "Room °C"),
        (cell_date(2016, 7, 1, 12), 12.5, 21),
        (cell_date(2016, 7, 1, 13), "", 22.25),
    )
    feed = read(
        content,
        zone="Europe/Amsterdam",
        at="Time",
        option_component="Hall 3",
        **{"value:latency_ms": "Latency (ms)", "value:temperature_c": "Room °C"},
    )
    assert [(said.component, said.metric, said.at, said.value) for said in feed.samples] == [
        ("Hall 3", "latency_ms", at("2016-07-01T10:00:00Z"), Decimal("12.5")),
        ("Hall 3", "temperature_c", at("2016-07-01T10:00:00Z"), Decimal(21)),
        ("Hall 3", "temperature_c", at("2016-07-01T11:00:00Z"), Decimal("22.25")),
    ]


def test_the_columns_of_a_wide_table_can_be_stated_in_one_option() -> None:
    content = csv_of("Time,Latency (ms),Loss", "2016-02-29 01:16,12.5,0")
    wide = "Latency (ms)=latency_ms|loss=loss"
    feed = read(content, at="Time", option_component="EU", option_wide=wide)
    assert [(said.metric, said.value) for said in feed.samples] == [
        ("latency_ms", Decimal("12.5")),
        ("loss", Decimal(0)),
    ]


@pytest.mark.parametrize(
    ("value", "columns", "expected"),
    [
        ("-0.125", {}, "-0.125"),
        ("1.5e3", {}, "1500"),
        (".5", {}, "0.5"),
        ("1,5", {"option_decimal": "comma"}, "1.5"),
        ("99.95 %", {"option_unit": "%"}, "99.95"),
        ("UP", {"option_words": "up=1|down=0"}, "1"),
        ("0.1000000000000000055", {}, "0.1000000000000000055"),
    ],
)
def test_a_number_is_exactly_what_is_written(value: str, columns: dict[str, str], expected: str) -> None:
    (said,) = one(value, **columns).samples
    assert said.value == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        ("NaN", {}),
        ("Infinity", {}),
        ("1,5", {}),
        ("1.234,5", {"option_decimal": "comma"}),
        ("1 000", {}),
        ("99.95 %", {}),
        ("up", {}),
        ("up", {"option_words": "up=high"}),
        ("1e999", {}),
        ("1" * 40, {}),
        ("١٢", {}),
        ("=1+1", {}),
    ],
)
def test_what_is_no_number_is_a_problem(value: str, columns: dict[str, str]) -> None:
    feed = one(value, **columns)
    assert feed.samples == ()
    assert [problem.place for problem in feed.problems] == ["row 2, column Value"]
    assert feed.problems[0].message.startswith("not a number; a sign for thousands, a unit or a word is none")


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        (",EU,m,1,1", "row 3, column Time", "the cell is empty; a value needs its time and its component."),
        ("2016-02-29,,m,1,1", "row 3, column Where", "the cell is empty; a value needs its time and"),
        ("2016-02-29,EU,,1,1", "row 3, column What", "the cell is empty; name what was measured."),
        ("2016-02-29,EU,m,1,-1", "row 3, column Count", "not a whole number from 0 up (found '-1')."),
        ("2016-02-29,EU,m,1,1.5", "row 3, column Count", "not a whole number from 0 up (found '1.5')."),
        (
            "2016-02-28,EU,m,2,1",
            "row 3, column Value",
            "row 2 has a value for the same instant; the first is",
        ),
        ("2016-02-29,EU," + "m" * 61 + ",2,1", "row 3, column What", "longer than 60 letters; name what was"),
    ],
)
def test_a_row_that_cannot_be_used_is_listed(line: str, place: str, message: str) -> None:
    feed = read(csv_of("Time,Where,What,Value,Count", "2016-02-28,EU,m,1,1", line), **NARROW)
    assert len(feed.samples) == 1
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"value": "V"}, "Say which column holds the time: map 'at'."),
        ({"at": "T"}, "Map either 'value', or one 'value:<metric>'"),
        ({"at": "T", "value": "V", "value:x": "X"}, "Map either 'value', or one 'value:<metric>'"),
        ({"at": "T", "value": "V"}, "Map 'component', or name the one component in option:component."),
        ({"at": "T", "value": "V", "option_component": "EU"}, "Map 'metric', or name the one metric"),
    ],
)
def test_a_mapping_that_says_too_little_is_refused(columns: dict[str, str], message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(b"T,V,X\n", **columns)
    assert str(refused.value).startswith(message)


@given(value=st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_finite_number_or_listed(value: str) -> None:
    content = ("Time|Value\n1456708560|" + value.replace('"', "")).encode("utf-8", "surrogatepass")
    columns = {"at": "Time", "value": "Value", "option_component": "EU", "option_metric": "m"}
    try:
        feed = read(content, **columns, option_delimiter="bar")
    except FeedError:
        return
    assert all(said.value.is_finite() for said in feed.samples)
