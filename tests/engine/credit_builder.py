"""Measured levels, terms and fees by hand, for tests of the credit calculation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sla.engine.credits import credits_of, setting_of
from sla.engine.facts import Charge, ChargeKind, Condition, Facts, Outcome, RoomLeft, Unit, Verdict
from sla.engine.intervals import Interval, micro
from sla.engine.money import Money
from sla.engine.periods import Period, PeriodKind, PeriodRule, period_named, zone_table
from sla.engine.results import Credit, Credits, Event, Measured
from sla.engine.terms import credits as credit_terms
from sla.engine.terms.counting import PARAMS, Counting, Metric
from sla.engine.terms.credits import CreditRule, Scheme, SchemeParams, Tier, Tiered
from sla.engine.terms.targets import Target
from sla.engine.terms.versions import Schedule, Terms
from sla.engine.trace import Step

UTC_ZONE = zone_table("UTC", first_year=2024, last_year=2027)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# A month of 30 days, so that a minute is 1/43,200.
JUNE = period_named("2025-06", rule=PeriodRule(), zone=UTC_ZONE)
MAY = period_named("2025-05", rule=PeriodRule(), zone=UTC_ZONE)


def D(text: str | int) -> Decimal:
    return Decimal(text)


def period(label: str, kind: PeriodKind = PeriodKind.MONTH, *, anchor_month: int = 1) -> Period:
    return period_named(label, rule=PeriodRule(kind=kind, anchor_month=anchor_month), zone=UTC_ZONE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fee(minor: int, *, unit: str = "", code: str = "MRC", starts: str = "2024-01-01", **more: Any) -> Charge:
    currency = more.pop("currency", "USD")
    return Charge(
        code=code, amount=Money(minor, currency), unit=unit, starts_on=date.fromisoformat(starts), **more
    )


def one_time(minor: int, **more: Any) -> Charge:
    return fee(minor, kind=ChargeKind.ONE_TIME, **more)


def run(start: str, length: timedelta, **more: Any) -> Event:
    begun = at(start)
    more.setdefault("counted_us", Fraction(micro(length)))
    return Event(during=Interval(begun, begun + length), **more)


def late(start: str, by: timedelta, **more: Any) -> Event:
    """Return a case that was late, as a measure of elapsed time finds it."""
    return run(start, HOUR, lateness_us=micro(by), **more)


def scheme_of(params: SchemeParams) -> Scheme:
    return next(scheme for scheme, kind in credit_terms.SCHEMES.items() if kind is type(params))


def rule(params: SchemeParams, **more: Any) -> CreditRule:
    return CreditRule(scheme=scheme_of(params), params=params, **more)


def rows(*pairs: tuple[str, int], **more: Any) -> Tiered:
    """Return rows 'below this, pays that' as most cloud contracts print them."""
    return Tiered(tiers=tuple(Tier(below=D(level), credit=D(credit)) for level, credit in pairs), **more)


def target(
    params: SchemeParams | CreditRule | None = None, *, code: str = "uptime", level: Any = None, **more: Any
) -> Target:
    credit = params if isinstance(params, CreditRule) or params is None else rule(params)
    metric = more.pop("metric", Metric.AVAILABILITY)
    if level is None:
        level = D("99.9")
    more.setdefault("counting", Counting())
    return Target(
        code=code,
        name=code,
        metric=metric,
        params=PARAMS[metric](**more.pop("of", {"series": "s"} if metric is Metric.SAMPLED else {})),
        level=level,
        credit=credit,
        **more,
    )


def down(
    length: timedelta = timedelta(0),
    *,
    code: str = "uptime",
    window: Period = JUNE,
    units: tuple[str, ...] = ("A",),
    level: str = "99.9",
    value: str | Fraction | None = None,
    misses: bool | None = None,
    events: Sequence[Event] | None = None,
    **more: Any,
) -> Measured:
    """Return an availability with so much counted downtime, or with a stated value."""
    whole = Fraction(micro(window.during.length))
    counted = Fraction(micro(length)) if events is None else sum((e.counted_us for e in events), Fraction(0))
    whole = more.pop("whole", whole)
    unit = more.pop("unit", "%")
    found = 100 - 100 * counted / whole if value is None else Fraction(value)
    floor = Fraction(level)
    if misses is None:
        misses = found < floor if unit == "%" else found > floor
    if events is None:
        start = window.during.start
        events = (Event(during=Interval(start, start + length), counted_us=counted),) if length else ()
    return Measured(
        target=code,
        window=window,
        units=units,
        unit=unit,
        level=floor,
        expected=None,
        value=found,
        best=found,
        worst=found,
        verdict=more.pop("verdict", Verdict.MISSED if misses else Verdict.MET),
        misses=misses,
        step=Step("level", found, unit),
        events=tuple(events),
        counted_us=counted,
        denominator_us=whole,
        **more,
    )


def late_cases(*events: Event, code: str = "uptime", window: Period = JUNE, **more: Any) -> Measured:
    return down(
        code=code, window=window, unit="count", value=Fraction(len(events)), level="0", events=events, **more
    )


def schedule(*, currency: str = "USD", billing_day: int = 1, kind: PeriodKind = PeriodKind.MONTH) -> Schedule:
    return Schedule(
        contract="MSA-1",
        code="main",
        name="Main",
        currency=currency,
        zone="UTC",
        period=PeriodRule(kind=kind),
        billing_day=billing_day,
    )


def facts(
    *charges: Charge,
    units: tuple[str, ...] = ("A", "B"),
    conditions: tuple[Condition, ...] = (),
    rooms: tuple[RoomLeft, ...] = (),
) -> Facts:
    return Facts(
        zone=UTC_ZONE,
        units=tuple(Unit(code=code) for code in units),
        charges=charges,
        conditions=conditions,
        rooms=rooms,
    )


def terms(*targets: Target, **more: Any) -> Terms:
    more.setdefault("effective_from", date(2024, 1, 1))
    return Terms(targets=targets, **more)


def settle(
    measured: Sequence[Measured],
    given: Terms | Sequence[Terms],
    *charges: Charge,
    period: Period = JUNE,
    history: Sequence[Outcome] = (),
    currency: str = "USD",
    billing_day: int = 1,
    kind: PeriodKind = PeriodKind.MONTH,
    **more: Any,
) -> Credits:
    versions = (given,) if isinstance(given, Terms) else tuple(given)
    setting = setting_of(
        measured,
        versions=versions,
        schedule=schedule(currency=currency, billing_day=billing_day, kind=kind),
        facts=facts(*charges, **more),
        period=period,
        history=history,
    )
    return credits_of(setting)


def credit_of(
    params: SchemeParams | CreditRule,
    measured: Measured,
    *charges: Charge,
    of_target: dict[str, Any] | None = None,
    **more: Any,
) -> Credit:
    """Return the one credit of one level."""
    found = settle([measured], terms(target(params, **(of_target or {}))), *charges, **more)
    (line,) = found.lines
    return line


def outcome(label: str, *, code: str = "uptime", units: tuple[str, ...] = ("A",), **more: Any) -> Outcome:
    when = period(label)
    more.setdefault("verdict", Verdict.MISSED)
    return Outcome(
        target=code, period=label, units=units, first_on=when.first_on, last_on=when.last_on, **more
    )


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def sentences(found: Credits) -> list[str]:
    """Return every reason in words, which also proves that each rule has a sentence that fits."""
    return [step.because for total in found.totals for _, step in total.step.walk() if step.rule != "level"]
