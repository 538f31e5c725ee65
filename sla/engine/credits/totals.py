"""Credits as they leave the calculation: rounded once, summed by unit, with what was removed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sla.engine.credits.lines import MONEY, NOTHING, Line, Setting, unit_of
from sla.engine.money import Money, round_minor
from sla.engine.results import Credit, Credits, CreditTotal, Removed
from sla.engine.terms.credits import Pays
from sla.engine.terms.versions import MoneyRounding, Terms
from sla.engine.trace import Step, notes, rules

rules(
    credit__before_caps="Before caps: {value}.",
    credit__due="Credit due for {target} in {window}: {value}.",
    credit__total="The credits of the period come to {value}.",
    credit__rounded_total="Rounded once, at the total, {mode}: {value}.",
    credit__rounded_line="Rounded line by line, {mode}: {value}.",
)


def closed(lines: Sequence[Line], *, setting: Setting) -> Credits:
    """Return the credits of the period from lines through which every limit has gone."""
    rounded = _rounded(lines, setting=setting)
    credits = tuple(_credit(line, due=rounded.get(i), setting=setting) for i, line in enumerate(lines))
    kinds = dict.fromkeys(([Pays.MONEY] if _pays_money(setting) else []) + [line.pays for line in lines])
    totals = tuple(
        _total(pays, credits=credits, setting=setting) for pays in sorted(kinds, key=list(Pays).index)
    )
    points = sum((line.left for line in lines if line.pays is Pays.POINTS), NOTHING)
    return Credits(lines=credits, totals=totals, points=points, carried=_carried(lines, setting=setting))


def _pays_money(setting: Setting) -> bool:
    """Return whether the schedule can pay money at all, so that nothing due reads as zero."""
    kinds = (Pays.SERVICE_DAYS, Pays.SERVICE_HOURS, Pays.POINTS, Pays.CHARGE)
    used = {item.version for item in setting.measured} or {len(setting.versions) - 1}
    return any(
        setting.versions[version].points is not None
        or any(
            t.credit and getattr(t.credit.params, "pays", Pays.PERCENT) not in kinds
            for t in setting.versions[version].targets
        )
        for version in used
    )


def _terms(setting: Setting) -> Terms:
    """Return the terms whose rounding holds: the newest used, as one total is rounded one way."""
    used = [item.version for item in setting.measured]
    return setting.versions[max(used)] if used else setting.versions[-1]


def _rounded(lines: Sequence[Line], *, setting: Setting) -> dict[int, Money]:
    """Return the rounded money of each line; rounded at the total, the lines still add up to it."""
    terms, currency = _terms(setting), setting.schedule.currency
    found: dict[int, Money] = {}
    for pays in MONEY:
        exact = {i: line.left for i, line in enumerate(lines) if line.pays is pays}
        if terms.money_rounding is not MoneyRounding.TOTAL:
            minor = {i: round_minor(amount, mode=terms.rounding_mode) for i, amount in exact.items()}
        else:
            minor = shared_out(
                exact, total=round_minor(sum(exact.values(), NOTHING), mode=terms.rounding_mode)
            )
        found |= {i: Money(amount, currency) for i, amount in minor.items()}
    return found


def shared_out(exact: dict[int, Fraction], *, total: int) -> dict[int, int]:
    """Return whole amounts that sum to the total; the largest remainders are rounded up first."""
    found = {i: amount.__floor__() for i, amount in exact.items()}
    over = total - sum(found.values())
    ranked = sorted(exact, key=lambda i: (found[i] - exact[i], i))
    for i in ranked[:over]:
        found[i] += 1
    return found


def _credit(line: Line, *, due: Money | None, setting: Setting) -> Credit:
    unit = unit_of(line.pays, currency=setting.schedule.currency)
    count = len(line.steps) - len(line.removed)
    gross = Step("credit.before_caps", line.before, unit, "", line.steps[:count])
    named = notes(target=line.target or "the points of the period", window=line.label)
    clause = line.rule.clause if line.rule else ""
    roots = tuple(sorted({root for piece in line.pieces for root in piece.roots}))
    return Credit(
        target=line.target,
        window=line.label,
        units=line.units,
        pays=line.pays,
        state=line.state,
        base=line.base,
        before_caps=line.before,
        removed=line.removed,
        due_exact=line.left,
        due=due,
        step=Step("credit.due", line.left, unit, clause, (gross, *line.steps[count:]), named),
        root_events=roots,
        waives=line.rule.waives if line.rule else "",
        provisional=line.provisional,
    )


def _total(pays: Pays, *, credits: Sequence[Credit], setting: Setting) -> CreditTotal:
    of = [credit for credit in credits if credit.pays is pays]
    exact = sum((credit.due_exact for credit in of), NOTHING)
    currency, terms = setting.schedule.currency, _terms(setting)
    step = Step(
        "credit.total", exact, unit_of(pays, currency=currency), "", tuple(credit.step for credit in of)
    )
    due = None
    if pays in MONEY:
        due = Money(sum(credit.due.minor for credit in of if credit.due), currency)
        rule = (
            "credit.rounded_total" if terms.money_rounding is MoneyRounding.TOTAL else "credit.rounded_line"
        )
        named = notes(mode=terms.rounding_mode.value.replace("_", " "))
        step = Step(rule, Fraction(due.minor), currency, "", (step,), named)
    return CreditTotal(
        pays=pays,
        before_caps=sum((credit.before_caps for credit in of), NOTHING),
        removed=_merged(of),
        due_exact=exact,
        due=due,
        step=step,
    )


def _merged(credits: Sequence[Credit]) -> tuple[Removed, ...]:
    """Return what each limit took from all lines together, in the order of the limits."""
    sums: dict[tuple[str, str, bool], Fraction] = {}
    for credit in credits:
        for item in credit.removed:
            key = (item.code, item.clause, item.carried)
            sums[key] = sums.get(key, NOTHING) + item.amount
    return tuple(Removed(code, amount, clause, carried) for (code, clause, carried), amount in sums.items())


def _carried(lines: Sequence[Line], *, setting: Setting) -> Money | None:
    total = sum(
        (item.amount for line in lines if line.pays in MONEY for item in line.removed if item.carried),
        NOTHING,
    )
    if not total:
        return None
    return Money(round_minor(total, mode=_terms(setting).rounding_mode), setting.schedule.currency)
