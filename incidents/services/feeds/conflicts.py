"""Where a person's value differs from what a feed says now: found, and settled one way or the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.contrib.auth.models import User
from django.db import transaction

from incidents.models import FeedRecord, Incident, MaintenanceWindow, Milestone, Outage
from incidents.models.incidents import FromFeed
from incidents.services.feeds.merging import apart, differences, field_of, give_back, settle, written
from incidents.services.feeds.rematching import bring_record_again
from incidents.services.rows import record_row
from vendors.models import Reader

SHOWN_BESIDE = 160


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One field of one row: what stands there, and what the feed of `record` says instead, in words."""

    record: FeedRecord
    row: FromFeed
    name: str
    ours: str
    theirs: str

    @property
    def key(self) -> str:
        """Return what tells it from others, and from itself once the feed says something else."""
        said = sha256(self.row.feed_said[self.name].encode()).hexdigest()[:12]
        return f"{self.row._meta.model_name}-{self.row.pk}-{self.name}-{said}"

    @property
    def of(self) -> Incident | MaintenanceWindow:
        """Return the incident or the notice of work that it belongs to."""
        found = self.record.incident or self.record.window
        assert found is not None
        return found

    @property
    def beside(self) -> tuple[str, str]:
        """Return both values, long ones where they differ."""
        return apart(self.ours, self.theirs, most=SHOWN_BESIDE)

    @property
    def what(self) -> str:
        """Return which field of what it is."""
        if isinstance(self.row, Milestone):
            return f"moment “{self.row.get_kind_display()}”"
        of = f" of {self.row.service}" if isinstance(self.row, Outage) else ""
        return f"{self.row._meta.verbose_name}{of}, “{field_of(self.row, self.name).verbose_name}”"


def open_conflicts(reader: Reader) -> list[Conflict]:
    """Return what nobody has settled of the records that the reader may see, the newest record first."""
    rows = (
        FeedRecord.objects.visible_to(reader)
        .exclude(conflicts=[])
        .select_related("source", "incident__vendor", "window__vendor")
    )
    related = (
        "incident__outages__service",
        "incident__milestones",
        "incident__clock_stops",
        "incident__records__source",
    )
    found: dict[str, Conflict] = {}
    for record in rows.prefetch_related(*related).order_by("-pk"):
        for conflict in conflicts_of(record):
            found.setdefault(conflict.key, conflict)
    return list(found.values())


def conflicts_of(record: FeedRecord) -> Iterator[Conflict]:
    """Yield where the rows that a record fills differ from what it said last."""
    for row in _filled_by(record):
        for name, ours, theirs in differences(row):
            field = field_of(row, name)
            yield Conflict(
                record=record,
                row=row,
                name=name,
                ours=written(field, ours),
                theirs=written(field, theirs),
            )


def keep_ours(conflict: Conflict, *, by: User, at: datetime, reason: str) -> None:
    """Leave what stands there: the feed's value is no conflict until it changes.

    Raises ValidationError for a blank reason; nothing is changed.
    """
    settle(conflict.row, name=conflict.name)
    _settle(conflict, by=by, at=at, reason=reason)


def take_theirs(conflict: Conflict, *, by: User, at: datetime, reason: str) -> None:
    """Take the feed's value, and let the feed change it from now on.

    Raises ValidationError for a blank reason, or where the value is not valid; nothing is changed.
    """
    give_back(conflict.row, name=conflict.name)
    _settle(conflict, by=by, at=at, reason=reason)


@transaction.atomic
def _settle(conflict: Conflict, *, by: User, at: datetime, reason: str) -> None:
    record_row(conflict.row, by=by, reason=reason)
    for record in _records_beside(conflict.record):
        bring_record_again(record, by=by, at=at)


def _records_beside(record: FeedRecord) -> Iterable[FeedRecord]:
    """Return the records of the same incident or window that list conflicts."""
    same = FeedRecord.objects.filter(incident=record.incident_id, window=record.window_id)
    return list(same.exclude(conflicts=[]).select_related("source"))


def _filled_by(record: FeedRecord) -> Iterator[FromFeed]:
    incident: Incident | None = record.incident
    if record.window is not None:
        yield record.window
    elif incident is not None:
        if (incident.source, incident.external_id) == (record.source.code, record.external_id):
            yield incident
            yield from (row for row in incident.milestones.all() if row.feed_said)
        yield from (row for row in _outages(incident, record=record) if row.withdrawn_at is None)
        yield from (row for row in incident.clock_stops.all() if row.feed_said)


def _outages(incident: Incident, *, record: FeedRecord) -> Iterator[Outage]:
    """Yield those by the clock of its feed, and those that a person entered where it had told no start."""
    clock = record.source.measured_by
    others = {each.source.measured_by for each in incident.records.all()}
    for row in incident.outages.all():
        if row.measured_by == clock or (row.feed_said and row.measured_by not in others):
            yield row
