"""What a feed said of each record: read and kept whole, the later telling before the earlier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from incidents.feeds.values import Feed, FeedEvent, FeedIncident, FeedMaintenance
from incidents.models import FeedRecord, FeedSource, Incident

INCIDENT = TypeAdapter(FeedIncident)
NOTICE = TypeAdapter(FeedMaintenance)
EVENT = TypeAdapter(FeedEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One record as a file tells it: an incident, a notice of work, or events of one incident."""

    external_id: str
    whole: FeedIncident | FeedMaintenance | None = None
    events: tuple[FeedEvent, ...] = ()


def told_by(values: Feed) -> list[Told]:
    """Return each record of a file, the events of one incident together."""
    tellings = [Told(external_id=said.external_id, whole=said) for said in values.incidents]
    by_incident: dict[str, list[FeedEvent]] = {}
    for event in values.events:
        by_incident.setdefault(event.external_id, []).append(event)
    tellings += [Told(external_id=key, events=tuple(events)) for key, events in by_incident.items()]
    tellings += [Told(external_id=said.external_id, whole=said) for said in values.maintenances]
    return tellings


def records_of(source: FeedSource, external_ids: Iterable[str], *, at: datetime) -> dict[str, FeedRecord]:
    """Return the record of each number: those on file with all that a merge reads, and new ones.

    An incident of this feed that was read before records were kept is found by its number.
    """
    wanted = list(dict.fromkeys(external_ids))
    on_file = (
        FeedRecord.objects.filter(source=source, external_id__in=wanted)
        .select_related("incident", "window", "source")
        .prefetch_related(
            "incident__outages",
            "incident__milestones",
            "incident__clock_stops",
            "incident__records__source",
            "proposals",
        )
    )
    found = {record.external_id: record for record in on_file}
    missing = [key for key in wanted if key not in found]
    older = Incident.objects.filter(source=source.code, external_id__in=missing).prefetch_related(
        "outages", "milestones", "clock_stops", "records__source"
    )
    by_number = {incident.external_id: incident for incident in older}
    for key in missing:
        found[key] = FeedRecord(
            source=source,
            external_id=key,
            incident=by_number.get(key),
            first_seen_at=at,
            last_seen_at=at,
        )
    return found


def with_events(record: FeedRecord, events: Sequence[FeedEvent]) -> tuple[FeedEvent, ...]:
    """Return all events that are known of a record, each once: of two with one id the one that came first."""
    known = {event.event_id: event for event in map(EVENT.validate_python, record.events)}
    return tuple({**{event.event_id: event for event in reversed(events)}, **known}.values())


def no_longer_told(thing: FeedRecord, told: Iterable[str]) -> list[FeedRecord]:
    """Return the records of a watched thing's failures that its events, all taken together, tell no more."""
    mine = FeedRecord.objects.filter(source=thing.source, external_id__startswith=f"{thing.external_id}@")
    return list(
        mine.exclude(external_id__in=list(told)).exclude(incident=None).select_related("incident", "source")
    )


def dumped(said: FeedIncident | FeedMaintenance) -> dict[str, object]:
    """Return what a record keeps of what was said."""
    adapter = NOTICE if isinstance(said, FeedMaintenance) else INCIDENT
    written: dict[str, object] = adapter.dump_python(said, mode="json")  # type: ignore[arg-type]
    return written


def said_last(record: FeedRecord) -> FeedIncident | FeedMaintenance | None:
    """Return what the feed said last, None where nothing is on file."""
    if not record.said:
        return None
    adapter = NOTICE if "starts_at" in record.said else INCIDENT
    read: FeedIncident | FeedMaintenance = adapter.validate_python(record.said)
    return read


def is_outdated(record: FeedRecord, said: FeedIncident | FeedMaintenance) -> bool:
    """Say whether a telling is older than the one on file: by its sequence, else by its time of change."""
    sequence = record.said.get("sequence")
    mine = said.sequence if isinstance(said, FeedMaintenance) else None
    if sequence is not None and mine is not None and sequence != mine:
        return bool(mine < sequence)
    if record.changed_at is None or said.changed_at is None:
        return False
    return said.changed_at < record.changed_at


def keep_said(record: FeedRecord, said: FeedIncident | FeedMaintenance, *, at: datetime) -> None:
    """Write into a record what was said; it is not saved."""
    record.said = dumped(said)
    record.changed_at = said.changed_at or record.changed_at
    record.last_seen_at = max(at, record.last_seen_at)
