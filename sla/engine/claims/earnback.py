"""Credits that good performance afterwards gives back to the vendor (clauses.md 2.6, modifier earn-back).

Amounts are never negative and no earlier credit is edited: what goes back is a line of its own, or a
balance that later credits are set off against. The balance lapses with the contract: nothing is paid
out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from sla.engine.facts import Outcome, Verdict
from sla.engine.money import Money, RoundingMode, round_minor
from sla.engine.periods import DAY, Period
from sla.engine.results import EarnedBack
from sla.engine.terms.rules import EarnBack, EarnBackForm, EarnBackWhen
from sla.engine.trace import Step, notes, rules

rules(
    earn_back__returned="{share} % of the credit of {period} for {target} goes back, {value}: {why}.",
    earn_back__offset="{share} % of the credit of {period} for {target} becomes a balance, {value}: {why}.",
    earn_back__offset_used="{value} of the balance of {target} is set off against credits; {left} is left.",
)

OFFSET_USED = "offset_used"
GOOD = (Verdict.MET, Verdict.MET_UNCONFIRMED)
_WHY = {
    EarnBackWhen.MET: "the level was met in each of the {n} periods after it",
    EarnBackWhen.EXCEEDED: "the level was exceeded in each of the {n} periods after it",
    EarnBackWhen.NO_CREDITS: "no credit fell due in the {n} periods after it",
}

Group = tuple[str, tuple[str, ...]]


def earned_back(
    terms: Sequence[EarnBack],
    *,
    outcomes: Sequence[Outcome],
    history: Sequence[Outcome],
    period: Period,
) -> tuple[EarnedBack, ...]:
    """Return what is earned back at the end of this period and what an earlier balance sets off in it.

    ``outcomes`` are this period's, ``history`` the earlier ones.
    A credit is earned back once, in the period that completes the periods after it; a window that
    is not measurable, provisional or absent does not count as good.
    """
    if not terms:
        return ()
    everything = (*history, *outcomes)
    lines = _lines(everything)
    found = [
        line
        for rule in terms
        for last in outcomes
        if not rule.targets or last.target in rule.targets
        for line in _earned(rule, last=last, rows=lines[last.target, last.units], everything=everything)
    ]
    pools = [rule.targets for rule in terms if rule.form is EarnBackForm.OFFSET]
    return (*found, *_used(pools, outcomes=outcomes, balances=offset_balances(history), period=period))


def with_balances(
    outcomes: Sequence[Outcome], *, history: Sequence[Outcome], earned: Sequence[EarnedBack]
) -> tuple[Outcome, ...]:
    """Return this period's outcomes with what was earned back and what is left of each balance.

    The balance of a service level and its units stands at their last window.
    """
    balances = offset_balances(history, earned=earned)
    returned: dict[Group, Money] = {}
    for line in earned:
        if line.form == EarnBackForm.RETURNED:
            before = returned.get((line.target, line.units), Money(0, line.amount.currency))
            returned[line.target, line.units] = before._replace(minor=before.minor + line.amount.minor)
    kept: list[Outcome] = []
    for row in reversed(outcomes):
        group = row.target, row.units
        kept.append(
            replace(row, offset_balance=balances.pop(group, None), earned_back=returned.pop(group, None))
        )
    return tuple(reversed(kept))


def offset_balances(history: Sequence[Outcome], *, earned: Sequence[EarnedBack] = ()) -> dict[Group, Money]:
    """Return the balances that later credits are set off against, by service level and units.

    They are those of the newest windows in ``history``, changed by what a period ``earned``.
    """
    balances = {
        (row.target, row.units): row.offset_balance
        for row in sorted(history, key=lambda row: row.last_on)
        if row.offset_balance is not None
    }
    for line in earned:
        if line.form == EarnBackForm.RETURNED:
            continue
        sign = -1 if line.form == OFFSET_USED else 1
        before = balances.get((line.target, line.units), Money(0, line.amount.currency))
        balances[line.target, line.units] = before._replace(minor=before.minor + sign * line.amount.minor)
    return balances


def _lines(rows: Sequence[Outcome]) -> dict[Group, list[Outcome]]:
    lines: dict[Group, list[Outcome]] = {}
    for row in sorted(rows, key=lambda row: (row.last_on, row.first_on)):
        lines.setdefault((row.target, row.units), []).append(row)
    return lines


def _earned(
    rule: EarnBack, *, last: Outcome, rows: Sequence[Outcome], everything: Sequence[Outcome]
) -> Iterator[EarnedBack]:
    """Yield what the periods that end with ``last`` earn back of the credit right before them."""
    at = rows.index(last)
    if at < rule.periods:
        return
    first, *after = rows[at - rule.periods : at + 1]
    if first.credit is None or not _is_unbroken([first, *after]):
        return
    amount = Fraction(first.credit.minor) * Fraction(rule.share) / 100
    returned = Money(round_minor(amount, mode=RoundingMode.HALF_UP), first.credit.currency)
    if returned.minor > 0 and _is_good(rule, after=after, everything=everything):
        yield _line(rule, credited=first, amount=returned)


def _is_unbroken(rows: Sequence[Outcome]) -> bool:
    return all(before.last_on + DAY >= row.first_on for before, row in pairwise(rows))


def _is_good(rule: EarnBack, *, after: Sequence[Outcome], everything: Sequence[Outcome]) -> bool:
    if rule.when is EarnBackWhen.NO_CREDITS:
        first_on, last_on = after[0].first_on, after[-1].last_on
        due = (
            row
            for row in everything
            if row.credit and row.credit.minor and first_on <= row.last_on <= last_on
        )
        return after[-1].verdict is not Verdict.PROVISIONAL and next(due, None) is None
    if any(row.verdict not in GOOD for row in after):
        return False
    return rule.when is EarnBackWhen.MET or all(_is_exceeded(row, level=after[-1].level) for row in after)


def _is_exceeded(row: Outcome, *, level: Fraction | None) -> bool:
    """Return whether a level that was met was not just equalled; ``level`` stands in for one not kept."""
    return row.value is not None and row.value != (level if row.level is None else row.level)


def _line(rule: EarnBack, *, credited: Outcome, amount: Money) -> EarnedBack:
    step = Step(
        f"earn_back.{rule.form.value}",
        amount.minor,
        unit=amount.currency,
        clause=rule.clause,
        notes=notes(
            share=rule.share,
            period=credited.period,
            target=credited.target,
            why=_WHY[rule.when].format(n=rule.periods),
        ),
    )
    return EarnedBack(
        target=credited.target,
        period=credited.period,
        amount=amount,
        form=rule.form.value,
        step=step,
        units=credited.units,
    )


def _used(
    pools: Sequence[tuple[str, ...]],
    *,
    outcomes: Sequence[Outcome],
    balances: Mapping[Group, Money],
    period: Period,
) -> Iterator[EarnedBack]:
    """Yield what is taken from each balance; the levels that one rule names share theirs."""
    owed: dict[str, int] = {}
    for row in outcomes:
        owed[row.target] = owed.get(row.target, 0) + (row.credit.minor if row.credit else 0)
    for target, units in sorted(balances):
        balance = balances[target, units]
        pool = next((pool for pool in pools if not pool or target in pool), None)
        if pool is None:
            continue
        left = balance.minor
        for name in pool or (target,):
            taken = min(left, owed.get(name, 0))
            owed[name] = owed.get(name, 0) - taken
            left -= taken
        if left < balance.minor:
            used = balance._replace(minor=balance.minor - left)
            yield _taken(target, units=units, used=used, left=balance._replace(minor=left), period=period)


def _taken(target: str, *, units: tuple[str, ...], used: Money, left: Money, period: Period) -> EarnedBack:
    step = Step(
        "earn_back.offset_used",
        used.minor,
        unit=used.currency,
        notes=notes(target=target, left=str(left)),
    )
    return EarnedBack(
        target=target, period=period.label, amount=used, form=OFFSET_USED, step=step, units=units
    )
