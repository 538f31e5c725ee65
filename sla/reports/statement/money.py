"""Credits line by line: before caps, what each limit took, what is due, agreed and contested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sla.engine.money import Money
from sla.engine.results import Credit, CreditState, CreditTotal, Removed, Result
from sla.engine.terms import Pays
from sla.reports.figures import shown_credit
from sla.reports.pictures import Picture
from sla.reports.pictures.statement import statement_pictures
from sla.reports.statement.reader import Reader
from sla.reports.statement.reasons import Reason, reason_of
from sla.reports.words import CREDIT_STATES


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one limit took off."""

    label: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class CreditView:
    """One credit from its base to what is due."""

    name: str
    services: str
    window: str
    base: str
    before_caps: str
    taken: tuple[Taken, ...]
    due: str
    pays: bool
    state: str
    agreed: str
    contested: str
    reason: Reason
    provisional: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TotalView:
    """The credits of the period in one unit."""

    label: str
    before_caps: str
    taken: tuple[Taken, ...]
    due: str
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class MoneyView:
    """All credits of a statement."""

    lines: tuple[CreditView, ...]
    totals: tuple[TotalView, ...]
    due: str
    agreed: str
    contested: str
    carried: str
    points: str
    pictures: tuple[Picture, ...]


def money_view(result: Result, *, reader: Reader) -> MoneyView:
    """Return the credits of a result for showing."""
    credits = result.credits
    money = credits.money
    return MoneyView(
        lines=tuple(_line(each, reader=reader) for each in credits.lines),
        totals=tuple(_total(each, reader=reader) for each in credits.totals),
        due=str(money if money is not None else Money(0, reader.currency)),
        agreed=_text(result.agreed),
        contested=_text(result.contested),
        carried=_text(credits.carried),
        points=shown_credit(credits.points, pays=Pays.POINTS, currency="") if credits.points else "",
        pictures=statement_pictures(result, levels=reader.levels, services=reader.services),
    )


def _text(money: Money | None) -> str:
    return "" if money is None else str(money)


def _line(line: Credit, *, reader: Reader) -> CreditView:
    due = shown_credit(line.due_exact, pays=line.pays, currency=reader.currency)
    contested = ""
    if line.agreed is not None and line.due is not None and line.due.minor != line.agreed.minor:
        contested = str(Money(line.due.minor - line.agreed.minor, line.due.currency))
    return CreditView(
        name=reader.level(line.target),
        services=reader.units(line.units),
        window=line.window,
        base=_text(line.base),
        before_caps=shown_credit(line.before_caps, pays=line.pays, currency=reader.currency),
        taken=_taken(line.removed, pays=line.pays, reader=reader),
        due=_text(line.due) or due,
        pays=line.state is CreditState.DUE and bool(line.due_exact),
        state=CREDIT_STATES[line.state],
        agreed=_text(line.agreed),
        contested=contested,
        reason=reason_of(line.step, reader=reader),
        provisional=line.provisional,
    )


def _total(total: CreditTotal, *, reader: Reader) -> TotalView:
    exact = shown_credit(total.due_exact, pays=total.pays, currency=reader.currency)
    return TotalView(
        label="Credit due, before tax" if total.pays is Pays.MONEY else "Credit due",
        before_caps=shown_credit(total.before_caps, pays=total.pays, currency=reader.currency),
        taken=_taken(total.removed, pays=total.pays, reader=reader),
        due=_text(total.due) or exact,
        reason=reason_of(total.step, reader=reader),
    )


def _taken(removed: Iterable[Removed], *, pays: Pays, reader: Reader) -> tuple[Taken, ...]:
    return tuple(
        Taken(
            label=f"Taken by {each.code}" + (f" ({each.clause})" if each.clause else "") + _stays(each),
            amount=shown_credit(-each.amount, pays=pays, currency=reader.currency),
        )
        for each in removed
    )


def _stays(removed: Removed) -> str:
    return ", carried to later statements" if removed.carried else ""
