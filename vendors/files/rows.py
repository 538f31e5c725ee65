"""What every reader of tables works on, and the limits that hold for all of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

LARGEST_FILE = 50_000_000
MOST_ROWS = 200_000
MOST_COLUMNS = 500
LONGEST_CELL = 131_072
SHOWN = 60

NO_FAULTS: Mapping[int, str] = MappingProxyType({})


class TableRow(NamedTuple):
    """One row by the number that a spreadsheet shows for it; all cells are text.

    A date cell of Excel is its local time as `2016-02-29 01:16:00`, or `2016-02-29` where the cell shows no
    time of day. `faults` says of a cell, by its index, why it has no value.
    """

    number: int
    cells: tuple[str, ...]
    faults: Mapping[int, str] = NO_FAULTS


def shown(value: str) -> str:
    """Quote a value for a message, cut where it is long."""
    quoted = repr(value[: SHOWN + 1])
    return quoted if len(quoted) <= SHOWN else quoted[: SHOWN - 1] + "…"


def too_large(content: bytes, *, most: int = LARGEST_FILE) -> str:
    """Say that a file is larger than is read."""
    return f"The file has {len(content):,} bytes, more than {most:,}. Bring it in parts."


def letters(index: int) -> str:
    """Name a column as a spreadsheet does: 0 is A, 26 is AA."""
    named = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        named = chr(65 + rest) + named
    return named
