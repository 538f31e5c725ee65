"""Reading the answers of Prometheus: exact numbers, labels, and values that are none."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.feeds.prometheus import FORMAT
from incidents.feeds.values import Feed, FeedError, FeedSample
from tests.incidents.tables import at, context


def answer(*series: Any, kind: str = "matrix", **more: Any) -> bytes:
    data = {"resultType": kind, "result": list(series)}
    return json.dumps({"status": "success", "data": data, **more}).encode()


def series(*values: Any, **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": "up", "instance": "a:9090"} | labels, "values": list(values)}


def read(content: bytes, **columns: str) -> Feed:
    return FORMAT.read(content, context(None, **{"component": "instance"} | columns))


def test_a_matrix_gives_a_sample_for_each_value() -> None:
    content = answer(
        series([1435781430.781, "1"], [1435781445.781, "0.30000000000000004"]),
        series([1435781430, "0"], instance="b:9091", __name__="down"),
    )
    assert read(content) == Feed(
        samples=(
            FeedSample(component="a:9090", metric="up", at=at("2015-07-01T20:10:30.781Z"), value=Decimal(1)),
            FeedSample(
                component="a:9090",
                metric="up",
                at=at("2015-07-01T20:10:45.781Z"),
                value=Decimal("0.30000000000000004"),
            ),
            FeedSample(component="b:9091", metric="down", at=at("2015-07-01T20:10:30Z"), value=Decimal(0)),
        )
    )


def test_a_vector_gives_the_value_of_each_series() -> None:
    content = answer(
        {"metric": {"instance": "a", "__name__": "up"}, "value": [1435781451, "1"]}, kind="vector"
    )
    assert [said.component for said in read(content).samples] == ["a"]


def test_the_component_may_be_several_labels_or_stated() -> None:
    content = answer(series([1435781430, "1"], job="api"))
    assert read(content, component="job + instance").samples[0].component == "api a:9090"
    assert read(content, component="", option_component="EU").samples[0].component == "EU"


def test_the_metric_may_be_another_label_or_stated() -> None:
    content = answer({"metric": {"instance": "a", "kpi": "loss"}, "values": [[1435781430, "1"]]})
    assert read(content, metric="kpi").samples[0].metric == "loss"
    assert read(content, option_metric="error_rate").samples[0].metric == "error_rate"
    assert [(problem.place, problem.message) for problem in read(content).problems] == [
        ("result[0]", "the series has no label '__name__'; name the metric in option:metric.")
    ]


GOOD = [1435781430, "1"]


@pytest.mark.parametrize(
    ("values", "place", "message"),
    [
        (
            [[1435781431, "NaN"], [1435781432, "NaN"]],
            "values[1] and 1 more",
            "NaN is no value: nothing was m",
        ),
        ([[1435781431, "+Inf"]], "values[1]", "+Inf is no value: nothing was measured."),
        ([[1435781431, 1]], "values[1]", "the number is not given as text, so its digits are not certain."),
        ([[1435781431, "1 000"]], "values[1]", "not a number;"),
        ([[True, "1"]], "values[1]", "the time is no number of seconds since 1970."),
        ([[1e300, "1"]], "values[1]", "the time is no number of seconds since 1970."),
        ([[-5, "1"]], "values[1]", "the time is no number of seconds since 1970."),
        ([[5, "1"]], "values[1]", "the year lies outside 1990 to 2200."),
        ([["1435781431", "1"]], "values[1]", "the time is no number of seconds since 1970."),
        ([[1435781431]], "values[1]", "a value is a pair of a time and a number as text."),
        ([7], "values[1]", "a value is a pair of a time and a number as text."),
        (
            [GOOD],
            "values[1]",
            "'a:9090' has this metric at this instant already; map more labels to component.",
        ),
    ],
)
def test_a_value_that_is_none_is_listed_once_for_its_series(
    values: list[Any], place: str, message: str
) -> None:
    feed = read(answer(series(GOOD, *values)))
    assert [said.value for said in feed.samples] == [Decimal(1)]
    assert [problem.place for problem in feed.problems] == [f"result[0].{place}"]
    assert feed.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (7, "a series is an object with its labels as texts in 'metric'."),
        ({"metric": {"instance": 7}}, "a series is an object with its labels as texts in 'metric'."),
        ({"metric": {"job": "x"}}, "the series has no label 'instance'; its labels are: job."),
        (series() | {"values": {}}, "'values' holds an object, not a list."),
        (series() | {"histograms": []}, "the series holds histograms; ask for one number"),
        (series(__name__="m" * 61), "the metric"),
        (series(instance="a\x00"), "the text holds a null byte or half a character."),
    ],
)
def test_a_series_that_cannot_be_used_is_listed_and_the_others_kept(record: Any, message: str) -> None:
    feed = read(answer(record, series(GOOD)))
    assert len(feed.samples) == 1
    assert feed.problems[0].place == "result[0]"
    assert feed.problems[0].message.startswith(message)


def test_warnings_are_listed() -> None:
    feed = read(answer(warnings=["results may be partial"]))
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        ("warnings", "Prometheus warns: 'results may be partial'.")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "The file is not JSON, or was cut off"),
        (b"[]", "The file holds a list, not an object."),
        (
            b'{"status": "error", "errorType": "timeout", "error": "too long"}',
            "Prometheus answered with an error: 'timeout: too long'.",
        ),
        (b"{}", "The file holds no matrix and no vector."),
        (answer(kind="scalar"), "The file holds no matrix and no vector."),
        (b'{"data": {"resultType": "matrix"}}', "'data.result' holds nothing, not a list."),
    ],
)
def test_what_is_no_answer_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(content)
    assert str(refused.value).startswith(message)


def test_the_label_of_the_component_must_be_said() -> None:
    with pytest.raises(FeedError, match="Say which label names the component"):
        read(answer(), component="")


def test_labels_are_shown_with_examples_and_a_proposal() -> None:
    assert FORMAT.table is not None
    seen = FORMAT.table.look(answer(series(GOOD), series(GOOD, instance="b")), {})
    assert [(column.name, column.examples) for column in seen.columns] == [
        ("__name__", ("up",)),
        ("instance", ("a:9090", "b")),
    ]
    assert seen.proposed == {"component": "instance", "metric": "__name__"}


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(record=ANY, value=ANY, seconds=ANY, text=ANY)
@settings(max_examples=200, deadline=None)
def test_whatever_stands_in_an_answer_is_read_or_listed(
    record: Any, value: Any, seconds: Any, text: Any
) -> None:
    content = answer(record, series(value, [seconds, text], [1435781430, text], GOOD))
    for said in read(content).samples:
        assert said.value.is_finite()
        assert said.at.utcoffset() is not None
