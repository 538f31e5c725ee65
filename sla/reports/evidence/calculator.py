"""The few numbers of a statement with each step of arithmetic, for a person with a calculator.

A line of arithmetic is printed only where it gives the statement's own figure exactly; where a clause
takes another way, the way is told in the words of the reasons instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from sla.engine.facts import Inputs
from sla.engine.money import format_minor
from sla.engine.results import CaseState, Credit, CreditTotal, Measured, Removed, Result, TimeClass
from sla.engine.terms import Pays
from sla.engine.trace import Step, written_fraction
from sla.reports.editions.names import Names, names_of
from sla.reports.figures import shown_credit, shown_level, shown_value
from sla.reports.words import CREDIT_STATES, VERDICTS

WIDTH = 96
MOST_LINES = 40
MICROS = 1_000_000
DEPTH = 3  # how deep the reasons of a credit are told


def calculator_text(inputs: Inputs, *, result: Result) -> str:
    """Return the page: each level from seconds to percent, each credit from fee to amount, the sum."""
    names = names_of(inputs)
    period = result.period
    lines = [
        f"{result.contract}/{result.schedule}/{period.label}: to be worked out by hand",
        "=" * WIDTH,
        f"Period {period.first_on} to {period.last_on}, {result.zone}. Amounts are before tax.",
        "Lengths are seconds, of all services of a level together where there are several.",
    ]
    for number, one in enumerate(result.measured, start=1):
        lines += ["", *_level(one, number=number, result=result, names=names)]
    lines += ["", *_sum(result, names=names)]
    return "\n".join(lines) + "\n"


def _level(one: Measured, *, number: int, result: Result, names: Names) -> Iterator[str]:
    title = f"{number}. {names.levels.get(one.target) or one.target}: {names.units(one.units)}"
    yield title + (f", {one.window.label}" if one.window.label != result.period.label else "")
    yield "-" * WIDTH
    yield from _measured(one, names=names)
    target = shown_level(one.level, unit=one.unit)
    achieved = shown_value(one.value, unit=one.unit, beside=one.level)
    yield f"  Target {target}, achieved {achieved}: {VERDICTS[one.verdict]}"
    for line in result.credits.lines:
        if (line.target, line.window, line.units) == (one.target, one.window.label, one.units):
            yield from _credit(line, result=result, names=names)


def _measured(one: Measured, *, names: Names) -> Iterator[str]:
    yield from _down(one, names=names)
    percent = _time_percent(one)
    cases = [case for case in one.cases if case.state is CaseState.COUNTED]
    in_time = sum(not case.late for case in cases)
    if percent:
        yield from percent
    elif cases and one.unit == "%" and one.value == Fraction(100 * in_time, len(cases)):
        share = f"100 x {in_time} / {len(cases)} = {_percent(one.value)}"
        yield f"  In time {in_time} of {len(cases)} cases: {share}"
    elif cases and one.unit == "count" and one.value == len(cases) - in_time:
        yield f"  Late {len(cases) - in_time} of {len(cases)} cases"
    else:
        yield from _told(one.step, depth=1, names=names)


def _down(one: Measured, *, names: Names) -> Iterator[str]:
    """Yield each counted stretch and their sum."""
    lines = [
        line
        for line in (one.ledger.lines if one.ledger is not None else ())
        if line.time_class is TimeClass.DOWN
    ]
    if not lines or one.ledger is None:
        return
    for line in lines[:MOST_LINES]:
        span = f"{names.instant(line.during.start)} to {names.instant(line.during.end)}"
        yield f"  {span}  {', '.join(line.incidents):<20} {_seconds(line.unit_us):>14}"
    left = lines[MOST_LINES:]
    if left:
        yield f"  and {len(left)} more in account.csv: {_seconds(sum(line.unit_us for line in left))}"
    down = one.ledger.us(TimeClass.DOWN)
    yield f"  Sum of the time down: {_seconds(down)}"
    if one.counted_us != down:
        for step in one.adjustments:
            yield f"  {step.sentence(instant=names.instant)}"
        yield f"  Counted of it: {_seconds(one.counted_us)}"


def _time_percent(one: Measured) -> list[str]:
    """Return availability from counted and whole time, nothing where the value is found another way."""
    whole, counted = one.denominator_us, one.counted_us
    if one.unit != "%" or not whole or one.ledger is None:
        return []
    if one.value != 100 * (1 - counted / whole):
        return []
    up = whole - counted
    return [
        f"  Seconds that the service was owed: {_seconds(whole)}",
        f"  Seconds that it was there: {_seconds(whole)} - {_seconds(counted)} = {_seconds(up)}",
        f"  100 x {_seconds(up)} / {_seconds(whole)} = {_percent(one.value)}",
    ]


def _credit(line: Credit, *, result: Result, names: Names) -> Iterator[str]:
    currency = result.currency
    yield f"  Credit: {CREDIT_STATES[line.state]}"
    for step in line.step.inputs:
        yield from _told(step, depth=2, names=names)
    if line.base is not None and line.base.minor and line.pays is Pays.MONEY and line.before_caps:
        rate = line.before_caps * 100 / line.base.minor
        base = format_minor(Fraction(line.base.minor), currency=currency)
        amount = format_minor(line.before_caps, currency=currency)
        yield f"  {base} x {_percent(rate)} = {amount} before caps"
    yield from _limits(
        line.removed, start=line.before_caps, end=line.due_exact, pays=line.pays, currency=currency
    )


def _limits(
    removed: Sequence[Removed], *, start: Fraction, end: Fraction, pays: Pays, currency: str
) -> Iterator[str]:
    """Yield what each limit takes, and what is left."""
    left = start
    for each in removed:
        was, left = left, left - each.amount
        terms = (was, each.amount, left)
        first, taken, rest = (shown_credit(term, pays=pays, currency=currency) for term in terms)
        clause = f" ({each.clause})" if each.clause else ""
        yield f"  {first} - {taken} taken by {each.code}{clause} = {rest}"
    yield f"  Due: {shown_credit(end, pays=pays, currency=currency)}"


def _sum(result: Result, *, names: Names) -> Iterator[str]:
    yield "All together"
    yield "-" * WIDTH
    for total in result.credits.totals:
        yield from _total(total, result=result, names=names)
    if not result.credits.totals:
        yield "  No credit follows from this period."
    if result.contested is not None:
        yield f"  By the vendor's own positions it would be {result.agreed}; contested is {result.contested}."


def _total(total: CreditTotal, *, result: Result, names: Names) -> Iterator[str]:
    currency = result.currency
    for line in result.credits.lines:
        if line.pays is total.pays and line.due_exact:
            name = names.levels.get(line.target) or line.target
            amount = shown_credit(line.due_exact, pays=line.pays, currency=currency)
            yield f"  + {amount:>16}  {name}, {names.units(line.units)}"
    exact = shown_credit(total.due_exact, pays=total.pays, currency=currency)
    if total.due is not None:
        rounded = "" if exact == str(total.due) else f" (exactly {exact}, rounded once)"
        yield f"  = {total.due!s:>16}  due, before tax{rounded}"
    else:
        yield f"  = {exact:>16}  due"


def _told(step: Step, *, depth: int, names: Names) -> Iterator[str]:
    clause = f" ({step.clause})" if step.clause else ""
    yield f"{'  ' * depth}{step.sentence(instant=names.instant)}{clause}"
    if depth < DEPTH + 1:
        for inner in step.inputs:
            yield from _told(inner, depth=depth + 1, names=names)


def _seconds(micros: Fraction | int) -> str:
    whole, rest = divmod(Fraction(micros), MICROS)
    decimals = written_fraction(rest / MICROS, digits=6).lstrip("0") if rest else ""
    return f"{whole:,}{decimals}"


def _percent(value: Fraction) -> str:
    return f"{written_fraction(value, digits=9)} %"
