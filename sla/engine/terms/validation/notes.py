"""Reading notes: which unclear places of a clause somebody has decided (A43)."""

from __future__ import annotations

from sla.engine.terms.versions import Terms


def is_noted(terms: Terms, code: str) -> bool:
    """Return whether a reading note is about this service level, cap or rule."""
    return any(note.about == code or note.about.startswith(f"{code}.") for note in terms.reading_notes)


def or_note(code: str) -> str:
    """Return the advice for a clause that really says so."""
    return f"If the clause really says so, add a reading note about {code!r}."
