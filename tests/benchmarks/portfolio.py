"""A portfolio of contracts as values: 1,000 SLA schedules of 10 service levels, June 2025.

Every service has three outages. By its turn (see `SHAPES`) they stay within the level, fall into
announced maintenance, overlap, or miss the level: three levels in ten are missed. Nothing is random.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sla.engine.facts import Charge, Facts, Incident, Inputs, Maintenance, Outage, Unit, Watch
from sla.engine.money import Money
from sla.engine.periods import PeriodRule, period_named, zone_table
from sla.engine.terms import (
    Cap,
    CapScope,
    ClaimRule,
    CreditRule,
    ExclusionRule,
    ExclusionSource,
    Offset,
    Schedule,
    Target,
    Terms,
    Tier,
    Tiered,
)

SCHEDULES = 1_000
SERVICES = 10
ZONE = zone_table("America/Los_Angeles", first_year=2022, last_year=2028)
JUNE = period_named("2025-06", rule=PeriodRule(), zone=ZONE)
AFTERWARDS = datetime(2025, 7, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

# Announced work: 15 June, 09:00 to 11:00 UTC, noticed a week before.
WORK_FROM = datetime(2025, 6, 15, 9, tzinfo=UTC)
WORK_UNTIL = WORK_FROM + 120 * MINUTE

# Start in minutes from the first instant of the month, and length, of the three outages of a service.
WITHIN = ((1_441, 4), (14_000, 7), (30_003, 11))
IN_WORK = ((1_441, 4), (14_000, 7), (20_290, 100))
FIRST_ROW = ((2_000, 10), (14_000, 20), (30_003, 25))
OVERLAPPING = ((2_000, 40), (2_030, 40), (30_003, 11))
LAST_ROW = ((2_000, 540), (14_000, 7), (43_190, 30))
SHAPES = (WITHIN, WITHIN, IN_WORK, FIRST_ROW, WITHIN, OVERLAPPING, WITHIN, IN_WORK, LAST_ROW, WITHIN)
MISSED = (FIRST_ROW, OVERLAPPING, LAST_ROW)


def portfolio(*, schedules: int = SCHEDULES) -> list[Inputs]:
    """Return what the statements of so many SLA schedules are computed from, one contract each."""
    return [_inputs(number) for number in range(schedules)]


def service_code(number: int, *, place: int) -> str:
    """Return the code of a service: of which contract, which place in it."""
    return f"svc-{number:04d}-{place}"


def outages_of(number: int, *, place: int) -> tuple[Outage, ...]:
    """Return the three outages of a service, each an incident of its own."""
    code = service_code(number, place=place)
    shape = SHAPES[(number + place) % len(SHAPES)]
    return tuple(
        Outage(
            incident=f"INC-{number:04d}-{place}-{turn}",
            unit=code,
            started_at=JUNE.during.start + start * MINUTE,
            ended_at=JUNE.during.start + (start + length) * MINUTE,
        )
        for turn, (start, length) in enumerate(shape, start=1)
    )


def _inputs(number: int) -> Inputs:
    codes = tuple(service_code(number, place=place) for place in range(SERVICES))
    return Inputs(
        schedule=Schedule(
            contract=f"MSA-{number:04d}",
            code="uptime",
            name="Uptime",
            currency="USD",
            zone=ZONE.name,
        ),
        versions=(_terms(codes),),
        facts=_facts(number, codes=codes),
        period=JUNE,
        known_until=AFTERWARDS,
    )


def _facts(number: int, *, codes: tuple[str, ...]) -> Facts:
    outages = tuple(row for place in range(SERVICES) for row in outages_of(number, place=place))
    return Facts(
        zone=ZONE,
        units=tuple(Unit(code=code) for code in codes),
        incidents=tuple(Incident(reference=row.incident) for row in outages),
        outages=outages,
        maintenance=(
            Maintenance(
                reference=f"WORK-{number:04d}",
                units=codes,
                started_at=WORK_FROM,
                ended_at=WORK_UNTIL,
                noticed_at=WORK_FROM - timedelta(days=7),
            ),
        ),
        watches=(Watch(source="monitoring", last_heard_at=AFTERWARDS),),
        charges=tuple(
            Charge(
                code=f"fee-{place}",
                amount=Money(100_000 + 1_000 * place, "USD"),
                unit=code,
                starts_on=date(2024, 1, 1),
            )
            for place, code in enumerate(codes)
        ),
    )


def _terms(codes: tuple[str, ...]) -> Terms:
    rows = (("99.9", 10), ("99.5", 20), ("99", 30))
    tiers = tuple(Tier(below=Decimal(below), credit=Decimal(credit)) for below, credit in rows)
    credit = CreditRule(params=Tiered(tiers=tiers), clause="4.1")
    return Terms(
        effective_from=date(2024, 1, 1),
        targets=tuple(
            Target(
                code=f"level-{place}",
                name=f"Uptime of service {place}",
                level=Decimal("99.9"),
                services=(code,),
                credit=credit,
                clause="3.1",
            )
            for place, code in enumerate(codes)
        ),
        exclusions=(
            ExclusionRule(
                code="maintenance",
                source=ExclusionSource.MAINTENANCE,
                notice=Decimal(72),
                clause="3.4",
            ),
        ),
        caps=(Cap(code="monthly", limit=Decimal(25), scope=CapScope.AGREEMENT, clause="4.3"),),
        claim=ClaimRule(deadlines=(Offset(n=Decimal(30)),), clause="5.1"),
    )
