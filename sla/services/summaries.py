"""Statements in one line each: for lists, contract pages and the worklist."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db.models import Max

from incidents.models import Outage
from sla.engine.facts import Verdict
from sla.engine.money import Money
from sla.engine.periods import Zone, period_on, zone_table
from sla.engine.results import Due, Result
from sla.engine.terms import Pays
from sla.models import ServiceLevelAgreement
from sla.reports.figures import shown_credit
from sla.services.statements import draft_statements
from vendors.models import FactChange

DAY = timedelta(days=1)
REMEMBERED_SECONDS = 3600


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
        found |= {line.agreement.pk: line for line in remembered_lines(rows, on=on, now=now)}
    return found


def statements_until(agreement: ServiceLevelAgreement, *, now: datetime, most: int) -> list[StatementSummary]:
    """Return so many statements, the newest first, and as many earlier ones in which an outage began."""
    first = min((version.effective_from for version in agreement.versions.all()), default=None)
    ends = agreement.contract.effective_until
    zone = zone_table(_zone(agreement), first_year=now.year - 15, last_year=now.year + 1)
    on = zone.date_of(now)
    on = min(on, ends - DAY) if ends is not None else on
    found: list[StatementSummary] = []
    if first is None:
        return found
    while on >= first and len(found) < most:
        found += remembered_lines([agreement], on=on, now=now)
        on = period_on(on, rule=agreement.period, zone=zone).first_on - DAY
    for day in _days_with_outages(agreement, zone=zone, first=first, until=on, most=most):
        found += remembered_lines([agreement], on=day, now=now)
    return found


def _days_with_outages(
    agreement: ServiceLevelAgreement, *, zone: Zone, first: date, until: date, most: int
) -> list[date]:
    """Return a day of each earlier period in which an outage began, the newest first."""
    starts = Outage.objects.standing().filter(service__contract=agreement.contract_id)
    days = {zone.date_of(at) for at in starts.values_list("started_at", flat=True)}
    periods = {period_on(day, rule=agreement.period, zone=zone).last_on for day in days}
    return sorted((day for day in periods if first <= day <= until), reverse=True)[:most]


def statement_lines(
    agreements: Sequence[ServiceLevelAgreement], *, on: date, now: datetime
) -> list[StatementSummary]:
    """Return the statements of the periods that hold a local date, where terms were in force."""
    by_key = {(row.contract.reference, row.code): row for row in agreements}
    return [
        _line(result, agreement=by_key[(result.contract, result.schedule)])
        for result in draft_statements(agreements, on=on, known_until=now)
    ]


def remembered_lines(
    agreements: Sequence[ServiceLevelAgreement], *, on: date, now: datetime
) -> list[StatementSummary]:
    """Return the same as `statement_lines`, computed again only where a fact changed, or once an hour.

    For lists and the worklist: what stands open grows by the clock, and may lag by that hour there.
    """
    marks = _marks(agreements)
    keys = {_key(row, on=on, now=now, mark=marks.get(row.contract_id, "")): row for row in agreements}
    known: dict[str, list[StatementSummary]] = cache.get_many(keys)
    missing = [row for key, row in keys.items() if key not in known]
    fresh: dict[int, list[StatementSummary]] = {row.pk: [] for row in missing}
    for line in statement_lines(missing, on=on, now=now):
        fresh[line.agreement.pk].append(line)
    made = {key: fresh[row.pk] for key, row in keys.items() if row.pk in fresh}
    cache.set_many(made, timeout=REMEMBERED_SECONDS)
    return [replace(line, agreement=keys[key]) for key, lines in {**known, **made}.items() for line in lines]


def _marks(agreements: Sequence[ServiceLevelAgreement]) -> dict[int, str]:
    """Return by contract when a fact of it, or of any contract, changed last."""
    contracts = {row.contract_id for row in agreements}
    newest = dict(
        FactChange.objects.filter(contract__in=contracts)
        .order_by()
        .values_list("contract")
        .annotate(Max("noted_at"))
    )
    everywhere = FactChange.objects.filter(contract=None).aggregate(last=Max("noted_at"))["last"]
    return {pk: f"{newest.get(pk)}/{everywhere}" for pk in contracts}


def _key(agreement: ServiceLevelAgreement, *, on: date, now: datetime, mark: str) -> str:
    told = f"{agreement.pk}/{agreement.as_value()}/{on}/{now:%Y-%m-%dT%H}/{mark}"
    return f"statement-line:{hashlib.sha256(told.encode()).hexdigest()}"


def _line(result: Result, *, agreement: ServiceLevelAgreement) -> StatementSummary:
    money = result.credits.money
    warn = result.claim.warn_by if result.claim is not None else None
    return StatementSummary(
        agreement=agreement,
        label=result.period.label,
        first_on=result.period.first_on,
        last_on=result.period.last_on,
        state=_state(result),
        missed=tuple(dict.fromkeys(one.target for one in result.measured if one.verdict is Verdict.MISSED)),
        money=_money(result),
        due=money,
        contested=str(result.contested) if result.contested else "",
        claim_by=warn.due_on if warn is not None else None,
        automatic=result.claim is not None and result.claim.automatic,
        provisional=bool(result.provisional),
        notices=tuple(
            (one.name or one.code, one.notice_by.due_on)
            for one in result.chronic
            if one.reached and isinstance(one.notice_by, Due)
        ),
    )


def _state(result: Result) -> str:
    verdicts = {one.verdict for one in result.measured}
    if Verdict.MISSED in verdicts:
        return "Missed"
    if verdicts <= {Verdict.MET, Verdict.MET_UNCONFIRMED}:
        return "Met" if verdicts == {Verdict.MET} else "Unconfirmed"
    return "Uncertain"


def _money(result: Result) -> str:
    others = [
        shown_credit(total.due_exact, pays=total.pays, currency=result.currency)
        for total in result.credits.totals
        if total.due is None and total.due_exact and total.pays is not Pays.POINTS
    ]
    money = result.credits.money
    return ", ".join([str(money)] * bool(money and money.minor) + others)


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
