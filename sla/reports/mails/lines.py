"""Text from records on one line of a mail: no name can begin another line, add a header or hide a sign."""

from __future__ import annotations

import re
import unicodedata


def one_line(text: str, *, most: int) -> str:
    """Return text on one line, without control and formatting characters, cut to a length."""
    plain = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in text)
    plain = re.sub(r"\s+", " ", plain).strip()
    return plain if len(plain) <= most else plain[: most - 1] + "…"
