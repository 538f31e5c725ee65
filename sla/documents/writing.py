"""A document to TOML or JSON that reads back equal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import tomli_w

from sla.documents.document import Document
from sla.engine.codec import document_plain


def write_document(document: Document, *, form: Literal["toml", "json"] = "toml") -> str:
    """Return a document as text: keys in the reference's order, defaults left out, instants in UTC."""
    plain: dict[str, Any] = document_plain(document)
    if form == "json":
        return json.dumps(plain, indent=2, ensure_ascii=False, default=_native) + "\n"
    return tomli_w.dumps(plain, indent=2)


def plain_document(part: object) -> Any:
    """Return a document, or a part of one, as JSON holds it: what TOML has and JSON lacks as text."""
    return json.loads(json.dumps(document_plain(part), default=_native))


def _native(value: object) -> str:
    """Return what TOML has and JSON lacks as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | Decimal):
        return str(value)
    raise TypeError(f"A document holds no {type(value).__name__}.")
