"""What readers of tables share: the times of a record, yes or no, components, numbers that came before."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from incidents.feeds.values import FeedComponent, FeedError, FeedIncident, FeedProblem
from vendors.files.mapping import OPTION, TableMapping
from vendors.files.rows import shown
from vendors.files.tables import CellError, Record, Table, same
from vendors.files.times import ColumnTimes, Order, ReadTime, settle_all

LONGEST_ID = 120
MOST_COMPONENTS = 200
YES = frozenset({"yes", "y", "true", "1", "x", "planned", "scheduled", "maintenance"})
OVER = frozenset({"resolved", "closed", "completed", "done", "fixed"})
NO = frozenset({"no", "n", "false", "0", "unplanned", "unscheduled"})
# Rows of guidance stand right below the names of the columns.
GUIDANCE_WITHIN = 3

# A record, its times, and the incident that it alone tells of.
Row = tuple[Record, Mapping[str, ReadTime], FeedIncident]


class TableTimes:
    """The time columns of a table: all its records are looked at before the first is read.

    Raises:
        FeedError: a column whose order of day and month is not proved, or times without a zone.

    """

    def __init__(
        self,
        table: Table,
        *,
        records: Sequence[Record],
        fields: Iterable[str],
        mapping: TableMapping,
        zone: tzinfo | None,
    ) -> None:
        said = mapping.one_of("order", words=Order)
        order = Order(said) if said else None
        self._table, self._first = table, records[0].number if records else 0
        self._columns = {
            name: ColumnTimes(column=mapping.columns[name], zone=zone, order=order)
            for name in fields
            if name in mapping.columns
        }
        for record in records:
            for name, column in self._columns.items():
                if value := record.values[name]:
                    column.learn(value, row=record.number)
        settle_all(self._columns.values())
        for column in self._columns.values():
            if column.mixed:
                table.problems.append(FeedProblem(place=f"column {column.column}", message=column.mixed))

    def read(self, record: Record) -> dict[str, ReadTime] | None:
        """Read the times that a record has; None where one cannot be read, which is then a problem."""
        if self._is_guidance(record):
            self._table.problem(record, "", "passed over as guidance: none of its times has a digit.")
            return None
        times: dict[str, ReadTime] = {}
        sound = True
        for name, column in self._columns.items():
            value = record.values[name]
            if value is None:
                continue
            try:
                times[name] = column.read(value)
            except ValueError as error:
                if isinstance(error, FeedError):
                    raise
                self._table.refuse(record, CellError(name, str(error)))
                sound = False
        return times if sound else None

    def _is_guidance(self, record: Record) -> bool:
        """Say whether a row tells how to fill the table in, as "Month/Day/Year" below a name does."""
        if record.number > self._first + GUIDANCE_WITHIN:
            return False
        given = [value for name in self._columns if (value := record.values[name])]
        return bool(given) and not any(letter.isdigit() for value in given for letter in value)


class Numbers:
    """The numbers that records bear, each once."""

    def __init__(self, table: Table, *, advice: str = "") -> None:
        self._table, self._rows, self._advice = table, dict[str, int](), advice

    def of(self, record: Record, *, facts: Iterable[str]) -> str | None:
        """Give a record's number, else one made from facts that do not change; None where it is of no use."""
        number = record.text("number")
        if "number" not in record.values:
            number = made_number(facts)
        if not number or len(number) > LONGEST_ID:
            said = "longer than 120 letters" if number else "the row has no number"
            advice = "give each record its own, or leave the column out: then numbers are made from the rows"
            if "number" not in record.values:
                advice = "none can be made from what the row says, such as its start"
            self._table.problem(record, "number", f"{said}; {advice}.")
            return None
        if number in self._rows:
            self._table.problem(
                record,
                "number",
                f"{shown(number)} came before, in row {self._rows[number]}; the first is kept.{self._advice}",
            )
            return None
        self._rows[number] = record.number
        return number


def made_number(facts: Iterable[str]) -> str:
    """Make a number from facts, the same on every reading; empty where there are no facts."""
    told = "\x1f".join(facts)
    return f"row-{hashlib.sha256(told.encode()).hexdigest()[:20]}" if told.strip("\x1f") else ""


def utc(moment: datetime | None) -> str:
    """Write an instant for a made number."""
    return moment.astimezone(UTC).isoformat() if moment else ""


def yes_or_no(record: Record, name: str, *, mapping: TableMapping) -> bool:
    """Read a cell that says yes or no; `option:planned` may list the words for yes.

    Raises:
        CellError: another word.

    """
    word = same(record.text(name))
    stated = mapping.words(name)
    if stated or not word:
        return word in stated
    if word not in YES | NO:
        raise CellError(name, f"neither yes nor no; list the words that mean yes in {OPTION}{name}")
    return word in YES


def components(record: Record, *, mapping: TableMapping) -> tuple[FeedComponent, ...]:
    """Name the components of a record, each once, in the order of the cell.

    Raises:
        CellError: more than anybody has.

    """
    missing = mapping.missing
    cell, sign = record.text("component"), mapping.options.get("separator", "")
    parts = cell.split(sign.strip() or sign) if sign else [cell]
    if len(parts) > MOST_COMPONENTS:
        raise CellError("component", f"it names {len(parts)} components, more than {MOST_COMPONENTS}")
    names = dict.fromkeys(" ".join(part.split()) for part in parts)
    return tuple(FeedComponent(name=name) for name in names if name not in missing)


def notes_of(times: Mapping[str, ReadTime], *, mapping: TableMapping) -> list[str]:
    """Give what the reading of times noted, with the column's name."""
    return [f"{mapping.columns[name]}: {note}" for name, read in times.items() for note in read.notes]


def instant_of(times: Mapping[str, ReadTime], name: str) -> datetime | None:
    """Give a time in UTC, None where the record has none."""
    return times[name].at if name in times else None
