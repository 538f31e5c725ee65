"""Dates of Excel: which cells show a number as a date, and which local time the number stands for."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

# ECMA-376 part 1, 18.8.30: the ids that need no code, among them those of East Asia; False where the
# format shows no time of day.
_BUILT_IN = dict.fromkeys(
    (14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), False
) | dict.fromkeys((18, 19, 20, 21, 22, 32, 33, 34, 35, 45, 47, 55, 56), True)
# Quoted words, escaped letters, and what stands in brackets (colours, countries, conditions) are no codes.
_NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
LAST_SERIAL = 2_958_465
# Excel counts the day 29 February 1900, which never was; from serial 61 on its count is right from here.
_FROM_1900, _FROM_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001


def date_styles(elements: Iterable[tuple[str, Mapping[str, str]]]) -> dict[int, bool]:
    """Give the styles that show dates, by their index; True where they show the time of day too."""
    codes: dict[str, str] = {}
    styles: dict[int, bool] = {}
    index, inside = 0, False
    for name, given in elements:
        if name == "numFmt":
            codes[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif name in ("cellStyleXfs", "cellXfs", "cellStyles", "dxfs"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            timed = _shows(given.get("numFmtId", "0"), codes=codes)
            if timed is not None:
                styles[index] = timed
            index += 1
    return styles


def _shows(number: str, *, codes: Mapping[str, str]) -> bool | None:
    """Say whether a format shows a date with the time of day, without, or none (None)."""
    if number not in codes:
        return _BUILT_IN.get(int(number)) if number.isdecimal() and len(number) < 8 else None
    code = _NO_CODE.sub("", codes[number][:500]).lower().split(";")[0]
    code = code.replace("general", "").replace("am/pm", "h").replace("a/p", "h")
    timed = "h" in code or "s" in code
    return timed if timed or "y" in code or "d" in code or "m" in code else None


def local_text(serial: str, *, timed: bool, from_1904: bool) -> str:
    """Write a serial number as its local time, to the millisecond; a time of day alone as `01:16:00`.

    Raises:
        ValueError: not a number, or outside Excel's own dates.

    """
    days = _number(serial)
    if not 0 <= days <= LAST_SERIAL:
        raise ValueError(f"{serial[:20]} is no date of a spreadsheet")
    shift = timedelta(milliseconds=round(days * 86_400_000))
    base = _FROM_1904 if from_1904 else _FROM_1900
    if days < 1 and timed:
        read = base + shift
        return read.time().isoformat(timespec="milliseconds" if read.microsecond else "seconds")
    if days < 61 and not from_1904:
        raise ValueError(f"{serial[:20]} is a date of 1900, before any incident")
    try:
        read = base + shift
    except OverflowError:
        raise ValueError(f"{serial[:20]} is no date of a spreadsheet") from None
    if not timed and not days % 1:
        return f"{read:%Y-%m-%d}"
    return read.isoformat(sep=" ", timespec="milliseconds" if read.microsecond else "seconds")


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text[:60])
    except InvalidOperation:
        raise ValueError(f"'{text[:20]}' is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > 60:
        raise ValueError(f"'{text[:20]}' is not a number of use")
    return number


def number_text(text: str) -> str:
    """Write a stored number without an exponent, so that an id such as 1.2E7 reads as it is shown."""
    if "E" not in text and "e" not in text:
        return text
    try:
        return f"{_number(text):f}"
    except ValueError:
        return text
