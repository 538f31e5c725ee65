"""Patterns over history by hand: past and present windows, their runs, and what a rule makes of them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sla.engine.claims import chronic_counters
from sla.engine.facts import Facts, Outcome, Run, Unit, Verdict
from sla.engine.intervals import Interval
from sla.engine.money import Money
from sla.engine.outcomes import outcomes_of
from sla.engine.periods import PeriodRule, period_named, zone_table
from sla.engine.results import Chronic, Credit, Credits, CreditState, Event, Measured, Removed
from sla.engine.terms import Cap, ChronicKind, ChronicRule, Pays, Terms
from sla.engine.terms.versions import Schedule
from sla.engine.trace import Step, notes

ZONE = zone_table("UTC", first_year=2018, last_year=2028)
NEW_YORK = zone_table("America/New_York", first_year=2018, last_year=2028)
SCHEDULE = Schedule(contract="C-1", code="sla", name="SLA", currency="USD", zone="UTC")
FACTS = Facts(zone=ZONE, units=(Unit(code="line"),))
MINUTE = 60_000_000
NO_CREDITS = Credits(lines=(), totals=())
CAPPED = Terms(effective_from=date(2018, 1, 1), caps=(Cap(code="month", limit=Decimal(10)),))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def run(start: str, minutes: int, units: tuple[str, ...] = ("line",)) -> Run:
    return Run(started_at=at(start), ended_at=at(start) + timedelta(minutes=minutes), units=units)


def past(label: str, *, missed: bool = False, target: str = "uptime", **more: object) -> Outcome:
    period = period_named(label, rule=PeriodRule(), zone=ZONE)
    values: dict[str, object] = {
        "verdict": Verdict.MISSED if missed else Verdict.MET,
        "units": ("line",),
        **more,
    }
    return Outcome(target=target, period=label, first_on=period.first_on, last_on=period.last_on, **values)


def now(
    label: str, *, missed: bool = False, runs: tuple[Run, ...] = (), target: str = "uptime", **more: object
) -> Measured:
    verdict = Verdict.MISSED if missed else Verdict.MET
    values: dict[str, object] = {
        "units": ("line",),
        "unit": "%",
        "value": Fraction(100),
        "verdict": verdict,
        "step": Step("verdict", verdict.value, notes=notes(misses=missed)),
        "counted_us": Fraction(
            sum(((r.ended_at - r.started_at) // timedelta(microseconds=1) for r in runs), 0)
        ),
        "events": tuple(
            Event(during=Interval(r.started_at, r.ended_at), counted_us=Fraction(0), units=r.units)
            for r in runs
        ),
        **more,
    }
    return Measured(
        target=target,
        window=period_named(label, rule=PeriodRule(), zone=ZONE),
        level=Fraction("99.9"),
        expected=None,
        best=None,
        worst=None,
        **values,
    )


def counter(
    rule: ChronicRule, *measured: Measured, history: tuple[Outcome, ...] = (), **more: object
) -> Chronic:
    (found,) = counters(rule, *measured, history=history, **more)
    return found


def counters(
    rule: ChronicRule, *measured: Measured, history: tuple[Outcome, ...] = (), **more: object
) -> tuple[Chronic, ...]:
    settings: dict[str, object] = {"facts": FACTS, "schedule": SCHEDULE, "period": measured[0].window, **more}
    outcomes = outcomes_of(measured, credits=settings.pop("credits", NO_CREDITS), versions=(CAPPED,))
    return chronic_counters((rule,), measured=measured, outcomes=outcomes, history=history, **settings)


def rule(kind: ChronicKind, count: int = 1, **more: object) -> ChronicRule:
    return ChronicRule(code="chronic", name="Chronic failure", kind=kind, count=count, **more)


def credit(
    target: str = "uptime", *, due: int = 0, removed: tuple[Removed, ...] = (), **more: object
) -> Credits:
    values: dict[str, object] = {
        "pays": Pays.MONEY,
        "before_caps": Fraction(due),
        "due": Money(due, "USD"),
        **more,
    }
    line = Credit(
        target=target,
        window="2025-06",
        units=("line",),
        state=CreditState.DUE,
        base=None,
        removed=removed,
        due_exact=Fraction(due),
        step=Step("credit", due),
        **values,
    )
    return Credits(lines=(line,), totals=())
