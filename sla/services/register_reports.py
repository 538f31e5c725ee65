"""The report of a register's import as a page shows it, with as much as one can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vendors.files.errors import FileProblem
from vendors.services.registers import Outcome, RegisterLine, RegisterReport

MOST_LINES = 100
MOST_PLACES = 3
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
        "problems": _problems(report.left_out),
        "remarks": _problems([problem for problem in report.problems if problem.remark]),
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


def nothing_because(report: Mapping[str, Any], *, is_compared: bool) -> str:
    """Say why an import would store nothing: none is new, bills are only compared, or no row can be used."""
    sums = [sum(counts[place] for _, *counts in report["counts"]) for place in range(len(Outcome))]
    by = dict(zip(Outcome, sums, strict=True))
    same, other = by[Outcome.UNCHANGED], by[Outcome.CONFLICTING]
    refused = report["problems"]["count"]
    left = f" {refused} more cannot be used: see below what each lacks." if refused else ""
    if is_compared and same + other:
        return (
            f"Bills of recurring fees are compared with the fees on file, and not stored: {same} "
            f"{'agrees' if same == 1 else 'agree'}, {other} {'differs' if other == 1 else 'differ'}.{left}"
        )
    if same + other:
        stay = f", {other} stay as they are here" if other else ""
        return f"There is nothing to import: {same} are on file as the file says them{stay}.{left}"
    if refused:
        return (
            "There is nothing to import: no row can be used. "
            "See below what each lacks, and how the file is read."
        )
    return "There is nothing to import: nothing of the file would be stored."


def _problems(problems: Sequence[FileProblem]) -> dict[str, Any]:
    """Return what is wrong, the same fault of many places once with all of their number, the most first."""
    places: dict[str, list[str]] = {}
    for problem in problems:
        places.setdefault(problem.message, []).append(problem.place)
    most_first = sorted(places.items(), key=lambda each: -len(each[1]))
    return {
        **_capped([[_listed(where), message] for message, where in most_first]),
        "count": report_rows(problems),
    }


def report_rows(problems: Iterable[FileProblem]) -> int:
    """Return how many rows, or other records of a file, problems are about: one may lack several things."""
    return len({problem.place.partition(", column ")[0] for problem in problems})


def _listed(places: Sequence[str]) -> str:
    more = len(places) - MOST_PLACES
    return "; ".join(places[:MOST_PLACES]) + (f"; and {more} more" if more > 0 else "")


def _groups(lines: Sequence[RegisterLine]) -> Iterator[dict[str, Any]]:
    """Yield the records of each outcome; of those that stay as they are only what is to be looked at."""
    for outcome in (Outcome.CONFLICTING, Outcome.UPDATED, Outcome.CREATED, Outcome.UNCHANGED):
        chosen = [
            line for line in lines if line.outcome is outcome and (line.notes or outcome != Outcome.UNCHANGED)
        ]
        if chosen:
            # What bears a note comes first: it is what a person should look at.
            chosen.sort(key=lambda line: not line.notes)
            shown = [_line(line) for line in _some_of_each(chosen)]
            more = len(chosen) - len(shown)
            yield {"outcome": str(outcome), "rows": shown, "count": len(chosen), "more": more}


def _some_of_each(lines: Sequence[RegisterLine]) -> list[RegisterLine]:
    """Return as many as one can read, of every kind its first: many of one kind hide no other."""
    met: Counter[str] = Counter()
    ranks = []
    for place, line in enumerate(lines):
        ranks.append((met[line.kind], place))
        met[line.kind] += 1
    return [lines[place] for _, place in sorted(sorted(ranks)[:MOST_LINES], key=lambda each: each[1])]


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
