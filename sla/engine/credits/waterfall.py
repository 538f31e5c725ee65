"""The credits of one statement, stage by stage (steps 10 to 14 of the order of calculation)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sla.engine.credits.caps import capped
from sla.engine.credits.fees import Fees
from sla.engine.credits.gross import gross_line
from sla.engine.credits.lines import Line, Piece, Setting
from sla.engine.credits.minimums import with_minimums
from sla.engine.credits.modifiers import suppressed, with_conditions, with_deductible
from sla.engine.credits.points import marked, points_lines
from sla.engine.credits.stacking import stacked
from sla.engine.credits.totals import closed
from sla.engine.facts import Facts, Outcome
from sla.engine.money import CurrencyMismatch
from sla.engine.periods import Period
from sla.engine.results import Credits, Measured
from sla.engine.terms.credits import Pays
from sla.engine.terms.versions import Schedule, Terms
from sla.engine.trace import Step, notes, rules

rules(credit__carried_in="A cap let {value} of {period} stand over to this period.")


def credits_of(setting: Setting) -> Credits:
    """Return what the missed levels of a period pay, with everything that limits took from it.

    Amounts are exact minor units of the schedule's currency until they are rounded once; the order
    of the measured levels plays no part. What stood over is read from the last outcome of the
    history. Raises `CurrencyMismatch` where a fee or an earlier credit is in another currency.
    """
    lines = [line for item in setting.measured if (line := gross_line(item, setting=setting)) is not None]
    carried = _carried_in(setting)
    if not lines and not carried:
        return closed((), setting=setting)
    lines = [with_conditions(line, setting=setting) for line in sorted(lines, key=lambda line: line.order)]
    lines = stacked(suppressed(lines, setting=setting), setting=setting)
    lines = [with_deductible(line, setting=setting) for line in lines]
    lines = capped(lines, setting=setting, points=True)
    lines += points_lines(lines, setting=setting) + carried
    lines = with_minimums(capped(lines, setting=setting), setting=setting)
    return closed([marked(line) for line in sorted(lines, key=lambda line: line.order)], setting=setting)


def setting_of(
    measured: Sequence[Measured],
    *,
    versions: Sequence[Terms],
    schedule: Schedule,
    facts: Facts,
    period: Period,
    history: Sequence[Outcome],
) -> Setting:
    """Return what the stages read, with targets and fees ready to be found."""
    return Setting(
        versions=versions,
        schedule=schedule,
        facts=facts,
        period=period,
        history=history,
        measured=tuple(measured),
        fees=Fees(facts.charges, currency=schedule.currency, billing_day=schedule.billing_day),
        targets={(i, target.code): target for i, terms in enumerate(versions) for target in terms.targets},
    )


def _carried_in(setting: Setting) -> list[Line]:
    """Return the credit that a cap of the last period let stand over to this one."""
    last = setting.history[-1] if setting.history else None
    if last is None or last.carried is None or not last.carried.minor:
        return []
    currency = setting.schedule.currency
    if last.carried.currency != currency:
        raise CurrencyMismatch(
            f"{last.carried} stands over from {last.period}, the SLA schedule pays in {currency}. "
            f"Bring it forward in {currency}."
        )
    amount = Fraction(last.carried.minor)
    version = max((item.version for item in setting.measured), default=len(setting.versions) - 1)
    step = Step("credit.carried_in", amount, currency, "", (), notes(period=last.period))
    piece = Piece(key=last.period, on=last.last_on, amount=amount, left=amount)
    line = Line(
        target="",
        window=setting.period,
        label=last.period,
        units=last.units,
        version=version,
        pays=Pays.MONEY,
        pieces=(piece,),
        steps=(step,),
    )
    return [line]
