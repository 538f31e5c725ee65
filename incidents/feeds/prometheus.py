"""Read the answer of a Prometheus query: a matrix of a range query, or a vector of an instant one.

The mapping names labels instead of columns: `component` the label of the component, or several with a plus
between ("job + instance", joined with a blank), `metric` the label of the metric (`__name__` without it).
A query such as rate(...) gives no name: state it in `option:metric`. NaN and Inf are no values; among them
are the marks of series that went stale.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.feeds.json_files import kind_of, plausible, read_document, storable
from incidents.feeds.sample_table import LONGEST_NAME, exact
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedContext,
    FeedError,
    FeedProblem,
    FeedSample,
    Format,
    SeenColumn,
    SeenTable,
    TableFormat,
)
from vendors.files.mapping import TableMapping
from vendors.files.rows import shown

FIELDS: Mapping[str, str] = {
    "component": "The label that names the component, or several with a plus between",
    "metric": "The label that names the metric; __name__ without it",
}
OPTIONS: Mapping[str, str] = {
    "component": "The name of the one component, where no label holds it",
    "metric": "The name of the metric, where no label holds it",
}
MOST_SAMPLES = 2_000_000
NAME = "__name__"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED = "Expected is the answer of /api/v1/query_range or /api/v1/query."


def read_prometheus(content: bytes, context: FeedContext) -> Feed:
    """Read the answer; a series or value that cannot be used is listed.

    Raises:
        FeedError: not JSON, an answer that reports an error, no matrix or vector, no label for the component,
            or more values than can be taken at once.

    """
    mapping = TableMapping.of(context.columns, fields=FIELDS, options=OPTIONS)
    if "component" not in mapping.columns and not mapping.option("component"):
        raise FeedError("Say which label names the component: map 'component', for example to instance.")
    reader = _Reader(mapping)
    samples = tuple(
        sample
        for number, series in enumerate(_series(content, problems=reader.problems))
        for sample in reader.of(series, place=f"result[{number}]")
    )
    return Feed(samples=samples, problems=tuple(reader.problems))


def _series(content: bytes, *, problems: list[FeedProblem]) -> list[Any]:
    document = read_document(content, what="Prometheus")
    if not isinstance(document, dict):
        raise FeedError(f"The file holds {kind_of(document)}, not an object. {_EXPECTED}")
    if document.get("status") == "error":
        said = f"{document.get('errorType', 'error')}: {document.get('error', '')}"
        raise FeedError(f"Prometheus answered with an error: {shown(said)}. Ask again.")
    warnings = document.get("warnings")
    if isinstance(warnings, list):
        for warning in warnings[:20]:
            problems.append(
                FeedProblem(place="warnings", message=f"Prometheus warns: {shown(str(warning))}.")
            )
    data = document.get("data")
    if not isinstance(data, dict) or data.get("resultType") not in ("matrix", "vector"):
        raise FeedError(f"The file holds no matrix and no vector. {_EXPECTED}")
    result = data.get("result")
    if not isinstance(result, list):
        raise FeedError(f"'data.result' holds {kind_of(result)}, not a list. {_EXPECTED}")
    return result


class _Reader:
    """Give the samples of each series, each component, metric and instant once."""

    def __init__(self, mapping: TableMapping) -> None:
        self.problems: list[FeedProblem] = []
        self._labels = [
            label.strip() for label in mapping.columns.get("component", "").split("+") if label.strip()
        ]
        self._component = mapping.option("component")
        self._metric_label, self._metric = mapping.columns.get("metric", NAME), mapping.option("metric")
        self._met: set[tuple[str, str, datetime]] = set()

    def of(self, series: Any, *, place: str) -> Iterator[FeedSample]:
        try:
            component, metric = self._names(series)
            values = _values(series)
        except ValueError as error:
            self._problem(place, str(error))
            return
        refused: dict[str, list[str]] = {}
        for number, given in enumerate(values):
            try:
                yield self._sample(given, component=component, metric=metric)
            except ValueError as error:
                if isinstance(error, FeedError):
                    raise
                refused.setdefault(str(error), []).append(f"values[{number}]")
        for said, where in refused.items():
            count = f" and {len(where) - 1} more" if len(where) > 1 else ""
            self._problem(f"{place}.{where[0]}{count}", said)

    def _names(self, series: Any) -> tuple[str, str]:
        labels = series.get("metric") if isinstance(series, dict) else None
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise ValueError("a series is an object with its labels as texts in 'metric'")
        absent = [label for label in self._labels if not labels.get(label)]
        if absent:
            there = ", ".join(sorted(map(str, labels))) or "none"
            raise ValueError(f"the series has no label {shown(absent[0])}; its labels are: {there[:200]}")
        component = " ".join(labels[label] for label in self._labels) or self._component
        metric = self._metric or labels.get(self._metric_label, "")
        if not metric:
            raise ValueError(
                f"the series has no label {shown(self._metric_label)}; name the metric in option:metric"
            )
        if len(metric) > LONGEST_NAME:
            raise ValueError(f"the metric {shown(metric)} is longer than {LONGEST_NAME} letters")
        storable(component), storable(metric)
        return component, metric

    def _sample(self, given: Any, *, component: str, metric: str) -> FeedSample:
        if not isinstance(given, list) or len(given) != 2:
            raise ValueError("a value is a pair of a time and a number as text")
        seconds, text = given
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 7.3e9:
            raise ValueError("the time is no number of seconds since 1970")
        # Prometheus counts milliseconds; a float holds them exactly enough to round.
        at = plausible(_EPOCH + timedelta(milliseconds=round(seconds * 1000)))
        if not isinstance(text, str):
            raise ValueError("the number is not given as text, so its digits are not certain")
        if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            raise ValueError(f"{text[:10]} is no value: nothing was measured")
        value = exact(text)
        if (component, metric, at) in self._met:
            raise ValueError(
                f"{shown(component)} has this metric at this instant already; map more labels to component"
            )
        if len(self._met) >= MOST_SAMPLES:
            raise FeedError(f"The file has more than {MOST_SAMPLES} values. Ask for a shorter time.")
        self._met.add((component, metric, at))
        return FeedSample(component=component, metric=metric, at=at, value=value)

    def _problem(self, place: str, message: str) -> None:
        self.problems.append(FeedProblem(place=place, message=f"{message}."))


def _values(series: dict[str, Any]) -> list[Any]:
    if "histogram" in series or "histograms" in series:
        raise ValueError("the series holds histograms; ask for one number, such as histogram_quantile(...)")
    values = series.get("values", [series["value"]] if "value" in series else None)
    if not isinstance(values, list):
        raise ValueError(f"'values' holds {kind_of(values)}, not a list")
    return values


def labels_of(content: bytes, _: Mapping[str, str]) -> SeenTable:
    """Name the labels of the series with examples, and propose one for the component and the metric.

    Raises:
        FeedError: as `read_prometheus`.

    """
    met: dict[str, dict[str, None]] = {}
    for series in _series(content, problems=[])[:200]:
        labels = series.get("metric") if isinstance(series, dict) else None
        for label, value in labels.items() if isinstance(labels, dict) else ():
            met.setdefault(label, {})[str(value)[:80]] = None
    columns = tuple(SeenColumn(name=label, examples=tuple(values)[:3]) for label, values in met.items())
    component = next((label for label in ("instance", "service", "job") if label in met), "")
    proposed = {"component": component, "metric": NAME if NAME in met else ""}
    return SeenTable(
        sheets=(),
        header=0,
        columns=columns,
        proposed={field: label for field, label in proposed.items() if label},
    )


FORMAT = Format(
    code="prometheus",
    label="Prometheus query (JSON)",
    read=read_prometheus,
    clock=Clock.US,
    polled=True,
    table=TableFormat(fields=FIELDS, options=OPTIONS, look=labels_of),
)
