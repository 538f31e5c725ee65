"""A result as canonical JSON, the form that other programs read."""

from __future__ import annotations

from sla.engine.codec import canonical
from sla.engine.results import Result


def render_json(result: Result) -> str:
    """Return a result as one line of canonical JSON: sorted keys, no white space, defaults left out."""
    return canonical(result).decode()
