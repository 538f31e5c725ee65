"""What an import of a register did, or would do."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from vendors.files.errors import FileProblem


def nothing_more(report: "RegisterReport") -> None:
    """Do nothing with a report in the transaction of its import."""


class Outcome(StrEnum):
    """What became of one record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICTING = "conflicting"


class Change(NamedTuple):
    """One field of a record in words: what it was, empty for a new record, and what it becomes."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        return (
            f"{self.label}: {self.before} -> {self.after}" if self.before else f"{self.label}: {self.after}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLine:
    """One record: where it stands in the file, what became of it, and what a person should look at."""

    kind: str
    key: str
    place: str
    outcome: Outcome
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReport:
    """What became of each record; `problems` were passed over, or stopped all of it where `kept` is False.

    `absent` is what the register said before and not this time: it was left alone. `alike` names vendors that
    may be one company, `named` those of them that the file names: each set is a question for a person.
    `stores` says whether anything is there to keep.
    """

    lines: tuple[RegisterLine, ...]
    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    named: frozenset[str] = frozenset()
    stores: bool = False
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
    def left_out(self) -> tuple[FileProblem, ...]:
        """Return why records were left out, without what is only remarked about those that are used."""
        return tuple(problem for problem in self.problems if not problem.remark)

    @property
    def to_look_at(self) -> tuple[RegisterLine, ...]:
        """Return the records that changed a row on file, or that a person should look at."""
        return tuple(
            line
            for line in self.lines
            if line.notes or line.outcome in (Outcome.UPDATED, Outcome.CONFLICTING)
        )
