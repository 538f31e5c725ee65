"""Bring what a feed says into the register: again and again, and never over a person's correction."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.values import Feed, FeedComponent, FeedIncident, FeedMaintenance, FeedProblem
from incidents.models import Incident, MaintenanceWindow, MeasuredBy, Milestone, Outage
from incidents.models.incidents import FromFeed
from incidents.selectors import services_by_feed_name
from incidents.services.feed_words import as_text, incident_fields, maintenance_fields, moments, outage_fields
from incidents.services.maintenance import record_maintenance
from incidents.services.rows import record_row
from incidents.services.sources import hear_from_source
from vendors.models import Service, Vendor
from vendors.services import Saved


class Outcome(StrEnum):
    """What became of one record of the feed."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICTING = "conflicting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One record of the feed, what became of it, and what a person should look at."""

    external_id: str
    title: str
    outcome: Outcome
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or, in a dry run, would do."""

    dry_run: bool
    rows: tuple[ImportRow, ...]
    unmatched: tuple[tuple[str, int], ...]
    problems: tuple[FeedProblem, ...]

    def count(self, outcome: Outcome) -> int:
        """Give the number of records that ended so."""
        return sum(row.outcome is outcome for row in self.rows)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One import under way."""

    vendor: Vendor
    source: str
    by: User
    named: dict[str, list[Service]]
    unmatched: Counter[str] = field(default_factory=Counter)

    @property
    def reason(self) -> str:
        return f"Import from {self.source}"

    def services(self, component: FeedComponent) -> list[Service]:
        return self.named.get(component.name.strip().casefold(), [])


@dataclass(slots=True)
class _Record:
    """What happened so far to one record of the feed."""

    saved: list[Saved] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_incidents(
    values: Feed, *, vendor: Vendor, source: str, by: User, dry_run: bool = False
) -> ImportReport:
    """Create and update incidents and maintenance by (source, external id), all in one transaction.

    A field that a person changed keeps the person's value and is listed. Nothing is deleted. A dry run
    does the same and takes it back.
    """
    with transaction.atomic():
        run = _Run(vendor=vendor, source=source, by=by, named=services_by_feed_name(vendor, source=source))
        rows = [_brought_in(said, run=run, bring=_bring_incident) for said in values.incidents]
        rows += [_brought_in(said, run=run, bring=_bring_maintenance) for said in values.maintenances]
        _hear(values, run=run)
        transaction.set_rollback(dry_run)
    return ImportReport(
        dry_run=dry_run,
        rows=tuple(rows),
        unmatched=tuple(sorted(run.unmatched.items())),
        problems=values.problems,
    )


def _brought_in(said: FeedIncident | FeedMaintenance, *, run: _Run, bring: Callable[..., None]) -> ImportRow:
    record = _Record()
    try:
        with transaction.atomic():
            bring(said, run=run, record=record)
    except ValidationError as error:
        return ImportRow(
            external_id=said.external_id,
            title=said.title,
            outcome=Outcome.REFUSED,
            notes=tuple(error.messages),
        )
    for component in said.components:
        if not run.services(component):
            run.unmatched[component.name] += 1
    return ImportRow(
        external_id=said.external_id,
        title=said.title,
        outcome=_outcome(record),
        notes=tuple(record.conflicts + record.notes),
    )


def _outcome(record: _Record) -> Outcome:
    if record.saved[0] is Saved.CREATED:
        return Outcome.CREATED
    if record.conflicts:
        return Outcome.CONFLICTING
    changed = any(saved is not Saved.UNCHANGED for saved in record.saved)
    return Outcome.UPDATED if changed else Outcome.UNCHANGED


def _bring_incident(said: FeedIncident, *, run: _Run, record: _Record) -> None:
    known = Incident.objects.filter(source=run.source, external_id=said.external_id).first()
    incident = known or Incident(
        vendor=run.vendor,
        source=run.source,
        external_id=said.external_id,
        reference=_reference(said, run=run),
    )
    _keep(incident, fields=incident_fields(said), run=run, record=record)
    # The services first: the moments of an incident that hit none count for every contract of its vendor.
    if said.planned:
        record.notes.append("planned work without a window: no outage recorded")
    elif said.started_at is None:
        record.notes.append("needs a start time: no outage recorded")
    else:
        _bring_outages(said, incident=incident, run=run, record=record)
    for kind, at in moments(said).items():
        milestone = incident.milestones.filter(kind=kind, service=None).first()
        milestone = milestone or Milestone(incident=incident, kind=kind)
        _keep(milestone, fields={"at": at}, run=run, record=record)
    if said.started_at and said.resolved_at and said.resolved_at <= said.started_at:
        record.notes.append("needs times: it ends at or before its start and counts 0 s")


def _bring_outages(said: FeedIncident, *, incident: Incident, run: _Run, record: _Record) -> None:
    known = {
        outage.service_id: outage
        for outage in incident.outages.filter(measured_by=MeasuredBy.VENDOR_STATUS_PAGE).order_by("-id")
    }
    done: set[int] = set()
    for component in said.components:
        for service in run.services(component):
            if service.pk in done:
                continue
            done.add(service.pk)
            outage = known.get(service.pk) or Outage(
                incident=incident, service=service, measured_by=MeasuredBy.VENDOR_STATUS_PAGE
            )
            if outage.withdrawn_at is None:
                _keep(outage, fields=outage_fields(said, component=component), run=run, record=record)


def _bring_maintenance(said: FeedMaintenance, *, run: _Run, record: _Record) -> None:
    window = MaintenanceWindow.objects.filter(vendor=run.vendor, reference=said.external_id).first()
    window = window or MaintenanceWindow(vendor=run.vendor, reference=said.external_id, source=run.source)
    record.conflicts += _merge(window, fields=maintenance_fields(said))
    services = [service for component in said.components for service in run.services(component)]
    saved = record_maintenance(window, services=dict.fromkeys(services), by=run.by, reason=run.reason)
    record.saved.append(saved)


def _reference(said: FeedIncident, *, run: _Run) -> str:
    """Give the vendor and the feed's number, or nothing (the next free number) where that cannot be used."""
    wanted = f"{run.vendor.slug}-{said.external_id}"
    longest = Incident._meta.get_field("reference").max_length
    taken = len(wanted) > (longest or 0) or Incident.objects.filter(reference=wanted).exists()
    return "" if taken else wanted


def _keep(row: FromFeed, *, fields: dict[str, Any], run: _Run, record: _Record) -> None:
    before = _state(row, fields=fields)
    record.conflicts += _merge(row, fields=fields)
    # Most records of a history were read before; they need no check and no look at the stored row.
    same = row.pk is not None and _state(row, fields=fields) == before
    record.saved.append(Saved.UNCHANGED if same else record_row(row, by=run.by, reason=run.reason))


def _state(row: FromFeed, *, fields: dict[str, Any]) -> tuple[Any, ...]:
    return (dict(row.feed_said), *(getattr(row, name) for name in fields))


# Key of `feed_said` that names the fields which a person took over for good.
BY_PERSON = "by a person"


def _merge(row: FromFeed, *, fields: dict[str, Any]) -> list[str]:
    """Take the feed's values where no person stands in the way, and name those where one does."""
    new, vouched = row.pk is None, getattr(row, "confirmed_at", None) is not None
    before, persons = row.feed_said, set(row.feed_said.get(BY_PERSON, []))
    conflicts = []
    for name, theirs in fields.items():
        ours, said = as_text(getattr(row, name)), as_text(theirs)
        if not new and ours != before.get(name):
            persons.add(name)
        if name not in persons and not (vouched and not new):
            setattr(row, name, theirs)
        elif ours != said:
            label = f"{row._meta.verbose_name} '{row._meta.get_field(name).verbose_name}'"  # type: ignore[union-attr]
            conflicts.append(f"{label} stays {_shown(ours)}; the feed says {_shown(said)}")
    row.feed_said = {name: as_text(value) for name, value in fields.items()}
    if persons:
        row.feed_said[BY_PERSON] = sorted(persons)
    return conflicts


def _shown(text: str) -> str:
    one_line = " ".join(text.split()) or "empty"
    return one_line if len(one_line) <= 60 else one_line[:59] + "…"


def _hear(values: Feed, *, run: _Run) -> None:
    """Note for every service with a name in this feed that the feed spoke."""
    if values.heard_at is None:
        return
    services = {service.pk: service for matched in run.named.values() for service in matched}
    for service in services.values():
        hear_from_source(service, source=run.source, at=values.heard_at, by=run.by, reason=run.reason)
