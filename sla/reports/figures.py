"""Figures for reading: floored, with enough decimals to tell a value from its level."""

from __future__ import annotations

from fractions import Fraction

from sla.engine.facts import Verdict
from sla.engine.money import format_minor
from sla.engine.results import Measured
from sla.engine.terms import Pays
from sla.engine.trace import written, written_fraction, written_length
from sla.models import LineFigures
from sla.reports.words import PAYS
from vendors.models import money_text

FEWEST, MOST = 3, 12


def shown_value(value: Fraction | None, *, unit: str, beside: Fraction | None = None) -> str:
    """Return a value floored, with as many decimals as tell it from ``beside``, at least three."""
    if value is None:
        return "no value"
    if unit != "%":
        return written(value, unit=unit)
    digits = FEWEST
    while beside is not None and value != beside and digits < MOST:
        if written_fraction(value, digits=digits) != written_fraction(beside, digits=digits):
            break
        digits += 1
    return f"{written_fraction(value, digits=digits)} %"


def shown_achieved(one: Measured) -> str:
    """Return what was achieved; by exception nothing is printed as a bare 100 %."""
    if one.verdict is Verdict.MET_UNCONFIRMED and one.value == 100 and one.unit == "%":
        return "no outage recorded"
    if one.value is not None and counts_late(one):
        return f"{written_fraction(one.value)} late"
    return shown_value(one.value, unit=one.unit, beside=one.level)


def shown_promise(one: Measured) -> str:
    """Return the level that was judged by."""
    return shown_level(one.level, unit=one.unit) + (" late" if counts_late(one) else "")


def counts_late(one: Measured) -> bool:
    """Say whether the figure counts the cases that came late."""
    return bool(one.cases) and one.unit == "count"


def shown_level(level: Fraction, *, unit: str) -> str:
    """Return a level with all its decimals."""
    return f"{written_fraction(level, digits=MOST)} %" if unit == "%" else written(level, unit=unit)


def shown_credit(amount: Fraction, *, pays: Pays, currency: str) -> str:
    """Return an amount in the unit a credit pays in; money as exact minor units."""
    if pays is Pays.MONEY:
        return format_minor(amount, currency=currency)
    return f"{written_fraction(amount)} {PAYS[pays]}"


def shown_room(micros: int) -> str:
    """Return how much downtime is left; the last microsecond before an edge is not worth a line of nines."""
    return written_length(micros + 1 if micros % 1_000_000 == 999_999 else micros)


def due_words(line: LineFigures) -> str:
    """Return what a line of a statement pays, in its unit."""
    if line.quantity is not None:
        return shown_credit(line.quantity, pays=Pays(line.pays), currency=line.currency)
    return money_text(line.due_minor, currency=line.currency)
