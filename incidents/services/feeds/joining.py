"""Several tellings of one outage are views of one incident: joined, and taken apart again."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.models import FeedRecord, Incident
from incidents.services.feeds.importing import bring
from incidents.services.feeds.records import records_of, said_last
from incidents.services.feeds.runs import Doing, Run
from vendors.services import checked_reason, remove_record


@transaction.atomic
def join_incidents(kept: Incident, other: Incident, *, by: User, at: datetime, reason: str) -> Incident:
    """Make every record of one incident a view of another, and remove the one that is left empty.

    The outages of the views stand side by side by their clocks: they are alternatives, never added up.

    Raises:
        ValidationError: both are one, the other came from no feed, a person confirmed its times, or
            something else depends on it; nothing is changed.

    """
    reason = checked_reason(reason)
    records = list(other.records.select_related("source"))
    _refuse(kept, other, records=records)
    other.records.update(incident=None)
    for rows in (other.outages, other.milestones, other.clock_stops):
        for row in rows.all():
            remove_record(row, by=by, reason=reason)
    name = str(other)
    remove_record(other, by=by, reason=reason)
    for record in records:
        FeedRecord.objects.filter(pk=record.pk).update(incident=kept)
        _bring_again(record, by=by, at=at)
    kept.refresh_from_db()
    if not kept.records.exists():
        raise ValidationError(f"{name} has no record that {kept} could show.", code="no_record")
    return kept


@transaction.atomic
def split_record(record: FeedRecord, *, by: User, at: datetime, reason: str) -> Incident:
    """Make a view of an incident an incident of its own again, with the outages of its clock.

    Raises:
        ValidationError: it is the only view, or a person confirmed its times; nothing is changed.

    """
    reason = checked_reason(reason)
    incident = record.incident
    if incident is None or incident.records.count() < 2:
        raise ValidationError(f"{record} is the only view of its incident: nothing to split.", code="only")
    outages = incident.outages.filter(measured_by=record.source.measured_by)
    _refuse_confirmed(outages.exclude(confirmed_at=None).count(), name=str(record))
    for row in outages:
        remove_record(row, by=by, reason=reason)
    FeedRecord.objects.filter(pk=record.pk).update(incident=None)
    brought = _bring_again(record, by=by, at=at)
    assert brought.incident is not None
    return brought.incident


def _refuse(kept: Incident, other: Incident, *, records: list[FeedRecord]) -> None:
    if kept.pk == other.pk:
        raise ValidationError("An incident is one with itself already. Choose another.", code="same")
    if not records:
        raise ValidationError(
            f"{other} was typed in: keep it, and join the one that came from a feed to it.", code="typed_in"
        )
    _refuse_confirmed(other.outages.exclude(confirmed_at=None).count(), name=str(other))


def _refuse_confirmed(count: int, *, name: str) -> None:
    if count:
        raise ValidationError(
            f"A person confirmed the times of {name}. Keep that one, and join the other to it.",
            code="confirmed",
        )


def _bring_again(record: FeedRecord, *, by: User, at: datetime) -> FeedRecord:
    run = Run.of(record.source, by=by, at=at)
    fresh = records_of(record.source, [record.external_id], at=at)[record.external_id]
    said = said_last(fresh)
    assert said is not None
    bring(said, record=fresh, doing=Doing(run))
    return fresh
