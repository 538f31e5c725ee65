"""Read XLSX row by row, in memory that the file cannot choose.

The ready-made readers were tried and left out: one holds the whole rectangle up to the farthest cell, so
that 5 kB end the process, the other takes 6 GB and 100 s for one row of 80 kB packed; both give an empty
cell for a formula without a stored value and for an error, which would read as "not over yet".
Formulas are never evaluated: what Excel stored for them counts. External links are never followed.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from xml.parsers import expat

from vendors.files.errors import FileError
from vendors.files.rows import LONGEST_CELL, MOST_COLUMNS, NO_FAULTS, TableRow
from vendors.files.xlsx_dates import date_styles, local_text, number_text

LARGEST_UNPACKED = 200_000_000
LARGEST_SMALL_PART = 5_000_000
MOST_PARTS = 2_000
# A sheet of repeated rows packs 20 to 40 times; a bomb 1,000 times.
TIGHTEST = 200
LAST_ROW = 1_048_576
MOST_CELLS = 5_000_000
MOST_STRINGS = 3_000_000
CHUNK = 65_536
AGAIN = "Open the file in a spreadsheet program and save it again as .xlsx."
_COLUMN = re.compile(r"[A-Z]{1,3}[0-9]{1,7}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of a workbook; `part` is its file in the package."""

    name: str
    part: str
    hidden: bool = False


class Workbook:
    """An XLSX file, checked against its limits before anything of it is unpacked.

    Raises:
        FileError: no XLSX package, locked by a password, damaged, or a bomb.

    """

    def __init__(self, content: bytes) -> None:
        self._package = _package(content)
        self._names = {info.filename.lower(): info.filename for info in self._package.infolist()}
        if not any(name.startswith("xl/") for name in self._names):
            raise FileError(f"The file is a ZIP archive or another document, not a workbook. {AGAIN}")
        main = next(iter(self._targets("", kind="/officeDocument").values()), "xl/workbook.xml")
        targets = self._targets(main, kind="")
        self._kinds = dict(self._typed(main))
        self.counts_from_1904 = False
        sheets = []
        for name, given in self._elements(main):
            if name == "workbookPr":
                self.counts_from_1904 = given.get("date1904", "0") in ("1", "true")
            elif name == "sheet":
                part = targets.get(_local(given, "id"), "")
                hidden = given.get("state", "visible") != "visible"
                sheets.append(Sheet(name=given.get("name", ""), part=part, hidden=hidden))
        self.sheets = tuple(sheet for sheet in sheets if sheet.part)
        if not self.sheets:
            raise FileError(f"The file is no workbook: it has no sheets. {AGAIN}")
        self._strings: list[str] | None = None
        self._dates: Mapping[int, bool] | None = None

    def rows(self, sheet: Sheet) -> Iterator[TableRow]:
        """Yield the rows that have a cell, by their numbers.

        Raises:
            FileError: damaged, or larger than any table.

        """
        if self._strings is None:
            self._strings = self._shared_strings()
            styles = self._kinds.get("styles")
            self._dates = date_styles(self._elements(styles)) if styles else {}
        reader = _SheetReader(self._strings, dates=self._dates or {}, from_1904=self.counts_from_1904)
        for _ in self._parsed(sheet.part, reader.attach):
            yield from reader.finished()

    def _shared_strings(self) -> list[str]:
        part = self._kinds.get("sharedStrings")
        if not part:
            return []
        reader = _StringsReader()
        for _ in self._parsed(part, reader.attach):
            pass
        return reader.strings

    def _typed(self, part: str) -> Iterator[tuple[str, str]]:
        for given, target in self._relations(part):
            yield given.get("Type", "").rpartition("/")[2], target

    def _targets(self, part: str, *, kind: str) -> dict[str, str]:
        """Give the parts that a part names, by the id it gives them."""
        return {
            given.get("Id", ""): target
            for given, target in self._relations(part)
            if given.get("Type", "").endswith(kind)
        }

    def _relations(self, part: str) -> Iterator[tuple[Mapping[str, str], str]]:
        folder, _, name = part.rpartition("/")
        listed = f"{folder}/_rels/{name}.rels".lstrip("/")
        if listed.lower() not in self._names:
            return
        for element, given in self._elements(listed):
            if element == "Relationship" and given.get("TargetMode") != "External":
                target = given.get("Target", "")
                yield (
                    given,
                    target.lstrip("/") if target.startswith("/") else f"{folder}/{target}".lstrip("/"),
                )

    def _elements(self, part: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield the elements of a small part, by names without prefix."""
        if self._info(part).file_size > LARGEST_SMALL_PART:
            raise FileError(f"'{part}' of the workbook is larger than {LARGEST_SMALL_PART} bytes. {AGAIN}")
        met: list[tuple[str, Mapping[str, str]]] = []

        def attach(parser: expat.XMLParserType) -> None:
            parser.StartElementHandler = lambda name, given: met.append((name.rpartition(":")[2], given))

        for _ in self._parsed(part, attach):
            yield from met
            met.clear()

    def _info(self, part: str) -> zipfile.ZipInfo:
        name = self._names.get(part.lower())
        if name is None:
            raise FileError(f"The workbook lacks its part '{part}'. {AGAIN}")
        return self._package.getinfo(name)

    def _parsed(self, part: str, attach: Callable[[expat.XMLParserType], None]) -> Iterator[None]:
        """Feed a part to a parser piece by piece; yields after each."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        # No workbook has a document type; with none there are no entities to grow or to fetch.
        parser.StartDoctypeDeclHandler = _refuse_entities
        attach(parser)
        try:
            with self._package.open(self._info(part)) as unpacked:
                while chunk := unpacked.read(CHUNK):
                    parser.Parse(chunk, False)
                    yield
                parser.Parse(b"", True)
                yield
        except FileError:
            raise
        # An encoding that nobody knows is no fault of XML to the parser.
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise FileError(f"'{part}' of the workbook is damaged ({error}). {AGAIN}") from None
        except _DAMAGED as error:
            raise FileError(f"The workbook is damaged or was cut off ({error}). {AGAIN}") from None


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


def _refuse_entities(*_: object) -> None:
    raise FileError(f"The workbook defines entities of its own, which no spreadsheet program does. {AGAIN}")


def _package(content: bytes) -> zipfile.ZipFile:
    try:
        package = zipfile.ZipFile(BytesIO(content))
    except (*_DAMAGED, ValueError, OverflowError) as error:
        raise FileError(f"The workbook is damaged or was cut off ({error}). Bring it whole.") from None
    parts = package.infolist()
    if len(parts) > MOST_PARTS:
        raise FileError(f"The workbook has {len(parts)} parts, more than {MOST_PARTS}. {AGAIN}")
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise FileError(f"The workbook unpacks to more than {LARGEST_UNPACKED} bytes. Split it by year.")
    for part in parts:
        if part.flag_bits & 1:
            raise FileError("The workbook is locked by a password. Save it without one.")
        if part.file_size > 1_000_000 and part.file_size > TIGHTEST * max(part.compress_size, 1):
            raise FileError(f"'{part.filename}' of the workbook is packed too tightly to be a table. {AGAIN}")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(f"The workbook is packed in a way that spreadsheet programs do not use. {AGAIN}")
    return package


def _local(given: Mapping[str, str], name: str) -> str:
    """Give an attribute whatever its prefix: `r:id` is 'id'."""
    return next((value for key, value in given.items() if key.rpartition(":")[2] == name), "")


def _plain(text: str) -> str:
    """Undo Excel's own escapes of letters that XML cannot hold: `_x000D_` is a carriage return."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class _StringsReader:
    """Collect the shared strings; the pronunciation beside Japanese words is no part of them."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._aside = 0
        self._inside = False

    def attach(self, parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _start(self, name: str, _: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._aside += name == "rPh"
        self._inside = name == "t" and not self._aside
        if name == "si":
            self._pieces = []

    def _text(self, text: str) -> None:
        if self._inside:
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self._inside = False
        self._aside -= name == "rPh"
        if name == "si":
            if len(self.strings) >= MOST_STRINGS:
                raise FileError(f"The workbook has more than {MOST_STRINGS} texts. Split it by year.")
            self.strings.append(_plain("".join(self._pieces)))


class _SheetReader:
    """Collect the cells of a sheet into rows as the parser meets them."""

    def __init__(self, strings: list[str], *, dates: Mapping[int, bool], from_1904: bool) -> None:
        self._strings, self._dates, self._from_1904 = strings, dates, from_1904
        self._done: list[TableRow] = []
        self._number = self._column = self._cells_met = 0
        self._cells: list[str] = []
        self._faults: dict[int, str] = {}
        self._given: Mapping[str, str] = {}
        self._pieces: list[str] = []
        self._inside = self._formula = self._valued = False
        self._aside = 0
        self._columns: dict[str, int] = {}

    def attach(self, parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def finished(self) -> list[TableRow]:
        """Hand over the rows that are complete."""
        done, self._done = self._done, []
        return done

    def _start(self, name: str, given: Mapping[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._start_cell(given)
        elif name in ("v", "t"):
            self._inside = not self._aside
            self._valued = True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._start_row(given)
        elif name == "rPh":
            self._aside += 1

    def _start_row(self, given: Mapping[str, str]) -> None:
        number = given.get("r", "")
        before = self._number
        self._number = int(number) if number.isdecimal() and len(number) < 8 else before + 1
        if not before < self._number <= LAST_ROW:
            raise FileError(f"Row {self._number} of the sheet follows row {before}. {AGAIN}")
        self._column, self._cells, self._faults = 0, [], {}

    def _start_cell(self, given: Mapping[str, str]) -> None:
        self._cells_met += 1
        self._column = self._place(given.get("r", "")) or self._column + 1
        if self._column > MOST_COLUMNS or self._cells_met > MOST_CELLS:
            raise FileError(
                f"Row {self._number} of the sheet: more than {MOST_COLUMNS} columns, "
                f"or {MOST_CELLS} cells before. "
                "Keep only the table in the sheet."
            )
        self._given, self._pieces = given, []
        self._formula = self._valued = False

    def _place(self, reference: str) -> int:
        """Give the column of a reference such as B7, counted from 1; 0 where it is none."""
        named = reference.rstrip("0123456789")
        known = self._columns.get(named)
        if known is None:
            if not _COLUMN.fullmatch(reference):
                return 0
            known = 0
            for letter in named:
                known = known * 26 + ord(letter) - 64
            self._columns[named] = known
        return known

    def _text(self, text: str) -> None:
        if self._inside:
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in ("v", "t"):
            self._inside = False
        elif name == "c":
            self._end_cell()
        elif name == "row" and any(self._cells) | bool(self._faults):
            self._done.append(TableRow(self._number, tuple(self._cells), self._faults or NO_FAULTS))
        elif name == "rPh":
            self._aside -= 1

    def _end_cell(self) -> None:
        index = self._column - 1
        try:
            value = self._value("".join(self._pieces))
        except ValueError as error:
            self._faults[index] = str(error)
            value = ""
        if value or index < len(self._cells):
            missing = index + 1 - len(self._cells)
            if missing > 0:
                self._cells.extend([""] * missing)
            self._cells[index] = value

    def _value(self, text: str) -> str:
        """Give the cell as text. Raises ValueError saying why it has none."""
        kind = self._given.get("t", "n")
        if kind == "s":
            if not text.isdecimal() or len(text) > 9 or int(text) >= len(self._strings):
                raise ValueError("a text that the workbook does not hold")
            return self._strings[int(text)]
        if self._formula and not self._valued:
            raise ValueError("a formula without a stored value; open the file in a spreadsheet and save it")
        if kind == "e":
            raise ValueError(f"the error {text[:20]} of the spreadsheet")
        if len(text) > LONGEST_CELL:
            raise ValueError(f"longer than {LONGEST_CELL} letters")
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(text, text)
        if kind != "n":
            return _plain(text)
        style = self._given.get("s", "0")
        timed = self._dates.get(int(style)) if style.isdecimal() and len(style) < 8 else None
        if timed is None or not text:
            return number_text(text)
        return local_text(text, timed=timed, from_1904=self._from_1904)
