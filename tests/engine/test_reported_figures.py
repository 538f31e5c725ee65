"""Figures that somebody reports for a period: a value, a share, a mean with the month before, or none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from sla.engine.facts import Outcome, ReportedFigure, Verdict
from sla.engine.results import Measured
from sla.engine.terms import Counting, Metric, NoData, Op, Target
from tests.engine.level_builder import facts, level, measure, one

NAME = "dispatch"


def figure(value: str | None = None, *, of: tuple[str, str] | None = None, **more: object) -> ReportedFigure:
    numerator, denominator = (Decimal(text) for text in of) if of else (None, None)
    values: dict[str, object] = {"figure": NAME, "period": "2025-06", "by": "the vendor", **more}
    return ReportedFigure(
        value=None if value is None else Decimal(value),
        numerator=numerator,
        denominator=denominator,
        **values,
    )


def promise(**more: object) -> Target:
    of = {"figure": NAME, "average_with_previous": more.pop("averaged", False)}
    return level(Metric.REPORTED, of=of, clause="4.2", **{"level": Decimal(90), **more})


def told(found: Measured) -> list[str]:
    return [step.because for step in found.step.inputs]


def before(
    label: str, value: str | None, *, target: str = "uptime", units: tuple[str, ...] = ("a",)
) -> Outcome:
    year, month = (int(part) for part in label.split("-"))
    last = {4: 30, 5: 31}[month]
    return Outcome(
        target=target,
        period=label,
        units=units,
        first_on=date(year, month, 1),
        last_on=date(year, month, last),
        verdict=Verdict.MET,
        value=None if value is None else Fraction(value),
    )


def test_a_reported_value_is_the_figure() -> None:
    found = one(facts(figures=(figure("92.5"),)), target=promise())
    assert (found.value, found.best, found.worst, found.unit) == (Fraction("92.5"),) * 3 + ("",)
    assert found.verdict is Verdict.MET
    step = found.step.inputs[0]
    assert (step.because, step.clause, step.unit) == (
        "the vendor reported 92.5 for 2025-06.",
        "4.2",
        "",
    )


def test_a_share_is_in_per_cent_and_tells_both_numbers() -> None:
    found = one(facts(figures=(figure(of=("17", "20")),)), target=promise())
    assert (found.value, found.unit, found.verdict) == (85, "%", Verdict.MISSED)
    step = found.step.inputs[0]
    assert step.because == "the vendor reported 17 of 20 for 2025-06: 85 %."
    assert (step.clause, step.unit) == ("4.2", "%")


def test_a_figure_of_nobody_is_somebodys() -> None:
    sentence = told(one(facts(figures=(figure("92.5", by=""),)), target=promise()))[0]
    assert sentence == "somebody reported 92.5 for 2025-06."


NONE = [
    ("nothing was reported", ()),
    ("another figure", (figure("95", figure="repair"),)),
    ("another month's", (figure("95", period="2025-05"),)),
    ("a share of nothing", (figure(of=("0", "0")),)),
    ("an empty report", (figure(),)),
]


@pytest.mark.parametrize("figures", [row[1] for row in NONE], ids=[row[0] for row in NONE])
def test_without_a_figure_nothing_can_be_judged_and_it_says_so(figures: tuple[ReportedFigure, ...]) -> None:
    found = one(facts(figures=figures), target=promise())
    assert (found.verdict, found.value, found.missed) == (Verdict.NOT_MEASURABLE, None, False)
    assert "no figure 'dispatch' was reported for 2025-06" in found.provisional
    step = found.step.inputs[0]
    assert (step.because, step.clause) == ("No figure 'dispatch' was reported for 2025-06.", "4.2")


@pytest.mark.parametrize(
    ("rule", "op", "verdict", "value"),
    [
        (NoData.FAILED, Op.AT_LEAST, Verdict.MISSED, 0),
        (NoData.FAILED, Op.ABOVE, Verdict.MISSED, 0),
        (NoData.FAILED, Op.AT_MOST, Verdict.MISSED, 181),
        (NoData.MET, Op.AT_LEAST, Verdict.MET, None),
    ],
)
def test_the_clause_may_say_what_a_missing_report_means(
    rule: NoData, op: Op, verdict: Verdict, value: int | None
) -> None:
    found = one(facts(), target=promise(op=op, counting=Counting(no_data=rule)))
    assert (found.verdict, found.value) == (verdict, value)


HISTORIES = [
    ("the month before", (before("2025-05", "88"),), 89),
    ("an older one, too", (before("2025-04", "10"), before("2025-05", "88")), 89),
    ("none", (), 90),
    ("only an older one", (before("2025-04", "10"),), 90),
    ("another level's", (before("2025-05", "88", target="repair"),), 90),
    ("another unit's", (before("2025-05", "88", units=("b",)),), 90),
    ("a month before without a figure", (before("2025-05", None),), 90),
]


@pytest.mark.parametrize(
    ("history", "value"), [row[1:] for row in HISTORIES], ids=[row[0] for row in HISTORIES]
)
def test_the_mean_is_with_the_month_before(history: tuple[Outcome, ...], value: int) -> None:
    known = facts(figures=(figure("90"),))
    assert one(known, target=promise(averaged=True), history=history).value == value
    assert one(known, target=promise(averaged=False), history=history).value == 90


def test_a_mean_tells_what_it_is_made_of() -> None:
    found = one(
        facts(figures=(figure("90"),)), target=promise(averaged=True), history=(before("2025-05", "88"),)
    )
    assert found.verdict is Verdict.MISSED
    mean = found.step.inputs[0]
    assert (mean.because, mean.clause) == ("The mean with 2025-05 of 88 is 89.", "4.2")
    assert [step.because for step in mean.inputs] == ["the vendor reported 90 for 2025-06."]


def test_each_unit_and_the_contract_have_their_own_figure() -> None:
    figures = (figure("80", unit="b"), figure("95"), figure("99", unit="a"))
    found = measure(facts(figures=figures, units=("a", "b")), target=promise())
    assert [(one.units, one.value) for one in found] == [(("a",), 99), (("a", "b"), 95), (("b",), 80)]
