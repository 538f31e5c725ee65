"""What an import of a register did, or would do."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from vendors.files.errors import FileProblem


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICTING = "conflicting"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLine:
    """One record: where it stands in the file, what became of it, and what a person should look at."""

    kind: str
    key: str
    place: str
    outcome: Outcome
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReport:
    """What became of each record; `problems` were passed over, or stopped all of it where `kept` is False.

    `absent` is what the register said before and not this time: it was left alone. `alike` names vendors that
    may be one company: each set is a question for a person.
    """

    lines: tuple[RegisterLine, ...]
    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    dry_run: bool = False
    kept: bool = True

    def count(self, outcome: Outcome) -> int:
        """Return how many records had an outcome."""
        return sum(line.outcome is outcome for line in self.lines)

    def counts(self) -> dict[str, Counter[Outcome]]:
        """Return how many records of each kind had which outcome."""
        found: dict[str, Counter[Outcome]] = {}
        for line in self.lines:
            found.setdefault(line.kind, Counter())[line.outcome] += 1
        return found

    @property
    def to_look_at(self) -> tuple[RegisterLine, ...]:
        """Return the records that changed a row on file, or that a person should look at."""
        return tuple(
            line
            for line in self.lines
            if line.notes or line.outcome in (Outcome.UPDATED, Outcome.CONFLICTING)
        )
