"""Statements in one line each: for lists, contract pages and the worklist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from incidents.models import Outage
from sla.engine.money import Money
from sla.engine.periods import Zone, period_on, zone_table
from sla.models import ServiceLevelAgreement, Statement
from sla.services.statements import Allowance, fresh_heads

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class StatementSummary:
    """One statement in short: its verdict, its money, and by when to claim it."""

    agreement: ServiceLevelAgreement
    label: str
    first_on: date
    last_on: date
    state: str  # Missed, Met, Unconfirmed, Uncertain
    missed: tuple[str, ...]
    money: str
    due: Money | None
    contested: str
    claim_by: date | None
    automatic: bool
    provisional: bool
    notices: tuple[tuple[str, date], ...]  # chronic failures that are reached, and by when to give notice


def last_statements(
    agreements: Sequence[ServiceLevelAgreement], *, now: datetime
) -> dict[int, StatementSummary]:
    """Return the last whole period of each schedule, by its key; computed in one go for all."""
    found: dict[int, StatementSummary] = {}
    by_day: dict[date, list[ServiceLevelAgreement]] = {}
    for each in agreements:
        day = _before(each, now=now)
        if any(version.effective_from <= day for version in each.versions.all()):
            by_day.setdefault(day, []).append(each)
    for on, rows in by_day.items():
        found |= {line.agreement.pk: line for line in statement_lines(rows, on=on, now=now)}
    return found


def statements_until(agreement: ServiceLevelAgreement, *, now: datetime, most: int) -> list[StatementSummary]:
    """Return so many statements, the newest first, and as many earlier ones in which an outage began."""
    first = min((version.effective_from for version in agreement.versions.all()), default=None)
    ends = agreement.contract.effective_until
    zone = zone_table(_zone(agreement), first_year=now.year - 15, last_year=now.year + 1)
    on = zone.date_of(now)
    on = min(on, ends - DAY) if ends is not None else on
    days: list[date] = []
    if first is None:
        return []
    while on >= first and len(days) < most:
        days.append(on)
        on = period_on(on, rule=agreement.period, zone=zone).first_on - DAY
    days += _days_with_outages(agreement, zone=zone, first=first, until=on, most=most)
    # The earliest first: a later one looks back at what they keep.
    found = [line for day in reversed(days) for line in statement_lines([agreement], on=day, now=now)]
    return found[::-1]


def _days_with_outages(
    agreement: ServiceLevelAgreement, *, zone: Zone, first: date, until: date, most: int
) -> list[date]:
    """Return a day of each earlier period in which an outage began, the newest first."""
    starts = Outage.objects.standing().filter(service__contract=agreement.contract_id)
    days = {zone.date_of(at) for at in starts.values_list("started_at", flat=True)}
    periods = {period_on(day, rule=agreement.period, zone=zone).last_on for day in days}
    return sorted((day for day in periods if first <= day <= until), reverse=True)[:most]


def statement_lines(
    agreements: Sequence[ServiceLevelAgreement],
    *,
    on: date,
    now: datetime,
    allowance: Allowance | None = None,
) -> list[StatementSummary]:
    """Return the statements of the periods that hold a local date, where terms were in force.

    They are read from the heads, which are computed again only where a fact changed, or once an hour
    in a running period: what stands open grows by the clock, and may lag by that hour there. Beyond an
    allowance they are what the last run left, and one that was never computed is left out.
    """
    heads = fresh_heads(agreements, on=on, now=now, allowance=allowance)
    return [summary_of(head) for head in heads if head.known_until is not None]


def summary_of(head: Statement) -> StatementSummary:
    """Return a head in short; its SLA schedule is loaded."""
    return StatementSummary(
        agreement=head.agreement,
        label=head.period,
        first_on=head.first_on,
        last_on=head.last_on,
        state=head.get_state_display(),
        missed=tuple(head.missed),
        money=head.shown,
        due=Money(head.due_minor, head.currency),
        contested=str(Money(head.contested_minor, head.currency)) if head.contested_minor else "",
        claim_by=head.claim_by,
        automatic=head.automatic,
        provisional=bool(head.provisional),
        notices=tuple((name, date.fromisoformat(on)) for name, on in head.notices),
    )


def _before(agreement: ServiceLevelAgreement, *, now: datetime) -> date:
    """Return the last day of the last whole period."""
    zone = zone_table(_zone(agreement), first_year=now.year - 2, last_year=now.year + 1)
    on = zone.date_of(now)
    ends = agreement.contract.effective_until
    if ends is not None and ends <= on:
        return ends - DAY
    return period_on(on, rule=agreement.period, zone=zone).first_on - DAY


def _zone(agreement: ServiceLevelAgreement) -> str:
    return agreement.zone or agreement.contract.zone
