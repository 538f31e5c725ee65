"""Rows of runs: written once for a kind, subject and period, however often and by however many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from sla.models import Duty

CHUNK = 500


def new_run(
    kind: Duty.Kind,
    *,
    subject: str,
    due_at: datetime,
    next_at: datetime | None = None,
    period: str = "",
    **fields: object,
) -> Duty:
    """Return a row to be written; what was due before it was written waits from `next_at` on."""
    return Duty(kind=kind, subject=subject, period=period, due_at=due_at, next_at=next_at or due_at, **fields)


def write_runs(duties: Iterable[Duty]) -> int:
    """Write the rows that are not there yet; return how many these were.

    Those of one subject stand together, and are written whole or not at all: what lies between the first and
    the last that are there is never asked for again.
    """
    made = 0
    for rows in _whole(duties):
        there = set(
            Duty.objects.filter(
                kind__in={row.kind for row in rows}, subject__in={row.subject for row in rows}
            )
            .order_by()
            .values_list("kind", "subject", "period")
        )
        new = [row for row in rows if (row.kind, row.subject, row.period) not in there]
        # One transaction. Another planner may write the same row meanwhile: the constraint keeps one of them.
        Duty.objects.bulk_create(new, ignore_conflicts=True)
        made += len(new)
    return made


def _whole(duties: Iterable[Duty]) -> Iterator[list[Duty]]:
    """Yield a few hundred rows at a time, and never only some of a subject's."""
    rows: list[Duty] = []
    for _, of_subject in groupby(duties, key=lambda row: row.subject):
        rows += of_subject
        if len(rows) >= CHUNK:
            yield rows
            rows = []
    if rows:
        yield rows
