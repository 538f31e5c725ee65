"""What takes downtime out of an account, who said so, and where its limits end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from sla.engine.facts import (
    Condition,
    Exclusion,
    Facts,
    Maintenance,
    Outage,
    Outcome,
    Party,
    Position,
    Verdict,
)
from sla.engine.periods import BusinessCalendar, WeeklyHours
from sla.engine.results import Measured, TimeClass
from sla.engine.terms import CapPeriod, ExclusionRule, ExclusionSource, OffsetUnit, Quota
from sla.engine.terms.rules import Overrun
from tests.engine.level_builder import at, facts, minutes, one, outage

DOWN, EXCLUDED = TimeClass.DOWN, TimeClass.EXCLUDED
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIRST = outage("2 10:00", "2 11:00")
SECOND = outage("4 10:00", "4 11:00", incident="INC-2")
FORCE = ExclusionRule(code="force", clause="8.1")
HEAT = ExclusionRule(code="heat", source=ExclusionSource.CONDITION, condition="above-35", clause="8.2")


def split(known: Facts, *rules: ExclusionRule, **more: object) -> tuple[float, ...]:
    """Return the minutes that are excluded and those that are down."""
    return minutes(one(known, exclusions=rules, **more), EXCLUDED, DOWN)


def excluded_lines(found: Measured) -> list[tuple[str, str, str, str]]:
    assert found.ledger is not None
    return [
        (line.rule, line.clause, line.by, line.why)
        for line in found.ledger.lines
        if line.time_class is EXCLUDED
    ]


def hot(**more: object) -> Condition:
    return Condition(**{"code": "above-35", "met": True, "by": "mw", "evidence": "sensor 4", **more})


DURING_FIRST = {"started_at": at("2 10:30"), "ended_at": at("2 12:00")}
CONDITIONS = [
    ("confirmed for all time", (hot(),), 120),
    ("confirmed for the unit", (hot(unit="a"),), 120),
    ("confirmed for another unit", (hot(unit="b"),), 0),
    ("denied", (hot(met=False),), 0),
    ("another condition", (hot(code="below-0"),), 0),
    ("confirmed for one incident", (hot(incident="INC-2"),), 60),
    ("confirmed for a time", (hot(**DURING_FIRST),), 30),
    ("two confirmations", (hot(**DURING_FIRST), hot(incident="INC-2")), 90),
    ("a time that nobody closed is all time", (hot(started_at=at("2 10:30")),), 120),
]


@pytest.mark.parametrize(
    ("conditions", "excluded"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_a_condition_excludes_while_it_is_confirmed(conditions: tuple[Condition, ...], excluded: int) -> None:
    known = facts([FIRST, SECOND], conditions=conditions)
    assert split(known, HEAT) == (excluded, 120 - excluded)


def test_rules_of_every_kind_stand_side_by_side() -> None:
    work = Maintenance(reference="M-1", units=("a",), started_at=at("6 10:00"), ended_at=at("6 11:00"))
    rows = [FIRST, SECOND, outage("6 10:00", "6 11:00", incident="INC-3")]
    known = facts(
        rows,
        conditions=(hot(incident="INC-2"),),
        maintenance=(work,),
        exclusions=(Exclusion(rule="force", incident="INC-1", by="expert", why="flood"),),
    )
    announced = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, clause="7.1")
    found = one(known, exclusions=(announced, FORCE, HEAT))
    assert minutes(found, EXCLUDED, DOWN) == (180, 0)
    assert excluded_lines(found) == [
        ("exclusion.force", "8.1", "expert", "flood"),
        ("exclusion.heat", "8.2", "mw", "sensor 4"),
        ("exclusion.work", "7.1", "M-1", "announced window M-1"),
    ]


@pytest.mark.parametrize(
    ("received", "why"),
    [
        ("4 09:00", "announced window M-1"),
        (
            "5 11:00",
            "announced window M-1, in time only by its sender's own stamp 2025-06-03 09:00 UTC, "
            "first seen here 2025-06-05 11:00 UTC",
        ),
        (None, "announced window M-1, in time only by its sender's own stamp 2025-06-03 09:00 UTC"),
    ],
)
def test_what_rests_on_the_senders_own_stamp_says_so_on_the_account(received: str | None, why: str) -> None:
    work = Maintenance(
        reference="M-1",
        units=("a",),
        started_at=at("6 10:00"),
        ended_at=at("6 11:00"),
        noticed_at=at("3 09:00"),
        stated_at=at("3 09:00"),
        received_at=at(received) if received else None,
    )
    known = facts([outage("6 10:00", "6 11:00")], maintenance=(work,))
    announced = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, notice=Decimal(24))
    found = one(known, exclusions=(announced,))
    assert excluded_lines(found) == [("exclusion.work", "", "M-1", why)]


DECISIONS = [
    ("the incident", {"incident": "INC-1"}, 60),
    ("every incident", {}, 120),
    ("every incident of the unit", {"units": ("a",)}, 120),
    ("another unit", {"units": ("b",)}, 0),
    ("until an instant", {"ended_at": at("2 10:20")}, 20),
    ("from an instant", {"started_at": at("2 10:20")}, 100),
    (
        "a stretch of one incident",
        {"incident": "INC-1", "started_at": at("2 10:20"), "ended_at": at("9 00:00")},
        40,
    ),
]


@pytest.mark.parametrize(
    ("decided", "excluded"), [row[1:] for row in DECISIONS], ids=[row[0] for row in DECISIONS]
)
def test_a_decision_excludes_what_it_is_about(decided: dict[str, object], excluded: int) -> None:
    known = facts([FIRST, SECOND], exclusions=(Exclusion(rule="force", **decided),))
    assert split(known, FORCE) == (excluded, 120 - excluded)


def test_a_decision_elsewhere_does_not_hide_the_next() -> None:
    decided = (Exclusion(rule="force", units=("b",)), Exclusion(rule="force", incident="INC-1"))
    assert split(facts([FIRST, SECOND], exclusions=decided), FORCE) == (60, 60)


def excluded_by(row: Outage, *, rule: str = "force", party: Party = Party.AGREED) -> Outage:
    return Outage(
        incident=row.incident,
        unit=row.unit,
        started_at=row.started_at,
        ended_at=row.ended_at,
        positions=(Position(party=party, exclusion=rule),),
    )


def test_a_position_excludes_its_own_outage_by_the_rule_it_names() -> None:
    other = ExclusionRule(code="customer")
    found = one(facts([excluded_by(FIRST), SECOND]), exclusions=(other, FORCE))
    assert minutes(found, EXCLUDED, DOWN) == (60, 60)
    assert excluded_lines(found) == [("exclusion.force", "8.1", "", "by position")]
    assert split(facts([excluded_by(FIRST, rule="customer"), SECOND]), FORCE) == (0, 120)
    assert split(facts([excluded_by(FIRST, party=Party.VENDORS), SECOND]), FORCE) == (0, 120)


EVENTS = [
    (
        "decisions",
        facts(
            [FIRST, SECOND],
            exclusions=tuple(Exclusion(rule="force", incident=incident) for incident in ("INC-1", "INC-2")),
        ),
    ),
    ("positions", facts([excluded_by(FIRST), excluded_by(SECOND)])),
    ("one decision on every incident", facts([FIRST, SECOND], exclusions=(Exclusion(rule="force"),))),
]


@pytest.mark.parametrize("known", [row[1] for row in EVENTS], ids=[row[0] for row in EVENTS])
def test_a_limit_per_event_is_each_incidents_own(known: Facts) -> None:
    limited = ExclusionRule(code="force", max_per_event=40 * MINUTE)
    assert split(known, limited) == (80, 40)


@pytest.mark.parametrize("known", [row[1] for row in EVENTS], ids=[row[0] for row in EVENTS])
def test_a_number_of_events_counts_each_incident(known: Facts) -> None:
    once = ExclusionRule(code="force", quotas=(Quota(period=CapPeriod.MONTH, count=1),))
    assert split(known, once) == (60, 60)


def test_a_limit_per_event_holds_for_each_incident_of_a_condition() -> None:
    limited = ExclusionRule(
        code="heat", source=ExclusionSource.CONDITION, condition="above-35", max_per_event=40 * MINUTE
    )
    known = facts([FIRST, SECOND], conditions=(hot(incident="INC-1"), hot(incident="INC-2")))
    assert split(known, limited) == (80, 40)


def test_a_decision_on_a_stretch_of_time_is_one_event() -> None:
    limited = ExclusionRule(code="force", max_per_event=40 * MINUTE)
    storm = Exclusion(rule="force", started_at=at("1 00:00"), ended_at=at("8 00:00"))
    assert split(facts([FIRST, SECOND], exclusions=(storm,)), limited) == (40, 80)


def test_two_stretches_of_one_decided_incident_share_its_limit() -> None:
    limited = ExclusionRule(code="force", max_per_event=40 * MINUTE)
    decided = tuple(
        Exclusion(rule="force", incident="INC-1", started_at=at(start), ended_at=at(end))
        for start, end in (("2 10:00", "2 10:30"), ("2 10:30", "2 11:00"))
    )
    assert split(facts([FIRST], exclusions=decided), limited) == (40, 20)


ANNOUNCED = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE)


def works(*starts: str, **more: object) -> tuple[Maintenance, ...]:
    return tuple(
        Maintenance(
            reference=f"M-{number}",
            units=("a",),
            started_at=at(start),
            ended_at=at(start) + HOUR,
            **more,
        )
        for number, start in enumerate(starts, 1)
    )


def earlier(month: int, *, used: timedelta = timedelta(0), count: int = 0, target: str = "uptime") -> Outcome:
    last = {1: 31, 3: 31, 4: 30, 5: 31, 12: 31}[month]
    year = 2024 if month == 12 else 2025
    return Outcome(
        target=target,
        period=f"{year}-{month:02d}",
        units=("a",),
        first_on=date(year, month, 1),
        last_on=date(year, month, last),
        verdict=Verdict.MET,
        excluded_us=(("work", used // timedelta(microseconds=1)),) if used else (),
        excluded_count=(("work", count),) if count else (),
    )


THREE = [
    outage("2 03:00", "2 04:00"),
    outage("9 03:00", "9 04:00", incident="INC-2"),
    outage("16 03:00", "16 04:00", incident="INC-3"),
]
QUOTAS = [
    ("two a month", Quota(period=CapPeriod.MONTH, count=2), (), 120),
    (
        "two a quarter, one used in April",
        Quota(period=CapPeriod.QUARTER, count=2),
        (earlier(4, count=1),),
        60,
    ),
    ("the quarter begins in April", Quota(period=CapPeriod.QUARTER, count=2), (earlier(3, count=2),), 120),
    (
        "used in April and May",
        Quota(period=CapPeriod.QUARTER, count=3),
        (earlier(4, count=1), earlier(5, count=1)),
        60,
    ),
    ("last year's use is over", Quota(period=CapPeriod.YEAR, count=2), (earlier(12, count=2),), 120),
    ("January's is not", Quota(period=CapPeriod.YEAR, count=2), (earlier(1, count=2),), 0),
    (
        "another level's use",
        Quota(period=CapPeriod.YEAR, count=2),
        (earlier(1, count=2, target="repair"),),
        120,
    ),
    (
        "another level's before our own",
        Quota(period=CapPeriod.YEAR, count=2),
        (earlier(1, count=2, target="repair"), earlier(3, count=1)),
        60,
    ),
    ("hours of a year", Quota(period=CapPeriod.YEAR, length=4 * HOUR), (earlier(1, used=2 * HOUR),), 120),
    (
        "hours of two months",
        Quota(period=CapPeriod.YEAR, length=4 * HOUR),
        (earlier(1, used=2 * HOUR), earlier(3, used=90 * MINUTE)),
        30,
    ),
    ("more than all of it", Quota(period=CapPeriod.YEAR, length=HOUR), (earlier(1, used=2 * HOUR),), 0),
    ("a month that used nothing", Quota(period=CapPeriod.YEAR, length=HOUR), (earlier(1),), 60),
    (
        "hours of the window itself",
        Quota(period=CapPeriod.WINDOW, length=90 * MINUTE),
        (earlier(5, used=HOUR),),
        90,
    ),
]


@pytest.mark.parametrize(
    ("quota", "history", "excluded"), [row[1:] for row in QUOTAS], ids=[row[0] for row in QUOTAS]
)
def test_a_quota_is_used_up_by_calendar_period_the_earliest_first(
    quota: Quota, history: tuple[Outcome, ...], excluded: int
) -> None:
    limited = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, quotas=(quota,))
    known = facts(THREE, maintenance=works("2 03:00", "9 03:00", "16 03:00"))
    assert split(known, limited, history=history) == (excluded, 180 - excluded)


def test_work_that_is_refused_does_not_hide_the_next() -> None:
    first, second = works("2 03:00", "9 03:00")
    known = facts(THREE[:2], maintenance=(*works("2 03:00", cancelled=True), second))
    assert split(known, ANNOUNCED) == (60, 60)
    assert split(facts(THREE[:2], maintenance=(first, second)), ANNOUNCED) == (120, 0)


def test_work_is_allowed_only_in_its_hours() -> None:
    night = BusinessCalendar(
        code="night",
        zone="UTC",
        weekly=tuple(WeeklyHours(weekday=day, opens=0, closes=210) for day in range(7)),
    )
    known = facts(THREE[:1], maintenance=works("2 03:00"), calendars=(night,))
    within = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, within="night")
    assert split(known, within) == (30, 30)


NOTICES = [
    (OffsetUnit.HOURS, "48", "2025-05-31T03:00"),
    (OffsetUnit.DAYS, "5", "2025-05-28T03:00"),
    (OffsetUnit.WEEKS, "2", "2025-05-19T03:00"),
    # Monday 2 June less three working days is Wednesday 28 May.
    (OffsetUnit.WORKING_DAYS, "3", "2025-05-28T03:00"),
]


@pytest.mark.parametrize(("unit", "n", "latest"), NOTICES)
def test_notice_is_in_time_up_to_its_last_instant(unit: OffsetUnit, n: str, latest: str) -> None:
    office = BusinessCalendar(
        code="office",
        zone="UTC",
        weekly=tuple(WeeklyHours(weekday=day, opens=540, closes=1020) for day in range(5)),
    )
    rule = ExclusionRule(
        code="work",
        source=ExclusionSource.MAINTENANCE,
        notice=Decimal(n),
        notice_unit=unit,
        notice_calendar="office",
    )
    last = at(latest)

    def taken(noticed_at: datetime | None) -> tuple[float, ...]:
        known = facts(THREE[:1], maintenance=works("2 03:00", noticed_at=noticed_at), calendars=(office,))
        return split(known, rule)

    assert taken(last) == (60, 0)
    assert taken(last + timedelta(microseconds=1)) == (0, 60)
    assert taken(None) == (0, 60)


def test_notice_in_months_is_refused() -> None:
    rule = ExclusionRule(
        code="work", source=ExclusionSource.MAINTENANCE, notice=Decimal(1), notice_unit=OffsetUnit.MONTHS
    )
    known = facts(THREE[:1], maintenance=works("2 03:00", noticed_at=at("1 00:00")))
    with pytest.raises(
        ValueError, match=r"Notice of 'work' is in months\. Use hours, days or working days\."
    ):
        split(known, rule)


OVERRUNS = [
    ("inside its window", "2 03:00", "2 04:00", 60),
    ("a minute longer", "2 03:00", "2 04:01", 0),
    ("begun before", "2 02:59", "2 04:00", 0),
]


@pytest.mark.parametrize(("start", "end", "excluded"), [row[1:] for row in OVERRUNS])
def test_work_that_overruns_counts_whole_where_the_clause_says_so(
    start: str, end: str, excluded: int
) -> None:
    whole = ExclusionRule(code="work", source=ExclusionSource.MAINTENANCE, overrun=Overrun.WHOLE)
    found = split(facts([outage(start, end)], maintenance=works("2 03:00")), whole)
    assert found[0] == excluded


def test_a_limit_asked_for_by_two_incidents_at_once() -> None:
    # Two incidents over the same hour, one window a month: work from 10:30 covers both, a decision the
    # second one from 10:00. Incident by incident the window goes to the work, and half an hour is out.
    # Second by second (tests/engine/oracle.py) the decision takes it at 10:00, where the first incident
    # keeps the service down all the same: nothing is out. The clause does not say; ours is what helps.
    once = replace(ANNOUNCED, quotas=(Quota(period=CapPeriod.MONTH, count=1),))
    both = [FIRST, outage("2 10:00", "2 11:00", incident="INC-2")]
    decided = Exclusion(rule="work", incident="INC-2")
    known = facts(both, maintenance=works("2 10:30"), exclusions=(decided,))
    assert split(known, once) == (30, 30)
