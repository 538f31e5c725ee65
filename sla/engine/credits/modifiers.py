"""What decides whether a credit arises at all: conditions, a critical failure, a deductible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from sla.engine.credits.gross import priced
from sla.engine.credits.lines import NOTHING, Line, Piece, Setting, cut, emptied, removal
from sla.engine.credits.spans import cap_days
from sla.engine.facts import Condition
from sla.engine.intervals import micro
from sla.engine.periods import Period
from sla.engine.results import CreditState, Event, Measured
from sla.engine.terms.credits import CapPeriod, Deductible
from sla.engine.trace import Step, notes, rules

rules(
    credit__condition_open="The clause pays only once {condition} is confirmed, so {value} waits.",
    credit__condition_denied="The clause pays only if {condition}, which is denied: {value} is not paid.",
    credit__suppressed="The critical failure of {critical} takes its place: {value} does not accrue.",
    credit__deductible="{free} are free ({used} used before): {value} less.",
    credit__deductible_rest="After the deductible {value} counts.",
)


def with_conditions(line: Line, *, setting: Setting) -> Line:
    """Return the line without what rests on a fact that is denied or not confirmed yet."""
    if line.promise is None:
        return line
    for code in line.promise.conditions:
        answers = [_answer(code, line=line, piece=piece, setting=setting) for piece in line.pieces]
        line = _without(line, code=code, answers=answers, wanted=False, setting=setting)
        line = _without(line, code=code, answers=answers, wanted=None, setting=setting)
    return line


def _without(
    line: Line, *, code: str, answers: Sequence[bool | None], wanted: bool | None, setting: Setting
) -> Line:
    """Return the line without the pieces whose condition has this answer."""
    lefts = {place: NOTHING for place, answer in enumerate(answers) if answer is wanted}
    if not lefts:
        return line
    assert line.promise is not None
    rule = "credit.condition_open" if wanted is None else "credit.condition_denied"
    currency = setting.schedule.currency
    step = removal(rule, line=line, currency=currency, clause=line.promise.clause, condition=code)
    doubt = (f"Condition {code} of {line.target} is not confirmed yet.",) if wanted is None else ()
    shorter = cut(line, lefts=lefts, code=f"condition:{code}", step=step, provisional=doubt)
    if shorter.left or not line.left:
        return shorter
    return replace(shorter, state=CreditState.PENDING if wanted is None else CreditState.REFUSED)


def _answer(code: str, *, line: Line, piece: Piece, setting: Setting) -> bool | None:
    """Return whether the condition holds for a piece: None is not known yet."""
    told = [
        fact
        for fact in setting.facts.conditions
        if fact.code == code
        and (not fact.unit or fact.unit in line.units)
        and (not fact.incident or fact.incident in piece.incidents)
        and _touches(fact, window=line.window)
    ]
    # What was said of this very incident goes before what was said in general.
    told = [fact for fact in told if fact.incident] or told
    return all(fact.met for fact in told) if told else None


def _touches(fact: Condition, *, window: Period) -> bool:
    begun = fact.started_at is None or fact.started_at < window.during.end
    return begun and (fact.ended_at is None or fact.ended_at > window.during.start)


def suppressed(lines: Sequence[Line], *, setting: Setting) -> list[Line]:
    """Return the lines without those whose place a critical failure of the period takes (G2)."""
    failed = {(item.version, item.target) for item in setting.measured if item.missed}
    return [_suppressed(line, failed=failed, setting=setting) for line in lines]


def _suppressed(line: Line, *, failed: set[tuple[int, str]], setting: Setting) -> Line:
    for rule in setting.versions[line.version].suppression:
        stays = line.target == rule.target or line.target in rule.keeps
        if stays or (line.version, rule.target) not in failed:
            continue
        currency = setting.schedule.currency
        step = removal(
            "credit.suppressed", line=line, currency=currency, clause=rule.clause, critical=rule.target
        )
        return emptied(line, code="suppression", step=step, state=CreditState.SUPPRESSED)
    return line


def with_deductible(line: Line, *, setting: Setting) -> Line:
    """Return the line after what is free of it: time of the period, or points (F53)."""
    deductible = line.rule.deductible if line.rule else None
    if deductible is None or line.measured is None or not line.left:
        return line
    if isinstance(deductible.amount, timedelta):
        return _time_free(line, deductible=deductible, measured=line.measured, setting=setting)
    return _units_free(line, deductible=deductible, measured=line.measured, setting=setting)


def _time_free(line: Line, *, deductible: Deductible, measured: Measured, setting: Setting) -> Line:
    assert isinstance(deductible.amount, timedelta)
    used = _used_us(measured, period=deductible.period, setting=setting)
    free = max(micro(deductible.amount) - used, NOTHING)
    rest = _reduced(measured, free=free, each=deductible.period is CapPeriod.EVENT)
    priced_rest = priced(replace(line, measured=rest), setting=setting).pieces if rest.counted_us else ()
    net = {piece.key: piece.amount for piece in priced_rest}
    lefts = {place: min(piece.left, net.get(piece.key, NOTHING)) for place, piece in enumerate(line.pieces)}
    counts = Step("credit.deductible_rest", rest.counted_us, "us", deductible.clause)
    named = {"free": timedelta(microseconds=int(free)), "used": timedelta(microseconds=int(used))}
    currency = setting.schedule.currency
    step = removal(
        "credit.deductible", line=line, currency=currency, clause=deductible.clause, inputs=(counts,)
    )
    return cut(line, lefts=lefts, code="deductible", step=step._replace(notes=notes(named)))


def _used_us(measured: Measured, *, period: CapPeriod, setting: Setting) -> Fraction:
    """Return the counted time that used up the deductible before this window."""
    if period in (CapPeriod.EVENT, CapPeriod.WINDOW):
        return NOTHING
    days = cap_days(period, window=measured.window, setting=setting)
    key = (measured.target, measured.units)
    past = [o for o in setting.history if (o.target, o.units) == key and days.start <= o.last_on < days.end]
    same = [m for m in setting.measured if (m.target, m.units) == key]
    now = [
        m
        for m in same
        if days.start <= m.window.last_on and m.window.during.end <= measured.window.during.start
    ]
    labels = {m.window.label for m in now}
    before = sum(o.counted_us for o in past if o.period not in labels)
    return before + sum((m.counted_us for m in now), NOTHING)


def _reduced(measured: Measured, *, free: Fraction, each: bool) -> Measured:
    """Return the level as it would be had the first so much of its counted time not been counted."""
    events: list[Event] = []
    taken, left = NOTHING, free
    for event in sorted(measured.events, key=lambda event: (event.during, event.units, event.incidents)):
        part = min(event.counted_us, free if each else left)
        left, taken = left - part, taken + part
        late = max(event.lateness_us - int(part), 0)
        if part < event.counted_us or not part:  # what is wholly free is no event to pay for
            events.append(replace(event, counted_us=event.counted_us - part, lateness_us=late))
    if not measured.events:
        taken = min(measured.counted_us, free)
    counted = max(measured.counted_us - taken, NOTHING)
    value = measured.value
    if measured.unit == "%" and measured.denominator_us and value is not None:
        value += 100 * (measured.counted_us - counted) / measured.denominator_us
    return replace(measured, events=tuple(events), counted_us=counted, value=value)


def _units_free(line: Line, *, deductible: Deductible, measured: Measured, setting: Setting) -> Line:
    """Return the line after so many points, days or hours that are free, the earliest first."""
    assert not isinstance(deductible.amount, timedelta)
    days = cap_days(deductible.period, window=measured.window, setting=setting)
    key = (measured.target, measured.units)
    past = [o for o in setting.history if (o.target, o.units) == key and days.start <= o.last_on < days.end]
    used = sum((o.points for o in past), NOTHING)
    left = free = max(Fraction(deductible.amount) - used, NOTHING)
    lefts = {}
    for place, piece in enumerate(line.pieces):
        part = min(piece.left, left)
        lefts[place], left = piece.left - part, left - part
    currency = setting.schedule.currency
    step = removal(
        "credit.deductible", line=line, currency=currency, clause=deductible.clause, free=free, used=used
    )
    return cut(line, lefts=lefts, code="deductible", step=step)
