"""Where two rules want the same second: gaps, service dates, hours, exclusions, and several units as one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.facts import Exclusion, Maintenance, Outage, Party, Unit, Verdict
from sla.engine.periods import BusinessCalendar, WeeklyHours
from sla.engine.results import Measured, TimeClass
from sla.engine.terms import (
    CapPeriod,
    Combine,
    Counting,
    ExclusionArithmetic,
    ExclusionRule,
    ExclusionSource,
    Measurer,
    Metric,
    NoData,
    Op,
    OutageKind,
    Quota,
    Weight,
)
from tests.engine.level_builder import at, counted, facts, level, measure, minutes, one, outage

UP, DOWN, EXCLUDED, UNKNOWN = TimeClass.UP, TimeClass.DOWN, TimeClass.EXCLUDED, TimeClass.UNKNOWN
UNCOUNTED, ABSENT = TimeClass.UNCOUNTED, TimeClass.NOT_IN_SERVICE
MINUTE = timedelta(minutes=1)
MONTH = 43_200
ANNOUNCED = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, clause="7.1")
DECIDED = ExclusionRule(code="force", source=ExclusionSource.DECISION)
REMOVED = Counting(exclusion_arithmetic=ExclusionArithmetic.REMOVED)
LATER = at("2025-07-10T00:00")


def gap(start: str, end: str, *, unit: str = "a") -> Outage:
    return outage(start, end, unit=unit, kind=OutageKind.UNMEASURED, incident=f"GAP-{unit}")


def announced(start: str, end: str, *units: str) -> Maintenance:
    return Maintenance(
        reference="M-1",
        units=units or ("a",),
        started_at=at(start),
        ended_at=at(end),
        noticed_at=at("2025-05-01T00:00"),
    )


def agreed_minutes(found: Measured) -> Fraction:
    assert found.denominator_us is not None
    return Fraction(found.denominator_us) / 60_000_000


def test_downtime_that_nobody_measured_is_unknown_not_down() -> None:
    found = one(facts([outage("2 10:00", "2 11:00"), gap("2 10:30", "2 11:30")]))
    assert minutes(found, DOWN, UNKNOWN, UP) == (30, 60, MONTH - 90)
    assert found.ledger is not None
    assert found.ledger.units == ("a",)
    assert [(line.time_class, line.units) for line in found.ledger.lines] == [
        (DOWN, ("a",)),
        (UNKNOWN, ("a",)),
    ]


@pytest.mark.parametrize("rule", [NoData.FAILED, NoData.OMIT, NoData.MET])
def test_a_rule_for_gaps_says_nothing_of_time_that_has_not_come(rule: NoData) -> None:
    target = level(counting=Counting(no_data=rule))
    found = one(facts(), target=target, known_until=at("15 00:00"))
    assert (found.verdict, found.best) == (Verdict.PROVISIONAL, 100)
    assert found.worst == 100 - Fraction(100 * 16 * 1440, MONTH)


@pytest.mark.parametrize(("rule", "removed"), [(NoData.OMIT, 60), (NoData.MET, 120)])
def test_a_gap_inside_announced_work_leaves_the_agreed_time_once(rule: NoData, removed: int) -> None:
    counting = Counting(exclusion_arithmetic=ExclusionArithmetic.REMOVED, no_data=rule)
    known = facts([gap("2 03:00", "2 05:00")], maintenance=(announced("2 02:00", "2 04:00"),))
    found = one(known, target=level(counting=counting), exclusions=[ANNOUNCED])
    left_out = 120 if rule is NoData.OMIT else 0
    assert agreed_minutes(found) == MONTH - left_out - removed


def test_an_incident_that_is_excluded_leaves_the_agreed_time_where_the_clause_removes_it() -> None:
    decided = Exclusion(rule="force", incident="INC-1", party=Party.AGREED)
    rows = [outage("2 10:00", "2 11:00"), outage("3 10:00", "3 10:30", incident="INC-2")]
    found = one(facts(rows, exclusions=(decided,)), target=level(counting=REMOVED), exclusions=[DECIDED])
    assert minutes(found, EXCLUDED, DOWN) == (60, 30)
    assert agreed_minutes(found) == MONTH - 60


def test_what_lies_beyond_a_quota_stays_in_the_agreed_time() -> None:
    rule = ExclusionRule(
        code="work",
        source=ExclusionSource.MAINTENANCE,
        quotas=(Quota(period=CapPeriod.MONTH, length=90 * MINUTE),),
    )
    known = facts([outage("2 03:00", "2 05:00")], maintenance=(announced("2 03:00", "2 05:00"),))
    found = one(known, target=level(counting=REMOVED), exclusions=[rule])
    assert minutes(found, EXCLUDED, DOWN) == (90, 30)
    assert agreed_minutes(found) == MONTH - 90


def test_a_service_that_ended_is_judged_until_its_end() -> None:
    unit = Unit(code="a", in_service_until=at("16 00:00"))
    found = one(facts([outage("15 23:00", "16 01:00")], units=(unit,)))
    assert minutes(found, ABSENT, DOWN, UP) == (15 * 1440, 60, 15 * 1440 - 60)
    assert found.value == 100 - Fraction(100 * 60, 15 * 1440)


@pytest.mark.parametrize(
    "dates",
    [
        {"in_service_from": LATER},
        {"in_service_until": at("2025-05-20T00:00")},
        {"in_service_from": at("2025-07-01T00:00")},
        {"in_service_until": at("1 00:00")},
    ],
)
def test_a_service_of_another_month_is_absent_throughout(dates: dict[str, object]) -> None:
    found = one(facts([outage("2 10:00", "2 11:00")], units=(Unit(code="a", **dates),)))
    assert minutes(found, ABSENT, DOWN, UP) == (MONTH, 0, 0)
    assert found.verdict is Verdict.NOT_MEASURABLE


def test_a_service_level_of_an_unknown_service_is_refused() -> None:
    target = level(services=("b",))
    with pytest.raises(
        ValueError, match=r"Service 'b' of 'uptime' is not among the facts\. Add the service\."
    ):
        measure(facts(), target=target)


HOUR = ("2 10:00", "2 11:00")
STATES = {
    "up": [],
    "down": [outage(*HOUR)],
    "excluded": [outage(*HOUR, incident="EXC")],
    "degraded": [outage(*HOUR, incident="DEG", kind=OutageKind.DEGRADED)],
    "unknown": [gap(*HOUR)],
}


def pair(a: str, b: str, *, combine: Combine, counting: Counting | None = None) -> Measured:
    """Return a level of two units, each in a state from 10:00 to 11:00 on 2 June or absent until then."""
    rows = [
        outage(*HOUR, incident=f"{unit}-{row.incident}", unit=unit, kind=row.kind)
        for unit, state in (("a", a), ("b", b))
        for row in STATES.get(state, [])
    ]
    units = tuple(
        Unit(code=unit, in_service_from=at("2 11:00") if state == "absent" else None)
        for unit, state in (("a", a), ("b", b))
    )
    decided = tuple(Exclusion(rule="force", incident=f"{unit}-EXC", party=Party.AGREED) for unit in "ab")
    known = facts(rows, units=units, exclusions=decided)
    target = level(of={"combine": combine}, counting=counting or Counting())
    return one(known, target=target, exclusions=[DECIDED])


TOGETHER = [
    ("up", "down", DOWN, UNCOUNTED),
    ("up", "excluded", EXCLUDED, UP),
    ("up", "unknown", UNKNOWN, UP),
    ("up", "degraded", UNCOUNTED, UP),
    ("up", "absent", UP, UP),
    ("down", "down", DOWN, DOWN),
    ("down", "excluded", DOWN, EXCLUDED),
    ("down", "unknown", DOWN, UNKNOWN),
    ("down", "degraded", DOWN, UNCOUNTED),
    ("down", "absent", DOWN, DOWN),
    ("excluded", "excluded", EXCLUDED, EXCLUDED),
    ("excluded", "unknown", UNKNOWN, UNKNOWN),
    ("excluded", "degraded", EXCLUDED, EXCLUDED),
    ("excluded", "absent", EXCLUDED, EXCLUDED),
    ("unknown", "degraded", UNKNOWN, UNKNOWN),
    ("unknown", "absent", UNKNOWN, UNKNOWN),
    ("degraded", "absent", UNCOUNTED, UNCOUNTED),
    ("absent", "absent", ABSENT, ABSENT),
]


@pytest.mark.parametrize(("a", "b", "any_of", "all_of"), TOGETHER)
@pytest.mark.parametrize("turned", [False, True])
def test_two_units_in_one_hour_are_one(
    a: str, b: str, any_of: TimeClass, all_of: TimeClass, turned: bool
) -> None:
    if turned:
        a, b = b, a
    before = (1440 + 600) if (a, b) == ("absent", "absent") else 0
    for combine, stands in ((Combine.ANY, any_of), (Combine.ALL, all_of)):
        found = pair(a, b, combine=combine)
        assert found.ledger is not None
        assert found.ledger.total_us == MONTH * 60_000_000
        if stands is UP:
            assert found.ledger.classes == ((UP, found.ledger.total_us),)
        else:
            assert minutes(found, stands, UP) == (60 + before, MONTH - 60 - before)


def test_a_group_is_down_by_the_incidents_that_count_alone() -> None:
    found = pair("down", "excluded", combine=Combine.ANY)
    assert found.ledger is not None
    (line,) = found.ledger.lines
    assert (line.time_class, line.incidents, line.units) == (DOWN, ("a-INC-1",), ())


def test_a_feed_that_failed_while_the_other_held_says_so() -> None:
    found = pair("down", "up", combine=Combine.ALL)
    assert found.ledger is not None
    (line,) = found.ledger.lines
    assert (line.time_class, line.rule) == (UNCOUNTED, "combine.another_unit_up")


@pytest.mark.parametrize("units", [("degraded", "down"), ("down", "degraded")])
@pytest.mark.parametrize(("combine", "weighs"), [(Combine.ANY, 60), (Combine.ALL, 30)])
def test_a_group_weighs_as_its_worst_or_its_best_unit(
    combine: Combine, weighs: int, units: tuple[str, str]
) -> None:
    half = Counting(weights=(Weight(kind=OutageKind.DEGRADED, share=Fraction(1, 2)),))
    found = pair(*units, combine=combine, counting=half)
    assert minutes(found, DOWN) == (60,)
    assert counted(found) == weighs * MINUTE


@pytest.mark.parametrize(("combine", "down"), [(Combine.ANY, 210), (Combine.ALL, 60)])
def test_many_outages_of_three_feeds(combine: Combine, down: int) -> None:
    rows = [
        outage("2 10:00", "2 11:00"),
        outage("3 10:00", "3 10:30"),
        outage("5 10:00", "5 11:00"),
        outage("5 12:00", "5 12:30"),
        outage("2 10:30", "2 11:30", unit="b"),
        outage("5 10:00", "5 11:00", unit="b"),
        outage("5 10:00", "5 11:00", unit="c"),
    ]
    found = one(facts(rows, units=("a", "b", "c")), target=level(of={"combine": combine}))
    assert minutes(found, DOWN) == (down,)


WORK = [
    (Combine.ANY, ("a", "b"), {}, 120),
    (Combine.ANY, ("a",), {}, 120),
    (Combine.ALL, ("a", "b"), {}, 120),
    (Combine.ALL, ("a",), {}, 0),
    (Combine.ALL, ("b",), {"in_service_from": at("16 00:00")}, 120),
]


@pytest.mark.parametrize(("combine", "units", "a", "removed"), WORK)
def test_announced_work_leaves_the_agreed_time_of_the_group_it_stops(
    combine: Combine, units: tuple[str, ...], a: dict[str, object], removed: int
) -> None:
    known = facts(
        units=(Unit(code="a", **a), Unit(code="b")), maintenance=(announced("2 02:00", "2 04:00", *units),)
    )
    target = level(of={"combine": combine}, counting=REMOVED)
    assert agreed_minutes(one(known, target=target, exclusions=[ANNOUNCED])) == MONTH - removed


def test_work_while_the_whole_group_is_absent_is_not_taken_out_twice() -> None:
    units = tuple(Unit(code=code, in_service_from=at("16 00:00")) for code in "ab")
    known = facts(units=units, maintenance=(announced("2 02:00", "2 04:00", "a", "b"),))
    target = level(of={"combine": Combine.ALL}, counting=REMOVED)
    assert agreed_minutes(one(known, target=target, exclusions=[ANNOUNCED])) == 15 * 1440


def test_the_longest_outage_over_two_months_keeps_its_length_in_each() -> None:
    chain = [
        outage("2025-05-31T22:00", "2025-05-31T23:00"),
        outage("2025-05-31T23:00", "1 02:00", incident="INC-2"),
    ]
    longest = level(Metric.LONGEST_OUTAGE, level=timedelta(hours=1), op=Op.AT_MOST)
    enough = level(counting=Counting(min_run=timedelta(hours=3)), level=Decimal("99.99"))
    assert one(facts(chain), target=longest).counted_us == 120 * 60_000_000
    assert minutes(one(facts(chain), target=enough), DOWN) == (120,)


@pytest.mark.parametrize(
    ("known_until", "down"),
    [("2 12:00", 120), ("2025-08-01T00:00", MONTH - 1440 - 600)],
    ids=["to what is known", "to the end of the month"],
)
def test_a_gap_that_still_runs_fails_until_the_earlier_of_what_is_known_and_the_end(
    known_until: str, down: int
) -> None:
    target = level(counting=Counting(no_data=NoData.FAILED))
    running = outage("2 10:00", None, kind=OutageKind.UNMEASURED, incident="GAP")
    found = one(facts([running]), target=target, known_until=at(known_until))
    assert counted(found) == down * MINUTE


def test_each_incident_is_taken_by_the_best_clock_that_timed_it() -> None:
    rows = [
        outage("2 10:00", "2 11:00", measured_by=Measurer.VENDOR_TICKET),
        outage("3 10:00", "3 10:30", incident="INC-2"),
        outage("4 10:00", "4 10:10", incident="INC-3", measured_by=Measurer.VENDOR_STATUS_PAGE),
        outage("4 10:00", "4 10:20", incident="INC-3", measured_by=Measurer.VENDOR_TICKET),
    ]
    found = one(facts(rows))
    assert minutes(found, DOWN) == (60 + 30 + 20,)
    assert [reason.partition(" has")[0] for reason in found.provisional if "clock of record" in reason] == [
        "INC-1",
        "INC-3",
    ]


@pytest.mark.parametrize("combine", [Combine.ANY, Combine.ALL])
def test_a_group_is_judged_in_its_agreed_hours(combine: Combine) -> None:
    morning = BusinessCalendar(
        code="am", zone="UTC", weekly=tuple(WeeklyHours(weekday=day, opens=0, closes=630) for day in range(7))
    )
    rows = [outage(*HOUR), outage(*HOUR, unit="b", incident="INC-2")]
    known = facts(rows, units=("a", "b"), calendars=(morning,))
    found = one(known, target=level(of={"combine": combine}, calendar="am"))
    assert minutes(found, DOWN, TimeClass.OUTSIDE_HOURS) == (30, MONTH - 30 * 630)
    assert agreed_minutes(found) == 30 * 630
