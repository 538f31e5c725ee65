"""Random contracts with their incidents, small enough to be walked tick by tick.

The same contracts are drawn each time; TEST_EXAMPLES=n draws n times as many.
"""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

from sla.engine.facts import (
    Charge,
    ClockStop,
    Exclusion,
    Facts,
    Incident,
    Maintenance,
    MilestoneFact,
    Outage,
    Responsible,
    Unit,
)
from sla.engine.intervals import Interval
from sla.engine.money import Money
from sla.engine.periods import (
    BusinessCalendar,
    Period,
    PeriodRule,
    SpecialDay,
    WeeklyHours,
    Zone,
    period_named,
    zone_table,
)
from sla.engine.terms import (
    Alignment,
    Attribution,
    Availability,
    Basis,
    Cap,
    CapPeriod,
    Combine,
    Count,
    Counting,
    CreditRule,
    Denominator,
    Downtime,
    EndRule,
    ExclusionArithmetic,
    ExclusionRule,
    ExclusionSource,
    Granularity,
    Increments,
    IntervalRule,
    LongestOutage,
    Metric,
    Milestone,
    NoData,
    Op,
    OutageKind,
    Overlap,
    Overrun,
    Prorated,
    Quota,
    Rounding,
    RunCounts,
    Scheme,
    StartRule,
    Target,
    Terms,
    Tier,
    Tiered,
    Weight,
)
from sla.engine.terms.versions import Schedule

TIMES = int(os.environ.get("TEST_EXAMPLES", "1"))

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
UNITS = ("a", "b", "c")
REFERENCES = ("INC-1", "INC-2", "INC-3", "INC-4")
ZONES = ("UTC", "Europe/Berlin", "America/New_York")
# Clock changes at 01:00 UTC in Berlin and at 07:00 and 06:00 UTC in New York; a month's edge; a plain day.
STARTS = (
    datetime(2025, 3, 30, 0, 57, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 58, tzinfo=UTC),
    datetime(2025, 3, 9, 6, 57, tzinfo=UTC),
    datetime(2025, 11, 2, 5, 58, tzinfo=UTC),
    datetime(2025, 1, 31, 23, 55, tzinfo=UTC),
    datetime(2025, 6, 25, 11, 57, tzinfo=UTC),
)
MONTHS = ("2025-02", "2025-03", "2025-10", "2025-11")


def examples(count: int) -> settings:
    """Return the settings of a property test that draws this many contracts."""
    return settings(max_examples=count * TIMES, derandomize=True, deadline=None, database=None)


@dataclass(frozen=True)
class Drawn:
    """One random contract, its period and the grid all its instants lie on."""

    terms: Terms
    schedule: Schedule
    facts: Facts
    window: Period
    known_until: datetime
    grid: timedelta
    fees: dict[str, int]

    @property
    def target(self) -> Target:
        return self.terms.targets[0]


@dataclass(frozen=True)
class Grid:
    """The window in ticks."""

    start: datetime
    size: int
    step: timedelta

    def at(self, tick: int) -> datetime:
        return self.start + tick * self.step


def zones(name: str) -> Zone:
    return zone_table(name, first_year=2024, last_year=2026)


@st.composite
def short_windows(draw: st.DrawFn, names: tuple[str, ...] = ZONES) -> tuple[Zone, Period, timedelta]:
    """Draw some minutes of a day on a grid of seconds."""
    zone = zones(draw(st.sampled_from(names)))
    start = draw(st.sampled_from(STARTS))
    end = start + draw(st.integers(20, 240)) * SECOND
    first_on, last_on = zone.date_of(start), zone.date_of(end - SECOND)
    return zone, Period(first_on.isoformat(), Interval(start, end), first_on, last_on), SECOND


@st.composite
def day_windows(draw: st.DrawFn) -> tuple[Zone, Period, timedelta]:
    """Draw a whole local day on a grid of seconds."""
    zone = zones(draw(st.sampled_from(ZONES)))
    on = zone.date_of(draw(st.sampled_from(STARTS)))
    start, end = zone.midnight(on), zone.midnight(on + timedelta(days=1))
    return zone, Period(on.isoformat(), Interval(start, end), on, on), SECOND


@st.composite
def month_windows(draw: st.DrawFn) -> tuple[Zone, Period, timedelta]:
    """Draw a local month on a grid of minutes."""
    zone = zones(draw(st.sampled_from(ZONES)))
    return zone, period_named(draw(st.sampled_from(MONTHS)), rule=PeriodRule(), zone=zone), MINUTE


@st.composite
def contracts(draw: st.DrawFn, windows: st.SearchStrategy[tuple[Zone, Period, timedelta]]) -> Drawn:
    """Draw a whole contract: terms, services, fees, incidents and the rest."""
    zone, window, step = draw(windows)
    grid = Grid(window.during.start, (window.during.end - window.during.start) // step, step)
    units = UNITS[: draw(st.integers(1, 3))]
    metric = draw(
        st.sampled_from([Metric.AVAILABILITY] * 5 + [Metric.DOWNTIME, Metric.COUNT, Metric.LONGEST_OUTAGE])
    )
    combine = draw(st.sampled_from([Combine.EACH, Combine.ANY, Combine.ALL, Combine.POOLED]))
    is_single = len(units) == 1 or combine is Combine.EACH
    calendar = draw(st.sampled_from(["", "", "", "office"]))
    rules = draw(exclusion_rules(grid))
    target = Target(
        code="level",
        name="Level",
        metric=metric,
        params=PARAMS_OF[metric](combine=combine),
        calendar=calendar,
        basis=Basis.MEASURED,
        counting=draw(countings(grid, is_single=is_single)),
        credit=draw(credit_rules(grid, metric=metric)),
        **draw(levels(grid, metric=metric)),
    )
    fees = {unit: draw(st.sampled_from([0, 999, 10_000, 123_457])) for unit in units}
    return Drawn(
        terms=Terms(effective_from=window.first_on.replace(year=2024), targets=(target,), exclusions=rules),
        schedule=Schedule(contract="C-1", code="sla", name="SLA", currency="USD", zone=zone.name),
        facts=draw(facts(grid, zone=zone, units=units, fees=fees, rules=rules, is_single=is_single)),
        window=window,
        known_until=draw(known_untils(grid)),
        grid=step,
        fees=fees,
    )


PARAMS_OF = {
    Metric.AVAILABILITY: Availability,
    Metric.DOWNTIME: Downtime,
    Metric.COUNT: Count,
    Metric.LONGEST_OUTAGE: LongestOutage,
}


def known_untils(grid: Grid) -> st.SearchStrategy[datetime]:
    inside = st.integers(0, grid.size).map(grid.at)
    return st.one_of(st.just(grid.at(3 * grid.size)), st.just(grid.at(3 * grid.size)), inside)


@st.composite
def levels(draw: st.DrawFn, grid: Grid, *, metric: Metric) -> dict[str, object]:
    if metric is Metric.AVAILABILITY:
        level = draw(st.sampled_from(["100", "99.9", "99", "95", "80", "50"]))
        return {"op": draw(st.sampled_from([Op.AT_LEAST, Op.ABOVE])), "level": Decimal(level)}
    op = draw(st.sampled_from([Op.AT_MOST, Op.BELOW]))
    if metric is Metric.COUNT:
        return {"op": op, "level": Decimal(draw(st.integers(0, 3)))}
    return {"op": op, "level": draw(lengths(grid, share=2))}


def lengths(grid: Grid, *, share: int, least: int = 0) -> st.SearchStrategy[timedelta]:
    """Draw a length on the grid, up to a share of the window."""
    return st.integers(least, max(grid.size // share, least)).map(lambda ticks: ticks * grid.step)


@st.composite
def countings(draw: st.DrawFn, grid: Grid, *, is_single: bool) -> Counting:
    denominator = draw(st.sampled_from([Denominator.ELAPSED] * 3 + list(Denominator)))
    fixed = draw(lengths(grid, share=1, least=1)) if denominator is Denominator.FIXED else None
    weights: tuple[Weight, ...] = ()
    if is_single and draw(st.booleans()):
        weights = (Weight(kind=OutageKind.DEGRADED, share=Fraction(1, 2)),)
    return Counting(
        start=draw(st.sampled_from([StartRule.OCCURRED] * 3 + list(StartRule))),
        end=draw(st.sampled_from([EndRule.RESTORED] * 3 + list(EndRule))),
        kinds=draw(
            st.sampled_from([(OutageKind.OUTAGE,), (OutageKind.OUTAGE, OutageKind.LOSS_OF_REDUNDANCY)])
        ),
        weights=weights,
        by_affected=is_single and draw(st.booleans()),
        affected_at_least=draw(st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 2)])),
        severities=draw(st.sampled_from([(), (), ("1",)])),
        clock_stops=draw(st.booleans()),
        restore_if_vendor_cause=draw(st.booleans()),
        fault_required=draw(st.booleans()),
        overlap=draw(st.sampled_from(Overlap)),
        min_run=draw(st.one_of(st.just(timedelta()), lengths(grid, share=8))),
        min_run_inclusive=draw(st.booleans()),
        run_counts=draw(st.sampled_from(RunCounts)),
        granularity=draw(st.one_of(st.none(), granularities(grid))),
        attribution=draw(st.sampled_from(Attribution)),
        denominator=denominator,
        denominator_length=fixed,
        exclusion_arithmetic=draw(st.sampled_from(ExclusionArithmetic)),
        no_data=draw(st.sampled_from([NoData.UNKNOWN] * 3 + list(NoData))),
    )


def granularities(grid: Grid) -> st.SearchStrategy[Granularity]:
    return st.builds(
        Granularity,
        size=lengths(grid, share=10, least=1),
        rule=st.sampled_from([IntervalRule.FULL, IntervalRule.TOUCHED]),
        alignment=st.sampled_from(Alignment),
    )


@st.composite
def exclusion_rules(draw: st.DrawFn, grid: Grid) -> tuple[ExclusionRule, ...]:
    rules = []
    if draw(st.booleans()):
        quotas = st.builds(
            Quota,
            period=st.just(CapPeriod.MONTH),
            length=st.one_of(st.none(), lengths(grid, share=4)),
            count=st.one_of(st.none(), st.integers(1, 2)),
        )
        rules.append(
            ExclusionRule(
                code="maintenance",
                source=ExclusionSource.MAINTENANCE,
                notice=draw(st.sampled_from([Decimal(0), Decimal(2), Decimal(48)])),
                notice_inclusive=draw(st.booleans()),
                within=draw(st.sampled_from(["", "", "office"])),
                emergency_allowed=draw(st.booleans()),
                max_per_event=draw(st.one_of(st.none(), lengths(grid, share=6))),
                quotas=tuple(draw(st.lists(quotas, max_size=2))),
                overrun=draw(st.sampled_from(Overrun)),
            )
        )
    if draw(st.booleans()):
        rules.append(ExclusionRule(code="decision"))
    return tuple(rules)


@st.composite
def credit_rules(draw: st.DrawFn, grid: Grid, *, metric: Metric) -> CreditRule:
    schemes = [Scheme.INCREMENTS]
    if metric is Metric.AVAILABILITY:
        schemes += [Scheme.TIERED, Scheme.PRORATED]
    scheme = draw(st.sampled_from(schemes))
    caps = draw(st.sampled_from([(), (Cap(code="month", limit=Decimal(30)),)]))
    if scheme is Scheme.TIERED:
        tiers = zip(("100", "99", "90", "50"), ("5", "10", "25", "100"), strict=True)
        params = Tiered(tiers=tuple(Tier(below=Decimal(b), credit=Decimal(c)) for b, c in tiers))
        return CreditRule(scheme=scheme, params=params, caps=caps)
    if scheme is Scheme.PRORATED:
        return CreditRule(
            scheme=scheme,
            params=Prorated(multiplier=draw(st.sampled_from([Decimal(1), Decimal("2.5")]))),
            caps=caps,
        )
    size, rounding = draw(lengths(grid, share=8, least=1)), draw(st.sampled_from(Rounding))
    return CreditRule(
        scheme=scheme, params=Increments(size=size, credit=Decimal(5), rounding=rounding), caps=caps
    )


@st.composite
def facts(
    draw: st.DrawFn,
    grid: Grid,
    *,
    zone: Zone,
    units: tuple[str, ...],
    fees: dict[str, int],
    rules: tuple[ExclusionRule, ...],
    is_single: bool,
) -> Facts:
    incidents = tuple(
        Incident(reference=ref, severity=draw(st.sampled_from(["1", "2"]))) for ref in REFERENCES
    )
    return Facts(
        zone=zone,
        units=tuple(draw(services(grid, code=code)) for code in units),
        incidents=incidents,
        outages=tuple(draw(st.lists(outages(grid, units=units, is_single=is_single), max_size=6))),
        milestones=tuple(
            draw(st.lists(milestones(grid), max_size=3, unique_by=lambda fact: (fact.incident, fact.kind)))
        ),
        clock_stops=tuple(draw(st.lists(clock_stops(grid), max_size=2))),
        maintenance=draw(st.lists(windows_of_work(grid, units=units), max_size=3).map(numbered)),
        exclusions=tuple(draw(st.lists(decisions(grid, units=units, rules=rules), max_size=2)))
        if rules
        else (),
        charges=tuple(
            Charge(
                code=f"fee-{unit}",
                unit=unit,
                amount=Money(fees[unit], "USD"),
                starts_on=grid.start.date().replace(year=2023),
            )
            for unit in units
        ),
        calendars=(office(zone, grid=grid),),
        calendar_zones=(zone,),
    )


def office(zone: Zone, *, grid: Grid) -> BusinessCalendar:
    """Return hours that open and close inside short windows, also on the days of a clock change."""
    weekly = tuple(
        WeeklyHours(weekday=day, opens=opens, closes=closes)
        for day in range(7)
        for opens, closes in ((0, 118), (180, 719), (721, 1440))
        if (day, opens) != (2, 180)
    )
    closed = SpecialDay(on=zone.date_of(grid.start) + timedelta(days=3))
    short = SpecialDay(on=zone.date_of(grid.start) + timedelta(days=5), opens=540, closes=720)
    return BusinessCalendar(code="office", zone=zone.name, weekly=weekly, special=(closed, short))


@st.composite
def services(draw: st.DrawFn, grid: Grid, *, code: str) -> Unit:
    since = draw(st.one_of(st.none(), st.none(), st.integers(-grid.size, grid.size - 1).map(grid.at)))
    until = draw(st.one_of(st.none(), st.none(), st.integers(1, 2 * grid.size).map(grid.at)))
    if since is not None and until is not None and until <= since:
        until = None
    weight = Fraction(draw(st.integers(1, 5)))
    return Unit(code=code, weight=weight, in_service_from=since, in_service_until=until)


def starts(grid: Grid) -> st.SearchStrategy[int]:
    """Draw a tick, also before and after the window, with its edges more often than by chance."""
    inside = st.integers(0, grid.size)
    return st.one_of(
        inside, inside, st.sampled_from([0, grid.size]), st.integers(-grid.size // 2, grid.size * 3 // 2)
    )


@st.composite
def spans(draw: st.DrawFn, grid: Grid) -> tuple[datetime, datetime]:
    start = draw(starts(grid))
    length = draw(st.one_of(st.integers(0, max(grid.size // 6, 1)), st.integers(0, grid.size)))
    return grid.at(start), grid.at(start + length)


@st.composite
def outages(draw: st.DrawFn, grid: Grid, *, units: tuple[str, ...], is_single: bool) -> Outage:
    started_at, ended_at = draw(spans(grid))
    is_open = draw(st.integers(0, 9)) == 0
    shares = [Fraction(1), Fraction(1, 2), Fraction(1, 5)]
    return Outage(
        incident=draw(st.sampled_from(REFERENCES)),
        unit=draw(st.sampled_from(units)),
        started_at=started_at,
        ended_at=None if is_open else ended_at,
        kind=draw(st.sampled_from([OutageKind.OUTAGE] * 4 + list(OutageKind))),
        affected=draw(st.sampled_from(shares)) if is_single else Fraction(1),
        responsible=draw(st.sampled_from([Responsible.VENDOR, Responsible.VENDOR, *Responsible, None])),
    )


def milestones(grid: Grid) -> st.SearchStrategy[MilestoneFact]:
    kinds = [Milestone.DETECTED, Milestone.REPORTED, Milestone.ACKNOWLEDGED, Milestone.CLOSED]
    return st.builds(
        MilestoneFact,
        incident=st.sampled_from(REFERENCES),
        kind=st.sampled_from(kinds),
        at=starts(grid).map(grid.at),
    )


@st.composite
def clock_stops(draw: st.DrawFn, grid: Grid) -> ClockStop:
    started_at, ended_at = draw(spans(grid))
    return ClockStop(
        incident=draw(st.sampled_from(REFERENCES)),
        started_at=started_at,
        ended_at=None if draw(st.integers(0, 9)) == 0 else ended_at,
        cause=draw(st.sampled_from([None, Responsible.VENDOR, Responsible.US])),
    )


@st.composite
def windows_of_work(draw: st.DrawFn, grid: Grid, *, units: tuple[str, ...]) -> Maintenance:
    started_at, ended_at = draw(spans(grid))
    ahead = draw(
        st.sampled_from(
            [None, timedelta(hours=1), timedelta(hours=2), timedelta(hours=48), timedelta(days=9)]
        )
    )
    return Maintenance(
        reference="",
        units=tuple(sorted(draw(st.sets(st.sampled_from(units), min_size=1)))),
        started_at=started_at,
        ended_at=ended_at,
        noticed_at=None if ahead is None else started_at - ahead,
        emergency=draw(st.integers(0, 4)) == 0,
        cancelled=draw(st.integers(0, 6)) == 0,
    )


def numbered(works: list[Maintenance]) -> tuple[Maintenance, ...]:
    return tuple(replace(work, reference=f"CHG-{number}") for number, work in enumerate(works))


@st.composite
def decisions(
    draw: st.DrawFn, grid: Grid, *, units: tuple[str, ...], rules: tuple[ExclusionRule, ...]
) -> Exclusion:
    started_at, ended_at = draw(spans(grid))
    has_span = draw(st.booleans())
    return Exclusion(
        rule=draw(st.sampled_from([rule.code for rule in rules])),
        incident=draw(st.sampled_from(REFERENCES if not has_span else ("", *REFERENCES))),
        units=draw(st.sampled_from([(), units[:1]])),
        started_at=started_at if has_span else None,
        ended_at=ended_at if has_span else None,
    )
