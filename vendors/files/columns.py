"""Look into a table before it is read: its columns, examples of each, and which field each may hold.

A proposal goes by well-known words in the names alone; a person confirms it. Nothing is read by it unasked.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vendors.files.errors import FileError
from vendors.files.mapping import OPTION, TABLE_OPTIONS, TableMapping
from vendors.files.rows import TableRow
from vendors.files.tables import first_rows, sheets_of

LOOKED_AT = 200
HEADER_WITHIN = 20
EXAMPLES, LONGEST_EXAMPLE, LONGEST_SHOWN = 3, 80, 60
_HOW_TO_READ = frozenset(OPTION + name for name in TABLE_OPTIONS)
_BETWEEN = re.compile(r"[\W_]+")

Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenColumn:
    """A column of a table by its name, and the first different values in it."""

    name: str
    examples: tuple[str, ...]

    @property
    def shown(self) -> str:
        """Return the name with its first values, cut where they are long."""
        values = ", ".join(self.examples)
        cut = values if len(values) <= LONGEST_SHOWN else values[: LONGEST_SHOWN - 1] + "…"
        return f"{self.name} ({cut})" if cut else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTable:
    """What a person chooses from: the sheets, the columns, and which column each field may be in."""

    sheets: tuple[str, ...]
    header: int
    columns: tuple[SeenColumn, ...]
    proposed: Mapping[str, str]


def columns_of(content: bytes, *, words: Words, options: Mapping[str, str] | None = None) -> SeenTable:
    """Name the columns of a table with examples, and propose a mapping (field -> column).

    `options` may be a whole mapping, of which what says how to read the table is used, such as
    `option:sheet`; without a sheet the first with a row is taken. The header of an empty file is row 0.

    Raises:
        FileError: no table.

    """
    stated = {key: value for key, value in (options or {}).items() if key in _HOW_TO_READ}
    mapping = TableMapping.of(stated, fields=())
    rows = first_rows(content, mapping=mapping, most=LOOKED_AT)
    number = mapping.option("header")
    header = next((row for row in rows if str(row.number) == number), None)
    if number and rows and header is None:
        raise FileError(f"Row {number[:20]} names no columns. Give the number of the row that does.")
    header = header or _header(rows, words=words)
    if header is None:
        return SeenTable(sheets=sheets_of(content), header=0, columns=(), proposed={})
    below = [row for row in rows if row.number > header.number and row.cells != header.cells]
    columns = tuple(
        SeenColumn(name=" ".join(name.split()), examples=_examples(below, place=place))
        for place, name in enumerate(header.cells)
        if name.strip()
    )
    proposed = proposal([column.name for column in columns], words=words)
    return SeenTable(sheets=sheets_of(content), header=header.number, columns=columns, proposed=proposed)


def looking_for(words: Words) -> Callable[[bytes, Mapping[str, str]], SeenTable]:
    """Give the first look at a table of a format that has these words."""
    return lambda content, columns: columns_of(content, words=words, options=columns)


def proposal(names: Sequence[str], *, words: Words) -> dict[str, str]:
    """Propose a column for each field, by the first of its words that a column bears; none twice."""
    said = {_word(name): name for name in reversed(names)}
    proposed: dict[str, str] = {}
    taken: set[str] = set()
    for field, known in words.items():
        name = next((said[word] for word in known if word in said and said[word] not in taken), None)
        if name is not None:
            proposed[field] = name
            taken.add(name)
    return proposed


def _header(rows: Sequence[TableRow], *, words: Words) -> TableRow | None:
    """Find the row with most of the well-known words, else with most cells; the first of equals."""
    known = {word for each in words.values() for word in each}
    return max(
        rows[:HEADER_WITHIN],
        key=lambda row: (
            sum(_word(cell) in known for cell in row.cells),
            sum(bool(cell.strip()) for cell in row.cells),
        ),
        default=None,
    )


def _examples(rows: Sequence[TableRow], *, place: int) -> tuple[str, ...]:
    met = dict.fromkeys(
        row.cells[place].strip()[:LONGEST_EXAMPLE]
        for row in rows
        if place < len(row.cells) and row.cells[place].strip()
    )
    return tuple(met)[:EXAMPLES]


def _word(name: str) -> str:
    return _BETWEEN.sub(" ", name[:200]).strip().casefold()
