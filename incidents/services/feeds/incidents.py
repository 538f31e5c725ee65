"""Bring one incident of a feed into the register: itself, its outages, its moments, its waiting."""

from typing import Any

from django.core.exceptions import ValidationError

from incidents.feeds.values import FeedComponent, FeedIncident
from incidents.models import ClockStop, FeedRecord, Incident, Milestone, Outage
from incidents.services.feeds.merging import BY_PERSON
from incidents.services.feeds.runs import Doing, Run
from incidents.services.feeds.words import incident_fields, moments
from vendors.models import Service


def bring_incident(said: FeedIncident, *, record: FeedRecord, doing: Doing) -> None:
    """Create or update the incident of a record. Raises ValidationError.

    The feed that an incident came from first fills its fields. Another view of it adds outages by its own
    clock, and moments that are missing.
    """
    run = doing.run
    incident = record.incident or Incident(
        vendor=run.source.vendor,
        source=run.source.code,
        external_id=said.external_id,
        reference=_reference(said, doing=doing),
    )
    is_first = (incident.source, incident.external_id) == (run.source.code, said.external_id)
    if is_first:
        doing.keep(incident, fields=incident_fields(said, words=run.words))
    rival = _rival(record, run=run)
    record.incident = incident
    # The services first: the moments of an incident that hit none count for every contract of its vendor.
    _bring_outages(said, incident=incident, rival=rival, doing=doing)
    _bring_moments(said, incident=incident, doing=doing, is_first=is_first)
    _bring_waits(said, incident=incident, doing=doing)
    doing.notes += said.notes
    doing.notes += _unexplained(said, run=run)
    if said.started_at and said.resolved_at and said.resolved_at <= said.started_at:
        doing.notes.append("needs times: it ends at or before its start and counts 0 s")


def _unexplained(said: FeedIncident, *, run: Run) -> list[str]:
    """Return what is to be said of words that decide and that nobody has explained."""
    hit = [part for part in run.parts(said) if run.services(part)]
    words = dict.fromkeys(word for part in hit if (word := run.words.unknown(said, part=part)))
    return [f"severity “{word}” is not explained: recorded as degraded" for word in words]


def _bring_outages(said: FeedIncident, *, incident: Incident, rival: FeedRecord | None, doing: Doing) -> None:
    if rival is not None:
        doing.notes.append(f"its times are by the same clock as those of {rival}: those stay")
    elif said.planned:
        doing.notes.append("planned work without a window: no outage recorded")
    elif said.started_at is None:
        if not any(row.withdrawn_at is None for row in _on_file(incident, "outages")):
            doing.notes.append("needs a start time: no outage recorded")
    else:
        hit = _hit(said, run=doing.run)
        known = _answers(incident, run=doing.run) | _outages(incident, run=doing.run) if hit else {}
        for service, part in hit.values():
            _bring_outage(said, part=part, service=service, known=known, incident=incident, doing=doing)


def _hit(said: FeedIncident, *, run: Run) -> dict[int, tuple[Service, FeedComponent]]:
    """Return each service that some part means, with the first such part that counts as an outage."""
    hit: dict[int, tuple[Service, FeedComponent]] = {}
    for part in run.parts(said):
        if run.words.kind(said, part=part):
            for service in run.services(part):
                hit.setdefault(service.pk, (service, part))
    return hit


def _outages(incident: Incident, *, run: Run) -> dict[int, Outage]:
    """Return what is on file by this feed's clock, the first of each service: a withdrawn one stays so."""
    rows = sorted(_on_file(incident, "outages"), key=lambda row: -row.pk)
    return {row.service_id: row for row in rows if row.measured_by == run.source.measured_by}


def _answers(incident: Incident, *, run: Run) -> dict[int, Outage]:
    """Return what a person entered by another clock on an incident of this feed, the first of each service.

    It answers what the feed left open: told later by the feed, that stands beside it as a conflict.
    """
    if incident.source != run.source.code:
        return {}
    clocks = {record.source.measured_by for record in _on_file(incident, "records")}
    rows = sorted(_on_file(incident, "outages"), key=lambda row: -row.pk)
    return {row.service_id: row for row in rows if row.measured_by not in clocks and row.withdrawn_at is None}


def _bring_outage(
    said: FeedIncident,
    *,
    part: FeedComponent,
    service: Service,
    known: dict[int, Outage],
    incident: Incident,
    doing: Doing,
) -> None:
    run = doing.run
    outage = known.get(service.pk) or Outage(
        incident=incident, service=service, measured_by=run.source.measured_by
    )
    kind = run.words.kind(said, part=part)
    if outage.withdrawn_at is None:
        fields = {"kind": kind, "started_at": said.started_at, "ended_at": said.resolved_at}
        if outage.pk and not outage.feed_said:
            outage.feed_said = {BY_PERSON: sorted(fields)}
        doing.keep(outage, fields=fields)


def _rival(record: FeedRecord, *, run: Run) -> FeedRecord | None:
    """Return an earlier view of the same incident by the same clock: its times stay, two would be one."""
    if record.incident is None or record.incident.pk is None:
        return None
    for other in record.incident.records.all():
        earlier = record.pk is None or other.pk < record.pk
        if other.pk != record.pk and earlier and other.source.measured_by == run.source.measured_by:
            return other
    return None


def _bring_moments(said: FeedIncident, *, incident: Incident, doing: Doing, is_first: bool) -> None:
    known = {row.kind: row for row in _on_file(incident, "milestones") if row.service_id is None}
    for kind, at in moments(said).items():
        if is_first or kind not in known:
            milestone = known.get(kind) or Milestone(incident=incident, kind=kind)
            doing.keep(milestone, fields={"at": at})


def _bring_waits(said: FeedIncident, *, incident: Incident, doing: Doing) -> None:
    known = (
        {row.feed_said.get("stopped_at"): row for row in _on_file(incident, "clock_stops")}
        if said.waits
        else {}
    )
    for wait in said.waits:
        fields = {
            "stopped_at": wait.stopped_at,
            "resumed_at": wait.resumed_at,
            "reason": wait.reason,
            "why": wait.why,
        }
        stop = known.get(f"{wait.stopped_at:%Y-%m-%dT%H:%M:%S.%fZ}") or ClockStop(incident=incident)
        doing.keep(stop, fields=fields)


def wanted_reference(said: FeedIncident, *, run: Run) -> str:
    """Return the vendor and the feed's number, which people look for; empty where it is too long."""
    owner = run.source.vendor.slug if run.source.vendor else run.source.code
    wanted = f"{owner}-{said.external_id}"
    longest = Incident._meta.get_field("reference").max_length or 0
    return wanted if len(wanted) <= longest else ""


def _reference(said: FeedIncident, *, doing: Doing) -> str:
    """Give the wanted reference, or nothing (the next free number) where that cannot be used."""
    wanted = wanted_reference(said, run=doing.run)
    return "" if not wanted or doing.is_taken(wanted) else wanted


def _on_file(incident: Incident, name: str) -> list[Any]:
    """Return the rows of an incident; one that is not saved yet has none."""
    return [] if incident._state.adding else list(getattr(incident, name).all())


def refuse_other_thing(record: FeedRecord, *, is_notice: bool) -> None:
    """Refuse a record that was an incident and comes as a notice of work, or the other way round."""
    if is_notice and record.incident_id is not None:
        raise ValidationError(
            f"{record} is on file as the incident {record.incident}, and now comes as a notice of work. "
            "Look at both and enter by hand what holds.",
            code="other_thing",
        )
    if not is_notice and record.window_id is not None:
        raise ValidationError(
            f"{record} is on file as the notice of work {record.window}, and now comes as an incident. "
            "Look at both and enter by hand what holds.",
            code="other_thing",
        )
