"""Arithmetic faults that other trackers shipped: 48 collected from public reports, by number.

Here are those of time, sets, figures and history. Elsewhere: 5 (typed local times are refused, also
in documents and forms), 12 (reading of clock times), 15-19 (which period a report is due for, and
runs around a clock change), 33-34 (planned or not, in the register and in charts), 38 (stale open
outages), 40 (samples whose interval changes), 43 (ladder gaps at entry), 47 (issued statements never
change: revisions).
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.evaluation import evaluate
from sla.engine.facts import (
    ClockStop,
    Facts,
    Incident,
    Maintenance,
    MilestoneFact,
    Outage,
    Unit,
    Verdict,
)
from sla.engine.periods import (
    BusinessCalendar,
    PeriodKind,
    PeriodRule,
    WeeklyHours,
    Zone,
    period_named,
    zone_table,
)
from sla.engine.results import Measured, Result, TimeClass
from sla.engine.terms import (
    Availability,
    Basis,
    Combine,
    Counting,
    Elapsed,
    ExclusionArithmetic,
    ExclusionRule,
    ExclusionSource,
    Granularity,
    Metric,
    Milestone,
    NoData,
    Op,
    OutageKind,
    Statistic,
    Target,
    Terms,
)
from sla.engine.terms.versions import Schedule
from sla.engine.trace import written_fraction

LATER = datetime(2028, 1, 1, tzinfo=UTC)
PLANNED = ExclusionRule(code="planned", source=ExclusionSource.MAINTENANCE)


def zone_named(name: str) -> Zone:
    return zone_table(name, first_year=2018, last_year=2028)


BERLIN, UTC_TABLE, PACIFIC = map(zone_named, ("Europe/Berlin", "UTC", "America/Los_Angeles"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def target(**terms: object) -> Target:
    values: dict[str, object] = {
        "code": "uptime",
        "name": "Uptime",
        "level": Decimal("99.9"),
        "basis": Basis.MEASURED,
        **terms,
    }
    return Target(**values)


UPTIME = target()


def outage(start: str | datetime, end: str | datetime | None, **more: object) -> Outage:
    started_at = at(start) if isinstance(start, str) else start
    ended_at = at(end) if isinstance(end, str) else end
    values: dict[str, object] = {"incident": "INC-1", "unit": "web", **more}
    return Outage(started_at=started_at, ended_at=ended_at, **values)


def lasting(start: str, **length: int) -> Outage:
    return outage(start, at(start) + timedelta(**length))


def work(start: str, end: str, **more: object) -> Maintenance:
    values: dict[str, object] = {"reference": "CHG-1", "units": ("web",), **more}
    return Maintenance(started_at=at(start), ended_at=at(end), **values)


def result(
    label: str,
    *outages: Outage,
    target: Target = UPTIME,
    zone: Zone = UTC_TABLE,
    kind: PeriodKind = PeriodKind.MONTH,
    known_until: datetime = LATER,
    rule: ExclusionRule = PLANNED,
    **facts: object,
) -> Result:
    references = sorted({row.incident for row in outages} | {"INC-1"})
    values: dict[str, object] = {"units": (Unit(code="web"),), "calendar_zones": (zone,), **facts}
    return evaluate(
        (Terms(effective_from=date(2018, 1, 1), targets=(target,), exclusions=(rule,)),),
        schedule=Schedule(contract="C-1", code="sla", name="SLA", currency="EUR", zone=zone.name),
        facts=Facts(
            zone=zone,
            incidents=tuple(Incident(reference=reference) for reference in references),
            outages=outages,
            **values,
        ),
        period=period_named(label, rule=PeriodRule(kind=kind), zone=zone),
        known_until=known_until,
    )


def measured(label: str, *outages: Outage, **more: object) -> Measured:
    (level,) = result(label, *outages, **more).measured
    return level


def seconds_of(level: Measured, time_class: TimeClass) -> Fraction:
    assert level.ledger is not None
    return Fraction(level.ledger.us(time_class), 1_000_000)


def counted_seconds(level: Measured) -> Fraction:
    return level.counted_us / 1_000_000


# --- time zones and clock changes ---


CLOCK_CHANGES = [
    ("1 spring", "2025-03", 2676, 2_674_800, "99.899955136832660", Verdict.MISSED),
    ("2 autumn", "2025-10", 2680, 2_682_000, "99.900074571215510", Verdict.MET),
]


@pytest.mark.parametrize(
    ("label", "seconds", "length", "value", "verdict"),
    [row[1:] for row in CLOCK_CHANGES],
    ids=[row[0] for row in CLOCK_CHANGES],
)
def test_a_month_with_a_clock_change_has_its_true_length(
    label: str, seconds: int, length: int, value: str, verdict: Verdict
) -> None:
    level = measured(label, lasting(f"{label}-15T10:00", seconds=seconds), zone=BERLIN)
    assert level.denominator_us == length * 1_000_000
    assert level.value == 100 * (1 - Fraction(seconds, length))
    assert written_fraction(level.value, digits=5) == value[:8].rstrip("0")
    assert level.verdict is verdict


def test_an_outage_over_the_skipped_hour_has_its_elapsed_length() -> None:
    # 3: 01:49 to 03:15 local.
    row = outage(BERLIN.instant(local("2020-03-29T01:49")), BERLIN.instant(local("2020-03-29T03:15")))
    assert counted_seconds(measured("2020-03", row, zone=BERLIN)) == 1560


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_outage_from_the_first_to_the_second_half_past_two_lasts_an_hour() -> None:
    # 4: both instants are shown as 02:30.
    first, second = BERLIN.readings(local("2025-10-26T02:30"))
    assert counted_seconds(measured("2025-10", outage(first, second), zone=BERLIN)) == 3600


OFFICE = BusinessCalendar(
    code="office",
    zone="Europe/Berlin",
    weekly=tuple(WeeklyHours(weekday=day, opens=540, closes=1020) for day in range(5)),
)


def test_office_hours_of_a_year_are_the_same_local_hours_in_every_week() -> None:
    # 6
    level = measured(
        "2025", target=target(calendar="office"), zone=BERLIN, kind=PeriodKind.YEAR, calendars=(OFFICE,)
    )
    assert level.denominator_us == 2088 * 3_600_000_000


@pytest.mark.parametrize(("day", "hour"), [("2025-01-14", 0), ("2025-07-15", -1)])
def test_nightly_work_keeps_its_local_hour_in_summer(day: str, hour: int) -> None:
    # 7: work is allowed from 01:00 to 02:00 local; in summer that is an hour earlier in UTC.
    weekly = tuple(WeeklyHours(weekday=weekday, opens=60, closes=120) for weekday in range(7))
    start = at(f"{day}T00:00") + timedelta(hours=hour)
    wide = Maintenance(
        reference="CHG-1",
        units=("web",),
        started_at=start - timedelta(hours=1),
        ended_at=start + timedelta(hours=3),
    )
    level = measured(
        day[:7],
        outage(start - timedelta(minutes=30), start + timedelta(minutes=90)),
        zone=BERLIN,
        rule=replace(PLANNED, within="night"),
        maintenance=(wide,),
        calendars=(BusinessCalendar(code="night", zone="Europe/Berlin", weekly=weekly),),
    )
    assert level.ledger is not None
    (line,) = [line for line in level.ledger.lines if line.time_class is TimeClass.EXCLUDED]
    assert line.during == (start, start + timedelta(hours=1))


def test_agreed_hours_over_the_end_of_the_week_are_one_stretch() -> None:
    # 8: Sunday 22:00 to Monday 06:00.
    weekly = (WeeklyHours(weekday=6, opens=1320, closes=1440), WeeklyHours(weekday=0, opens=0, closes=360))
    level = measured(
        "2025-06",
        outage("2025-06-08T21:00", "2025-06-09T07:00"),
        target=target(calendar="night", counting=Counting(min_run=timedelta(hours=7))),
        calendars=(BusinessCalendar(code="night", zone="UTC", weekly=weekly),),
    )
    assert counted_seconds(level) == 8 * 3600


def test_around_the_clock_loses_no_minute_a_day() -> None:
    # 9
    always = tuple(WeeklyHours(weekday=day, opens=0, closes=1440) for day in range(7))
    level = measured(
        "2025-06",
        lasting("2025-06-10T23:59", seconds=60),
        target=target(calendar="always"),
        calendars=(BusinessCalendar(code="always", zone="UTC", weekly=always),),
    )
    assert (level.denominator_us, counted_seconds(level)) == (30 * 86_400_000_000, 60)


REPAIR = target(
    metric=Metric.ELAPSED,
    params=Elapsed(since="reported", until="restored", statistic=Statistic.MEAN),
    op=Op.AT_MOST,
    level=timedelta(hours=4),
    calendar="office",
)


def repair(since: str, until: str, *stops: ClockStop) -> Fraction | None:
    """Return the working seconds of one case that was judged long afterwards."""
    level = measured(
        until[:7],
        outage(BERLIN.instant(local(since)), BERLIN.instant(local(until))),
        target=REPAIR,
        zone=BERLIN,
        calendars=(OFFICE,),
        clock_stops=stops,
        milestones=(
            MilestoneFact(incident="INC-1", kind=Milestone.REPORTED, at=BERLIN.instant(local(since))),
            MilestoneFact(incident="INC-1", kind=Milestone.RESTORED, at=BERLIN.instant(local(until))),
        ),
    )
    return None if level.value is None else level.value / 1_000_000


@pytest.mark.parametrize("month", ["01", "07"])
def test_working_time_has_the_offset_of_its_own_day_whenever_it_is_computed(month: str) -> None:
    # 10
    assert repair(f"2025-{month}-14T16:30", f"2025-{month}-15T10:00") == 5400


def test_a_pause_over_closed_hours_is_not_subtracted_twice() -> None:
    # 46: of Tuesday 16:00 to Wednesday 11:00, three working hours, the pause takes 16:30 to 09:30.
    pause = ClockStop(
        incident="INC-1",
        started_at=BERLIN.instant(local("2025-01-14T16:30")),
        ended_at=BERLIN.instant(local("2025-01-15T09:30")),
    )
    assert repair("2025-01-14T16:00", "2025-01-15T11:00") == 3 * 3600
    assert repair("2025-01-14T16:00", "2025-01-15T11:00", pause) == 2 * 3600


@pytest.mark.parametrize(("label", "seconds"), [("2025-01", 1800), ("2025-02", 0)])
def test_an_event_belongs_to_the_month_of_the_contracts_zone(label: str, seconds: int) -> None:
    # 11: 17:00 on 31 January in Los Angeles is 1 February in UTC.
    row = lasting("2025-02-01T01:00", minutes=30)
    assert counted_seconds(measured(label, row, zone=PACIFIC)) == seconds


# --- edges of periods ---


def test_the_last_second_of_a_month_belongs_to_it() -> None:
    # 13
    level = measured("2025-01", outage("2025-01-31T23:59:59", "2025-02-01T00:00"))
    assert (level.denominator_us, counted_seconds(level)) == (2_678_400_000_000, 1)


def test_the_days_of_a_month_sum_to_the_month() -> None:
    # 14
    rows = (lasting("2025-10-25T20:00", hours=30), lasting("2025-10-31T22:00", hours=5))
    month = measured("2025-10", *rows, zone=BERLIN)
    daily = target(window=PeriodRule(kind=PeriodKind.DAY))
    days = result("2025-10", *rows, target=daily, zone=BERLIN).measured
    assert len(days) == 31
    assert sum(day.counted_us for day in days) == month.counted_us
    assert sum(day.denominator_us for day in days) == month.denominator_us


CLIPPED = [
    ("20 begun before the period", "2025-06", "2025-05-01T00:00", "2025-06-03T00:00", 172_800),
    ("22 January's share", "2026-01", "2026-01-28T00:00", "2026-02-03T00:00", 345_600),
    ("22 February's share", "2026-02", "2026-01-28T00:00", "2026-02-03T00:00", 172_800),
    ("22 the year between", "2026-01", "2025-12-10T00:00", "2027-01-05T00:00", 2_678_400),
    ("22 the same month a year later", "2027-01", "2025-12-10T00:00", "2027-01-05T00:00", 345_600),
]


@pytest.mark.parametrize(
    ("label", "start", "end", "seconds"), [row[1:] for row in CLIPPED], ids=[row[0] for row in CLIPPED]
)
def test_an_outage_over_an_edge_counts_in_each_period_with_its_part(
    label: str, start: str, end: str, seconds: int
) -> None:
    assert counted_seconds(measured(label, outage(start, end))) == seconds


def test_an_open_outage_runs_to_what_is_known_and_makes_the_result_provisional() -> None:
    # 21
    level = measured("2025-06", outage("2025-06-10T10:00", None), known_until=at("2025-06-10T12:00"))
    assert counted_seconds(level) == 7200
    assert seconds_of(level, TimeClass.UNKNOWN) == 20 * 86_400 + 12 * 3600
    assert "INC-1 is still open" in level.provisional


ALLOWANCES = [("2025-02", 2419, 28), ("2025-06", 2592, 30), ("2025-07", 2678, 31), ("2024-02", 2505, 29)]


@pytest.mark.parametrize(("label", "seconds", "days"), ALLOWANCES)
def test_the_allowance_follows_the_length_of_the_month(label: str, seconds: int, days: int) -> None:
    # 23: 40.32, 43.2, 44.64 and 41.76 minutes, in whole seconds.
    assert seconds <= Fraction(days * 86_400, 1000) < seconds + 1
    assert measured(label, lasting(f"{label}-10T00:00", seconds=seconds)).verdict is Verdict.MET
    assert measured(label, lasting(f"{label}-10T00:00", seconds=seconds + 1)).verdict is Verdict.MISSED


@pytest.mark.parametrize("arithmetic", ExclusionArithmetic)
def test_availability_stays_between_nothing_and_everything(arithmetic: ExclusionArithmetic) -> None:
    # 24 and 25: an outage that began last year, and work that was announced for longer than the period.
    counting = Counting(exclusion_arithmetic=arithmetic)
    year = (work("2025-04-01T00:00", "2025-08-01T00:00"),)
    down = outage("2024-12-01T00:00", "2025-09-01T00:00")
    assert measured("2025-06", down, target=target(counting=counting)).value == 0
    assert measured("2025-06", down, target=target(counting=counting), maintenance=year).value in (100, None)


@pytest.mark.parametrize(("label", "days"), [("2024", 366), ("2025", 365)])
def test_a_leap_year_has_its_day(label: str, days: int) -> None:
    # 26
    level = measured(label, lasting(f"{label}-02-28T12:00", hours=24), kind=PeriodKind.YEAR)
    assert (level.denominator_us, counted_seconds(level)) == (days * 86_400_000_000, 86_400)


# --- overlaps and exclusions ---


def test_one_outage_inside_another_counts_once() -> None:
    # 27
    rows = (outage("2025-11-30T00:00", "2025-12-01T00:00"), outage("2025-11-30T12:00", "2025-11-30T16:00"))
    assert counted_seconds(measured("2025-11", *rows)) == 24 * 3600


def test_one_outage_reported_as_many_incidents_counts_once_and_names_them_all() -> None:
    # 28
    rows = tuple(replace(lasting("2025-06-10T10:00", hours=18), incident=f"INC-{n:02d}") for n in range(35))
    level = measured("2025-06", *rows)
    assert counted_seconds(level) == 18 * 3600
    (event,) = level.events
    assert len(event.incidents) == 35


EXCLUDED = [
    (
        "29 a hole leaves two pieces",
        ("2025-06-10T11:43:08", "2025-06-10T13:02:52"),
        (("2025-06-10T11:45:15", "2025-06-10T11:45:51"),),
        4748,
    ),
    (
        "30 the outage outlasts the exclusion",
        ("2025-06-10T08:06:56", "2025-06-10T09:48:36"),
        (("2025-06-10T08:00", "2025-06-10T08:15"),),
        5616,
    ),
    (
        "31 overlapping exclusions are subtracted once",
        ("2025-06-10T08:00", "2025-06-10T10:00"),
        (("2025-06-10T08:00", "2025-06-10T09:00"), ("2025-06-10T08:30", "2025-06-10T09:30")),
        1800,
    ),
]


@pytest.mark.parametrize(
    ("down", "spans", "seconds"), [row[1:] for row in EXCLUDED], ids=[row[0] for row in EXCLUDED]
)
def test_excluded_time_leaves_the_rest(
    down: tuple[str, str], spans: tuple[tuple[str, str], ...], seconds: int
) -> None:
    windows = tuple(replace(work(*span), reference=f"CHG-{n}") for n, span in enumerate(spans))
    level = measured("2025-06", outage(*down), maintenance=windows)
    whole = (at(down[1]) - at(down[0])) // timedelta(seconds=1)
    assert (counted_seconds(level), seconds_of(level, TimeClass.EXCLUDED)) == (seconds, whole - seconds)


@pytest.mark.parametrize(
    ("arithmetic", "value", "verdict"),
    [
        (ExclusionArithmetic.REMOVED, 100 - Fraction(4300, 42_600), Verdict.MISSED),
        (ExclusionArithmetic.UNCHANGED, 100 - Fraction(4300, 43_200), Verdict.MET),
    ],
)
def test_excluded_time_leaves_the_denominator_only_where_the_clause_says_so(
    arithmetic: ExclusionArithmetic, value: Fraction, verdict: Verdict
) -> None:
    # 32: 99.89906 and 99.90046 percent.
    level = measured(
        "2025-06",
        lasting("2025-06-20T00:00", minutes=43),
        target=target(counting=Counting(exclusion_arithmetic=arithmetic)),
        maintenance=(work("2025-06-10T00:00", "2025-06-10T10:00"),),
    )
    assert (level.value, level.verdict) == (value, verdict)


def test_only_agreed_hours_count() -> None:
    # 35: Friday 16:00 to Monday 10:00.
    row = outage(BERLIN.instant(local("2025-06-13T16:00")), BERLIN.instant(local("2025-06-16T10:00")))
    level = measured("2025-06", row, target=target(calendar="office"), zone=BERLIN, calendars=(OFFICE,))
    assert counted_seconds(level) == 2 * 3600


def test_work_that_still_lasts_is_excluded_already() -> None:
    # 36
    row, window = lasting("2025-06-10T10:00", hours=2), work("2025-06-10T09:00", "2025-06-10T18:00")
    during = measured("2025-06", row, maintenance=(window,), known_until=at("2025-06-10T14:00"))
    afterwards = measured("2025-06", row, maintenance=(window,))
    assert (during.counted_us, afterwards.counted_us, afterwards.value) == (0, 0, 100)


# --- missing data and service that begins or ends ---


NO_DATA = [
    (NoData.UNKNOWN, (100, 90), Verdict.NOT_MEASURABLE),
    (NoData.MET, (100, 100), Verdict.MET),
    (NoData.FAILED, (90, 90), Verdict.MISSED),
    (NoData.OMIT, (100, 100), Verdict.MET),
]


@pytest.mark.parametrize(("rule", "figures", "verdict"), NO_DATA)
def test_time_that_nobody_measured_is_its_own_class_and_gives_a_range(
    rule: NoData, figures: tuple[int, int], verdict: Verdict
) -> None:
    # 37: three of thirty days.
    row = replace(lasting("2025-06-10T00:00", days=3), kind=OutageKind.UNMEASURED)
    level = measured("2025-06", row, target=target(counting=Counting(no_data=rule)))
    assert seconds_of(level, TimeClass.UNKNOWN) == 3 * 86_400
    assert (level.value, level.worst) == figures
    assert level.verdict is verdict


@pytest.mark.parametrize(
    ("since", "days", "value"), [(None, 365, "99.90075"), (at("2025-07-01T00:00"), 184, "99.80312")]
)
def test_a_service_of_half_a_year_is_judged_over_its_half_year(
    since: datetime | None, days: int, value: str
) -> None:
    # 39
    level = measured(
        "2025",
        lasting("2025-08-10T00:00", seconds=31_298),
        kind=PeriodKind.YEAR,
        units=(Unit(code="web", in_service_from=since),),
    )
    assert level.denominator_us == days * 86_400_000_000
    assert level.value is not None
    assert written_fraction(level.value, digits=5) == value
    assert seconds_of(level, TimeClass.NOT_IN_SERVICE) == (365 - days) * 86_400


# --- rounding and thresholds ---


FLOORED = [
    (Fraction(24_999, 25_000), 2, "99.99"),
    (Fraction(24_999, 25_000), 3, "99.996"),
    (1 - Fraction(1, 90 * 1440), 5, "99.99922"),
    (1 - Fraction(1, 90 * 1440), 1, "99.9"),
    (Fraction(9995, 10_000), 1, "99.9"),
]


@pytest.mark.parametrize(("share", "digits", "text"), FLOORED)
def test_less_than_everything_never_reads_100(share: Fraction, digits: int, text: str) -> None:
    # 41
    assert written_fraction(100 * share, digits=digits) == text


@pytest.mark.parametrize(("op", "verdict"), [(Op.AT_LEAST, Verdict.MET), (Op.ABOVE, Verdict.MISSED)])
def test_exactly_the_level_is_judged_by_the_clauses_own_words(op: Op, verdict: Verdict) -> None:
    # 42: 43.2 minutes of 30 days.
    level = measured("2025-06", lasting("2025-06-10T00:00", seconds=2592), target=target(op=op))
    assert (level.value, level.verdict) == (Fraction("99.9"), verdict)


@pytest.mark.parametrize(("rows", "verdict"), [((), Verdict.MET), ((60,), Verdict.MISSED)])
def test_a_level_of_everything_divides_nothing_by_zero(rows: tuple[int, ...], verdict: Verdict) -> None:
    # 44
    down = [lasting("2025-06-10T00:00", seconds=seconds) for seconds in rows]
    found = result("2025-06", *down, target=target(level=Decimal(100)))
    assert found.measured[0].verdict is verdict
    assert all(tier.room_us in (0, None) for tier in found.next_tiers)


def test_short_pieces_are_not_rounded_one_by_one() -> None:
    # 45
    rows = [lasting(f"2025-06-10T10:{minute:02d}", seconds=29) for minute in range(60)]
    assert counted_seconds(measured("2025-06", *rows)) == 29 * 60


def test_only_full_intervals_count_where_the_clause_says_so() -> None:
    # 45: 14 min 59 s are two full intervals of five minutes.
    five = Counting(granularity=Granularity(size=timedelta(minutes=5)))
    row = lasting("2025-06-10T10:00", minutes=14, seconds=59)
    assert counted_seconds(measured("2025-06", row, target=target(counting=five))) == 600


# --- many at once ---


@pytest.mark.parametrize(("combine", "value"), [(Combine.WORST, "98.611111"), (Combine.POOLED, "99.998611")])
def test_one_of_a_thousand_servers_down_is_read_as_the_clause_combines_them(
    combine: Combine, value: str
) -> None:
    # 48
    units = tuple(Unit(code="web" if number == 0 else f"web-{number}") for number in range(1000))
    level = measured(
        "2025-06",
        lasting("2025-06-10T00:00", hours=10),
        target=target(params=Availability(combine=combine)),
        units=units,
    )
    assert level.value is not None
    assert written_fraction(level.value) == value


def test_a_service_has_the_same_figure_alone_and_among_a_thousand() -> None:
    # 48
    units = tuple(Unit(code="web" if number == 0 else f"web-{number}") for number in range(1000))
    row = lasting("2025-06-10T00:00", hours=10)
    together = result("2025-06", row, units=units).measured
    (own,) = [level for level in together if level.units == ("web",)]
    alone = measured("2025-06", row)
    assert (own.value, own.counted_us, own.ledger) == (alone.value, alone.counted_us, alone.ledger)
