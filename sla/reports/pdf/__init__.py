"""PDF by typst: data goes in as JSON and is never read as markup, so no vendor's text can harm a page.

Each document is one `.typ` file beside this module; `base.typ` is their common look. The same data gives
the same bytes: fonts are those inside typst, and the date is the document's, not the clock's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import typst

FOLDER = Path(__file__).resolve().parent


def render_pdf(template: str, data: Mapping[str, Any], *, on: date) -> bytes:
    """Return the PDF of a template (`statement`) filled with plain data, dated `on`.

    The template reads `json(bytes(sys.inputs.data))`. Raises ValueError where the template is unknown.
    """
    source = FOLDER / f"{template}.typ"
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.typ")))
        raise ValueError(f"No template {template!r}. Known are: {known}.")
    inputs = {"data": json.dumps(data, ensure_ascii=False, sort_keys=True), "on": on.isoformat()}
    return typst.compile(
        str(source),
        root=str(FOLDER),
        sys_inputs=inputs,
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],  # archival: fonts embedded, nothing outside the file
    )
