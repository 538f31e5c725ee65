"""Read a portfolio workbook: the rows of its sheets as values, and every fault of every cell at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from vendors.files.errors import FileError, FileProblem
from vendors.files.mapping import MISSING
from vendors.files.rows import LARGEST_FILE, MOST_ROWS, TableRow, shown
from vendors.files.tables import same
from vendors.files.xlsx_files import Workbook
from vendors.registers.cells import READERS
from vendors.registers.sheets import SHEETS, Column, Sheet

# Titles and notes may stand above the headings, but not more rows than these.
HEADING_WITHIN = 20
READ_ME = "read me"
LONGEST_LINE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """The cells of one row that say something, as values by the names of their columns."""

    sheet: str
    number: int
    values: Mapping[str, Any]

    def place(self, column: str = "") -> str:
        """Say where a cell, or the row, stands."""
        at = f"sheet {self.sheet}, row {self.number}"
        return f"{at}, column {column.replace('_', ' ')}" if column else at

    def get(self, name: str, default: Any = "") -> Any:
        """Return a value, or what stands for an empty cell."""
        return self.values.get(name, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioFile:
    """What a workbook says: sound rows by sheet, faults, and what a person should know of the reading."""

    rows: Mapping[str, tuple[SheetRow, ...]] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()
    # Keys by sheet of rows with a fault, so that rows which name them are not faults as well.
    faulty: frozenset[tuple[str, tuple[Any, ...]]] = frozenset()

    def of(self, sheet: Sheet) -> tuple[SheetRow, ...]:
        """Return the rows of a sheet."""
        return self.rows.get(sheet.name, ())

    @property
    def count(self) -> int:
        """Return how many rows were read."""
        return sum(map(len, self.rows.values()))


@dataclass(slots=True)
class Faults:
    """What is wrong with the rows read so far, and the keys of those rows."""

    problems: list[FileProblem] = field(default_factory=list)
    keys: set[tuple[str, tuple[Any, ...]]] = field(default_factory=set)

    def add(self, place: str, message: str) -> None:
        """Note one fault."""
        self.problems.append(FileProblem(place=place, message=message))


def read_portfolio(content: bytes, *, sheets: Sequence[Sheet] = SHEETS) -> PortfolioFile:
    """Read the sheets of a workbook that bear our names; others are named in a note.

    Raises:
        FileError: no workbook, none of our sheets, or damaged.

    """
    if content[:4] != b"PK\x03\x04" or len(content) > LARGEST_FILE:
        raise FileError(
            "The file is no .xlsx workbook of a portfolio. Begin with the empty workbook, and fill it in."
        )
    book, known = Workbook(content), {same(sheet.name): sheet for sheet in sheets}
    rows: dict[str, tuple[SheetRow, ...]] = {}
    faults = Faults()
    notes = []
    for found in book.sheets:
        sheet = known.get(same(found.name))
        if sheet is None:
            if same(found.name) != READ_ME:
                notes.append(f"Sheet {shown(found.name)} is none of ours and was not read.")
        elif found.hidden:
            notes.append(f"Sheet {shown(found.name)} is hidden and was not read. Show it, or delete it.")
        else:
            rows[sheet.name] = tuple(_rows(book.rows(found), sheet=sheet, faults=faults))
    if not rows:
        raise FileError(f"The workbook has none of our sheets: {', '.join(sheet.name for sheet in sheets)}.")
    if not any(rows.values()) and not faults.problems:
        raise FileError("The sheets are empty below their headings. Fill in at least one row.")
    return PortfolioFile(
        rows=rows, problems=tuple(faults.problems), notes=tuple(notes), faulty=frozenset(faults.keys)
    )


def _rows(rows: Iterator[TableRow], *, sheet: Sheet, faults: Faults) -> Iterator[SheetRow]:
    columns = _columns(rows, sheet=sheet, faults=faults)
    seen: dict[tuple[Any, ...], int] = {}
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            raise FileError(f"Sheet {sheet.name} has more than {MOST_ROWS} rows. Split the workbook.")
        read = _row(row, columns=columns, sheet=sheet, faults=faults)
        if read is None:
            continue
        key = tuple(read.get(name) for name in sheet.key)
        if key in seen:
            named = ", ".join(str(part) for part in key if part != "")
            faults.add(read.place(), f"{named} stands in row {seen[key]} already. Keep one of the two.")
            continue
        seen[key] = row.number
        yield read


def _columns(rows: Iterator[TableRow], *, sheet: Sheet, faults: Faults) -> dict[int, Column]:
    """Find the headings: the first row that names all needed columns; empty where none does."""
    known = {same(column.heading): column for column in sheet.columns}
    needed = {column.name for column in sheet.columns if column.needed}
    best: tuple[int, set[str], int] = (0, needed, 0)
    for row in islice(rows, HEADING_WITHIN):
        cells = [same(cell.replace("_", " ").rstrip("* ")) for cell in row.cells]
        found = {place: known[cell] for place, cell in enumerate(cells) if cell in known}
        absent = needed - {column.name for column in found.values()}
        if not absent:
            _tell_odd(row, cells=cells, known=known, sheet=sheet, faults=faults)
            return found
        if len(found) > best[0]:
            best = (len(found), absent, row.number)
    if best[2]:
        lacking = ", ".join(sorted(name.replace("_", " ") for name in best[1]))
        faults.add(f"sheet {sheet.name}, row {best[2]}", f"the headings lack: {lacking}.")
    elif any(True for _ in rows):
        faults.add(f"sheet {sheet.name}", "no row names our columns.")
    return {}


def _tell_odd(
    row: TableRow,
    *,
    cells: Sequence[str],
    known: Mapping[str, Column],
    sheet: Sheet,
    faults: Faults,
) -> None:
    """Tell headings that are none of ours, since a misspelt one would lose its column in silence."""
    for place, cell in enumerate(cells):
        if cell and cell not in known:
            listed = ", ".join(column.heading for column in sheet.columns)
            said = f"{shown(row.cells[place])} is no column of this sheet. Columns: {listed}."
        elif cell and cells.index(cell) != place:
            said = f"{shown(row.cells[place])} stands over two columns. Keep one."
        else:
            continue
        faults.add(f"sheet {sheet.name}, row {row.number}", said)


def _row(row: TableRow, *, columns: Mapping[int, Column], sheet: Sheet, faults: Faults) -> SheetRow | None:
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for place, column in columns.items():
        text = row.cells[place].strip() if place < len(row.cells) else ""
        try:
            if place in row.faults:
                raise ValueError(row.faults[place])
            if text not in MISSING:
                values[column.name] = _value(text, column=column)
        except ValueError as error:
            wrong[column.name] = f"{error} (found {shown(text)})."
    read = SheetRow(sheet=sheet.name, number=row.number, values=values)
    if not values and not wrong:
        return None
    for column in sheet.columns:
        if column.needed and column.name not in values and column.name not in wrong:
            wrong[column.name] = f"empty: {column.about[:1].lower()}{column.about[1:]} Fill it in."
    for name, said in wrong.items():
        faults.add(read.place(name), said)
    if wrong:
        faults.keys.add((sheet.name, tuple(read.get(name) for name in sheet.key)))
    return None if wrong else read


def _value(text: str, *, column: Column) -> Any:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("the text holds a null byte or half a character")
    if column.words:
        meant = next((word for word in column.words if _plain(word) == _plain(text)), None)
        if meant is None:
            raise ValueError(f"none of the words: {', '.join(column.words)}")
        return meant
    return READERS[column.kind](text)


def _plain(word: str) -> str:
    return " ".join(word.casefold().replace("-", " ").replace("_", " ").split())
