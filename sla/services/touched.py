"""What contracts say of their schedules and of an incident: the statements that they come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from incidents.models import Incident
from sla.engine.periods import period_on, zone_table
from sla.engine.results import Credit, Measured, Result
from sla.engine.trace import spoken_length
from sla.models import ServiceLevelAgreement
from sla.reports.figures import shown_credit, shown_level, shown_value
from sla.reports.words import CREDIT_STATES, VERDICTS
from sla.selectors import schedules_of
from sla.services.statements import draft_statements
from sla.services.summaries import StatementSummary, last_statements
from vendors.models import Contract, Reader

# An incident that goes on for years touches more statements than a page should compute.
MOST_PERIODS = 6
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class ScheduleLine:
    """One SLA schedule of a contract with its last whole period."""

    agreement: ServiceLevelAgreement
    terms_from: date | None
    is_draft: bool
    last: StatementSummary | None


@dataclass(frozen=True, kw_only=True)
class TouchedLevel:
    """A service level in whose account an incident stands."""

    agreement: ServiceLevelAgreement
    label: str
    name: str
    services: str
    taken: str  # how much of the incident was taken for what
    achieved: str
    level: str
    verdict: str
    missed: bool
    credit: str
    state: str


def schedules_of_contract(contract: Contract, *, now: datetime) -> list[ScheduleLine]:
    """Return a contract's SLA schedules, each with its last whole period as of a UTC instant."""
    rows = list(schedules_of(contract))
    last = last_statements(rows, now=now)
    found = []
    for row in rows:
        newest = list(row.versions.all())[-1:]
        found.append(
            ScheduleLine(
                agreement=row,
                terms_from=newest[0].effective_from if newest else None,
                is_draft=not newest or newest[0].is_draft,
                last=last.get(row.pk),
            )
        )
    return found


def statements_touched(incident: Incident, *, user: Reader, now: datetime) -> list[TouchedLevel]:
    """Return the levels that an incident stands in, with what their credit comes to in that period.

    A credit is the level's for the whole period: other incidents of the period may be behind it too.
    """
    outages = list(incident.outages.standing().select_related("service__contract"))
    contracts = {outage.service.contract_id for outage in outages}
    rows = (
        ServiceLevelAgreement.objects.filter(contract__in=contracts)
        .visible_to(user)
        .select_related("contract__vendor")
        .prefetch_related("versions__targets")
    )
    found: list[TouchedLevel] = []
    for row in rows.order_by("contract__reference", "code"):
        for on in _days(row, outages=outages, now=now):
            for result in draft_statements([row], on=on, known_until=now):
                found += _levels(result, agreement=row, reference=incident.reference)
    return found


def _days(agreement: ServiceLevelAgreement, *, outages: Iterable[object], now: datetime) -> list[date]:
    """Return one local day of each period that the outages touch, the newest periods first."""
    own = [each for each in outages if each.service.contract_id == agreement.contract_id]  # type: ignore[attr-defined]
    starts = [each.started_at for each in own]  # type: ignore[attr-defined]
    ends = [each.ended_at or now for each in own]  # type: ignore[attr-defined]
    if not starts:
        return []
    zone = zone_table(
        agreement.zone or agreement.contract.zone,
        first_year=min(starts).year - 1,
        last_year=max(ends).year + 1,
    )
    first, on = zone.date_of(min(starts)), zone.date_of(max(max(ends), min(starts)))
    days: list[date] = []
    while on >= first and len(days) < MOST_PERIODS:
        days.append(on)
        on = period_on(on, rule=agreement.period, zone=zone).first_on - DAY
    return days


def _levels(result: Result, *, agreement: ServiceLevelAgreement, reference: str) -> Iterable[TouchedLevel]:
    names = {
        target.code: target.name for version in agreement.versions.all() for target in version.targets.all()
    }
    credits = {(line.target, line.window, line.units): line for line in result.credits.lines}
    for one in result.measured:
        taken = _taken(one, reference=reference)
        if taken:
            credit = credits.get((one.target, one.window.label, one.units))
            yield _level(
                one,
                agreement=agreement,
                name=names.get(one.target, one.target),
                taken=taken,
                credit=credit,
                result=result,
            )


def _level(
    one: Measured,
    *,
    agreement: ServiceLevelAgreement,
    name: str,
    taken: str,
    credit: Credit | None,
    result: Result,
) -> TouchedLevel:
    money = ""
    if credit is not None:
        exact = shown_credit(credit.due_exact, pays=credit.pays, currency=result.currency)
        money = str(credit.due) if credit.due is not None else exact
    return TouchedLevel(
        agreement=agreement,
        label=result.period.label,
        name=name,
        services=", ".join(one.units),
        taken=taken,
        achieved=shown_value(one.value, unit=one.unit, beside=one.level),
        level=shown_level(one.level, unit=one.unit),
        verdict=VERDICTS[one.verdict],
        missed=one.missed,
        credit=money,
        state="" if credit is None else CREDIT_STATES[credit.state],
    )


def _taken(one: Measured, *, reference: str) -> str:
    """Return how much time of an incident went into which class, or how its case stands."""
    by_class: dict[str, int] = {}
    for line in one.ledger.lines if one.ledger is not None else ():
        if reference in line.incidents:
            by_class[line.time_class.value] = by_class.get(line.time_class.value, 0) + line.unit_us
    said = [f"{spoken_length(us)} {name.replace('_', ' ')}" for name, us in by_class.items()]
    said += [
        f"case {case.state.value.replace('_', ' ')}" + (", late" if case.late else "")
        for case in one.cases
        if case.subject == reference
    ]
    return "; ".join(said)
