"""The room of a cap: its limit, less what earlier credits of its period used up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.bases import base_amount, base_span, waived_fee, window_span
from sla.engine.credits.lines import MONEY, NOTHING, BaseAmount, Line, Setting, Span
from sla.engine.credits.spans import cap_days
from sla.engine.facts import Outcome
from sla.engine.money import CurrencyMismatch, exponent
from sla.engine.periods import Period
from sla.engine.terms.credits import BasePeriod, Cap, CapPeriod, CapScope, Pays
from sla.engine.trace import Step, notes, rules

rules(credit__spent="Earlier credits of the cap's period ({periods}) used {value}.")

_OWN_PERIOD = (CapPeriod.EVENT, CapPeriod.WINDOW)
_HOURS_A_DAY = {Pays.SERVICE_DAYS: Fraction(1), Pays.SERVICE_HOURS: Fraction(24)}


class Limit(NamedTuple):
    """The room that is left, in the lines' own unit, and how it was found."""

    room: Fraction
    steps: tuple[Step, ...] = ()
    provisional: tuple[str, ...] = ()


def room_left(cap: Cap, *, of: Sequence[Line], setting: Setting) -> Limit | None:
    """Return the room of a cap for these lines, None where it says nothing about their unit."""
    window = _window(cap, of=of, setting=setting)
    if cap.is_count:
        spent = _count_spent(cap, of=of, window=window, setting=setting)
        return Limit(max(Fraction(cap.limit) - spent, NOTHING))
    if of[0].pays in MONEY:
        return _money_room(cap, of=of, window=window, setting=setting)
    if of[0].pays is Pays.POINTS:
        return _points_room(cap, of=of, window=window, setting=setting) if cap.pays is Pays.POINTS else None
    days = {Pays.DAYS: 1, Pays.SERVICE_DAYS: 1, Pays.HOURS: 24, Pays.SERVICE_HOURS: 24}.get(cap.pays)
    # Service in kind is not kept by history, so a longer period has its whole room in each statement.
    return None if days is None else Limit(Fraction(cap.limit) / days * _HOURS_A_DAY[of[0].pays])


def _window(cap: Cap, *, of: Sequence[Line], setting: Setting) -> Period:
    """Return the window of inner caps, and the version's part of the period for outer ones."""
    if cap.scope in (CapScope.EVENT, CapScope.DAY, CapScope.TARGET):
        return max((line.window for line in of), key=lambda window: window.during.end)
    return setting.part_of(of[0].version)


def _money_room(cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting) -> Limit | None:
    base: BaseAmount | None = None
    if cap.pays is Pays.MONEY:
        limit = Fraction(cap.limit) * 10 ** exponent(setting.schedule.currency)
    elif cap.pays in (Pays.PERCENT, Pays.DAYS, Pays.HOURS, Pays.CHARGE):
        base = _base(cap, of=of, window=window, setting=setting)
        rate = {Pays.PERCENT: base.amount / 100, Pays.DAYS: base.day, Pays.HOURS: base.day / 24}
        limit = Fraction(cap.limit) * rate.get(cap.pays, base.amount)
    else:
        return None
    spent, steps = _spent(cap, of=of, window=window, setting=setting)
    inputs = ((base.step,) if base else ()) + steps
    return Limit(max(limit - spent, NOTHING), inputs, base.provisional if base else ())


def _base(cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting) -> BaseAmount:
    """Return the amount a cap is a share of: by default the fees of the cap's own period."""
    units = tuple(sorted({unit for line in of for unit in line.units}))
    units = units or tuple(unit.code for unit in setting.facts.units)
    services = tuple(sorted({code for line in of if line.promise for code in line.promise.services}))
    if any(line.promise is None or not line.promise.services for line in of):
        services = ()
    span = _span(cap, of=of, window=window, setting=setting)
    if cap.pays is Pays.CHARGE:
        code = next((line.rule.waives for line in of if line.rule and line.rule.waives), "")
        return waived_fee(code, units=units, span=span, setting=setting)
    return base_amount(cap.base, units=units, services=services, span=span, setting=setting)


def _span(cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting) -> Span:
    if cap.base.period is BasePeriod.FAILURE:
        if cap.period in _OWN_PERIOD:
            return window_span(window, setting=setting)
        return Span(cap_days(cap.period, window=window, setting=setting))
    ends = [event.during.end for line in of if line.measured for event in line.measured.events]
    rule = next((line.promise.window for line in of if line.promise and line.promise.window), None)
    cut_by = rule or setting.schedule.period
    ended_at = max(ends, default=None)
    return base_span(cap.base, window=window, rule=cut_by, setting=setting, ended_at=ended_at)


def _past(cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting) -> list[Outcome]:
    """Return the earlier outcomes that used the same room."""
    if cap.period in _OWN_PERIOD or cap.scope in (CapScope.EVENT, CapScope.DAY):
        return []
    days = cap_days(cap.period, window=window, setting=setting)
    now = {(line.target, line.units, line.label) for line in of if line.measured}
    return [
        item
        for item in setting.history
        if days.start <= item.last_on < days.end
        and (item.target, item.units, item.period) not in now
        and _shares(item, cap=cap, of=of, setting=setting)
    ]


def _shares(item: Outcome, *, cap: Cap, of: Sequence[Line], setting: Setting) -> bool:
    targets, units = {line.target for line in of}, {line.units for line in of}
    if cap.scope is CapScope.UNIT:
        return item.units in units
    if cap.scope is CapScope.TARGET:
        return item.target in targets and (cap.pays is Pays.MONEY or item.units in units or not item.units)
    if cap.scope is CapScope.CATEGORY:
        categories = {line.promise.category for line in of if line.promise}
        same = {t.code for t in setting.versions[of[0].version].targets if t.category in categories}
        return item.target in same
    return True


def _spent(
    cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting
) -> tuple[Fraction, tuple[Step, ...]]:
    past = [item for item in _past(cap, of=of, window=window, setting=setting) if item.credit]
    currency = setting.schedule.currency
    total = NOTHING
    for item in past:
        assert item.credit is not None
        if item.credit.currency != currency:
            raise CurrencyMismatch(
                f"The credit of {item.target} in {item.period} is in {item.credit.currency}, the schedule "
                f"pays in {currency}. Bring it forward in {currency}."
            )
        total += item.credit.minor
    if not total:
        return NOTHING, ()
    periods = ", ".join(dict.fromkeys(item.period for item in past))
    return total, (Step("credit.spent", total, currency, cap.clause, (), notes(periods=periods)),)


def _count_spent(cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting) -> int:
    past = _past(cap, of=of, window=window, setting=setting)
    return sum(1 for item in past if item.credit and item.credit.minor > 0)


def _points_room(cap: Cap, *, of: Sequence[Line], window: Period, setting: Setting) -> Limit:
    past = _past(cap, of=of, window=window, setting=setting)
    spent = sum((item.points for item in past), NOTHING)
    return Limit(max(Fraction(cap.limit) - spent, NOTHING))
