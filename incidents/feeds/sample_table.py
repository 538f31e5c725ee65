"""Read measurements from CSV or XLSX: latency, loss, temperature, the results of probes.

Either one value a row (`value`, with `metric` naming it), or wide: one column for each metric, mapped as
`"value:latency_ms": "Latency (ms)"` or all in one option. Options beside those of all tables:

| key | value |
|---|---|
| option:component, option:metric | the name, where no column holds it |
| option:wide | the columns of a wide table, as `Latency (ms)=latency_ms` with a bar between |
| option:decimal | point or comma; point without it |
| option:unit | a sign behind the numbers, such as % or ms, that is taken off; nothing is converted |
| option:words | what words mean, as `up=1|down=0` |
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from incidents.feeds.table_columns import SAMPLE_WORDS
from incidents.feeds.table_records import TableTimes
from incidents.feeds.values import Clock, Feed, FeedContext, FeedError, FeedSample, Format, TableFormat
from vendors.files.columns import looking_for
from vendors.files.mapping import TABLE_OPTIONS, TableMapping
from vendors.files.tables import CellError, Record, Table, open_table, same

WIDE = "value:"
FIELDS: Mapping[str, str] = {
    "at": "Measured at",
    "component": "Component, service or probe",
    "metric": "What was measured",
    "value": "The value",
    "volume": "How many requests or readings the value stands for",
}
OPTIONS: Mapping[str, str] = {
    "component": "The name of the one component, where no column holds it",
    "metric": "The name of the one metric, where no column holds it",
    "wide": "Of a table with a column for each metric: Latency (ms)=latency_ms|Room=temperature_c",
    "decimal": "point or comma",
    "unit": "A sign behind the numbers that is taken off, such as %; nothing is converted",
    "words": "What words mean, such as up=1|down=0",
}
LONGEST_NAME = 60
MOST_VOLUME = 10**15
_POINT = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,2})?")


def read_sample_table(content: bytes, context: FeedContext) -> Feed:
    """Read the table; a cell without a value gives no sample.

    Raises:
        FeedError: no table, a column that is not there, no column for the time or the value, dates of two
            readings, times without a zone.

    """
    mapping = TableMapping.of(context.columns, fields=FIELDS, options=OPTIONS, prefix=WIDE)
    wide = {WIDE + metric: column for column, metric in mapping.meanings("wide").items()}
    mapping = replace(mapping, columns={**mapping.columns, **wide})
    metrics = {name.removeprefix(WIDE): name for name in mapping.columns if name.startswith(WIDE)}
    _check(mapping, metrics=metrics)
    table = open_table(content, mapping=mapping)
    records = list(table.records())
    times = TableTimes(table, records=records, fields=("at",), mapping=mapping, zone=context.zone)
    reader = _Samples(table, times=times, mapping=mapping, metrics=metrics)
    samples = tuple(sample for record in records for sample in reader.of(record))
    return Feed(samples=samples, problems=tuple(table.problems))


def _check(mapping: TableMapping, *, metrics: Mapping[str, str]) -> None:
    columns = mapping.columns
    if "at" not in columns:
        raise FeedError("Say which column holds the time: map 'at'.")
    if ("value" in columns) == bool(metrics):
        raise FeedError("Map either 'value', or one 'value:<metric>' for each column of a wide table.")
    if "component" not in columns and not mapping.option("component"):
        raise FeedError("Map 'component', or name the one component in option:component.")
    if not metrics and "metric" not in columns and not mapping.option("metric"):
        raise FeedError("Map 'metric', or name the one metric in option:metric.")


class _Samples:
    """Give the samples of each row, each component, metric and instant once."""

    def __init__(
        self, table: Table, *, times: TableTimes, mapping: TableMapping, metrics: Mapping[str, str]
    ) -> None:
        self._table, self._times, self._mapping = table, times, mapping
        self._metrics, self._component = metrics, mapping.option("component")
        self._metric = mapping.option("metric")
        self._unit, self._words = mapping.option("unit"), mapping.meanings("words")
        self._comma = mapping.one_of("decimal", words=("comma", "point")) == "comma"
        self._met: dict[tuple[str, str, datetime], int] = {}

    def of(self, record: Record) -> Iterator[FeedSample]:
        read = self._times.read(record)
        if read is None:
            return
        component = record.text("component") or self._component
        if "at" not in read or not component:
            lacking = "component" if "at" in read else "at"
            self._table.problem(
                record, lacking, "the cell is empty; a value needs its time and its component."
            )
            return
        metric = record.text("metric") or self._metric
        volume = self._volume(record)
        for name, cell in (self._metrics or {metric: "value"}).items():
            if volume is not None:
                yield from self._sample(
                    record, cell=cell, metric=name, component=component, at=read["at"].at, volume=volume
                )

    def _sample(
        self, record: Record, *, cell: str, metric: str, component: str, at: datetime, volume: int
    ) -> Iterator[FeedSample]:
        given = record.values[cell]
        if given is None:
            return
        key = (component, metric, at)
        if not metric or len(metric) > LONGEST_NAME:
            said = f"longer than {LONGEST_NAME} letters" if metric else "the cell is empty"
            self._table.problem(record, "metric", f"{said}; name what was measured.")
        elif key in self._met:
            self._table.problem(
                record, cell, f"row {self._met[key]} has a value for the same instant; the first is kept."
            )
        else:
            try:
                value = self._number(given)
            except ValueError as error:
                self._table.refuse(record, CellError(cell, str(error)))
                return
            self._met[key] = record.number
            yield FeedSample(component=component, metric=metric, at=at, value=value, volume=volume)

    def _number(self, given: str) -> Decimal:
        stated = self._words.get(same(given))
        text = given.removesuffix(self._unit).strip() if self._unit else given
        if stated is None and self._comma:
            text = text.replace(".", "\x00").replace(",", ".")
        return exact(text if stated is None else stated)

    def _volume(self, record: Record) -> int | None:
        given = record.values.get("volume")
        if given is None:
            return 1
        try:
            number = exact(given)
            if number < 0 or number % 1 or number > MOST_VOLUME:
                raise ValueError("not a whole number from 0 up")
        except ValueError as error:
            self._table.refuse(record, CellError("volume", str(error)))
            return None
        return int(number)


def exact(text: str) -> Decimal:
    """Read a number as it is written.

    Raises:
        ValueError: no number, such as NaN, Inf, "1,5" or "up", or one with more digits than any measurement.

    """
    if not _POINT.fullmatch(text):
        raise ValueError("not a number; a sign for thousands, a unit or a word is none")
    return Decimal(text)


FORMAT = Format(
    code="sample_table",
    label="Measurements from CSV or XLSX",
    read=read_sample_table,
    clock=Clock.THIRD_PARTY,
    needs_zone=True,
    table=TableFormat(fields=FIELDS, options={**TABLE_OPTIONS, **OPTIONS}, look=looking_for(SAMPLE_WORDS)),
)
