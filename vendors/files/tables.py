"""Read a table, whatever file it lies in: where its columns are named, and the rows below."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from vendors.files.csv_files import csv_rows
from vendors.files.errors import FileError, FileProblem
from vendors.files.kinds import CALENDAR, JSON, MAIL, OLD_EXCEL, PACKED, kind_of_file
from vendors.files.mapping import TableMapping
from vendors.files.rows import LARGEST_FILE, MOST_ROWS, TableRow, letters, shown, too_large
from vendors.files.xlsx_files import Workbook

# Titles, notes and blank rows stand above the names of the columns, but not more than these.
HEADER_WITHIN = 50
_SAVE = "Save the table as CSV or XLSX."
_OR_CHOOSE = "Choose the format that it is in, or save the table as CSV or XLSX."


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The mapped cells of one row, None where the table says nothing, and the row's number."""

    number: int
    values: Mapping[str, str | None]

    def text(self, name: str) -> str:
        """Give a text, empty where there is none."""
        return self.values.get(name) or ""


class CellError(ValueError):
    """A cell that cannot be used; `name` is our field."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Table:
    """A table whose columns are found: its records, and the problems met on the way.

    Raises:
        FileError: from `records`: damaged, cut off, or too long.

    """

    def __init__(
        self,
        rows: Iterable[TableRow],
        *,
        header: TableRow,
        mapping: TableMapping,
        problems: list[FileProblem],
        key: str = "number",
        sheet: str = "",
    ) -> None:
        self._key, self._sheet = key, sheet
        self._rows, self._header, self._missing = rows, header, mapping.missing
        self.problems = problems
        # The numbers of records of which a row was left out; `key` is the field that holds them.
        self.lost: Counter[str] = Counter()
        self._places = {name: _places(column, header=header) for name, column in mapping.columns.items()}
        self.names = mapping.columns

    def records(self) -> Iterator[Record]:
        """Yield the rows below the names that can be used; the others become problems."""
        names = tuple(map(same, self._header.cells))
        count = 0
        for row in self._rows:
            if row.number <= self._header.number or self._repeats(row, names=names):
                continue
            count += 1
            if count > MOST_ROWS:
                raise FileError(f"The table has more than {MOST_ROWS} rows. Split it by year.")
            values = {name: self._value(row, places=places) for name, places in self._places.items()}
            faults = list(self._faults(row))
            if faults:
                self.problems.extend(faults)
                self.lost[values.get(self._key) or ""] += 1
                continue
            if any(values.values()):
                yield Record(number=row.number, values=values)

    def place(self, number: int, name: str = "") -> str:
        """Say where a row stands, or its cell of one of our fields."""
        sheet = f"sheet {self._sheet}, " if self._sheet else ""
        column = f", column {self.names[name]}" if name in self.names else ""
        return f"{sheet}row {number}{column}"

    def _repeats(self, row: TableRow, *, names: Sequence[str]) -> bool:
        """Say whether a row names the columns again, as pages put under each other do."""
        return same("".join(row.cells[:1])) == names[0] and tuple(map(same, row.cells)) == tuple(names)

    def refuse(self, record: Record, error: CellError) -> None:
        """Leave a row out for one of its cells."""
        self.problem(record, error.name, f"{error} (found {shown(record.text(error.name))}).")

    def problem(self, record: Record, name: str, message: str) -> None:
        """Note what is wrong with one cell; `name` is our field, empty for the whole row."""
        self.lost[record.text(self._key)] += 1
        self.problems.append(FileProblem(place=self.place(record.number, name), message=message))

    def _value(self, row: TableRow, *, places: Sequence[int]) -> str | None:
        cells, width = row.cells, len(row.cells)
        if len(places) == 1:
            value = cells[places[0]].strip() if places[0] < width else ""
        else:
            given = (cells[place].strip() for place in places if place < width)
            value = " ".join(part for part in given if part not in self._missing)
        return None if value in self._missing else value

    def _faults(self, row: TableRow) -> Iterator[FileProblem]:
        width = len(self._header.cells)
        if len(row.cells) > width and any(row.cells[width:]):
            yield FileProblem(
                place=self.place(row.number),
                message=f"it has {len(row.cells)} cells, the row of names has {width}: its values may stand "
                "in wrong columns. Put cells that hold the sign between cells in quotation marks.",
            )
            return
        for name, places in self._places.items():
            for place in places:
                said = row.faults.get(place) or _unstorable(
                    row.cells[place] if place < len(row.cells) else ""
                )
                if said:
                    yield FileProblem(place=self.place(row.number, name), message=f"{said}.")


def open_table(content: bytes, *, mapping: TableMapping, key: str = "number") -> Table:
    """Find the sheet and the row that name all mapped columns; `key` is the field that numbers records.

    Raises:
        FileError: no table, none or several sheets with these columns, or a column that is not there; the
            message says which columns were found.

    """
    if not mapping.columns:
        raise FileError("Say which column holds which field; the file's columns were not mapped.")
    found = []
    misses = []
    for sheet, rows in (sheets := list(_sheets(content, mapping=mapping))):
        try:
            found.append((sheet, rows, _header(rows(), mapping=mapping)))
        except _NoHeader as error:
            misses.append(f"{f'Sheet {shown(sheet)}: ' if sheet else ''}{error}")
    if not found:
        raise FileError(" ".join(misses[:3]) or "The workbook has no sheet that is shown.")
    if len(found) > 1:
        listed = ", ".join(shown(sheet) for sheet, _, _ in found[:10])
        raise FileError(f"Several sheets have these columns: {listed}. Name one of them as the sheet.")
    sheet, rows, header = found[0]
    named = sheet if len(sheets) > 1 or mapping.option("sheet") else ""
    return Table(rows(), header=header, mapping=mapping, problems=[], key=key, sheet=named)


class _NoHeader(FileError):
    """No row names all the columns."""


def sheets_of(content: bytes) -> tuple[str, ...]:
    """Name the sheets that are shown; none for a file without sheets."""
    return (
        tuple(sheet.name for sheet in Workbook(content).sheets if not sheet.hidden)
        if _is_zip(content)
        else ()
    )


def first_rows(content: bytes, *, mapping: TableMapping, most: int) -> list[TableRow]:
    """Give the first rows of the named sheet, else of the first that has any."""
    for _, rows in _sheets(content, mapping=mapping):
        if met := list(islice(rows(), most)):
            return met
    return []


def _is_zip(content: bytes) -> bool:
    return content[:4] == b"PK\x03\x04"


def _sheets(
    content: bytes, *, mapping: TableMapping
) -> Iterator[tuple[str, Callable[[], Iterator[TableRow]]]]:
    """Yield each sheet that may be meant, by name, with a way to read it from its start."""
    if len(content) > LARGEST_FILE:
        raise FileError(too_large(content))
    if kind := kind_of_file(content):
        raise FileError(_no_table(kind))
    if not _is_zip(content):
        stated = {"encoding": mapping.option("encoding"), "delimiter": mapping.options.get("delimiter", "")}
        yield "", lambda: csv_rows(content, **stated)
        return
    book, asked = Workbook(content), mapping.option("sheet")
    sheets = [sheet for sheet in book.sheets if (sheet.name == asked if asked else not sheet.hidden)]
    if asked and not sheets:
        listed = ", ".join(shown(sheet.name) for sheet in book.sheets[:20])
        raise FileError(f"The workbook has no sheet {shown(asked)}; its sheets are: {listed}.")
    for sheet in sheets:
        yield sheet.name, lambda sheet=sheet: book.rows(sheet)  # type: ignore[misc]


def _no_table(kind: str) -> str:
    if kind in (JSON, CALENDAR, MAIL):
        return f"The file is {kind}, not a table. {_OR_CHOOSE}"
    if kind == OLD_EXCEL:
        return f"The file is {kind}. Save it as .xlsx."
    return f"The file is {kind}. {'Unpack it. ' if kind == PACKED else ''}{_SAVE}"


def _header(rows: Iterator[TableRow], *, mapping: TableMapping) -> TableRow:
    """Find the row that names all mapped columns."""
    stated = mapping.option("header")
    if stated and not (stated.isdecimal() and len(stated) < 8):
        raise FileError(f"The row of names is {shown(stated)}; give the number of a row.")
    best: tuple[int, TableRow | None] = (0, None)
    for row in islice(rows, None if stated else HEADER_WITHIN):
        if stated and row.number != int(stated):
            continue
        absent = [name for name in mapping.columns.values() if not _places(name, header=row)]
        if not absent:
            return row
        named = len(mapping.columns) - len(absent)
        if best[1] is None or named > best[0]:
            best = (named, row)
        if stated:
            break
    raise _NoHeader(_not_named(best[1], mapping=mapping))


def _not_named(row: TableRow | None, *, mapping: TableMapping) -> str:
    if row is None:
        return "The table is empty."
    absent = [shown(name) for name in mapping.columns.values() if not _places(name, header=row)]
    there = ", ".join(shown(cell.strip()) for cell in row.cells if cell.strip())
    return f"No row names the column {', '.join(absent[:8])}. Row {row.number} has: {there[:600]}."


def _places(name: str, *, header: TableRow) -> tuple[int, ...]:
    """Find a column by its name, or the two of "Date + Time"; none where one is not there.

    Raises:
        FileError: the name stands over two columns.

    """
    asked = same(name)
    names = [same(cell) for cell in header.cells]
    found = tuple(place for place, named in enumerate(names) if named == asked)
    if len(found) > 1:
        both = " and ".join(letters(place) for place in found[:2])
        raise FileError(
            f"Row {header.number} names {shown(name)} twice, in columns {both}. Rename one of them."
        )
    if found or " + " not in name:
        return found
    parts = [_places(part.strip(), header=header) for part in name.split(" + ")[:3]]
    return tuple(place for part in parts for place in part) if all(parts) else ()


def same(name: str) -> str:
    """Write a column's name so that blanks and capitals do not matter."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


def _unstorable(text: str) -> str:
    if "\x00" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        return "the text holds a null byte or half a character"
    return ""
