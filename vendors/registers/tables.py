"""What readers of registers as tables share: which column is which, days and amounts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, timedelta

from vendors.files.columns import Words, columns_of
from vendors.files.errors import FileError
from vendors.files.mapping import OPTION, TableMapping
from vendors.files.tables import CellError, Record, Table, open_table
from vendors.files.times import NO_TIME, ColumnTimes, Order, settle_all
from vendors.registers.money import COMMA, POINT, ColumnAmounts, ReadAmount

DAY = timedelta(days=1)
NO_DAY = "not a day such as 2019-06-25"
# Registers write "no end" as a year far away.
NO_END = 2099


def mapped(
    content: bytes, *, given: Mapping[str, str], words: Words, options: Iterable[str] = ()
) -> TableMapping:
    """Return which column holds which field: as given, else as the well-known names in the file say.

    Raises:
        FileError: no table, or none of our fields in it.

    """
    asked = {"decimal", *options}
    stated = {key: value for key, value in given.items() if key.startswith(OPTION)}
    columns = {key: value for key, value in given.items() if not key.startswith(OPTION)}
    if not columns:
        looked = {key: value for key, value in stated.items() if key.removeprefix(OPTION) not in asked}
        seen = columns_of(content, words=words, options=looked)
        columns = dict(seen.proposed)
        if not columns:
            there = ", ".join(column.name for column in seen.columns[:30])
            raise FileError(f"No column has a name that is known. Say which is which; there are: {there}.")
    return TableMapping.of({**columns, **stated}, fields=words, options=asked)


class TableCells:
    """The records of a table with their days and amounts: all are looked at before the first is read.

    Raises:
        FileError: a column whose order of day and month, or whose decimal sign, is not proved.

    """

    def __init__(
        self,
        content: bytes,
        *,
        mapping: TableMapping,
        days: Sequence[str],
        amounts: Sequence[str],
        key: str = "number",
    ) -> None:
        self.table: Table = open_table(content, mapping=mapping, key=key)
        self.records = list(self.table.records())
        said = mapping.one_of("order", words=Order)
        decimal = mapping.one_of("decimal", words=(POINT, COMMA))
        columns = mapping.columns
        self._days = {
            name: ColumnTimes(column=columns[name], zone=UTC, order=Order(said) if said else None)
            for name in days
            if name in columns
        }
        self._amounts = {
            name: ColumnAmounts(column=columns[name], decimal=decimal) for name in amounts if name in columns
        }
        for record in self.records:
            for name, days_of in self._days.items():
                if value := record.values[name]:
                    days_of.learn(value, row=record.number)
            for name, amounts_of in self._amounts.items():
                if value := record.values[name]:
                    amounts_of.learn(value, row=record.number)
        settle_all(self._days.values())
        for column in self._amounts.values():
            column.settle()

    def day(self, record: Record, name: str) -> date | None:
        """Read a day; None for an empty cell. Raises CellError."""
        value = record.values.get(name)
        if not value:
            return None
        if not any(letter.isdigit() for letter in value):
            raise CellError(name, "words, where a day such as 2019-06-25 is expected")
        try:
            return self._days[name].read(value).at.date()
        except FileError:
            raise
        except ValueError as error:
            raise CellError(name, NO_DAY if str(error) == NO_TIME else str(error)) from None

    def amount(self, record: Record, name: str) -> ReadAmount | None:
        """Read an amount; None for an empty cell. Raises CellError."""
        value = record.values.get(name)
        if not value:
            return None
        try:
            return self._amounts[name].read(value)
        except ValueError as error:
            raise CellError(name, str(error)) from None
