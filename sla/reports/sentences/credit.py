"""What a missed service level pays, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sla.engine.terms import (
    Base,
    Cap,
    CapPeriod,
    CapScope,
    CreditRule,
    Fixed,
    IncrementOn,
    Increments,
    MinimumKind,
    Pays,
    Per,
    Pooled,
    Prorated,
    Rounding,
    Scheme,
    Target,
    Tier,
    TierOn,
)
from sla.engine.terms.credits import BasePeriod, BaseSelect
from sla.reports.sentences.wording import Wording, level_text, listed, number, plural, spaced

Words = Callable[[CreditRule, Wording], str]
PERS = {
    Per.WINDOW: "",
    Per.EVENT: " for each outage",
    Per.DAY: " for each day with an outage",
    Per.WEEK: " for each week with an outage",
    Per.UNIT: " for each service",
}
CAP_PERIODS = {
    CapPeriod.EVENT: "an event",
    CapPeriod.WINDOW: "a period",
    CapPeriod.MONTH: "a month",
    CapPeriod.QUARTER: "a quarter",
    CapPeriod.YEAR: "a year",
    CapPeriod.ROLLING_12: "in any 12 months",
    CapPeriod.TERM: "over the term",
}
BASE_PERIODS = {
    BasePeriod.FAILURE: "",
    BasePeriod.PRECEDING: " of the period before",
    BasePeriod.FOLLOWING: " of the period after",
    BasePeriod.RESTORATION: " of the period of restoration",
    BasePeriod.STATEMENT: " of the statement's period",
}


def credit_words(target: Target, *, wording: Wording) -> str:
    """Return what a miss pays, with its modifiers and limits."""
    rule = target.credit
    if rule is None:
        return "a miss pays no credit"
    said = (
        f"{'a miss' if rule.only_if_missed else 'the table alone'} pays {SCHEMES[rule.scheme](rule, wording)}"
    )
    if rule.multiplier != 1:
        said += f", times {number(rule.multiplier)}"
    if rule.repeat is not None:
        said += f", times {listed([number(f) for f in rule.repeat.factors], word='then')} for misses in a row"
    if rule.deductible is not None:
        free = level_text(rule.deductible.amount)
        said += f", after {free} free {CAP_PERIODS[rule.deductible.period]}"
    for cap in rule.caps:
        said += f", at most {cap_words(cap, wording=wording)}"
    if rule.minimum is not None:
        amount = amount_words(rule.minimum.amount, pays=rule.minimum.pays, wording=wording, base=rule.base)
        raised = rule.minimum.kind is MinimumKind.RAISE
        said += f", {'at least' if raised else 'nothing below'} {amount}"
    if target.conditions:
        said += f", once {listed(spaced(code) for code in target.conditions)} is confirmed"
    return said


def amount_words(amount: Decimal, *, pays: Pays, wording: Wording, base: Base, waives: str = "") -> str:
    """Return a figure in the unit that it pays in."""
    if pays is Pays.PERCENT:
        return f"{number(amount)} % of {base_words(base)}"
    return {
        Pays.MONEY: f"{wording.currency} {number(amount)}",
        Pays.DAYS: f"{plural(amount, 'day')} of {base_words(base)}",
        Pays.HOURS: f"{plural(amount, 'hour')} of {base_words(base)}",
        Pays.SERVICE_DAYS: f"{plural(amount, 'day')} added to the term",
        Pays.SERVICE_HOURS: f"{plural(amount, 'free hour')} of service",
        Pays.POINTS: plural(amount, "point"),
        Pays.CHARGE: f"that the fee {waives} is not charged"
        + (f" {number(amount)} times" if amount != 1 else ""),
    }[pays]


def base_words(base: Base) -> str:
    """Return what a percentage is taken of."""
    fees = {
        BaseSelect.UNITS: "the fees of the services that missed",
        BaseSelect.SERVICES: "the fees of these services",
        BaseSelect.CONTRACT: "all fees of the contract",
        BaseSelect.CHARGES: f"the fees {listed(base.charges)}",
    }[base.select]
    share = f"{number(base.share)} % of " if base.share != 100 else ""
    days = f"{plural(base.slice_days, 'day')} of " if base.slice_days else ""
    affected = ", by the affected share" if base.by_affected else ""
    return f"{share}{days}{fees}{BASE_PERIODS[base.period]}{affected}"


def cap_words(cap: Cap, *, wording: Wording) -> str:
    """Return a cap's limit, its reach and its time."""
    if cap.is_count:
        limit = plural(cap.limit, "credit")
    elif cap.pays is Pays.PERCENT:
        limit = f"{number(cap.limit)} % of {base_words(cap.base)}"
    else:
        limit = amount_words(cap.limit, pays=cap.pays, wording=wording, base=cap.base)
    scopes = {
        CapScope.EVENT: " for each event",
        CapScope.DAY: " for each day",
        CapScope.UNIT: " for each service",
        CapScope.CATEGORY: f" for category {cap.category}",
        CapScope.ACCOUNT: " for the whole account",
        CapScope.ORDER: " for the whole order",
        CapScope.MASTER: " for the whole master contract",
    }
    period = "" if cap.period in (CapPeriod.WINDOW, CapPeriod.EVENT) else f" {CAP_PERIODS[cap.period]}"
    return f"{limit}{scopes.get(cap.scope, '')}{period}"


def bounds_words(tier: Tier, *, on: TierOn) -> str:
    """Return the bounds of one row."""
    words = (("below", tier.below), ("up to", tier.at_most), ("from", tier.at_least), ("above", tier.above))
    said = [
        f"{word} {level_text(bound, unit=_unit(bound, on=on))}" for word, bound in words if bound is not None
    ]
    return " ".join(reversed(said)).replace(" below", " to below") if len(said) > 1 else " ".join(said)


def _unit(bound: object, *, on: TierOn) -> str:
    return "" if isinstance(bound, timedelta) or on is not TierOn.VALUE else "%"


def _tiers(rule: CreditRule, tiers: Sequence[Tier], *, pays: Pays, on: TierOn, wording: Wording) -> str:
    past = {TierOn.COUNTED: " of downtime", TierOn.LATENESS: " late"}.get(on, "")
    rows = []
    for tier in tiers:
        amount = amount_words(tier.credit, pays=pays, wording=wording, base=rule.base, waives=rule.waives)
        if pays is Pays.PERCENT:
            amount = f"{number(tier.credit)} %"
        rows.append(f"{amount} {bounds_words(tier, on=on)}".strip())
    bounded = any(" " in row.removesuffix(" %") for row in rows)
    of = f"{',' if bounded else ''} of {base_words(rule.base)}" if pays is Pays.PERCENT else ""
    return listed(rows) + past + of


def _tiered(rule: CreditRule, wording: Wording) -> str:
    params: Any = rule.params
    said = _tiers(rule, params.tiers, pays=params.pays, on=params.on, wording=wording)
    return said + PERS[params.per]


def _points(rule: CreditRule, wording: Wording) -> str:
    params: Any = rule.params
    said = _tiers(rule, params.tiers, pays=Pays.POINTS, on=TierOn.VALUE, wording=wording)
    return f"{said}, turned into a credit by the points table"


def _increments(rule: CreditRule, wording: Wording) -> str:
    params = rule.params
    assert isinstance(params, Increments)
    each = amount_words(params.credit, pays=params.pays, wording=wording, base=rule.base, waives=rule.waives)
    word = {Rounding.FLOOR: "full ", Rounding.CEIL: "started ", Rounding.PRORATA: ""}[params.rounding]
    what = {
        IncrementOn.COUNTED: "of downtime",
        IncrementOn.SHORTFALL: "below the level",
        IncrementOn.LATENESS: "late",
        IncrementOn.CASES: "cases",
    }[params.on]
    said = f"{each} for each {word}{level_text(params.size)} {what}"
    if params.initial:
        at_once = amount_words(params.initial, pays=params.pays, wording=wording, base=rule.base)
        said = f"{at_once} at once and {said}"
    if params.after not in (timedelta(0), Decimal(0)):
        said += f" beyond {level_text(params.after)}"
    return said + PERS[params.per]


def _prorated(rule: CreditRule, wording: Wording) -> str:
    params = rule.params
    assert isinstance(params, Prorated)
    times = f"{number(params.multiplier)} times " if params.multiplier != 1 else ""
    lost = "time beyond the allowance" if params.excess_only else "lost time"
    return f"{times}the share of {base_words(rule.base)} for the {lost}{PERS[params.per]}"


def _fixed(rule: CreditRule, wording: Wording) -> str:
    params = rule.params
    assert isinstance(params, Fixed)
    said = amount_words(params.credit, pays=params.pays, wording=wording, base=rule.base, waives=rule.waives)
    times = f" times {number(params.times)}" if params.times != 1 else ""
    return f"{said}{times}{PERS[params.per]}"


def _pooled(rule: CreditRule, wording: Wording) -> str:
    params = rule.params
    assert isinstance(params, Pooled)
    shares = (params.at_risk_percent, params.pool_percent, params.allocation_percent)
    said = " of ".join(f"{number(share)} %" for share in reversed(shares))
    return f"{said} of {base_words(rule.base)} (allocation, pool, amount at risk)"


SCHEMES: dict[Scheme, Words] = {
    Scheme.TIERED: _tiered,
    Scheme.INCREMENTS: _increments,
    Scheme.PRORATED: _prorated,
    Scheme.FIXED: _fixed,
    Scheme.POINTS: _points,
    Scheme.POOLED: _pooled,
}
