"""Text that a spreadsheet shows and never runs, and the lines that it is written in."""

import re

BYTE_ORDER_MARK = "\ufeff".encode()

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_INVISIBLE = " \t\n\r\u00a0\u200b\u200c\u200d\u2060"
_STARTS_FORMULA = frozenset("=+-@＝＋－＠")
_FIGURE = re.compile(r"[+-]?\d[\d.,]*( ?%)?")


def clean(text: str) -> str:
    """Return a text without the control characters that spreadsheets refuse; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def like_formula(text: str) -> bool:
    """Say whether a spreadsheet might run a text: it begins as a formula does and is no plain figure."""
    if text[:1].isalnum() or not text:
        return False
    bare = text.lstrip(_INVISIBLE)
    starts = text[0] in "\t\r\n" or bare[:1] in _STARTS_FORMULA
    return starts and not _FIGURE.fullmatch(text)


def guarded(text: str) -> str:
    """Return a text that no spreadsheet runs: an apostrophe before what begins like a formula."""
    if text[:1].isalnum() and text.isprintable():
        return text
    # A carriage return at the start is judged before it is cleaned away.
    risky = like_formula(text)
    text = clean(text)
    return f"'{text}" if risky or like_formula(text) else text


class CsvLines(list[str]):
    """What a `csv.writer` writes into, to be sent piece by piece."""

    def write(self, text: str) -> int:
        """Keep a line."""
        self.append(text)
        return len(text)

    def take(self) -> bytes:
        """Return the lines kept so far, and forget them."""
        text = "".join(self)
        self.clear()
        return text.encode()
