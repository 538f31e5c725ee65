"""Incident rows to engine values, one contract at a time."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from incidents import models as rows
from incidents.models import MeasuredBy, StopReason, Subject
from sla.engine import facts
from sla.engine.facts import ONE, Party, Responsible
from sla.engine.terms import Measurer, Milestone, OutageKind
from sla.models import Condition, Exclusion
from sla.models.columns import tidy


def incident_value(row: rows.Incident) -> facts.Incident:
    """Return an incident."""
    return facts.Incident(
        reference=row.reference,
        title=row.title,
        severity=row.severity,
        planned=row.planned,
        root_event=row.root_cause_event,
    )


def outage_value(row: rows.Outage, *, positions: Iterable[rows.Position]) -> facts.Outage:
    """Return an outage with what each party says of it and of its incident, oldest first.

    The vendor bears an outage that a person confirmed. Unconfirmed, and without a position, nobody
    is known to: it counts and makes the result provisional.
    """
    affected = _share(row.affected_numerator, row.affected_denominator)
    said = sorted(
        positions, key=lambda position: (position.outage_id is not None, position.stated_at, position.pk)
    )
    return facts.Outage(
        incident=row.incident.reference,
        unit=row.service.code,
        started_at=row.started_at,
        ended_at=row.counted_until,
        kind=OutageKind(row.kind),
        affected=ONE if affected is None else affected,
        measured_by=Measurer(MeasuredBy(row.measured_by).value),
        responsible=Responsible.VENDOR if row.confirmed_at is not None else None,
        positions=tuple(_position(position) for position in said),
    )


def _position(row: rows.Position) -> facts.Position:
    # The span of an exclusion is the part that is taken out, not the outage's times.
    times = row.about == Subject.TIMES
    return facts.Position(
        party=Party(row.party),
        started_at=row.started_at if times else None,
        ended_at=row.ended_at if times else None,
        responsible=Responsible(row.responsible) if row.responsible else None,
        share=_share(row.share_numerator, row.share_denominator),
        exclusion=row.exclusion,
        clause=row.clause,
        by=row.stated_by,
        why=row.why,
    )


def _share(numerator: int | None, denominator: int | None) -> Fraction | None:
    return None if numerator is None or not denominator else Fraction(numerator, denominator)


def excluded_stretch(row: rows.Position, *, units: Iterable[str]) -> facts.Exclusion:
    """Return what a position says of an exclusion that takes out a part of an outage."""
    return facts.Exclusion(
        rule=row.exclusion,
        incident=row.incident.reference,
        units=tuple(units),
        started_at=row.started_at,
        ended_at=row.ended_at,
        party=Party(row.party),
        by=row.stated_by,
        why=row.why,
    )


def milestone_value(row: rows.Milestone) -> facts.MilestoneFact:
    """Return a moment of an incident."""
    return facts.MilestoneFact(
        incident=row.incident.reference,
        kind=Milestone(row.kind),
        at=row.at,
        unit=row.service.code if row.service else "",
    )


def clock_stop_value(row: rows.ClockStop) -> facts.ClockStop:
    """Return time in which the vendor waited for us."""
    return facts.ClockStop(
        incident=row.incident.reference,
        started_at=row.stopped_at,
        ended_at=row.resumed_at,
        reason=row.why or StopReason(row.reason).label,
        cause=Responsible(row.cause) if row.cause else None,
        unit=row.service.code if row.service else "",
    )


def maintenance_value(row: rows.MaintenanceWindow, *, units: Iterable[str]) -> facts.Maintenance:
    """Return announced work with the services of one contract that it touches."""
    return facts.Maintenance(
        reference=row.reference,
        units=tuple(sorted(units)),
        started_at=row.starts_at,
        ended_at=row.ends_at,
        noticed_at=row.noticed_at,
        emergency=row.emergency,
        cancelled=row.cancelled_at is not None,
        work_ended_at=row.actual_ended_at,
        stated_at=row.stated_at,
        received_at=row.received_at,
    )


def sample_value(row: rows.Sample) -> facts.Sample:
    """Return a measured value."""
    return facts.Sample(
        series=row.metric, unit=row.service.code, at=row.at, value=tidy(row.value), volume=row.volume
    )


def figure_value(row: rows.ReportedFigure) -> facts.ReportedFigure:
    """Return a figure that somebody reported for a period."""
    return facts.ReportedFigure(
        figure=row.figure,
        period=row.period_label,
        unit=row.service.code if row.service else "",
        value=None if row.value is None else tidy(row.value),
        numerator=None if row.numerator is None else Decimal(row.numerator),
        denominator=None if row.denominator is None else Decimal(row.denominator),
        by=row.reported_by,
        document=row.document.name or row.evidence,
    )


def delivery_value(row: rows.Delivery) -> facts.Delivery:
    """Return something that was owed by a date."""
    return facts.Delivery(
        what=row.obligation,
        subject=row.incident.reference if row.incident else row.period_label,
        due_at=row.due_at,
        delivered_at=row.delivered_at,
        document=row.document.name or row.evidence,
    )


def watch_value(row: rows.SourceWatch) -> facts.Watch:
    """Return a source that would have told of an outage."""
    return facts.Watch(
        source=row.source,
        unit=row.service.code,
        last_heard_at=row.last_heard_at,
        confirmed_by=row.confirmed_by.get_username() if row.confirmed_by else "",
        confirmed_until=row.confirmed_through,
    )


def exclusion_value(row: Exclusion) -> facts.Exclusion:
    """Return a decided exclusion."""
    return facts.Exclusion(
        rule=row.rule.code,
        incident=row.incident.reference if row.incident else "",
        units=tuple(sorted(service.code for service in row.services.all())),
        started_at=row.started_at,
        ended_at=row.ended_at,
        party=Party(row.party),
        by=row.decided_by,
        why=row.why,
    )


def condition_value(row: Condition) -> facts.Condition:
    """Return a confirmed or denied condition."""
    return facts.Condition(
        code=row.code,
        met=row.met,
        unit=row.service.code if row.service else "",
        incident=row.incident.reference if row.incident else "",
        started_at=row.started_at,
        ended_at=row.ended_at,
        by=row.confirmed_by,
        evidence=row.evidence,
    )
