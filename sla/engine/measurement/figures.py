"""Figures that somebody reports for a period, and their mean with the previous period's."""

from __future__ import annotations

from fractions import Fraction

from sla.engine.facts import Outcome, ReportedFigure, Verdict
from sla.engine.measurement.judging import Frame, Range, conclude, level_of, unit_of
from sla.engine.periods import DAY
from sla.engine.results import Measured
from sla.engine.terms.counting import NoData, Reported
from sla.engine.terms.targets import Op
from sla.engine.trace import Step, rules

rules(
    figure__value="{by} reported {value} for {period}.",
    figure__share="{by} reported {numerator} of {denominator} for {period}: {value}.",
    figure__averaged="The mean with {previous} of {before} is {value}.",
    figure__missing="No figure '{figure}' was reported for {period}.",
)


def reported(frame: Frame) -> list[Measured]:
    """Return the level of each unit, or of the contract, whose figure was reported for the window."""
    params = frame.target.params
    assert isinstance(params, Reported)
    label = frame.scope.window.label
    rows = [f for f in frame.index.facts.figures if f.figure == params.figure and f.period == label]
    groups = sorted({(row.unit,) if row.unit in frame.units else frame.units for row in rows}) or [
        frame.units
    ]
    return [_level(frame, params=params, units=units, rows=rows) for units in groups]


def _level(frame: Frame, *, params: Reported, units: tuple[str, ...], rows: list[ReportedFigure]) -> Measured:
    own = [row for row in rows if ((row.unit,) if row.unit in frame.units else frame.units) == units]
    unit = unit_of(frame.target)
    if own and own[0].numerator is not None:
        unit = "%"
    if not own or (step := _figure_step(own[0], unit=unit, clause=frame.target.clause)).value is None:
        return _missing(frame, params=params, units=units, unit=unit)
    value = Fraction(step.value)  # type: ignore[arg-type]
    if params.average_with_previous and (before := _previous(frame, units=units)) is not None:
        assert before.value is not None
        value = (value + before.value) / 2
        step = Step(
            "figure.averaged",
            value,
            unit,
            frame.target.clause,
            (step,),
            (("previous", before.period), ("before", before.value)),
        )
    return conclude(frame, units=units, found=Range(value=value, best=value, worst=value), value_step=step)


def _figure_step(row: ReportedFigure, *, unit: str, clause: str) -> Step:
    by = row.by or "somebody"
    if row.numerator is not None and row.denominator is not None:
        value = 100 * Fraction(row.numerator) / Fraction(row.denominator) if row.denominator else None
        return Step(
            "figure.share",
            value,
            unit,
            clause,
            (),
            (
                ("by", by),
                ("period", row.period),
                ("numerator", row.numerator),
                ("denominator", row.denominator),
            ),
        )
    exact = Fraction(row.value) if row.value is not None else None
    return Step("figure.value", exact, unit, clause, (), (("by", by), ("period", row.period)))


def _previous(frame: Frame, *, units: tuple[str, ...]) -> Outcome | None:
    """Return the outcome of the window right before, if it had a value (G9)."""
    return next(
        (
            row
            for row in frame.history
            if row.target == frame.target.code
            and row.units == units
            and row.value is not None
            and row.last_on + DAY == frame.scope.window.first_on
        ),
        None,
    )


def _missing(frame: Frame, *, params: Reported, units: tuple[str, ...], unit: str) -> Measured:
    """Return the level without a figure: judged as the no-data rule says (F20)."""
    label = frame.scope.window.label
    step = Step(
        "figure.missing", None, unit, frame.target.clause, (), (("figure", params.figure), ("period", label))
    )
    rule = frame.counting.no_data
    why = f"no figure '{params.figure}' was reported for {label}"
    if rule is NoData.FAILED:
        higher = frame.target.op in (Op.AT_LEAST, Op.ABOVE)
        value = Fraction(0) if higher else 2 * level_of(frame, units=units)[0] + 1
        found = Range(value=value, best=value, worst=value, why=why)
        return conclude(frame, units=units, found=found, value_step=step, verdict=(Verdict.MISSED, True))
    verdict = (Verdict.MET, False) if rule is NoData.MET else None
    found = Range(value=None, best=None, worst=None, why=why)
    return conclude(frame, units=units, found=found, value_step=step, verdict=verdict, provisional=[why])
