"""The account of time: which class takes a second, and what counts of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.facts import (
    ClockStop,
    Exclusion,
    Maintenance,
    Outcome,
    Party,
    Position,
    Responsible,
    Run,
    Unit,
    Verdict,
    Watch,
)
from sla.engine.money import Money
from sla.engine.periods import BusinessCalendar, WeeklyHours
from sla.engine.results import TimeClass
from sla.engine.terms import (
    Alignment,
    Attribution,
    Basis,
    CapPeriod,
    Combine,
    Counting,
    EndRule,
    ExclusionArithmetic,
    ExclusionRule,
    ExclusionSource,
    Granularity,
    IntervalRule,
    Measurer,
    Metric,
    Milestone,
    NoData,
    Op,
    OutageKind,
    Overlap,
    Quota,
    RunCounts,
    StartRule,
    Weight,
)
from tests.engine.level_builder import (
    JUNE,
    at,
    counted,
    facts,
    level,
    measure,
    minutes,
    moment,
    one,
    outage,
)

UP, DOWN, EXCLUDED, STOPPED = TimeClass.UP, TimeClass.DOWN, TimeClass.EXCLUDED, TimeClass.STOPPED
UNCOUNTED, UNKNOWN = TimeClass.UNCOUNTED, TimeClass.UNKNOWN
MINUTE = timedelta(minutes=1)
MAINTENANCE = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, notice=Decimal(48), clause="7.1")


def work(start: str, end: str, *, noticed: str = "2025-05-01T00:00", **more: object) -> Maintenance:
    return Maintenance(
        reference="M-1",
        units=("a",),
        started_at=at(start),
        ended_at=at(end),
        noticed_at=at(noticed),
        **more,  # type: ignore[arg-type]
    )


def test_a_month_without_outages_is_up_throughout() -> None:
    found = one(facts())
    assert minutes(found, UP, DOWN) == (43_200, 0)
    assert (found.value, found.verdict) == (Fraction(100), Verdict.MET)


def test_every_line_of_the_account_names_its_incident_clause_rule_and_person() -> None:
    decided = Exclusion(rule="force", incident="INC-1", started_at=at("2 10:30"), by="Kim", why="flood")
    found = one(
        facts([outage("2 10:00", "2 11:00")], exclusions=(decided,)),
        exclusions=[ExclusionRule(code="force", clause="9.2")],
    )
    assert found.ledger is not None
    down, excluded = found.ledger.lines
    assert (down.time_class, down.incidents) == (DOWN, ("INC-1",))
    assert (excluded.rule, excluded.clause, excluded.by, excluded.why) == (
        "exclusion.force",
        "9.2",
        "Kim",
        "flood",
    )


@pytest.mark.parametrize(
    ("rows", "down"),
    [
        pytest.param([("2 10:00", "2 12:00"), ("2 11:00", "2 12:30")], 150, id="overlapping count once"),
        pytest.param([("2 10:00", "2 12:00"), ("2 10:30", "2 11:00")], 120, id="one inside the other"),
        pytest.param([("2 10:00", "2 11:00"), ("2 11:00", "2 12:00")], 120, id="touching"),
        pytest.param([("2 10:00", "2 10:00")], 0, id="zero length"),
        pytest.param([("2 11:00", "2 10:00")], 0, id="backward counts as zero"),
        pytest.param([("2025-05-31T23:30", "1 00:30")], 30, id="began before the period"),
        pytest.param([("30 23:30", "2025-07-01T02:00")], 30, id="ends after the period"),
        pytest.param([("2025-01-01T00:00", "2025-12-31T00:00")], 43_200, id="covers the period"),
    ],
)
def test_outages_of_different_incidents_are_united(rows: list[tuple[str, str]], down: int) -> None:
    found = one(
        facts([outage(start, end, incident=f"INC-{n}") for n, (start, end) in enumerate(rows)]),
    )
    assert minutes(found, UP, DOWN) == (43_200 - down, down)


def test_the_sum_of_overlaps_is_an_adjustment_beside_a_ledger_that_still_balances() -> None:
    rows = [outage("2 10:00", "2 12:00"), outage("2 11:00", "2 12:30", incident="INC-2")]
    found = one(facts(rows), target=level(counting=Counting(overlap=Overlap.SUM)))
    assert minutes(found, DOWN) == (150,)
    assert counted(found) == 210 * MINUTE
    assert [(step.rule, step.value) for step in found.adjustments] == [("adjust.overlap", 60 * 60_000_000)]


def test_an_open_outage_runs_to_what_is_known_and_the_rest_is_unknown() -> None:
    found = one(facts([outage("2 10:00", None)]), known_until=at("2 12:00"))
    assert minutes(found, DOWN, UNKNOWN) == (120, 43_200 - 24 * 60 - 12 * 60)
    assert "INC-1 is still open" in found.provisional


def test_a_level_that_can_still_be_kept_is_provisional() -> None:
    found = one(facts([outage("2 10:00", "2 10:30")]), known_until=at("15 00:00"))
    assert found.verdict is Verdict.PROVISIONAL
    assert found.best == 100 - Fraction(100 * 30, 43_200)
    assert found.worst == 100 - Fraction(100 * (30 + 16 * 1440), 43_200)
    assert not found.missed


def test_a_level_already_lost_is_missed_although_the_period_runs() -> None:
    found = one(facts([outage("2 10:00", "2 11:00")]), known_until=at("15 00:00"))
    assert (found.verdict, found.missed) == (Verdict.MISSED, True)
    assert "the period has not ended" in found.provisional


@pytest.mark.parametrize(
    ("rule", "verdict", "best", "worst"),
    [
        pytest.param(NoData.UNKNOWN, Verdict.NOT_MEASURABLE, 0, 60, id="a range that straddles the level"),
        pytest.param(NoData.MET, Verdict.MET, 0, 0, id="the clause takes it as met"),
        pytest.param(NoData.FAILED, Verdict.MISSED, 60, 60, id="the clause takes it as down"),
        pytest.param(NoData.OMIT, Verdict.MET, 0, 0, id="left out of the agreed time"),
    ],
)
def test_unmeasured_time_is_never_silently_up_or_down(
    rule: NoData, verdict: Verdict, best: int, worst: int
) -> None:
    gap = outage("2 10:00", "2 11:00", kind=OutageKind.UNMEASURED)
    found = one(facts([gap]), target=level(counting=Counting(no_data=rule)))
    assert minutes(found, UNKNOWN) == (60,)
    base = 43_200 - 60 if rule is NoData.OMIT else 43_200
    assert (found.verdict, found.best, found.worst) == (
        verdict,
        100 - Fraction(100 * best, base),
        100 - Fraction(100 * worst, base),
    )


def test_waiting_on_us_stops_the_clock() -> None:
    stop = ClockStop(incident="INC-1", started_at=at("2 10:20"), ended_at=at("2 10:50"), reason="no access")
    found = one(facts([outage("2 10:00", "2 11:00")], clock_stops=(stop,)))
    assert minutes(found, DOWN, STOPPED) == (30, 30)


def test_a_stop_caused_by_the_vendor_is_given_back() -> None:
    stop = ClockStop(
        incident="INC-1", started_at=at("2 10:20"), ended_at=at("2 10:50"), cause=Responsible.VENDOR
    )
    found = one(facts([outage("2 10:00", "2 11:00")], clock_stops=(stop,)))
    assert minutes(found, DOWN, STOPPED) == (60, 0)


@pytest.mark.parametrize(
    ("announced", "noticed", "down", "excluded"),
    [
        pytest.param(("2 02:00", "2 04:00"), "2025-05-30T02:00", 60, 60, id="only the part inside"),
        pytest.param(("2 02:00", "2 04:00"), "2025-05-31T02:00", 60, 60, id="exactly 48 h before is in time"),
        pytest.param(("2 02:00", "2 04:00"), "2025-05-31T02:01", 120, 0, id="a minute late: nothing is"),
        pytest.param(("2 08:00", "2 09:00"), "2025-05-30T02:00", 120, 0, id="elsewhere in the day"),
    ],
)
def test_announced_work_excludes_only_inside_its_window_and_in_time(
    announced: tuple[str, str], noticed: str, down: int, excluded: int
) -> None:
    known = facts([outage("2 03:00", "2 05:00")], maintenance=(work(*announced, noticed=noticed),))
    assert minutes(one(known, exclusions=[MAINTENANCE]), DOWN, EXCLUDED) == (down, excluded)


@pytest.mark.parametrize(
    ("change", "down"),
    [
        pytest.param({"cancelled": True}, 120, id="cancelled work excludes nothing"),
        pytest.param({"emergency": True}, 120, id="emergency work counts unless the clause lists it"),
    ],
)
def test_work_that_the_clause_does_not_cover_counts(change: dict[str, bool], down: int) -> None:
    known = facts([outage("2 03:00", "2 05:00")], maintenance=(work("2 03:00", "2 05:00", **change),))
    assert minutes(one(known, exclusions=[MAINTENANCE]), DOWN) == (down,)


def test_what_lies_beyond_a_monthly_quota_counts() -> None:
    rule = ExclusionRule(
        code="work",
        source=ExclusionSource.MAINTENANCE,
        quotas=(Quota(period=CapPeriod.MONTH, length=90 * MINUTE),),
    )
    known = facts(
        [outage("2 03:00", "2 04:00"), outage("9 03:00", "9 04:00", incident="INC-2")],
        maintenance=(work("2 03:00", "2 04:00"), work("9 03:00", "9 04:00")),
    )
    assert minutes(one(known, exclusions=[rule]), EXCLUDED, DOWN) == (90, 30)


def test_a_yearly_quota_remembers_what_earlier_months_used() -> None:
    rule = ExclusionRule(
        code="work",
        source=ExclusionSource.MAINTENANCE,
        quotas=(Quota(period=CapPeriod.YEAR, length=timedelta(hours=10)),),
    )
    before = Outcome(
        target="uptime",
        period="2025-03",
        units=("a",),
        first_on=JUNE.first_on.replace(month=3),
        last_on=JUNE.last_on.replace(month=3),
        verdict=Verdict.MET,
        excluded_us=(("work", 9 * 3_600_000_000 + 30 * 60_000_000),),
    )
    known = facts([outage("2 03:00", "2 04:00")], maintenance=(work("2 03:00", "2 04:00"),))
    assert minutes(one(known, exclusions=[rule], history=[before]), EXCLUDED, DOWN) == (30, 30)


@pytest.mark.parametrize(
    ("arithmetic", "value"),
    [
        pytest.param(ExclusionArithmetic.UNCHANGED, 1 - Fraction(60, 43_200), id="denominator unchanged"),
        pytest.param(ExclusionArithmetic.REMOVED, 1 - Fraction(60, 43_080), id="the window leaves both"),
        pytest.param(ExclusionArithmetic.ADDED_BACK, 1 - Fraction(60, 43_200), id="added back"),
    ],
)
def test_an_exclusion_changes_the_denominator_only_as_the_clause_says(
    arithmetic: ExclusionArithmetic, value: Fraction
) -> None:
    known = facts([outage("2 03:00", "2 05:00")], maintenance=(work("2 02:00", "2 04:00"),))
    counting = Counting(exclusion_arithmetic=arithmetic)
    assert one(known, target=level(counting=counting), exclusions=[MAINTENANCE]).value == 100 * value


@pytest.mark.parametrize(
    ("party", "decides", "down"),
    [
        pytest.param(Party.OURS, "", 0, id="we concede it"),
        pytest.param(Party.AGREED, "", 0, id="it is agreed"),
        pytest.param(Party.VENDORS, "", 60, id="only the vendor says so"),
        pytest.param(Party.VENDORS, "vendor", 0, id="the clause lets the vendor decide"),
        pytest.param(Party.VENDORS, "us", 60, id="the clause lets us decide"),
    ],
)
def test_who_decides_says_which_exclusion_counts_meanwhile(party: Party, decides: str, down: int) -> None:
    claimed = Exclusion(rule="force", incident="INC-1", party=party)
    rule = ExclusionRule(code="force", decided_by=decides)
    assert minutes(
        one(facts([outage("2 10:00", "2 11:00")], exclusions=(claimed,)), exclusions=[rule]), DOWN
    ) == (down,)


def test_downtime_that_a_claim_was_granted_for_is_not_used_again() -> None:
    before = Outcome(
        target="uptime",
        period="2025-06-05",
        units=("a",),
        first_on=JUNE.first_on,
        last_on=JUNE.first_on.replace(day=5),
        verdict=Verdict.MISSED,
        credit=Money(1000, "USD"),
        runs=(Run(started_at=at("2 10:00"), ended_at=at("2 11:00"), units=("a",)),),
    )
    known = facts([outage("2 10:00", "2 11:00"), outage("20 10:00", "20 10:20", incident="INC-2")])
    once = one(known, history=[before], consumes_downtime=True)
    assert minutes(once, DOWN, UNCOUNTED) == (20, 60)
    assert minutes(one(known, history=[before]), DOWN) == (80,)


def test_fault_matters_only_where_the_clause_asks_for_it() -> None:
    known = facts([outage("2 10:00", "2 11:00", responsible=Responsible.THIRD_PARTY)])
    assert minutes(one(known), DOWN) == (60,)
    found = one(known, target=level(counting=Counting(fault_required=True)))
    assert minutes(found, DOWN, TimeClass.NOT_ATTRIBUTED) == (0, 60)


def test_an_unconfirmed_responsibility_counts_and_is_said_to_be_provisional() -> None:
    found = one(facts([outage("2 10:00", "2 11:00", responsible=None)]))
    assert minutes(found, DOWN) == (60,)
    assert found.provisional == ("nobody has confirmed who is responsible for INC-1",)


def test_rows_of_different_measurers_are_alternatives_and_the_clock_of_record_wins() -> None:
    rows = [
        outage("2 10:00", "2 11:13"),
        outage("2 10:26", "2 11:13", measured_by=Measurer.VENDOR_TICKET),
    ]
    assert minutes(one(facts(rows)), DOWN) == (73,)
    theirs = level(measured_by=(Measurer.VENDOR_TICKET, Measurer.US))
    assert minutes(one(facts(rows), target=theirs), DOWN) == (47,)


def test_a_missing_clock_of_record_is_replaced_by_the_next_and_said_so() -> None:
    found = one(facts([outage("2 10:00", "2 11:00", measured_by=Measurer.VENDOR_STATUS_PAGE)]))
    assert minutes(found, DOWN) == (60,)
    assert found.provisional == (
        "INC-1 has no times by us, the clock of record; those by vendor status page are used",
    )


def test_a_determined_position_beats_an_agreed_one_and_ours() -> None:
    positions = (
        Position(party=Party.DETERMINED, ended_at=at("2 10:20")),
        Position(party=Party.OURS, ended_at=at("2 12:00")),
        Position(party=Party.AGREED, ended_at=at("2 10:40")),
        Position(party=Party.VENDORS, ended_at=at("2 10:05")),
    )
    assert minutes(one(facts([outage("2 10:00", "2 11:00", positions=positions)])), DOWN) == (20,)


@pytest.mark.parametrize(
    ("start", "end", "down"),
    [
        (StartRule.OCCURRED, EndRule.RESTORED, 60),
        (StartRule.REPORTED, EndRule.RESTORED, 40),
        (StartRule.DETECTED, EndRule.RESTORED, 50),
        (StartRule.FIRST_KNOWN, EndRule.RESTORED, 50),
        (StartRule.OCCURRED, EndRule.CLOSED, 120),
        (StartRule.OCCURRED, EndRule.FIRST, 60),
    ],
)
def test_start_and_end_follow_the_clause(start: StartRule, end: EndRule, down: int) -> None:
    known = facts(
        [outage("2 10:00", "2 11:00")],
        milestones=(
            moment(Milestone.DETECTED, "2 10:10"),
            moment(Milestone.REPORTED, "2 10:20"),
            moment(Milestone.CLOSED, "2 12:00"),
        ),
    )
    assert minutes(one(known, target=level(counting=Counting(start=start, end=end))), DOWN) == (down,)


@pytest.mark.parametrize(
    ("counting", "down", "uncounted"),
    [
        pytest.param(Counting(min_run=5 * MINUTE), 0, 5, id="more than five minutes"),
        pytest.param(Counting(min_run=5 * MINUTE, min_run_inclusive=True), 5, 0, id="five minutes or more"),
        pytest.param(Counting(min_run=2 * MINUTE, run_counts=RunCounts.EXCESS), 3, 2, id="only the excess"),
    ],
)
def test_a_run_must_be_long_enough(counting: Counting, down: int, uncounted: int) -> None:
    found = one(facts([outage("2 10:00", "2 10:05")]), target=level(counting=counting))
    assert minutes(found, DOWN, UNCOUNTED) == (down, uncounted)


def test_a_run_over_the_edge_is_judged_by_its_whole_length() -> None:
    known = facts([outage("2025-05-31T23:52", "1 00:03")])
    found = one(known, target=level(counting=Counting(min_run=10 * MINUTE)))
    assert minutes(found, DOWN) == (3,)


@pytest.mark.parametrize(
    ("rule", "alignment", "expected"),
    [
        pytest.param(IntervalRule.FULL, Alignment.CLOCK, 5, id="wholly failed five-minute intervals"),
        pytest.param(IntervalRule.TOUCHED, Alignment.CLOCK, 15, id="touched ones"),
        pytest.param(IntervalRule.FULL, Alignment.RUN, 5, id="counted from the run"),
        pytest.param(IntervalRule.TOUCHED, Alignment.RUN, 10, id="touched, from the run"),
        pytest.param(IntervalRule.NEAREST, Alignment.CLOCK, 5, id="to the nearest"),
    ],
)
def test_time_is_counted_in_intervals(rule: IntervalRule, alignment: Alignment, expected: int) -> None:
    grain = Granularity(size=5 * MINUTE, rule=rule, alignment=alignment)
    found = one(facts([outage("2 12:03", "2 12:12")]), target=level(counting=Counting(granularity=grain)))
    assert minutes(found, DOWN) == (9,)
    assert counted(found) == expected * MINUTE


def test_two_runs_in_one_interval_count_it_once() -> None:
    grain = Granularity(size=5 * MINUTE, rule=IntervalRule.TOUCHED)
    rows = [outage("2 12:00", "2 12:01"), outage("2 12:03", "2 12:04", incident="INC-2")]
    assert counted(one(facts(rows), target=level(counting=Counting(granularity=grain)))) == 5 * MINUTE


def test_sixty_seconds_in_a_quarter_of_an_hour_make_it_unavailable() -> None:
    grain = Granularity(size=15 * MINUTE, rule=IntervalRule.AT_LEAST, threshold=MINUTE)
    rows = [outage("2 12:00:00", "2 12:00:40"), outage("2 12:10:00", "2 12:10:20", incident="INC-2")]
    assert counted(one(facts(rows), target=level(counting=Counting(granularity=grain)))) == 15 * MINUTE


@pytest.mark.parametrize(
    ("attribution", "june"),
    [(Attribution.SPLIT, 30), (Attribution.START, 90), (Attribution.END, 0)],
)
def test_an_outage_over_the_edge_counts_where_the_clause_puts_it(attribution: Attribution, june: int) -> None:
    known = facts([outage("30 23:30", "2025-07-01T01:00")])
    found = one(known, target=level(counting=Counting(attribution=attribution)))
    assert minutes(found, DOWN) == (30,)
    assert counted(found) == june * MINUTE


def test_impact_weighs_a_minute() -> None:
    half = Counting(weights=(Weight(kind=OutageKind.DEGRADED, share=Fraction(1, 2)),))
    found = one(facts([outage("2 10:00", "2 11:00", kind=OutageKind.DEGRADED)]), target=level(counting=half))
    assert minutes(found, DOWN) == (60,)
    assert counted(found) == 30 * MINUTE


def test_degraded_time_is_on_the_account_although_it_does_not_count() -> None:
    found = one(facts([outage("2 10:00", "2 11:00", kind=OutageKind.DEGRADED)]))
    assert minutes(found, DOWN, UNCOUNTED) == (0, 60)
    assert found.ledger is not None
    assert found.ledger.lines[0].rule == "kind.not_counted"


@pytest.mark.parametrize(
    ("combine", "down", "uncounted"),
    [
        pytest.param(Combine.ANY, 90, 0, id="either feed down is down"),
        pytest.param(Combine.ALL, 30, 60, id="down only while both are"),
    ],
)
def test_two_feeds_are_one_unit(combine: Combine, down: int, uncounted: int) -> None:
    rows = [outage("2 10:00", "2 11:00"), outage("2 10:30", "2 11:30", unit="b", incident="INC-2")]
    found = one(facts(rows, units=("a", "b")), target=level(of={"combine": combine}))
    assert found.ledger is not None
    assert found.ledger.total_us == 43_200 * 60_000_000
    assert minutes(found, DOWN, UNCOUNTED) == (down, uncounted)


def test_each_service_has_its_own_figure() -> None:
    found = measure(facts([outage("2 10:00", "2 11:00")], units=("a", "b")))
    assert [(m.units, m.verdict) for m in found] == [
        (("a",), Verdict.MISSED),
        (("b",), Verdict.MET),
    ]


def test_pooled_services_weigh_by_their_users() -> None:
    units = (Unit(code="a", weight=Fraction(120)), Unit(code="b", weight=Fraction(380)))
    found = one(
        facts([outage("2 10:00", "2 15:00")], units=units), target=level(of={"combine": Combine.POOLED})
    )
    assert found.value == 100 - Fraction(100 * 120 * 300, 500 * 43_200)
    assert found.ledger is not None
    assert found.ledger.total_us == 2 * 43_200 * 60_000_000


def test_the_worst_component_stands_for_all() -> None:
    found = one(
        facts([outage("2 10:00", "2 11:00", unit="b")], units=("a", "b")),
        target=level(of={"combine": Combine.WORST}),
    )
    assert found.units == ("b",)
    assert found.step.inputs[0].because == "b has the worst figure and stands for all 2 units."


def test_only_agreed_hours_are_judged() -> None:
    office = BusinessCalendar(
        code="office",
        zone="UTC",
        weekly=tuple(WeeklyHours(weekday=day, opens=540, closes=1020) for day in range(5)),
    )
    known = facts([outage("2 16:00", "3 10:00")], calendars=(office,))
    found = one(known, target=level(calendar="office"))
    assert minutes(found, DOWN) == (120,)
    assert found.denominator_us == 21 * 8 * 60 * 60_000_000
    assert sum(us for _, us in (found.ledger.classes if found.ledger else ())) == 43_200 * 60_000_000


def test_a_service_that_began_mid_month_is_judged_over_its_own_time() -> None:
    found = one(
        facts([outage("20 10:00", "20 11:00")], units=(Unit(code="a", in_service_from=at("16 00:00")),))
    )
    assert minutes(found, TimeClass.NOT_IN_SERVICE) == (15 * 1440,)
    assert found.value == 100 - Fraction(100 * 60, 15 * 1440)


def test_a_service_without_agreed_time_cannot_be_judged() -> None:
    found = one(facts(units=(Unit(code="a", in_service_from=at("2025-07-01T00:00")),)))
    assert (found.verdict, found.value) == (Verdict.NOT_MEASURABLE, None)


def test_by_exception_a_clean_month_is_unconfirmed_until_a_source_or_a_person_vouches() -> None:
    silent = one(facts(), target=level(basis=Basis.BY_EXCEPTION))
    assert silent.verdict is Verdict.MET_UNCONFIRMED
    assert "a: no source is watched" in silent.step.because
    heard = facts(watches=(Watch(source="status page", last_heard_at=at("2025-07-01T00:05")),))
    assert one(heard, target=level(basis=Basis.BY_EXCEPTION)).verdict is Verdict.MET


@pytest.mark.parametrize(
    ("metric", "limit", "value", "verdict"),
    [
        (Metric.DOWNTIME, timedelta(hours=2), 150 * 60_000_000, Verdict.MISSED),
        (Metric.LONGEST_OUTAGE, timedelta(hours=2), 120 * 60_000_000, Verdict.MET),
        (Metric.COUNT, Decimal(2), 2, Verdict.MET),
    ],
)
def test_time_and_number_of_outages_are_levels_too(
    metric: Metric, limit: timedelta | Decimal, value: int, verdict: Verdict
) -> None:
    rows = [outage("2 10:00", "2 12:00"), outage("3 10:00", "3 10:30", incident="INC-2")]
    found = one(facts(rows), target=level(metric, level=limit, op=Op.AT_MOST))
    assert (found.value, found.verdict) == (value, verdict)


@pytest.mark.parametrize(
    ("op", "level_text", "verdict"),
    [(Op.AT_LEAST, "99.5", Verdict.MET), (Op.ABOVE, "99.5", Verdict.MISSED)],
)
def test_exactly_at_the_level_is_met_unless_the_clause_says_above(
    op: Op, level_text: str, verdict: Verdict
) -> None:
    found = one(facts([outage("2 10:00", "2 13:36")]), target=level(op=op, level=Decimal(level_text)))
    assert (found.value, found.verdict) == (Fraction("99.5"), verdict)


def test_every_sentence_of_an_account_can_be_written() -> None:
    found = one(facts([outage("2 10:00", "2 11:13")]))
    assert [step.because for _, step in found.step.walk()] == [
        "The level is missed: 99.831018 %, where the clause asks for at least 99.9 %.",
        "1 h 13 min of 720 h counted as down: availability 99.831018 %.",
        "Counted downtime is 1 h 13 min.",
        "INC-1: from 2025-06-02 10:00:00 UTC to 2025-06-02 11:13:00 UTC counts 1 h 13 min.",
        "The agreed service time of the window is 720 h.",
        "The clause asks for at least 99.9 %.",
    ]
