"""Clauses by which downtime that a credit was granted for cannot be used for another (F35)."""

from __future__ import annotations

from datetime import date

import pytest

from sla.engine.facts import Exclusion, Outage, Outcome, Party, Run, Verdict
from sla.engine.money import Money
from sla.engine.results import Measured, TimeClass
from sla.engine.terms import ExclusionRule, ExclusionSource
from tests.engine.level_builder import at, facts, minutes, one, outage

DOWN, UNCOUNTED, EXCLUDED = TimeClass.DOWN, TimeClass.UNCOUNTED, TimeClass.EXCLUDED
FIRST, SECOND = ("2 10:00", "2 11:00"), ("4 10:00", "4 10:30")
OUTAGES = [
    outage(*FIRST),
    outage(*SECOND, incident="INC-2"),
    outage("20 10:00", "20 10:20", incident="INC-3"),
]


def granted(
    *runs: tuple[str, str],
    units: tuple[str, ...] = ("a",),
    credit: int | None = 1000,
    target: str = "uptime",
    first: int = 1,
    last: int = 5,
) -> Outcome:
    return Outcome(
        target=target,
        period=f"2025-06-0{last}",
        units=("a",),
        first_on=date(2025, 6, first),
        last_on=date(2025, 6, last),
        verdict=Verdict.MISSED,
        credit=None if credit is None else Money(credit, "USD"),
        runs=tuple(Run(started_at=at(start), ended_at=at(end), units=units) for start, end in runs),
    )


def found(*history: Outcome, rows: list[Outage] = OUTAGES, **more: object) -> Measured:
    return one(facts(rows, **more), history=history, consumes_downtime=True, exclusions=[DECIDED])


DECIDED = ExclusionRule(code="force", source=ExclusionSource.DECISION)
HISTORIES = [
    ("one run", (granted(FIRST),), 60),
    ("two runs of one credit", (granted(FIRST, SECOND),), 90),
    ("two credits", (granted(FIRST, last=3), granted(SECOND, first=4)), 90),
    ("a cent is a credit", (granted(FIRST, credit=1),), 60),
    ("a credit of nothing", (granted(FIRST, credit=0),), 0),
    ("no credit", (granted(FIRST, credit=None),), 0),
    ("another service level's", (granted(FIRST, target="repair"),), 0),
    ("another unit's run", (granted(FIRST, units=("b",)),), 0),
    ("the group's run", (granted(FIRST, units=()),), 60),
    ("before the credited window", (granted(FIRST, first=3),), 0),
]


@pytest.mark.parametrize(
    ("history", "used"), [row[1:] for row in HISTORIES], ids=[row[0] for row in HISTORIES]
)
def test_only_downtime_of_a_granted_credit_is_used_up(history: tuple[Outcome, ...], used: int) -> None:
    assert minutes(found(*history), DOWN, UNCOUNTED) == (110 - used, used)


def test_a_run_is_used_up_only_inside_the_window_that_was_credited() -> None:
    over = ("5 23:00", "6 01:00")
    rows = [outage(*over)]
    assert minutes(found(granted(over), rows=rows), DOWN, UNCOUNTED) == (60, 60)


def test_the_account_says_that_downtime_was_used_and_keeps_what_is_excluded() -> None:
    rows = [outage("1 10:00", "1 10:10", incident="INC-0"), *OUTAGES]
    decided = Exclusion(rule="force", incident="INC-0", party=Party.AGREED)
    level = found(granted(FIRST), rows=rows, exclusions=(decided,))
    assert minutes(level, EXCLUDED, UNCOUNTED, DOWN) == (10, 60, 50)
    assert level.ledger is not None
    assert [(line.time_class, line.rule, line.why) for line in level.ledger.lines][1] == (
        UNCOUNTED,
        "claim.used_up",
        "an earlier credit was granted for it",
    )
