"""The smallest credit: below it none is issued, or it is raised to it (F54)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from sla.engine.credits.bases import base_amount, base_span
from sla.engine.credits.caps import capped
from sla.engine.credits.gross import worth
from sla.engine.credits.lines import (
    MONEY,
    NOTHING,
    BaseAmount,
    Line,
    Setting,
    cut,
    emptied,
    removal,
    same_kind,
    unit_of,
)
from sla.engine.results import CreditState
from sla.engine.terms.credits import Base, Minimum, MinimumKind, Pays
from sla.engine.trace import rules, written

rules(
    credit__minimum_drop="Credits {below} {least} are not issued: {value} less.",
    credit__minimum_raise="A credit below {least} is raised to it: {value} less (below zero is more).",
)


def with_minimums(lines: Sequence[Line], *, setting: Setting) -> list[Line]:
    """Return the lines after the minimum of each credit, then that of the schedule's sum."""
    found = [_own_minimum(line, setting=setting) for line in lines]
    found = _settled(found, before=lines, setting=setting)
    summed = list(found)
    for version in sorted({line.version for line in found}):
        minimum = setting.versions[version].minimum
        if minimum is not None:
            summed = _of_sum(summed, version=version, minimum=minimum, setting=setting)
    return _settled(summed, before=found, setting=setting)


def _settled(after: list[Line], *, before: Sequence[Line], setting: Setting) -> list[Line]:
    """Return the lines within their caps again, where a minimum raised one of them."""
    raised = any(new.left > old.left for new, old in zip(after, before, strict=True))
    return capped(after, setting=setting) if raised else after


def _own_minimum(line: Line, *, setting: Setting) -> Line:
    minimum = line.rule.minimum if line.rule else None
    if minimum is None or line.measured is None or not line.left:
        return line
    least = _least(minimum, of=[line], setting=setting)
    if least is None or not _is_short(line.left, least=least, minimum=minimum):
        return line
    return _applied([line], total=line.left, least=least, minimum=minimum, setting=setting)[0]


def _of_sum(lines: Sequence[Line], *, version: int, minimum: Minimum, setting: Setting) -> list[Line]:
    family = Pays.MONEY if minimum.pays in (Pays.PERCENT, Pays.DAYS, Pays.HOURS) else minimum.pays
    of = [line for line in lines if line.version == version and line.left and same_kind(line.pays, family)]
    least = _least(minimum, of=of, setting=setting) if of else None
    total = sum((line.left for line in of), NOTHING)
    if least is None or not _is_short(total, least=least, minimum=minimum):
        return list(lines)
    new = _applied(of, total=total, least=least, minimum=minimum, setting=setting)
    changed = {line.order: line for line in new}
    return [changed.get(line.order, line) if line in of else line for line in lines]


def _is_short(amount: Fraction, *, least: Fraction, minimum: Minimum) -> bool:
    if minimum.kind is MinimumKind.RAISE or minimum.inclusive:
        return amount < least
    return amount <= least


def _applied(
    of: Sequence[Line], *, total: Fraction, least: Fraction, minimum: Minimum, setting: Setting
) -> list[Line]:
    currency = setting.schedule.currency
    said = written(least, unit=unit_of(of[0].pays, currency=currency))
    found = []
    for line in of:
        if minimum.kind is MinimumKind.DROP:
            below = "below" if minimum.inclusive else "of not more than"
            step = removal(
                "credit.minimum_drop",
                line=line,
                currency=currency,
                clause=minimum.clause,
                below=below,
                least=said,
            )
            found.append(emptied(line, code="minimum", step=step, state=CreditState.NOT_ISSUED))
        else:
            lefts = {place: piece.left * least / total for place, piece in enumerate(line.pieces)}
            step = removal(
                "credit.minimum_raise", line=line, currency=currency, clause=minimum.clause, least=said
            )
            found.append(cut(line, lefts=lefts, code="minimum", step=step))
    return found


def _least(minimum: Minimum, *, of: Sequence[Line], setting: Setting) -> Fraction | None:
    """Return the minimum in the lines' unit, None where it says nothing about them."""
    line, amount = of[0], Fraction(minimum.amount)
    if line.pays not in MONEY:
        own = {
            Pays.SERVICE_DAYS: (Pays.DAYS, Pays.SERVICE_DAYS),
            Pays.SERVICE_HOURS: (Pays.HOURS, Pays.SERVICE_HOURS),
        }
        return amount if minimum.pays in (line.pays, *own.get(line.pays, ())) else None
    if minimum.pays in (Pays.SERVICE_DAYS, Pays.SERVICE_HOURS, Pays.POINTS, Pays.CHARGE):
        return None
    base = None if minimum.pays is Pays.MONEY else _base(of, setting=setting)
    terms, currency = setting.versions[line.version], setting.schedule.currency
    return worth(amount, pays=minimum.pays, base=base, terms=terms, currency=currency)


def _base(of: Sequence[Line], *, setting: Setting) -> BaseAmount:
    line = of[0]
    base = replace(line.rule.base, slice_days=None) if line.rule else Base()
    rule = (line.promise.window if line.promise else None) or setting.schedule.period
    span = base_span(base, window=line.window, rule=rule, setting=setting)
    units = tuple(sorted({unit for item in of for unit in item.units}))
    services = line.promise.services if line.promise else ()
    return base_amount(base, units=units, services=services, span=span, setting=setting)
