"""PDF by typst: data goes in as JSON and is never read as markup, so no vendor's text can harm a page.

Each document is one `.typ` file beside this module; `base.typ` is their common look. The same data gives
the same bytes: fonts are those inside typst, and the date is the document's, not the clock's. A sign that
these fonts lack (Chinese, emoji, control characters) stands as its number, such as [U+6771].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

FOLDER = Path(__file__).resolve().parent
ONE_SIGN = FOLDER / "sign.typ"


def render_pdf(template: str, data: Mapping[str, Any], *, on: date) -> bytes:
    """Return the PDF of a template (`statement`) filled with plain data, dated `on`.

    The template reads `json(bytes(sys.inputs.data))`. Raises ValueError where the template is unknown.
    """
    source = FOLDER / f"{template}.typ"
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.typ")))
        raise ValueError(f"No template {template!r}. Known are: {known}.")
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    try:
        return _compiled(source, data=text, on=on.isoformat())
    except typst.TypstError:
        shown = _with_numbers(data)
        if shown == data:
            raise
        text = json.dumps(shown, ensure_ascii=False, sort_keys=True)
        return _compiled(source, data=text, on=on.isoformat())


def _compiled(source: Path, **inputs: str) -> bytes:
    return typst.compile(
        str(source),
        root=str(FOLDER),
        sys_inputs=inputs,
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],  # archival: fonts embedded, nothing outside the file
    )


def _with_numbers(value: Any) -> Any:
    """Return plain data with each sign that no font of ours has as its number: an archival file needs all."""
    if isinstance(value, Mapping):
        return {key: _with_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_numbers(inner) for inner in value]
    if not isinstance(value, str) or (value.isascii() and value.isprintable()):
        return value
    return "".join(sign if _is_shown(sign) else f"[U+{ord(sign):04X}]" for sign in value)


@lru_cache(maxsize=65_536)
def _is_shown(sign: str) -> bool:
    if sign == "\n" or (sign.isascii() and sign.isprintable()):
        return True
    try:
        _compiled(ONE_SIGN, data=sign)
    except typst.TypstError:
        return False
    return True
