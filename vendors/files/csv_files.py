"""Read separated text row by row: its encoding, its sign between cells, its quotes.

Nothing is put right in silence: a file whose quotes or letters do not add up is refused, since every row
behind the fault could be wrong.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper

from vendors.files.errors import FileError
from vendors.files.rows import LONGEST_CELL, MOST_COLUMNS, TableRow

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "latin-1", "shift_jis", "gb18030", "big5")
# Enough rows to see the shape of a table below its headings.
SAMPLE_ROWS, SAMPLE_LETTERS = 60, 200_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_NO_SIGN = "\"'\r\n\x00."
# Blank rows are no rows of a table, but take time as well.
MOST_LINES = 1_100_000


def csv_rows(content: bytes, *, encoding: str = "", delimiter: str = "") -> Iterator[TableRow]:
    """Yield every row that has a cell, with the number that a spreadsheet shows for it.

    `encoding` and `delimiter` (a word of DELIMITERS or the sign itself) are found where they are not given.

    Raises:
        FileError: letters that the encoding does not have, a quote that is not closed, a cell without end,
            or a last row that was cut off.

    """
    text = _text(content, encoding=encoding)
    try:
        first = text.readline(20)
    except UnicodeError:
        raise FileError(_undecodable(text, row=1)) from None
    stated = first[4] if first[:4].lower() == "sep=" and len(first.rstrip("\r\n")) == 5 else ""
    if not stated:
        text.seek(0)
    sign = DELIMITERS.get(delimiter, delimiter) or stated or _delimiter(text)
    if len(sign) != 1 or sign.isalnum() or sign in _NO_SIGN:
        raise FileError(f"'{sign[:20]}' is no sign between cells. Give one of: {', '.join(DELIMITERS)}.")
    yield from _rows(text, sign=sign, before=int(bool(stated)), complete=_ends_a_line(content))


def _rows(text: TextIOWrapper, *, sign: str, before: int, complete: bool) -> Iterator[TableRow]:
    number, widths = before, Counter[int]()
    cells: list[str] = []
    try:
        for cells in csv.reader(text, delimiter=sign, strict=True):
            number += 1
            if number > MOST_LINES:
                raise FileError(f"The file has more than {MOST_LINES} rows, blank ones among them. Split it.")
            if len(cells) > MOST_COLUMNS:
                raise FileError(f"Row {number} has {len(cells)} cells, more than {MOST_COLUMNS}. {_CHECK}")
            widths[len(cells)] += 1
            if any(cells):
                yield TableRow(number, tuple(cells))
    except csv.Error as error:
        raise FileError(_said(error, row=number + 1)) from None
    except UnicodeError:
        raise FileError(_undecodable(text, row=number + 1)) from None
    # Rows of one length, then a shorter one that no line end closes: the rest did not arrive.
    usual = max(widths, default=0)
    if not complete and len(cells) < usual and widths[usual] > 1 and widths[usual] == number - before - 1:
        raise FileError(
            f"The file was cut off in row {number}: it has {len(cells)} of {usual} cells. Bring it whole."
        )


def _undecodable(text: TextIOWrapper, *, row: int) -> str:
    return (
        f"Near row {row}: letters that {text.encoding} does not have. "
        "Save the file as UTF-8, or name its encoding."
    )


_CHECK = "Check the sign between the cells and the quotation marks."


def _said(error: csv.Error, *, row: int) -> str:
    said = str(error)
    if "unexpected end" in said:
        return (
            f"A quotation mark that opens in row {row} is never closed, or the file was cut off. "
            "Bring it whole, or close it."
        )
    if "field larger" in said:
        return f"Row {row} has a cell longer than {LONGEST_CELL} letters. {_CHECK}"
    if "expected after" in said:
        return f"Row {row}: a quotation mark stands inside a quoted cell. Double it."
    return f"Row {row} cannot be read: {said}. {_CHECK}"


def _text(content: bytes, *, encoding: str) -> TextIOWrapper:
    if encoding and encoding.lower() not in ENCODINGS:
        raise FileError(f"The encoding '{encoding[:20]}' is not known. Give one of: {', '.join(ENCODINGS)}.")
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    # A mark at the start is never part of the text, whatever encoding was named.
    chosen = marked or encoding.lower() or _encoding(content)
    return TextIOWrapper(BytesIO(content), encoding=chosen, newline="")


def _encoding(content: bytes) -> str:
    """Find the encoding of a file without a mark."""
    start = content[:2000]
    if start.count(0) > len(start) // 4:
        return "utf-16-be" if start[:1] == b"\x00" else "utf-16-le"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for offset in range(0, len(content), _CHUNK):
            decoder.decode(content[offset : offset + _CHUNK])
    except UnicodeDecodeError:
        return _not_utf8(content)
    if decoder.getstate()[0]:
        raise FileError("The file ends in the middle of a letter: it was cut off. Bring it whole.")
    return "utf-8"


def _not_utf8(content: bytes) -> str:
    """Tell a file in the encoding of Western Windows from a damaged one in UTF-8."""
    read = content.decode("utf-8", errors="replace")
    damaged = read.count("\ufffd")
    if len(read) - len(read.encode("ascii", errors="ignore")) > 2 * damaged:
        raise FileError(
            f"The file is UTF-8 but for {damaged} damaged letters. Save it again, or name its encoding."
        )
    return "cp1252"


def _delimiter(text: TextIOWrapper) -> str:
    """Find the sign that cuts most of the first rows to one width, the widest where two do."""
    try:
        lines = text.read(SAMPLE_LETTERS).splitlines(keepends=True)
    except UnicodeError:
        lines = []
    text.seek(0)
    return max(DELIMITERS.values(), key=lambda sign: _fit(lines, sign=sign))


def _fit(lines: list[str], *, sign: str) -> tuple[int, int]:
    widths = Counter[int]()
    try:
        for cells in csv.reader(lines, delimiter=sign):
            widths[len(cells)] += any(cells)
            if widths.total() >= SAMPLE_ROWS:
                break
    except csv.Error:
        return 0, 0
    width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(0, 0))
    return (rows, width) if width > 1 else (0, 0)


def _ends_a_line(content: bytes) -> bool:
    return content.rstrip(b"\x00")[-1:] in (b"\n", b"\r")
