"""Where a reader stands, and the faults it has found."""

from __future__ import annotations

from collections.abc import Iterable

from sla.engine.codec.scalars import Local
from sla.engine.terms.problems import Problem, listed

# Nobody reads on after so many; a file of nothing but faults is not read to its end.
MOST_FAULTS = 1000


class CodecError(ValueError):
    """Plain data that cannot be read: ``problems`` lists every fault with its place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(listed(self.problems))


class Refused(ValueError):
    """Something below was already reported; nothing can be built here."""


class Place:
    """Where the reader stands; written out only when there is something to report."""

    __slots__ = ("key", "outer")

    def __init__(self, outer: Place | None, key: str | int) -> None:
        self.outer, self.key = outer, key

    def __str__(self) -> str:
        before = str(self.outer) if self.outer is not None else ""
        if isinstance(self.key, int):
            return f"{before}[{self.key}]"
        return f"{before}.{self.key}" if before and self.key else before + self.key


class Pass:
    """One reading: the faults found so far, and the zone of local times."""

    __slots__ = ("local", "problems")

    def __init__(self, local: Local | None) -> None:
        self.local = local
        self.problems: list[Problem] = []

    def go_on(self) -> None:
        """Raise Refused once there are more faults than anybody reads."""
        if len(self.problems) >= MOST_FAULTS:
            raise Refused

    def note(self, place: Place, error: ValueError | str) -> None:
        """Keep a fault; one that was reported further in is not repeated."""
        if not isinstance(error, Refused):
            self.problems.append(Problem(str(place), str(error)))
