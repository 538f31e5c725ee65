"""Levels made of cases: time between milestones, and things owed by a date."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from sla.engine.facts import ClockStop, Condition, Exclusion, Facts, Incident, Sample, Verdict
from sla.engine.periods import BusinessCalendar, WeeklyHours
from sla.engine.results import CaseState
from sla.engine.terms import (
    ConditionalLevel,
    Counting,
    ExclusionRule,
    LowVolume,
    Metric,
    Milestone,
    NoData,
    Op,
    OutageKind,
    Statistic,
    Target,
)
from tests.engine.level_builder import at, facts, level, moment, one, outage

HOUR = timedelta(hours=1)
OFFICE = BusinessCalendar(
    code="office",
    zone="UTC",
    weekly=tuple(WeeklyHours(weekday=day, opens=480, closes=1020) for day in range(5)),
)


def repaired(*spans: tuple[str, str | None], **more: Any) -> Facts:
    """Return incidents reported and restored at these times."""
    references = [f"INC-{n}" for n, _ in enumerate(spans, start=1)]
    moments = [
        moment(kind, when, incident=reference)
        for reference, (reported, restored) in zip(references, spans, strict=True)
        for kind, when in ((Milestone.REPORTED, reported), (Milestone.RESTORED, restored))
        if when is not None
    ]
    more.setdefault("incidents", tuple(Incident(reference=reference) for reference in references))
    return facts(milestones=tuple(moments), **more)


def within(hours: int, statistic: Statistic = Statistic.EACH, **more: Any) -> Target:
    of: dict[str, Any] = {"statistic": statistic, **more.pop("of", {})}
    bar: Decimal | timedelta = hours * HOUR
    op = Op.AT_MOST
    if statistic is Statistic.SHARE_WITHIN:
        of["within"], bar, op = hours * HOUR, Decimal(95), Op.AT_LEAST
    return level(Metric.ELAPSED, of=of, level=bar, op=op, **more)


def test_every_case_is_judged_and_the_longest_is_the_figure() -> None:
    found = one(repaired(("2 08:00", "2 11:00"), ("3 08:00", "3 13:00")), target=within(4))
    assert (found.verdict, found.value) == (Verdict.MISSED, 5 * 3_600_000_000)
    assert [(case.subject, case.late, case.lateness_us) for case in found.cases] == [
        ("INC-1", False, 0),
        ("INC-2", True, 3_600_000_000),
    ]
    assert [event.incidents for event in found.events] == [("INC-2",)]


@pytest.mark.parametrize(
    ("statistic", "of", "value"),
    [
        (Statistic.MEAN, {}, Fraction(3 * 3_600_000_000)),
        (Statistic.PERCENTILE, {"percentile": Decimal(75)}, Fraction(3 * 3_600_000_000)),
        (Statistic.SHARE_WITHIN, {}, Fraction(75)),
    ],
)
def test_several_cases_make_one_figure(statistic: Statistic, of: dict[str, object], value: Fraction) -> None:
    spans = [("2 08:00", "2 09:00"), ("3 08:00", "3 11:00"), ("4 08:00", "4 11:00"), ("5 08:00", "5 13:00")]
    assert one(repaired(*spans), target=within(4, statistic, of=of)).value == value


def test_a_clock_in_business_hours_rests_overnight_and_is_not_stopped_twice() -> None:
    stop = ClockStop(incident="INC-1", started_at=at("2 16:00"), ended_at=at("3 09:00"))
    known = repaired(("2 15:00", "3 10:00"), calendars=(OFFICE,), clock_stops=(stop,))
    assert one(known, target=within(4, calendar="office")).value == 2 * 3_600_000_000


@pytest.mark.parametrize(
    ("known_until", "verdict", "state"),
    [
        pytest.param("2 10:00", Verdict.PROVISIONAL, CaseState.NOT_YET_DUE, id="it may still be in time"),
        pytest.param("2 13:00", Verdict.MISSED, CaseState.COUNTED, id="it is late already"),
    ],
)
def test_a_case_that_still_runs_is_open_until_it_is_late(
    known_until: str, verdict: Verdict, state: CaseState
) -> None:
    found = one(repaired(("2 08:00", None)), target=within(4), known_until=at(known_until))
    assert (found.verdict, found.cases[0].state) == (verdict, state)
    assert "INC-1 is still open" in found.provisional


def test_an_open_case_widens_the_share_to_a_range() -> None:
    found = one(
        repaired(("2 08:00", "2 09:00"), ("3 08:00", None)),
        target=within(4, Statistic.SHARE_WITHIN),
        known_until=at("3 09:00"),
    )
    assert (found.best, found.worst, found.verdict) == (100, 50, Verdict.PROVISIONAL)


@pytest.mark.parametrize(
    ("late", "verdict"),
    [pytest.param(2, Verdict.MET, id="two may be late"), pytest.param(3, Verdict.MISSED, id="three may not")],
)
def test_few_cases_are_counted_instead_of_shared(late: int, verdict: Verdict) -> None:
    spans = [(f"{day} 08:00", f"{day} {'13' if day <= late else '09'}:00") for day in range(1, 11)]
    rule = {"low_volume": LowVolume(up_to=39, late=2)}
    found = one(repaired(*spans), target=within(4, Statistic.SHARE_WITHIN, of=rule))
    assert found.verdict is verdict


def test_a_dispatch_gives_that_incident_more_time() -> None:
    fact = Condition(code="dispatch", met=True, incident="INC-2")
    known = repaired(("2 08:00", "2 11:00"), ("3 08:00", "3 14:00"), conditions=(fact,))
    target = within(4, levels_when=(ConditionalLevel(condition="dispatch", level=8 * HOUR),))
    assert one(known, target=target).verdict is Verdict.MET
    assert one(repaired(("3 08:00", "3 14:00")), target=target).verdict is Verdict.MISSED


def test_an_excluded_incident_stays_on_the_account_but_is_not_judged() -> None:
    known = repaired(("2 08:00", "2 20:00"), exclusions=(Exclusion(rule="ours", incident="INC-1"),))
    found = one(known, target=within(4), exclusions=[ExclusionRule(code="ours")])
    assert (found.verdict, found.cases[0].state, found.cases[0].why) == (
        Verdict.MET,
        CaseState.EXCLUDED,
        "ours",
    )


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (NoData.UNKNOWN, Verdict.MET),
        (NoData.FAILED, Verdict.MISSED),
        (NoData.OMIT, Verdict.NOT_MEASURABLE),
    ],
)
def test_a_month_without_cases_follows_the_no_data_rule(rule: NoData, verdict: Verdict) -> None:
    assert one(facts(), target=within(4, counting=Counting(no_data=rule))).verdict is verdict


def owed(days: int, **more: Any) -> Target:
    of = {"what": "root_cause_report", "n": Decimal(days), "unit": "days", "anchor": "incident_end"}
    return level(Metric.OBLIGATION, of=of, level=Decimal(0), op=Op.AT_MOST, **more)


@pytest.mark.parametrize(
    ("delivered", "known_until", "late", "verdict"),
    [
        pytest.param("7 23:59", "2025-08-01T00:00", 0, Verdict.MET, id="on the last day"),
        pytest.param("8 00:00", "2025-08-01T00:00", 0, Verdict.MET, id="at its end"),
        pytest.param("8 00:01", "2025-08-01T00:00", 1, Verdict.MISSED, id="a minute late"),
        pytest.param(None, "2025-08-01T00:00", 1, Verdict.MISSED, id="never"),
        pytest.param(None, "6 00:00", 0, Verdict.PROVISIONAL, id="not yet due"),
    ],
)
def test_a_report_is_owed_by_the_end_of_its_last_day(
    delivered: str | None, known_until: str, late: int, verdict: Verdict
) -> None:
    moments = [moment(Milestone.RESTORED, "2 11:00")]
    if delivered is not None:
        moments.append(moment(Milestone.ROOT_CAUSE_REPORT, delivered))
    known = facts(incidents=(Incident(reference="INC-1"),), milestones=tuple(moments))
    found = one(known, target=owed(5), known_until=at(known_until))
    assert (found.value, found.verdict) == (late, verdict)


def test_readings_that_stand_for_no_request_give_no_mean() -> None:
    empty = Sample(series="loss", unit="a", at=at("2 10:00"), value=Decimal("0.5"), volume=0)
    found = one(
        facts(samples=(empty,)),
        target=level(Metric.SAMPLED, of={"series": "loss"}, level=Decimal(1), op=Op.AT_MOST),
    )
    assert (found.verdict, found.value) == (Verdict.NOT_MEASURABLE, None)


@pytest.mark.parametrize(("statistic", "unit"), [(Statistic.SHARE_WITHIN, "%"), (Statistic.EACH, "us")])
def test_without_a_case_the_level_keeps_its_unit(statistic: Statistic, unit: str) -> None:
    found = one(repaired(), target=within(4, statistic))
    assert (found.unit, found.value, found.verdict) == (unit, None, Verdict.MET)


@pytest.mark.parametrize("reported", [False, True])
def test_time_that_nobody_measured_is_no_case_unless_somebody_reported_it(reported: bool) -> None:
    gap = outage("2 08:00", "2 20:00", kind=OutageKind.UNMEASURED)
    moments = [moment(Milestone.OCCURRED, "2 08:00"), moment(Milestone.RESOLVED, "2 20:00")]
    moments += [moment(Milestone.REPORTED, "2 09:00")] if reported else []
    known = facts([gap], milestones=tuple(moments))
    target = level(
        Metric.ELAPSED, of={"since": "occurred", "until": "resolved"}, level=4 * HOUR, op=Op.AT_MOST
    )
    found = one(known, target=target)
    assert [case.late for case in found.cases] == [True] * reported
    assert found.verdict is (Verdict.MISSED if reported else Verdict.MET)
