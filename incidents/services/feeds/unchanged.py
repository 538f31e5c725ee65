"""Seeing without a single statement that a telling changes nothing: most of what a feed repeats."""

from __future__ import annotations

from copy import copy
from typing import Any

from incidents.feeds.values import FeedIncident
from incidents.models import FeedRecord
from incidents.models.incidents import FromFeed
from incidents.services.feeds.incidents import bring_incident
from incidents.services.feeds.merging import merge, state_of
from incidents.services.feeds.records import dumped
from incidents.services.feeds.runs import Doing, Run
from vendors.services import Saved


class _ChangesError(Exception):
    """Something would be written."""


class Looking(Doing):
    """What would happen to a record, as long as nothing would be written."""

    def keep(self, row: FromFeed, *, fields: dict[str, Any]) -> None:
        """Merge into a copy, and stop where that differs from what is on file."""
        tried = copy(row)
        self.conflicts += merge(tried, fields=fields)
        if row._state.adding or state_of(tried, fields=fields) != state_of(row, fields=fields):
            raise _ChangesError
        self.saved.append(Saved.UNCHANGED)


def looked_at(said: FeedIncident, *, record: FeedRecord, run: Run) -> Doing | None:
    """Return what there is to say of a telling that changes nothing; None where something is written."""
    if record._state.adding or record.incident is None or record.said != dumped(said):
        return None
    looking = Looking(run)
    try:
        bring_incident(said, record=record, doing=looking)
    except _ChangesError:
        return None
    kept = record.conflicts, record.unmatched, record.concerns_nobody
    now = looking.conflicts, run.unknown(run.parts(said)), run.concerns_nobody(said)
    return looking if kept == now else None
