"""One service level in June 2025 by hand, for tests of the time account and of what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sla.engine.facts import Facts, Incident, MilestoneFact, Outage, Outcome, Unit
from sla.engine.ledger import Scope, index_facts
from sla.engine.measurement import Frame, measured
from sla.engine.periods import Period, PeriodRule, period_named, zone_table
from sla.engine.results import Measured, TimeClass
from sla.engine.terms import Basis, Counting, Metric, Milestone, Target, Terms
from sla.engine.terms.counting import PARAMS
from sla.engine.terms.rules import ExclusionRule
from sla.engine.terms.versions import Schedule

UTC_ZONE = zone_table("UTC", first_year=2024, last_year=2026)
JUNE = period_named("2025-06", rule=PeriodRule(), zone=UTC_ZONE)  # 43,200 minutes
AFTERWARDS = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return ``2 10:30`` as that time on that day of June 2025, or a full ISO time, in UTC."""
    if text[4:5] == "-":
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    day, clock = text.split()
    return datetime.fromisoformat(f"2025-06-{int(day):02d}T{clock}").replace(tzinfo=UTC)


def outage(start: str, end: str | None, *, incident: str = "INC-1", unit: str = "a", **more: Any) -> Outage:
    return Outage(
        incident=incident,
        unit=unit,
        started_at=at(start),
        ended_at=None if end is None else at(end),
        **more,
    )


def moment(kind: Milestone, when: str, *, incident: str = "INC-1", unit: str = "") -> MilestoneFact:
    return MilestoneFact(incident=incident, kind=kind, at=at(when), unit=unit)


def facts(outages: Sequence[Outage] = (), *, units: Sequence[str | Unit] = ("a",), **more: Any) -> Facts:
    references = [*dict.fromkeys(row.incident for row in outages)]
    more.setdefault("incidents", tuple(Incident(reference=reference) for reference in references))
    found = tuple(Unit(code=unit) if isinstance(unit, str) else unit for unit in units)
    return Facts(zone=more.pop("zone", UTC_ZONE), units=found, outages=tuple(outages), **more)


def level(metric: Metric = Metric.AVAILABILITY, *, counting: Counting | None = None, **more: Any) -> Target:
    params = PARAMS[metric](**more.pop("of", {}))
    more.setdefault("level", Decimal("99.9"))
    more.setdefault("basis", Basis.MEASURED)
    return Target(
        code="uptime", name="Uptime", metric=metric, params=params, counting=counting or Counting(), **more
    )


def measure(
    known: Facts,
    *,
    target: Target | None = None,
    window: Period = JUNE,
    exclusions: Sequence[ExclusionRule] = (),
    known_until: datetime = AFTERWARDS,
    history: Sequence[Outcome] = (),
    consumes_downtime: bool = False,
) -> list[Measured]:
    target = target or level()
    terms = Terms(effective_from=date(2024, 1, 1), targets=(target,), exclusions=tuple(exclusions))
    schedule = Schedule(contract="C-1", code="s", name="S", currency="USD", zone=known.zone.name)
    scope = Scope(
        target=target,
        window=window,
        exclusions=tuple(exclusions),
        known_until=known_until,
        history=tuple(history),
        consumes_downtime=consumes_downtime,
    )
    return measured(
        Frame(
            target=target,
            terms=terms,
            version=0,
            schedule=schedule,
            index=index_facts(known),
            scope=scope,
            units=target.services or tuple(unit.code for unit in known.units),
            history=tuple(history),
        )
    )


def one(known: Facts, **more: Any) -> Measured:
    found = measure(known, **more)
    assert len(found) == 1, [m.units for m in found]
    return found[0]


def minutes(found: Measured, *classes: TimeClass) -> tuple[float, ...]:
    assert found.ledger is not None
    return tuple(found.ledger.us(label) / 60_000_000 for label in classes)


def counted(found: Measured) -> timedelta:
    return timedelta(microseconds=float(found.counted_us))


__all__ = [
    "AFTERWARDS",
    "JUNE",
    "UTC_ZONE",
    "at",
    "counted",
    "facts",
    "level",
    "measure",
    "minutes",
    "moment",
    "one",
    "outage",
    "replace",
]
