"""The lines of a statement: each measured level with its credit as columns, under a lasting number."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sla.engine.codec import to_plain
from sla.engine.facts import Verdict
from sla.engine.money import round_minor
from sla.engine.periods import Period
from sla.engine.results import Credit, Ledger, Measured, Removed, Result, TimeClass
from sla.engine.terms import Pays, Terms
from sla.engine.terms.targets import Target
from sla.engine.trace import Step
from sla.models import LineFigures
from sla.reports.figures import shown_achieved, shown_promise, shown_value

# Column values by name, without the number and the parent.
LineValues = dict[str, Any]

LONGEST_KEY, LONGEST_NAME = 500, 500
# What the codec reads back; a longer fraction is kept at fifteen digits of its denominator.
MOST_DIGITS = 10**30
CREDIT_OF_PERIOD = "Credit of the whole period"
CLASSES = tuple(each for each in TimeClass)


def line_key(target: str, *, window: str, units: Iterable[str]) -> str:
    """Return what a line is known by: service level, window and its services in order."""
    joined = ",".join(sorted(units))
    key = f"{target}|{window}|{joined}"
    if len(key) <= LONGEST_KEY - 20:
        return key
    return f"{target}|{window}|services:{hashlib.sha256(joined.encode()).hexdigest()}"


def line_figures(
    result: Result, *, versions: Sequence[Terms], services: Mapping[str, str]
) -> tuple[LineValues, ...]:
    """Return the column values of each line of a result, in its order.

    `versions` are those that the result was computed from, oldest first; `services` names by code.
    A credit that belongs to no single level (points, what stood over) is a line of its own.
    """
    credits = _credits_by_level(result)
    found = [
        _level_line(one, credit=credit, result=result, versions=versions, services=services)
        for one, credit in _matched(result.measured, credits=credits, versions=versions)
    ]
    rest = [credit for group in credits.values() for credit in group]
    found += [_credit_line(credit, result=result, services=services) for credit in rest]
    return tuple(_told_apart(found))


def _credits_by_level(result: Result) -> dict[str, list[Credit]]:
    found: dict[str, list[Credit]] = defaultdict(list)
    for credit in result.credits.lines:
        found[line_key(credit.target, window=credit.window, units=credit.units)].append(credit)
    return found


def _matched(
    measured: Sequence[Measured], *, credits: dict[str, list[Credit]], versions: Sequence[Terms]
) -> Iterator[tuple[Measured, Credit | None]]:
    """Yield each level with its credit, and take that from the groups.

    An amendment inside the period measures a level twice under one key; its credits are in the same
    order, and belong to the parts that can have one.
    """
    left = Counter(_key_of(one) for one in measured)
    for one in measured:
        key = _key_of(one)
        waiting, target = credits.get(key, []), _target(one, versions=versions)
        left[key] -= 1
        pays = one.missed and target is not None and target.credit is not None
        yield one, waiting.pop(0) if waiting and (pays or len(waiting) > left[key]) else None


def _target(one: Measured, *, versions: Sequence[Terms]) -> Target | None:
    return next((each for each in versions[one.version].targets if each.code == one.target), None)


def _key_of(one: Measured) -> str:
    return line_key(one.target, window=one.window.label, units=one.units)


def _told_apart(found: Sequence[LineValues]) -> Iterator[LineValues]:
    """Yield the lines with one key each: a later part of a window names the day it begins."""
    seen: set[str] = set()
    for values in found:
        key, times = values["key"], 1
        if key in seen:
            key = f"{values['key']}|{values['window_first_on']}"
        while key in seen:
            times += 1
            key = f"{values['key']}|{values['window_first_on']}#{times}"
        seen.add(key)
        yield {**values, "key": key}


def _level_line(
    one: Measured,
    *,
    credit: Credit | None,
    result: Result,
    versions: Sequence[Terms],
    services: Mapping[str, str],
) -> LineValues:
    target = _target(one, versions=versions)
    doubts = (*one.provisional, *(credit.provisional if credit else ()))
    return {
        **_identity(_key_of(one), target=one.target, window=one.window, units=one.units, services=services),
        **_promise(target),
        **_judged(one),
        **_account(one.ledger, counted=one.counted_us),
        **_credit(credit, result=result),
        "provisional": list(dict.fromkeys(doubts)),
        "incidents": _incidents(one),
    }


def _credit_line(credit: Credit, *, result: Result, services: Mapping[str, str]) -> LineValues:
    key = line_key(credit.target, window=credit.window, units=credit.units)
    window = result.period._replace(label=credit.window)
    return {
        **_identity(key, target=credit.target, window=window, units=credit.units, services=services),
        "name": CREDIT_OF_PERIOD if not credit.target else credit.target,
        "clause": credit.step.clause,
        "verdict": Verdict.MISSED.value if credit.due_exact else Verdict.NOT_MEASURABLE.value,
        "missed": bool(credit.due_exact),
        "provisional": list(credit.provisional),
        "incidents": list(credit.root_events),
        **_credit(credit, result=result),
    }


def _identity(
    key: str, *, target: str, window: Period, units: Sequence[str], services: Mapping[str, str]
) -> LineValues:
    names = ", ".join(services.get(code) or code for code in units)
    return {
        "key": key,
        "status": LineFigures.Status.STANDING.value,
        "target": target,
        "window": window.label,
        "window_first_on": window.first_on,
        "window_last_on": window.last_on,
        "units": list(units),
        "services": names if len(names) <= LONGEST_NAME else f"{names[: LONGEST_NAME - 1]}…",
    }


def _promise(target: Target | None) -> LineValues:
    if target is None:
        return {}
    return {"name": target.name, "clause": target.clause, "metric": target.metric.value}


def _judged(one: Measured) -> LineValues:
    short = None if one.value is None or not one.missed else abs(one.level - one.value)
    shown = shown_value(one.value, unit=one.unit, beside=one.level)
    return {
        "unit": one.unit,
        "verdict": one.verdict.value,
        "missed": one.missed,
        "contested": one.contested,
        "level": kept(one.level),
        "level_printed": shown_promise(one),
        "value": None if one.value is None else kept(one.value),
        "value_printed": shown_achieved(one),
        "shortfall": None if short is None else kept(short),
        "shortfall_printed": _shortfall(short, unit=one.unit, shown=shown),
    }


def _shortfall(short: Fraction | None, *, unit: str, shown: str) -> str:
    """Return a shortfall for reading; in percent so that it and the floored value add up to the level."""
    if short is None:
        return ""
    if unit != "%":
        return shown_value(short, unit=unit)
    digits = len(shown.removesuffix(" %").partition(".")[2])
    return f"{-Decimal((-short * 10**digits).__floor__()).scaleb(-digits):f} % points"


def _account(ledger: Ledger | None, *, counted: Fraction) -> LineValues:
    if ledger is None:
        return {}
    return {
        "total_us": ledger.total_us,
        **{f"{each.value}_us": ledger.us(each) for each in CLASSES},
        "counted_us": round_minor(counted),
        "excluded_by": _excluded_by(ledger),
    }


def _excluded_by(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the excluded time by rule and clause, in microseconds of all services together."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in ledger.lines:
        if line.time_class is TimeClass.EXCLUDED:
            sums[line.rule.removeprefix("exclusion."), line.clause] += line.unit_us
    return [{"rule": rule, "clause": clause, "us": us} for (rule, clause), us in sorted(sums.items())]


def _incidents(one: Measured) -> list[str]:
    named = [name for line in (one.ledger.lines if one.ledger else ()) for name in line.incidents]
    named += [name for event in one.events for name in event.incidents]
    named += [case.subject for case in one.cases]
    return list(dict.fromkeys(named))


def _credit(credit: Credit | None, *, result: Result) -> LineValues:
    """Return the credit columns; what does not pay in money stands in `quantity`."""
    if credit is None:
        return {"currency": result.currency}
    money = credit.pays is Pays.MONEY
    found: LineValues = {
        "currency": result.currency,
        "pays": credit.pays.value,
        "credit_state": credit.state.value,
        "tier": _tier(credit.step),
        "base_minor": credit.base.minor if credit.base else None,
        "before_caps": kept(credit.before_caps),
        "before_caps_minor": round_minor(credit.before_caps)
        if credit.pays in (Pays.MONEY, Pays.CHARGE)
        else 0,
        "removed": [removed_plain(each) for each in credit.removed],
        "due_minor": credit.due.minor if money and credit.due else 0,
        "agreed_minor": credit.agreed.minor if money and credit.agreed is not None else None,
    }
    if not money:
        found["quantity"] = kept(quantity_of(credit))
    return found


def quantity_of(credit: Credit) -> Fraction:
    """Return what a credit gives in its own unit; fees not charged are counted, a capped one in part."""
    if credit.pays is Pays.CHARGE:
        return credit.due_exact / credit.before_caps if credit.before_caps else Fraction(0)
    return credit.due_exact


def removed_plain(each: Removed) -> dict[str, Any]:
    """Return what one limit took as plain data, the amount exact in the credit's unit."""
    return {
        "code": each.code,
        "amount": to_plain(each.amount),
        "clause": each.clause,
        "carried": each.carried,
    }


def _tier(step: Step) -> str:
    rows = (
        dict(each.notes).get("row", "")
        for _, each in step.walk()
        if each.rule.startswith("credit.tier") and each.rule != "credit.tier_none"
    )
    return str(next(rows, ""))[:200]


def kept(value: Fraction) -> Fraction:
    """Return an exact number as columns hold it; beyond 30 digits the nearest with a shorter denominator."""
    if abs(value.numerator) < MOST_DIGITS and value.denominator < MOST_DIGITS:
        return value
    return value.limit_denominator(10**15)
