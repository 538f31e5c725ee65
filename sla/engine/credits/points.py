"""From the sum of points to a credit: marginal bands, or a table of steps (R10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from sla.engine.credits.bases import base_amount, base_span
from sla.engine.credits.gross import worth
from sla.engine.credits.lines import MONEY, NOTHING, Line, Piece, Setting, cut, removal, rooted, unit_of
from sla.engine.money import Money, round_minor
from sla.engine.results import CreditState
from sla.engine.terms.credits import Band, Pays
from sla.engine.terms.versions import PointsRule
from sla.engine.trace import Step, notes, rules

rules(
    credit__points_sum="The failures of the period come to {value}.",
    credit__band="{count} points at {rate} each: {value}.",
    credit__band_step="{count} points reach the row that is worth {value}.",
    credit__points="The points are worth {value}.",
    credit__points_cap="Points pay at most {limit}: {value} less.",
)


def points_lines(lines: Sequence[Line], *, setting: Setting) -> list[Line]:
    """Return one credit for the points of each version's terms, and mark the lines that gave them."""
    found = []
    for version in sorted({line.version for line in lines if line.pays is Pays.POINTS}):
        given = [line for line in lines if line.pays is Pays.POINTS and line.version == version]
        rule = setting.versions[version].points
        if rule is not None and sum((line.left for line in given), NOTHING):
            found.append(_points_line(given, rule=rule, version=version, setting=setting))
    return found


def _points_line(given: Sequence[Line], *, rule: PointsRule, version: int, setting: Setting) -> Line:
    total = sum((line.left for line in given), NOTHING)
    units, steps = banded(total, rule=rule)
    part = setting.part_of(version)
    of_units = tuple(sorted({unit for line in given for unit in line.units}))
    span = base_span(rule.base, window=part, rule=setting.schedule.period, setting=setting)
    base = base_amount(rule.base, units=of_units, services=(), span=span, setting=setting)
    from_base = rule.pays in (Pays.PERCENT, Pays.DAYS, Pays.HOURS)
    terms, currency = setting.versions[version], setting.schedule.currency
    amount = worth(units, pays=rule.pays, base=base, terms=terms, currency=currency)
    pays = Pays.MONEY if from_base or rule.pays in MONEY else rule.pays
    events = [event for line in given if line.measured for event in line.measured.events]
    key = setting.period.label
    piece = Piece(key=key, on=part.first_on, amount=amount, left=amount, roots=rooted(events))
    points = Step("credit.points_sum", total, "points", rule.clause, ())
    inputs = (points, *steps, *((base.step,) if from_base else ()))
    line = Line(
        target="",
        window=part,
        label=key,
        units=of_units,
        version=version,
        pays=pays,
        pieces=(piece,),
        base=Money(round_minor(base.amount), currency) if from_base else None,
        steps=(Step("credit.points", amount, unit_of(pays, currency=currency), rule.clause, inputs),),
        provisional=_doubts(given) + (base.provisional if from_base else ()),
    )
    if rule.cap is None or units <= Fraction(rule.cap):
        return line
    limit = worth(Fraction(rule.cap), pays=rule.pays, base=base, terms=terms, currency=currency)
    step = removal("credit.points_cap", line=line, currency=currency, clause=rule.clause, limit=_limit(rule))
    return cut(line, lefts={0: min(limit, amount)}, code="points", step=step)


def _limit(rule: PointsRule) -> str:
    return f"{rule.cap} %" if rule.pays is Pays.PERCENT else f"{rule.cap} in {rule.pays.value}"


def _doubts(given: Sequence[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for line in given for reason in line.provisional))


def banded(points: Fraction, *, rule: PointsRule) -> tuple[Fraction, tuple[Step, ...]]:
    """Return what points are worth in the rule's unit, with a step for each band."""
    if rule.steps:
        row = next((band for band in rule.steps if _reaches(band, points=points)), None)
        rate = Fraction(row.rate) if row else NOTHING
        return rate, (Step("credit.band_step", rate, "", rule.clause, (), notes(count=points)),)
    worth_of, steps, start = NOTHING, [], NOTHING
    for band in rule.bands:
        end = points if band.up_to is None else min(points, Fraction(band.up_to))
        inside = max(end - start, NOTHING)
        if inside:
            value = inside * Fraction(band.rate)
            steps.append(Step("credit.band", value, "", rule.clause, (), notes(count=inside, rate=band.rate)))
            worth_of += value
        start = max(start, end)
    return worth_of, tuple(steps)


def _reaches(band: Band, *, points: Fraction) -> bool:
    return band.up_to is None or points <= Fraction(band.up_to)


def marked(line: Line) -> Line:
    """Return a line of points in the state that says so."""
    if line.pays is Pays.POINTS and line.state is CreditState.DUE:
        return replace(line, state=CreditState.POINTS)
    return line
