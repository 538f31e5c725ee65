"""What is wrong, and where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One fault of a document or of terms: its place, and what is wrong and what to do."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    def under(self, place: str) -> Problem:
        """Return the same fault as seen from further out."""
        return Problem(joined(place, self.place), self.message)


def joined(outer: str, inner: str) -> str:
    """Return a place inside another: ``targets[2]`` and ``credit`` give ``targets[2].credit``."""
    if not outer or not inner:
        return outer or inner
    return outer + inner if inner.startswith("[") else f"{outer}.{inner}"


def listed(problems: Iterable[Problem]) -> str:
    """Return the faults for reading, one a line."""
    return "\n".join(str(problem) for problem in problems)
