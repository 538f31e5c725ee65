"""Several tellings of one outage are views of one incident: joined, and taken apart again."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.models import FeedRecord, Incident, Outage
from incidents.services.feeds.merging import is_a_persons
from incidents.services.feeds.rematching import bring_record_again
from incidents.services.incidents import attribute_incident
from vendors.services import checked_reason, remove_record


@dataclass(frozen=True, kw_only=True)
class JoinEffect:
    """What joining would do, in words: which clock holds then, the money, what counts no more, or why not."""

    holds: str = ""
    money: str = ""
    warning: str = ""
    refused: str = ""


@contextmanager
def tried_join(kept: Incident, other: Incident, *, by: User, at: datetime) -> Iterator[Incident]:
    """Yield an incident as it would be with another joined to it; nothing of it is kept.

    Raises ValidationError where they cannot be joined.
    """
    with transaction.atomic():
        rows = Incident.objects.in_bulk([kept.pk, other.pk])
        yield join_incidents(
            rows[kept.pk], rows[other.pk], by=by, at=at, reason="To see what it would change"
        )
        transaction.set_rollback(True)


def refusal_of_join(kept: Incident, other: Incident) -> str:
    """Say why an incident cannot be joined to another, empty where nothing is known against it."""
    try:
        _refuse(kept, other, records=list(other.records.all()))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


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
        bring_record_again(record, by=by, at=at)
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
    outages = [] if _is_second(record) else list(Outage.objects.of_record(record))
    _refuse_persons(outages, name=str(record))
    for row in outages:
        remove_record(row, by=by, reason=reason)
    FeedRecord.objects.filter(pk=record.pk).update(incident=None)
    brought = bring_record_again(record, by=by, at=at)
    assert brought.incident is not None
    if brought.incident.vendor is None and incident.vendor is not None:
        attribute_incident(brought.incident, vendor=incident.vendor, by=by, reason=reason)
    return brought.incident


def _is_second(record: FeedRecord) -> bool:
    """Say whether an earlier view by the same clock gave the outages: this one has none of its own."""
    assert record.incident is not None
    earlier = record.incident.records.filter(pk__lt=record.pk).select_related("source")
    return any(other.source.measured_by == record.source.measured_by for other in earlier)


def _refuse(kept: Incident, other: Incident, *, records: list[FeedRecord]) -> None:
    if kept.pk == other.pk:
        raise ValidationError("An incident is one with itself already. Choose another.", code="same")
    if not records:
        raise ValidationError(
            f"{other} was typed in: keep it, and join the one that came from a feed to it.", code="typed_in"
        )
    _refuse_persons(other.outages.all(), name=str(other))


def _refuse_persons(outages: Iterable[Outage], *, name: str) -> None:
    """Refuse to take outages away that a person confirmed, corrected or typed in."""
    if any(map(is_a_persons, outages)):
        raise ValidationError(
            f"A person confirmed or changed the times of {name}. Keep that one, and join the other to it.",
            code="persons",
        )
