"""What stands on the row of an upload: how many records became what, and those that a person should see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.feeds.values import FeedLetter, FeedProblem, FeedWindow
from incidents.models import Decision, FeedSource, FeedUpload, OutageKind, ProposedWindow
from incidents.services.feeds.reports import ImportReport, ImportRow, Part
from incidents.services.feeds.runs import Outcome

# A page cannot show more; what stands here is what a person should look at, before the rest.
MOST_ROWS = 500
# Names are counted on where an import broke off, so that more of them are kept until it is over.
MOST_NAMES = 5_000
MOST_LINES = 6
# What a letter's row bears for an outcome, and so much of its text is shown.
LETTER, BEGINNING = "letter", 400
LOUD = (Outcome.CONFLICTING, Outcome.REFUSED)


@dataclass(kw_only=True)
class Tally:
    """What an upload's import has done so far."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[list[str]] = field(default_factory=list)
    unmatched: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, upload: FeedUpload) -> Tally:
        """Return what stands on the row of an upload."""
        return cls(
            counts=Counter(upload.counts),
            rows=list(upload.rows),
            problems=list(upload.problems),
            unmatched=dict(upload.unmatched),
        )

    def add(self, part: Part) -> None:
        """Count one part in, and keep of its records those that a person should see."""
        self.counts.update(str(row.outcome) for row in part.rows)
        self.counts["samples"] += part.samples
        self.rows = sorted([*self.rows, *map(_row, part.rows)], key=_is_quiet)[:MOST_ROWS]
        self._add_problems(part.problems)
        self.unmatched = dict(part.unmatched)

    def finish(
        self, report: ImportReport, *, problems: Iterable[FeedProblem], letters: Iterable[FeedLetter]
    ) -> None:
        """Count in what only the whole file tells: letters, and the records that could not be read."""
        self.counts["letters"] = report.letters
        self.rows = [*map(_letter, letters), *self.rows][:MOST_ROWS]
        self._add_problems(problems)

    def fields(self, *, most_names: int = MOST_NAMES) -> dict[str, Any]:
        """Return the fields of the upload's row."""
        known = [str(outcome) for outcome in Outcome]
        counted = {name: self.counts[name] for name in (*known, "problems", "samples", "letters")}
        names = sorted(self.unmatched.items())[:most_names]
        return {
            "counts": counted,
            "rows": self.rows,
            "problems": self.problems,
            "unmatched": [[name, count] for name, count in names],
        }

    def _add_problems(self, problems: Iterable[FeedProblem]) -> None:
        new = [[problem.place, problem.message] for problem in problems]
        self.counts["problems"] += len(new)
        self.problems = [*self.problems, *new][:MOST_ROWS]


def nothing_told() -> dict[str, Any]:
    """Return the fields of an upload of which nothing is known yet, or nothing can be used."""
    return {"counts": {}, "rows": [], "problems": [], "unmatched": []}


def _row(row: ImportRow) -> dict[str, Any]:
    return {
        "id": row.external_id,
        "title": row.title,
        "outcome": str(row.outcome),
        "start": _minute(row.start),
        "end": _minute(row.end),
        "kinds": [OutageKind(kind).label.partition(":")[0] for kind in row.kinds],
        "changes": _capped(row.changes),
        "windows": _capped([_window(window, row=row) for window in row.windows if window.end > window.start]),
        "notes": list(row.notes),
    }


def with_decisions(rows: Iterable[dict[str, Any]], *, source: FeedSource) -> list[dict[str, Any]]:
    """Return rows of an import, with what people decided since of the times that texts tell of."""
    shown = list(rows)
    decided = ProposedWindow.objects.filter(
        record__source=source, record__external_id__in=[row["id"] for row in shown if row.get("windows")]
    ).exclude(decision=Decision.OPEN)
    said: dict[str, dict[str, str]] = {}
    for window in decided.select_related("record", "decided_by"):
        what = "taken" if window.decision == Decision.ACCEPTED else "left as posted"
        words = f"{what} by {window.decided_by}, {_minute(window.decided_at)} UTC"
        said.setdefault(window.record.external_id, {})[_span(window.starts_at, window.ends_at)] = words
    return [row | {"windows": _decided(row, said=said.get(row["id"], {}))} for row in shown]


def _decided(row: dict[str, Any], *, said: dict[str, str]) -> list[str]:
    lines: list[str] = row.get("windows", [])
    return [
        next((f"{line} ({words})" for span, words in said.items() if f"of {span}:" in line), line)
        for line in lines
    ]


def _span(start: datetime, end: datetime) -> str:
    return f"{_minute(start)} to {_minute(end)} UTC"


def _letter(letter: FeedLetter) -> dict[str, Any]:
    text = "\n".join(line.strip() for line in letter.text.splitlines() if line.strip())
    return {
        "id": letter.sender,
        "title": letter.subject,
        "outcome": LETTER,
        "start": _minute(letter.sent_at or letter.received_at),
        "text": text if len(text) <= BEGINNING else f"{text[:BEGINNING]}…",
        "notes": list(letter.notes),
    }


def _capped(lines: Iterable[str]) -> list[str]:
    kept = list(lines)
    more = len(kept) - MOST_LINES
    return kept if more <= 0 else [*kept[:MOST_LINES], f"and {more} more"]


def _window(window: FeedWindow, *, row: ImportRow) -> str:
    """Say which times a text tells of, and how long that is beside the posted ones."""
    told = f"the text tells of {_span(window.start, window.end)}: {_minutes(window.start, window.end)} min"
    if row.start is None:
        return f"{told}, no posted start"
    if row.end is None:
        return f"{told}, posted as still out"
    return f"{told} instead of {_minutes(row.start, row.end)}"


def _minutes(start: datetime, end: datetime) -> str:
    return f"{(end - start).total_seconds() / 60:.0f}"


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _is_quiet(row: dict[str, Any]) -> tuple[bool, bool, bool]:
    return (
        row["outcome"] not in LOUD,
        not row["notes"] and not row.get("windows"),
        row["outcome"] == Outcome.UNCHANGED,
    )
