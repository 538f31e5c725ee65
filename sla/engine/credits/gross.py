"""From a missed level to its credit before caps: scheme, base, repeat factor and multiplier."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from sla.engine.credits.bases import base_amount, base_span, waived_fee
from sla.engine.credits.lines import (
    NOTHING,
    OWN_UNIT,
    BaseAmount,
    Line,
    Piece,
    Setting,
    rooted,
    summed,
    unit_of,
)
from sla.engine.credits.occurrences import Occurrence, occurrences
from sla.engine.credits.repeats import repeat_step
from sla.engine.credits.rows import exact
from sla.engine.credits.schemes import Found, pays_of, per_of, scheme_units
from sla.engine.money import Money, exponent, round_minor
from sla.engine.results import CreditState, Measured
from sla.engine.terms.credits import CreditRule, Pays, Prorated
from sla.engine.terms.versions import MoneyRounding, Terms
from sla.engine.trace import Step, notes, rules

HOUR_US = 3_600_000_000
_FROM_BASE = (Pays.PERCENT, Pays.DAYS, Pays.HOURS)

rules(
    credit__amount="For {of}: {value}.",
    credit__affected="{share} of the base was affected.",
    credit__multiplier="The clause multiplies the credit by {value}.",
)


def gross_line(measured: Measured, *, setting: Setting) -> Line | None:
    """Return the credit of a measured level before caps, or None where none can follow."""
    target = setting.targets[measured.version, measured.target]
    rule = target.credit
    if rule is None or measured.value is None or (rule.only_if_missed and not measured.missed):
        return None
    line = Line(
        target=target.code,
        window=measured.window,
        label=measured.window.label,
        units=measured.units,
        version=measured.version,
        pays=_line_pays(rule),
        pieces=(),
        rule=rule,
        promise=target,
        measured=measured,
        provisional=measured.provisional,
    )
    line = priced(line, setting=setting)
    if not line.before and not measured.missed and line.provisional == measured.provisional:
        return None
    return line if line.before else replace(line, state=CreditState.NOTHING)


def _line_pays(rule: CreditRule) -> Pays:
    pays = pays_of(rule.params)
    return pays if pays in OWN_UNIT else Pays.MONEY


def priced(line: Line, *, setting: Setting) -> Line:
    """Return the line with a piece for each occurrence of its measured level."""
    measured, target, rule = line.measured, line.promise, line.rule
    assert measured is not None
    assert target is not None
    assert rule is not None
    repeat = repeat_step(measured, rule=rule, setting=setting)
    factor = exact(rule.multiplier)
    if repeat is not None:
        factor *= _number(repeat)
    bases: dict[tuple[str, ...], BaseAmount] = {}
    pieces, steps, doubts = [], [], list(line.provisional)
    for of in occurrences(measured, per=per_of(rule.params), target=target, zone=setting.facts.zone):
        found = scheme_units(rule.params, of=of, measured=measured, op=target.op, clause=rule.clause)
        doubts += found.provisional
        base = _base(line, of=of, bases=bases, setting=setting) if found.units else None
        piece, step = _piece(line, of=of, found=found, base=base, factor=factor, setting=setting)
        pieces.append(piece)
        steps.append(step)
    for amount in bases.values():
        doubts += amount.provisional
    if rule.multiplier != 1:
        steps.append(Step("credit.multiplier", Fraction(rule.multiplier), "", rule.clause))
    return replace(
        line,
        pieces=tuple(pieces),
        base=_shown(bases, pays=pays_of(rule.params), setting=setting),
        steps=(*(amount.step for amount in bases.values()), *steps, *([repeat] if repeat else [])),
        provisional=tuple(dict.fromkeys(doubts)),
    )


def _number(step: Step) -> Fraction:
    assert isinstance(step.value, Fraction)
    return step.value


def _shown(bases: dict[tuple[str, ...], BaseAmount], *, pays: Pays, setting: Setting) -> Money | None:
    if pays not in _FROM_BASE or not bases:
        return None
    return Money(round_minor(summed([base.amount for base in bases.values()])), setting.schedule.currency)


def _base(
    line: Line, *, of: Occurrence, bases: dict[tuple[str, ...], BaseAmount], setting: Setting
) -> BaseAmount | None:
    """Return the base of an occurrence; each unit paid for on its own has its own."""
    assert line.rule is not None
    assert line.promise is not None
    pays = pays_of(line.rule.params)
    if pays not in _FROM_BASE and pays is not Pays.CHARGE:
        return None
    units = of.units if per_of(line.rule.params).value == "unit" else line.units
    if units not in bases:
        ended_at = _ended_at(line.measured) if line.measured else None
        rule = line.promise.window or setting.schedule.period
        span = base_span(line.rule.base, window=line.window, rule=rule, setting=setting, ended_at=ended_at)
        if pays is Pays.CHARGE:
            bases[units] = waived_fee(line.rule.waives, units=units, span=span, setting=setting)
        else:
            services = line.promise.services
            bases[units] = base_amount(
                line.rule.base, units=units, services=services, span=span, setting=setting
            )
    return bases[units]


def _ended_at(measured: Measured) -> datetime | None:
    return max((event.during.end for event in measured.events), default=None)


def _piece(
    line: Line, *, of: Occurrence, found: Found, base: BaseAmount | None, factor: Fraction, setting: Setting
) -> tuple[Piece, Step]:
    assert line.rule is not None
    terms = setting.versions[line.version]
    value = _value(line, found=found, base=base, terms=terms, setting=setting)
    amount = factor * value if found.units else NOTHING
    inputs: tuple[Step, ...] = (found.step,)
    if line.rule.base.by_affected and pays_of(line.rule.params) in _FROM_BASE:
        amount *= of.affected
        share = Step(
            "credit.affected", of.affected, "", line.rule.base.clause, (), notes(share=str(of.affected))
        )
        inputs += (share,)
    incidents = tuple(sorted({incident for event in of.events for incident in event.incidents}))
    piece = Piece(
        key=of.key, on=of.on, amount=amount, left=amount, incidents=incidents, roots=rooted(of.events)
    )
    unit = unit_of(line.pays, currency=setting.schedule.currency)
    named = notes(of=(of.events[0].during.start if "#" in of.key else of.key, *incidents))
    return piece, Step("credit.amount", amount, unit, line.rule.clause, inputs, named)


def _value(line: Line, *, found: Found, base: BaseAmount | None, terms: Terms, setting: Setting) -> Fraction:
    assert line.rule is not None
    params = line.rule.params
    if isinstance(params, Prorated) and terms.money_rounding is MoneyRounding.RATE and base is not None:
        hours = line.measured.denominator_us / HOUR_US if line.measured else NOTHING
        return _at_hourly_rate(found, base=base, hours=hours, terms=terms)
    pays, currency = pays_of(params), setting.schedule.currency
    return worth(found.units, pays=pays, base=base, terms=terms, currency=currency)


def worth(units: Fraction, *, pays: Pays, base: BaseAmount | None, terms: Terms, currency: str) -> Fraction:
    """Return what so many units are worth: exact minor units, or days, hours and points themselves.

    Where money is rounded at the rate (A35) the fee of a day or an hour is rounded first.
    """
    if pays is Pays.MONEY:
        return units * int(10 ** exponent(currency))
    if base is None or pays in (Pays.SERVICE_DAYS, Pays.SERVICE_HOURS, Pays.POINTS):
        return units
    rate = base.amount
    if pays in (Pays.DAYS, Pays.HOURS):
        rate = base.day if pays is Pays.DAYS else base.day / 24
    if terms.money_rounding is MoneyRounding.RATE:
        rate = Fraction(round_minor(rate, mode=terms.rounding_mode))
    return rate * units / (100 if pays is Pays.PERCENT else 1)


def _at_hourly_rate(found: Found, *, base: BaseAmount, hours: Fraction, terms: Terms) -> Fraction:
    """Return the lost hours at the fee of an hour, which the clause rounds to the minor unit."""
    rate = round_minor(base.amount / hours, mode=terms.rounding_mode)
    return rate * hours * found.units / 100
