"""How a figure was worked out, as a tree of sentences."""

from __future__ import annotations

from dataclasses import dataclass

from sla.engine.trace import Step
from sla.reports.statement.reader import Reader


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One sentence with its clause and the reasons below it."""

    sentence: str
    clause: str
    below: tuple[Reason, ...]


def reason_of(step: Step, *, reader: Reader, above: str = "") -> Reason:
    """Return a step and all below it; a clause is named where it differs from the one above."""
    return Reason(
        sentence=step.sentence(instant=reader.instant),
        clause=step.clause if step.clause != above else "",
        below=tuple(reason_of(inner, reader=reader, above=step.clause) for inner in step.inputs),
    )
