"""Writing down what is due: rows that are made once, however often and by however many this is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Max, Min, OuterRef, QuerySet, Subquery

from sla.engine.periods import zone_table
from sla.models import Duty, ReportSchedule, ServiceLevelAgreement, Statement
from sla.selectors.mailings import reachable, vendors_to_write_to
from sla.services.duties.intake import plan_intake
from sla.services.duties.periods import Calendar, due_periods, hour_slot
from sla.services.duties.writing import CHUNK, new_run, write_runs
from sla.services.mailings.periods import vendor_run
from sla.services.statements.staleness import note_stale

Kind, State = Duty.Kind, Duty.State
OVERTAKEN = "Overtaken by a later look."


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What one planning found: drafts that changed facts made stale, and rows that it wrote."""

    touched: int
    refreshes: int
    closings: int
    reports: int
    looks: int
    intake: int = 0

    @property
    def count(self) -> int:
        """Return how many runs became due."""
        return self.refreshes + self.closings + self.reports + self.looks + self.intake


def plan(*, now: datetime) -> Planned:
    """Write a row for everything that is due at a UTC instant and has none; it may be called at any time.

    Changed facts are taken first, so that the drafts that they move are among it.
    """
    touched = note_stale(now=now)
    return Planned(
        touched=touched,
        refreshes=plan_refreshes(now=now),
        closings=plan_closings(now=now),
        # After the closings, so that a report finds those that it waits for.
        reports=plan_reports(now=now) + plan_released(now=now),
        looks=plan_look(now=now),
        intake=plan_intake(now=now),
    )


def plan_refreshes(*, now: datetime) -> int:
    """Ask for the refreshing of every SLA schedule that has stale drafts; return of how many."""
    stale = set(Statement.objects.stale().order_by().values_list("agreement", flat=True).distinct())
    rows = Duty.objects.filter(kind=Kind.REFRESH, agreement__in=stale)
    known = dict(rows.order_by().values_list("agreement", "state"))
    asleep = [pk for pk, state in known.items() if state in (State.DONE, State.FAILED)]
    woken = 0
    for some in _chunks(sorted(asleep)):
        again = {"state": State.DUE, "due_at": now, "next_at": now, "attempts": 0, "outcome": "", "error": ""}
        woken += Duty.objects.filter(
            kind=Kind.REFRESH, agreement__in=some, state__in=(State.DONE, State.FAILED)
        ).update(**again)
    new = (
        new_run(Kind.REFRESH, subject=f"schedule/{pk}", due_at=now, agreement_id=pk)
        for pk in sorted(stale - known.keys())
    )
    return woken + write_runs(new)


def plan_closings(*, now: datetime) -> int:
    """Write a run for every statement period that is over and settled; return how many."""
    return write_runs(duty for row in _closable() for duty in _closings(row, now=now))


def _closable() -> QuerySet[ServiceLevelAgreement]:
    """Return the SLA schedules of vendors in use, with what tells which of their periods are due."""
    entered = ServiceLevelAgreement.history.filter(id=OuterRef("pk")).order_by("history_date")
    closed = Duty.objects.filter(kind=Kind.CLOSE, agreement=OuterRef("pk")).order_by()
    ends = closed.values("agreement")
    return (
        ServiceLevelAgreement.objects.filter(contract__vendor__archived_at=None)
        .select_related("contract")
        .annotate(
            first_terms=Min("versions__effective_from"),
            entered_at=Subquery(entered.values("history_date")[:1]),
            first_closed=Subquery(ends.annotate(on=Min("ends_on")).values("on")),
            last_closed=Subquery(ends.annotate(on=Max("ends_on")).values("on")),
        )
        .exclude(first_terms=None)
        .order_by("pk")
    )


def _closings(row: ServiceLevelAgreement, *, now: datetime) -> Iterator[Duty]:
    for period, due_at in due_periods(closing_calendar(row), at=now):
        yield new_run(
            Kind.CLOSE,
            subject=f"schedule/{row.pk}",
            period=period.label,
            due_at=due_at,
            next_at=now,
            agreement_id=row.pk,
            ends_on=period.last_on,
        )


def closing_calendar(row: ServiceLevelAgreement) -> Calendar:
    """Return when the periods of an SLA schedule close; it comes from `_closable`.

    Its first period is the one that holds `closes_from`, else the day on which it was entered here; never one
    before its terms or before the contract went live here.
    """
    known: Any = row
    zone = row.zone or row.contract.zone
    since = row.closes_from or _local_day(known.entered_at, zone=zone)
    floor = max(known.first_terms, row.contract.live_from or date.min, row.contract.effective_from)
    span = (known.first_closed, known.last_closed) if known.last_closed is not None else None
    return Calendar(
        zone=zone,
        rule=row.period,
        since=max(since, floor),
        until=row.contract.effective_until,
        days=row.settling_days,
        known=span,
    )


def _local_day(at: datetime, *, zone: str) -> date:
    return zone_table(zone, first_year=at.year - 1, last_year=at.year + 1).date_of(at)


def plan_reports(*, now: datetime) -> int:
    """Write a run for every report whose hour has come; return how many."""
    reports = Duty.objects.filter(kind=Kind.REPORT, schedule=OuterRef("pk")).order_by().values("schedule")
    rows = ReportSchedule.objects.filter(is_active=True).annotate(
        first_made=Subquery(reports.annotate(on=Min("ends_on")).values("on")),
        last_made=Subquery(reports.annotate(on=Max("ends_on")).values("on")),
    )
    return write_runs(duty for row in rows.order_by("pk") for duty in _reports(row, now=now))


def _reports(row: ReportSchedule, *, now: datetime) -> Iterator[Duty]:
    known: Any = row
    span = (known.first_made, known.last_made) if known.last_made is not None else None
    for period, due_at in due_periods(report_calendar(row, known=span), at=now):
        yield new_run(
            Kind.REPORT,
            subject=f"report/{row.pk}",
            period=period.label,
            due_at=due_at,
            next_at=now,
            schedule_id=row.pk,
            ends_on=period.last_on,
        )


def report_calendar(row: ReportSchedule, *, known: tuple[date, date] | None) -> Calendar:
    """Return when the reports of a schedule are due; `known` are the last days that were planned already."""
    return Calendar(
        zone=row.zone, rule=row.rule, since=row.starts_on, days=row.days_after, hour=row.hour, known=known
    )


def plan_released(*, now: datetime) -> int:
    """Write a run for each vendor to which something was released after its period was reported.

    It is of the newest period that was reported. Where that one was written already, what was released
    goes with the next.
    """
    rows = ReportSchedule.objects.filter(is_active=True, audience=ReportSchedule.Audience.VENDORS)
    return write_runs(duty for row in rows.order_by("pk") for duty in _released(row, now=now))


def _released(row: ReportSchedule, *, now: datetime) -> Iterator[Duty]:
    begun = Duty.objects.filter(kind=Kind.REPORT, schedule=row, state=State.DONE).order_by("-ends_on")
    newest = begun.first()
    if newest is None or newest.ends_on is None:
        return
    for vendor in reachable(vendors_to_write_to(row, until=newest.ends_on), role=row.contact_role):
        yield new_run(
            Kind.MAIL,
            subject=vendor_run(row, vendor),
            period=newest.period,
            due_at=now,
            schedule_id=row.pk,
            vendor_id=vendor.pk,
            ends_on=newest.ends_on,
        )


def plan_look(*, now: datetime) -> int:
    """Write the look for warnings of this hour; an earlier one that nobody took is overtaken by it."""
    slot = hour_slot(now)
    made = write_runs([new_run(Kind.LOOK, subject="house", period=slot, due_at=now)])
    if made:
        earlier = Duty.objects.filter(kind=Kind.LOOK, state=State.DUE).exclude(period=slot)
        earlier.update(state=State.DONE, finished_at=now, outcome=OVERTAKEN)
    return made


def plan_digests(readers: Iterable[int], *, to_chat: bool, slot: str, now: datetime) -> int:
    """Write a run for each person, and the chat, with warnings to hear of in this hour; return how many."""
    rows = [
        new_run(Kind.DIGEST, subject=f"user/{pk}", period=slot, due_at=now, reader_id=pk) for pk in readers
    ]
    if to_chat:
        rows.append(new_run(Kind.DIGEST, subject="chat", period=slot, due_at=now))
    return write_runs(rows)


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
