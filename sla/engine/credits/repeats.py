"""The factor for a level that was missed again (R10 modifiers, A36-A38)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.lines import Setting
from sla.engine.facts import Outcome, Verdict
from sla.engine.periods import DAY
from sla.engine.results import Measured
from sla.engine.terms.credits import CreditRule
from sla.engine.trace import Step, notes, rules

rules(
    credit__repeat="Missed in {count} periods right before ({periods}), so the credit counts {value} times."
)


class _Past(NamedTuple):
    first_on: date
    last_on: date
    label: str
    missed: bool | None  # None: no data


def repeat_step(measured: Measured, *, rule: CreditRule, setting: Setting) -> Step | None:
    """Return the step whose value is the factor, None for a first miss or without a repeat rule."""
    if rule.repeat is None or not rule.repeat.factors:
        return None
    missed = _missed_before(measured, no_data_breaks=rule.repeat.no_data_breaks, setting=setting)
    if not missed:
        return None
    factor = rule.repeat.factors[min(len(missed), len(rule.repeat.factors)) - 1]
    named = notes(count=len(missed), periods=", ".join(missed))
    return Step("credit.repeat", Fraction(factor), "", rule.repeat.clause or rule.clause, (), named)


def _missed_before(measured: Measured, *, no_data_breaks: bool, setting: Setting) -> list[str]:
    """Return the labels of the periods missed in a row before this one, newest first."""
    found: list[str] = []
    expected = measured.window.first_on - DAY
    for past in _past(measured, setting=setting):
        gap = past.last_on < expected
        if no_data_breaks and (gap or past.missed is None):
            break
        if past.missed is False:
            break
        if past.missed:
            found.append(past.label)
        expected = past.first_on - DAY
    return found


def _past(measured: Measured, *, setting: Setting) -> list[_Past]:
    key = (measured.target, measured.units)
    past = {
        item.period: _Past(item.first_on, item.last_on, item.period, _outcome_missed(item))
        for item in setting.history
        if (item.target, item.units) == key and item.last_on < measured.window.first_on
    }
    for other in setting.measured:
        # Shorter windows of the same statement follow one another too.
        window = other.window
        if window.label == measured.window.label:
            continue  # the other part of a period that an amendment splits is no earlier period
        if (other.target, other.units) == key and window.last_on < measured.window.first_on:
            missed = None if other.value is None else other.missed
            past[window.label] = _Past(window.first_on, window.last_on, window.label, missed)
    return sorted(past.values(), key=lambda item: item.last_on, reverse=True)


def _outcome_missed(outcome: Outcome) -> bool | None:
    if outcome.verdict is Verdict.NOT_MEASURABLE:
        return None
    if outcome.verdict is Verdict.PROVISIONAL:
        # What was still open counts by what it came to.
        return bool(outcome.points) or (outcome.credit is not None and outcome.credit.minor > 0)
    return outcome.verdict is Verdict.MISSED
