"""The report of a register's import as a page shows it, with as much as one can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vendors.services.registers import Outcome, RegisterLine, RegisterReport

MOST_LINES = 100
# Kinds of records whose name is not the reader's.
WORDS: Mapping[str, str] = {"entities": "our companies"}


def as_plain(report: RegisterReport) -> dict[str, Any]:
    """Return a report as plain data; of each list its beginning, and how many more there are."""
    return {
        "counts": [
            [WORDS.get(kind, kind), *(done[outcome] for outcome in Outcome)]
            for kind, done in report.counts().items()
        ],
        "records": len(report.lines) + len(report.problems),
        "stores": report.stores,
        "moves": any(report.count(outcome) for outcome in (Outcome.CREATED, Outcome.UPDATED)),
        "stopped": bool(report.problems) and not report.kept,
        "groups": list(_groups(report.lines)),
        "problems": _capped([[problem.place, problem.message] for problem in report.problems]),
        "notes": list(report.notes),
        "absent": _capped([list(each) for each in report.absent]),
        "alike": [[[name, name in report.named] for name in names] for names in report.alike[:MOST_LINES]],
    }


def told(report: Mapping[str, Any]) -> str:
    """Say in short what an import did, such as "5 created, 2 conflicting"."""
    sums = [sum(counts[place] for _, *counts in report["counts"]) for place in range(len(Outcome))]
    done = [f"{count} {outcome}" for outcome, count in zip(Outcome, sums, strict=True) if count]
    refused = report["problems"]["count"]
    return ", ".join([*done, *([f"{refused} that cannot be used"] if refused else [])]) or "nothing to store"


def _groups(lines: Sequence[RegisterLine]) -> Iterator[dict[str, Any]]:
    """Yield the records of each outcome; of those that stay as they are only what is to be looked at."""
    for outcome in (Outcome.CONFLICTING, Outcome.UPDATED, Outcome.CREATED, Outcome.UNCHANGED):
        chosen = [
            line for line in lines if line.outcome is outcome and (line.notes or outcome != Outcome.UNCHANGED)
        ]
        if chosen:
            # What bears a note comes first: it is what a person should look at.
            chosen.sort(key=lambda line: not line.notes)
            yield {"outcome": str(outcome), **_capped([_line(line) for line in chosen])}


def _line(line: RegisterLine) -> dict[str, Any]:
    return {
        "kind": WORDS.get(line.kind, line.kind),
        "key": line.key,
        "place": line.place,
        "changes": [list(change) for change in line.changes],
        "notes": list(line.notes),
    }


def _capped(rows: Sequence[Any]) -> dict[str, Any]:
    return {"rows": list(rows[:MOST_LINES]), "count": len(rows), "more": max(0, len(rows) - MOST_LINES)}
