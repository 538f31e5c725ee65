"""Marks that people leave, each in one edit: all that was acknowledged must be found again, once."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import books


@dataclass
class Marks:
    """What the product said that it did."""

    written: list[tuple[str, str]] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def write(self, reference: str, *, mark: str) -> None:
        """Note an edit of an incident that was acknowledged; the mark stands in its text and its reason."""
        with self._lock:
            self.written.append((reference, mark))

    def enter(self, title: str) -> None:
        """Note an incident that was entered, by a request that was sent twice."""
        with self._lock:
            self.entered.append(title)

    def lost(self, database: str) -> list[str]:
        """Return every edit that is not in the record, or not in its history exactly once."""
        rows = books.asked(database, "SELECT reference, narrative FROM incidents_incident")
        told = {reference: Counter(text.split()) for reference, text in rows}
        reasons = _counted(database, "history_change_reason", table="incidents_historicalincident")
        found = []
        for reference, mark in self.written:
            if told[reference][mark] != 1:
                found.append(f"{mark} stands {told[reference][mark]} times in {reference}")
            if reasons[mark] != 1:
                found.append(f"{mark} stands {reasons[mark]} times in the history of {reference}")
        known = {mark for _, mark in self.written}
        shared = (word for words in told.values() for word in words if word.startswith("mark-"))
        return found + [f"{word} was written and never acknowledged" for word in shared if word not in known]

    def not_once(self, database: str) -> list[str]:
        """Return every title that was not entered exactly once."""
        titles = _counted(database, "title", table="incidents_incident")
        return [f"{title} was entered {titles[title]} times" for title in self.entered if titles[title] != 1]


def _counted(database: str, column: str, *, table: str) -> Counter[Any]:
    return Counter(dict(books.asked(database, f"SELECT {column}, count(*) FROM {table} GROUP BY 1")))
