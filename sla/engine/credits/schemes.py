"""Credit schemes: what one occurrence of a miss pays, in the scheme's own unit (R1-R14)."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.occurrences import Occurrence
from sla.engine.credits.rows import choose, describe, exact, rounded
from sla.engine.results import Measured
from sla.engine.terms.credits import (
    Fixed,
    IncrementOn,
    Increments,
    Pays,
    Per,
    Points,
    Pooled,
    Prorated,
    Rounding,
    SchemeParams,
    Tier,
    Tiered,
    TierGap,
    TierOn,
)
from sla.engine.terms.targets import Op
from sla.engine.trace import Quantity, Step, in_words, notes, rules

NOTHING = Fraction(0)

rules(
    credit__tier="{figure} lies in the row {row}, which pays {value}.",
    credit__tier_overlap="{figure} lies in several rows; {row} holds ({pick} reading) and pays {value}.",
    credit__tier_gap="{figure} lies between two rows; {row} holds ({gap} reading) and pays {value}.",
    credit__tier_none="{figure} lies in no row, so nothing is paid.",
    credit__increments="{figure} is {count} increments of {size}, which pay {value}.",
    credit__increments_none="{figure} is not above the {after} that are free, so nothing is paid.",
    credit__retroactive="{count} increments are more than {beyond}, so each of them pays {value}.",
    credit__prorated="{counted} of {whole}, {multiplier} times the fee of it: {value} of the base.",
    credit__prorated_none="No time is left to pay for: {value}.",
    credit__fixed="A stated credit of {credit}, {times} times: {value}.",
    credit__pooled="{at_risk} % at risk x {pool} % of the pool x {allocation} %: {value} of the base.",
)


class Found(NamedTuple):
    """A scheme's figure in its own unit, with the reason and any doubt about it."""

    units: Fraction
    step: Step
    provisional: tuple[str, ...] = ()


def pays_of(params: SchemeParams) -> Pays:
    """Return the unit a scheme's figure is in."""
    if isinstance(params, Points):
        return Pays.POINTS
    if isinstance(params, (Prorated, Pooled)):
        return Pays.PERCENT
    return params.pays


def per_of(params: SchemeParams) -> Per:
    """Return what a scheme is applied to once."""
    return Per.WINDOW if isinstance(params, (Points, Pooled)) else params.per


def scheme_units(params: SchemeParams, *, of: Occurrence, measured: Measured, op: Op, clause: str) -> Found:
    """Return what an occurrence pays: percent of the base, or the unit that the scheme pays in."""
    match params:
        case Tiered():
            return _tiered(params, of=of, measured=measured, clause=clause)
        case Points():
            rows = Tiered(
                tiers=params.tiers,
                pays=Pays.POINTS,
                pick=params.pick,
                gap=params.gap,
                row_decimals=params.row_decimals,
            )
            return _tiered(rows, of=of, measured=measured, clause=clause)
        case Increments():
            return _increments(params, of=of, measured=measured, op=op, clause=clause)
        case Prorated():
            return _prorated(params, of=of, measured=measured, clause=clause)
        case Fixed():
            return _fixed(params, clause=clause)
        case Pooled():
            return _pooled(params, clause=clause)


def step_unit(pays: Pays) -> str:
    """Return how a figure in a scheme's own unit is read."""
    named = {Pays.PERCENT: "%", Pays.CHARGE: "times the fee", Pays.MONEY: "in money"}
    return named.get(pays, pays.value.replace("service_", "") if pays is not Pays.POINTS else "points")


def _tiered(params: Tiered, *, of: Occurrence, measured: Measured, clause: str) -> Found:
    figure, unit = _tier_figure(params.on, of=of, measured=measured)
    if figure is None:
        return Found(NOTHING, Step("credit.tier_none", NOTHING, "", clause, (), notes(figure="No value")))
    value = rounded(figure, decimals=params.row_decimals)
    tier, how = choose(params.tiers, value=value, pick=params.pick, gap=params.gap)
    said = Quantity(value, unit)
    if tier is None:
        # Only a hole between rows is in doubt: beyond the outer rows nothing was promised.
        doubt = (
            (f"{in_words(said)} lies between two rows of the credit table, which pays nothing there.",)
            if how == "gap"
            else ()
        )
        return Found(NOTHING, Step("credit.tier_none", NOTHING, "", clause, (), notes(figure=said)), doubt)
    step = _tier_step(params, tier=tier, how=how, said=said, clause=clause)
    return Found(_value(step), step)


def _value(step: Step) -> Fraction:
    assert isinstance(step.value, Fraction)
    return step.value


def _tier_step(params: Tiered, *, tier: Tier, how: str, said: Quantity, clause: str) -> Step:
    rule = {"row": "credit.tier", "overlap": "credit.tier_overlap", "gap": "credit.tier_gap"}[how]
    row = f"{tier.name} ({describe(tier)})" if tier.name else describe(tier)
    named = notes(figure=said, row=row, pick=params.pick.value, gap=TierGap(params.gap).value)
    return Step(rule, exact(tier.credit), step_unit(params.pays), tier.clause or clause, (), named)


def _tier_figure(on: TierOn, *, of: Occurrence, measured: Measured) -> tuple[Fraction | None, str]:
    if on is TierOn.COUNTED:
        return of.counted_us, "us"
    if on is TierOn.LATENESS:
        return _past_level(of, measured=measured), "us"
    return measured.value, measured.unit


def _increments(params: Increments, *, of: Occurrence, measured: Measured, op: Op, clause: str) -> Found:
    figure, unit = _increment_figure(params.on, of=of, measured=measured, op=op)
    said = Quantity(figure, unit)
    over = figure - exact(params.after)
    if over <= 0:
        named = notes(figure=said, after=Quantity(exact(params.after), unit))
        return Found(NOTHING, Step("credit.increments_none", NOTHING, "", clause, (), named))
    credit, rest = Fraction(params.initial), over
    if params.first_size is not None:
        first = exact(params.first_size)
        share = _whole(min(over / first, Fraction(1)), rounding=params.rounding)
        credit += share * Fraction(params.credit if params.first_credit is None else params.first_credit)
        rest = max(over - first, NOTHING)
    count = _counted(rest / exact(params.size), params=params)
    rate, steps = Fraction(params.credit), tuple[Step, ...]()
    if params.retroactive is not None and count > Fraction(params.retroactive.beyond):
        rate = Fraction(params.retroactive.credit)
        steps = (_retroactive(params, count=count, rate=rate, clause=clause),)
    credit += count * rate
    named = notes(figure=said, count=count, size=Quantity(exact(params.size), unit))
    return Found(credit, Step("credit.increments", credit, step_unit(params.pays), clause, steps, named))


def _retroactive(params: Increments, *, count: Fraction, rate: Fraction, clause: str) -> Step:
    assert params.retroactive is not None
    named = notes(count=count, beyond=params.retroactive.beyond)
    return Step("credit.retroactive", rate, step_unit(params.pays), clause, (), named)


def _increment_figure(on: IncrementOn, *, of: Occurrence, measured: Measured, op: Op) -> tuple[Fraction, str]:
    if on is IncrementOn.COUNTED:
        return of.counted_us, "us"
    if on is IncrementOn.LATENESS:
        return _past_level(of, measured=measured), "us"
    if on is IncrementOn.CASES:
        return Fraction(of.cases), "count"
    value = measured.level if measured.value is None else measured.value
    short = measured.level - value if op in (Op.AT_LEAST, Op.ABOVE) else value - measured.level
    return max(short, NOTHING), measured.unit


def _past_level(of: Occurrence, *, measured: Measured) -> Fraction:
    """Return the time past the level: of late cases, else downtime beyond the window's allowance (A7)."""
    if of.lateness_us or of.key != measured.window.label:
        return of.lateness_us
    return max(of.counted_us - allowance(measured), NOTHING)


def _counted(exact_count: Fraction, *, params: Increments) -> Fraction:
    """Return the number of increments; beyond ``prorata_from`` a broken one counts in proportion."""
    if params.prorata_from is None:
        return _whole(exact_count, rounding=params.rounding)
    limit = Fraction(params.prorata_from)
    return _whole(min(exact_count, limit), rounding=params.rounding) + max(exact_count - limit, NOTHING)


def _whole(count: Fraction, *, rounding: Rounding) -> Fraction:
    if rounding is Rounding.PRORATA:
        return count
    return Fraction(count.__floor__() if rounding is Rounding.FLOOR else count.__ceil__())


def _prorated(params: Prorated, *, of: Occurrence, measured: Measured, clause: str) -> Found:
    counted = of.counted_us
    if params.excess_only and measured.counted_us:
        excess = max(measured.counted_us - allowance(measured), NOTHING)
        counted = counted * excess / measured.counted_us
    whole = measured.denominator_us
    if not whole or not counted:
        return Found(NOTHING, Step("credit.prorated_none", NOTHING, "%", clause))
    percent = 100 * counted / whole * Fraction(params.multiplier)
    named = notes(counted=Quantity(counted, "us"), whole=Quantity(whole, "us"), multiplier=params.multiplier)
    return Found(percent, Step("credit.prorated", percent, "%", clause, (), named))


def allowance(measured: Measured) -> Fraction:
    """Return the downtime in microseconds that the level still bears over the whole window."""
    if measured.unit == "%":
        return (100 - measured.level) / 100 * measured.denominator_us
    return measured.level if measured.unit == "us" else NOTHING


def _fixed(params: Fixed, *, clause: str) -> Found:
    units = Fraction(params.credit) * Fraction(params.times)
    named = notes(credit=params.credit, times=params.times)
    return Found(units, Step("credit.fixed", units, step_unit(params.pays), clause, (), named))


def _pooled(params: Pooled, *, clause: str) -> Found:
    percent = (
        Fraction(params.at_risk_percent) * Fraction(params.pool_percent) * Fraction(params.allocation_percent)
    )
    percent /= 10_000
    named = notes(
        at_risk=params.at_risk_percent, pool=params.pool_percent, allocation=params.allocation_percent
    )
    return Found(percent, Step("credit.pooled", percent, "%", clause, (), named))
