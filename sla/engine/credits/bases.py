"""The base: which fees, of which dates, a credit or a cap is a share of (F50, F51, A8, A9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from sla.engine.credits.fees import Days, Fee, Fees, accrued, covered, days_of, months, without
from sla.engine.credits.lines import NOTHING, Asked, BaseAmount, Setting, Span
from sla.engine.facts import ChargeKind
from sla.engine.intervals import Interval, micro
from sla.engine.periods import DAY, Period, PeriodKind, PeriodRule, period_on
from sla.engine.terms.credits import Base, BasePeriod, BaseSelect
from sla.engine.trace import Step, notes, rules

rules(
    credit__fee="Fee {code}{unit} from {first_on} to {last_on}: {value}.",
    credit__estimate="Fee {code}{unit} from {first_on} to {last_on}, estimated until billed: {value}.",
    credit__discount="Discount {code}{unit} from {first_on} to {last_on}: {value}.",
    credit__base="The base is {value}: {what}, {first_on} to {last_on}.",
    credit__base_share="{share} % of the fees are the base.",
    credit__base_greater="The greater of recurring fees and usage is the base.",
    credit__base_slice="{days} days of the fee are the base, a day being {basis}.",
    credit__base_window="The window is {share} of its days.",
)


class _Sums(NamedTuple):
    recurring: Fraction
    usage: Fraction
    discount: Fraction
    steps: tuple[Step, ...]
    provisional: tuple[str, ...]


def base_amount(
    base: Base, *, units: Sequence[str], services: Sequence[str], span: Span, setting: Setting
) -> BaseAmount:
    """Return the base in minor units: fees of the units, services or contract on the span's dates."""
    asked = Asked(base, tuple(units), tuple(services), span)
    found = setting.bases.get(asked)
    if found is None:
        found = setting.bases[asked] = _found(asked, setting=setting)
    return found


def _found(asked: Asked, *, setting: Setting) -> BaseAmount:
    base, units, services, span = asked
    chosen, what = _chosen(base, units=units, services=services, setting=setting)
    sums = _summed(base, chosen=chosen, days=span.days, fees=setting.fees)
    gross = max(sums.recurring, sums.usage) if base.greater_of else sums.recurring + sums.usage
    fees = max(gross - sums.discount, NOTHING)
    if base.share != 100:
        fees *= Fraction(base.share) / 100
    days = _day_divisor(base, chosen=chosen, span=span, setting=setting)
    amount = fees * span.share if base.slice_days is None else fees / days * base.slice_days
    lost = _unallocated(base, setting=setting, span=span, what=what)
    reasons = sums.provisional + lost + (() if chosen else (_no_fee(what, span=span),))
    currency = setting.fees.currency
    inputs = sums.steps + _adjusted(base, span=span, fees=fees, days=days, currency=currency)
    named = {"what": what, **_dates(span.days)}
    step = Step("credit.base", amount, currency, base.clause, inputs, notes(named))
    return BaseAmount(amount, fees, days, step, reasons)


def _chosen(
    base: Base, *, units: Sequence[str], services: Sequence[str], setting: Setting
) -> tuple[list[Fee], str]:
    """Return the fees that make the base, and what they are in plain words."""
    fees = setting.fees
    if base.select is BaseSelect.CHARGES:
        named = [fee for fee in fees.all() if fee.charge.code in base.charges]
        return _of_kind(base, found=named), f"fees {', '.join(base.charges)}"
    if base.select is BaseSelect.CONTRACT:
        return _of_kind(base, found=fees.all()), "every fee of the contract"
    meant = units
    if base.select is BaseSelect.SERVICES:
        meant = services or [unit.code for unit in setting.facts.units]
    found = [fee for unit in sorted(set(meant)) for fee in fees.of_unit(unit)]
    if not found and fees.only_contract_wide:
        what = f"the fees of the whole contract, as none is recorded for {_listed(meant)} alone"
        return _of_kind(base, found=fees.of_unit("")), what
    return _of_kind(base, found=found), f"fees of {_listed(meant)}"


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(sorted(set(codes))) or "the contract"


def _of_kind(base: Base, *, found: Iterable[Fee]) -> list[Fee]:
    kinds = set(base.kinds) | ({"billed"} if "usage" in base.kinds else set())
    if base.net_of_discounts:
        kinds.add("discount")
    return [
        fee
        for fee in found
        if fee.charge.kind.value in kinds
        and (fee.charge.in_base or base.select is BaseSelect.CHARGES)
        and (not base.charges or fee.charge.code in base.charges)
    ]


def _summed(base: Base, *, chosen: Sequence[Fee], days: Days, fees: Fees) -> _Sums:
    recurring = usage = discount = NOTHING
    steps: list[Step] = []
    reasons: list[str] = []
    for fee in chosen:
        amount, kind = (
            _accrued(fees.checked(fee), chosen=fees.of_unit(fee.charge.unit), days=days, fees=fees),
            fee.charge.kind,
        )
        if not amount:
            continue
        steps.append(_fee_step(fee, amount=amount, days=days, currency=fees.currency))
        if kind is ChargeKind.DISCOUNT:
            discount += abs(amount)
        elif kind in (ChargeKind.USAGE, ChargeKind.BILLED):
            usage += amount
        else:
            recurring += amount
        if kind is ChargeKind.USAGE:
            reasons.append(f"Fee {fee.charge.code} is an estimate until it is billed.")
    return _Sums(recurring, usage, discount, tuple(steps), tuple(dict.fromkeys(reasons)))


def _accrued(fee: Fee, *, chosen: Iterable[Fee], days: Days, fees: Fees) -> Fraction:
    """Return what the fee comes to; an estimate counts only on dates that no invoice covers."""
    if fee.charge.kind is not ChargeKind.USAGE:
        return accrued(fee, days=days, billing_day=fees.billing_day)
    billed = [
        Days(other.charge.starts_on, other.until or days.end)
        for other in chosen
        if other.charge.kind is ChargeKind.BILLED and other.charge.code == fee.charge.code
    ]
    open_days = without(days, taken=billed)
    return sum((accrued(fee, days=part, billing_day=fees.billing_day) for part in open_days), NOTHING)


def _fee_step(fee: Fee, *, amount: Fraction, days: Days, currency: str) -> Step:
    rule = {ChargeKind.USAGE: "credit.estimate", ChargeKind.DISCOUNT: "credit.discount"}
    inside = days if fee.charge.kind is ChargeKind.ONE_TIME else fee.within(days)
    unit = f" of {fee.charge.unit}" if fee.charge.unit else ""
    named = {"code": fee.charge.code, "unit": unit, **_dates(inside)}
    return Step(rule.get(fee.charge.kind, "credit.fee"), amount, currency, "", (), notes(named))


def _dates(days: Days) -> dict[str, object]:
    return {"first_on": days.start.isoformat(), "last_on": (days.end - DAY).isoformat()}


def _day_divisor(base: Base, *, chosen: Sequence[Fee], span: Span, setting: Setting) -> Fraction:
    """Return how many days of fee the base is, over the dates on which a fee runs.

    With a day basis (30, 360) a day is that share of a month's fee, so a quarter has three times
    as many.
    """
    running = [fee for fee in chosen if fee.charge.kind is not ChargeKind.ONE_TIME]
    stretches = covered(running, days=span.days) or [span.days]
    if base.day_basis is None:
        return Fraction(max(sum(stretch.size for stretch in stretches), 1))
    share = sum((months(stretch, billing_day=setting.fees.billing_day) for stretch in stretches), NOTHING)
    return (share or Fraction(1)) * base.day_basis


def _adjusted(base: Base, *, span: Span, fees: Fraction, days: Fraction, currency: str) -> tuple[Step, ...]:
    steps = []
    if base.greater_of:
        steps.append(Step("credit.base_greater", None, "", base.clause))
    if base.share != 100:
        steps.append(
            Step("credit.base_share", Fraction(base.share), "%", base.clause, (), notes(share=base.share))
        )
    if base.slice_days is not None:
        basis = (
            f"1/{base.day_basis} of a month's fee" if base.day_basis else "the fee by the days of the period"
        )
        named = notes(days=base.slice_days, basis=basis)
        steps.append(Step("credit.base_slice", fees / days, currency, base.clause, (), named))
    elif span.share != 1:
        steps.append(Step("credit.base_window", span.share, "", "", (), notes(share=str(span.share))))
    return tuple(steps)


def _no_fee(what: str, *, span: Span) -> str:
    last_on = span.days.end - DAY
    return f"No fee is recorded for the base ({what}, {span.days.start} to {last_on}), so it is nothing."


def _unallocated(base: Base, *, setting: Setting, span: Span, what: str) -> tuple[str, ...]:
    """Return a warning where a contract-wide discount cannot be laid on the chosen units."""
    if base.select not in (BaseSelect.UNITS, BaseSelect.SERVICES) or not base.net_of_discounts:
        return ()
    if setting.fees.only_contract_wide:
        return ()
    return tuple(
        f"Discount {fee.charge.code} names no service, so it is not taken off the {what}."
        for fee in setting.fees.of_unit("")
        if fee.charge.kind is ChargeKind.DISCOUNT and fee.within(span.days).size
    )


def base_span(
    base: Base, *, window: Period, rule: PeriodRule, setting: Setting, ended_at: datetime | None = None
) -> Span:
    """Return the dates a base is taken from; ``ended_at`` is when service came back."""
    if base.period is BasePeriod.FAILURE:
        return window_span(window, setting=setting)
    if base.period is BasePeriod.STATEMENT:
        return Span(days_of(setting.period.first_on, last_on=setting.period.last_on))
    zone = setting.facts.zone
    if base.period is BasePeriod.RESTORATION:
        on = zone.date_of(ended_at) if ended_at else window.last_on
        found = period_on(
            on, rule=_whole(setting.schedule.period, or_else=setting.schedule.period), zone=zone
        )
        return Span(days_of(found.first_on, last_on=found.last_on))
    cut_by = _whole(rule, or_else=setting.schedule.period)
    whole = period_on(window.last_on, rule=cut_by, zone=zone)
    near = whole.first_on - DAY if base.period is BasePeriod.PRECEDING else whole.last_on + DAY
    found = period_on(near, rule=cut_by, zone=zone)
    return Span(days_of(found.first_on, last_on=found.last_on))


def _whole(rule: PeriodRule, *, or_else: PeriodRule) -> PeriodRule:
    """Return a rule whose periods lie end to end, which hours by date and rolling ones do not."""
    lying = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)
    if rule.kind in lying:
        return rule
    return or_else if or_else.kind in lying else PeriodRule()


def window_span(window: Period, *, setting: Setting) -> Span:
    """Return a window's dates; an hour's share of its day where it is no whole number of days."""
    days = days_of(window.first_on, last_on=window.last_on)
    zone = setting.facts.zone
    whole = Interval(zone.midnight(days.start), zone.midnight(days.end))
    if window.during.length >= whole.length:
        return Span(days)
    return Span(days, Fraction(micro(window.during.length), micro(whole.length)))


def waived_fee(code: str, *, units: Sequence[str], span: Span, setting: Setting) -> BaseAmount:
    """Return the amount of a fee that is not charged: of the span, or once for a one-time fee."""
    fees = setting.fees
    found = [fee for fee in fees.all() if fee.charge.code == code]
    found = [fee for fee in found if not fee.charge.unit or fee.charge.unit in units]
    once = [fee for fee in found if fee.charge.kind is ChargeKind.ONE_TIME]
    running = [fee for fee in found if fee.charge.kind not in (ChargeKind.ONE_TIME, ChargeKind.DISCOUNT)]
    sums = _summed(Base(), chosen=running, days=span.days, fees=fees)
    amount, steps = sums.recurring + sums.usage, sums.steps
    if once:
        # The installation fee of a late installation may be charged before or after the failure.
        once.sort(key=lambda fee: fee.charge.starts_on)
        before = [fee for fee in once if fee.charge.starts_on < span.days.end]
        fee = fees.checked(before[-1] if before else once[0])
        amount += fee.charge.amount.minor
        face = Fraction(fee.charge.amount.minor)
        steps += (
            _fee_step(
                fee,
                amount=face,
                days=Days(fee.charge.starts_on, fee.charge.starts_on + DAY),
                currency=fees.currency,
            ),
        )
    what = f"fee {code}"
    named = {"what": what, **_dates(span.days)}
    step = Step("credit.base", amount, fees.currency, "", steps, notes(named))
    reasons = sums.provisional + (() if found else (_no_fee(what, span=span),))
    return BaseAmount(amount, amount, Fraction(1), step, reasons)
