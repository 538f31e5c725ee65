"""How long each kind of request took, how it was answered, and one table of all."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles

HEADINGS = ("kind of request", "count", "median", "p95", "p99", "max", "answers")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: of which kind, how many seconds until the last byte, and what was answered."""

    kind: str
    seconds: float
    status: int


@dataclass
class Calls:
    """Every request of a run; many people write here at once."""

    made: list[Call] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, kind: str, *, begun: float, status: int, expected: frozenset[int], told: str) -> None:
        """Note an answer that has just come whole; `begun` is of `time.perf_counter`."""
        call = Call(kind=kind, seconds=time.perf_counter() - begun, status=status)
        with self._lock:
            self.made.append(call)
            if status not in expected:
                self.wrong.append(f"{kind}: {status}: {told[:500]}")

    def complain(self, text: str) -> None:
        """Note what went wrong beyond any status."""
        with self._lock:
            self.wrong.append(text)

    def table(self) -> list[str]:
        """Return the lines of the table: seconds by kind, and all kinds together."""
        kinds: dict[str, list[Call]] = defaultdict(list)
        for call in self.made:
            kinds[call.kind].append(call)
        rows = [HEADINGS, *(_row(kind, calls=kinds[kind]) for kind in sorted(kinds))]
        rows.append(_row("all", calls=self.made))
        widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
        return [_line(row, widths=widths) for row in rows]


def _row(kind: str, *, calls: list[Call]) -> tuple[str, ...]:
    seconds = [call.seconds for call in calls]
    # One value has no parts.
    parts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    statuses = Counter(call.status for call in calls)
    figures = (median(seconds), parts[94], parts[98], max(seconds))
    answers = "  ".join(f"{status} × {count}" for status, count in sorted(statuses.items()))
    return (kind, str(len(calls)), *(f"{figure:.2f} s" for figure in figures), answers)


def _line(row: tuple[str, ...], *, widths: list[int]) -> str:
    first, *middle, last = row
    cells = [first.ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(middle, widths[1:-1], strict=True)]
    return "  ".join([*cells, last])


def lasting(seconds: float) -> Iterator[None]:
    """Yield again and again until so many seconds have gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield None
