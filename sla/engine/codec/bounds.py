"""How large a number may be that counts days, periods or decimals: beyond it no calendar reaches."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from sla.engine.codec.scalars import shown, written_length_text
from sla.engine.periods import PeriodRule
from sla.engine.terms.counting import Counting, Granularity, Obligation, Sampled
from sla.engine.terms.credits import Base, Points, Tiered
from sla.engine.terms.rules import ChronicRule, EarnBack, ExclusionRule, Offset


class Bound(NamedTuple):
    """The least and the most that one field may be, and the advice for anything else."""

    least: Decimal | timedelta
    most: Decimal | timedelta
    advice: str


def _numbers(least: int, most: int) -> Bound:
    return Bound(Decimal(least), Decimal(most), f"Use {least} to {most:,}.")


_DECIMALS = _numbers(0, 12)
_UNITS_AFTER = _numbers(0, 10_000)  # hours, days or months after an anchor
_PERIODS = _numbers(1, 1_000)
_DAYS_OF_A_YEAR = _numbers(1, 366)
_SIZE = Bound(timedelta(seconds=1), timedelta(days=366), "Use 1 s to 366 days.")

# Decimals beyond these digits, and limits beyond these centuries, take time or pass the last year.
BOUNDS: dict[type, dict[str, Bound]] = {
    Counting: {"value_decimals": _DECIMALS},
    Tiered: {"row_decimals": _DECIMALS},
    Points: {"row_decimals": _DECIMALS},
    Offset: {"n": _UNITS_AFTER},
    Obligation: {"n": _UNITS_AFTER},
    ExclusionRule: {"notice": _UNITS_AFTER},
    EarnBack: {"periods": _PERIODS},
    ChronicRule: {"of_last": _PERIODS, "span_days": _numbers(1, 36_600)},
    Base: {"day_basis": _DAYS_OF_A_YEAR, "slice_days": _DAYS_OF_A_YEAR},
    PeriodRule: {"length": _PERIODS},
    Sampled: {"every": _SIZE},
    Granularity: {"size": _SIZE},
}


def refuse_beyond(value: object, *, bound: Bound) -> None:
    """Raise ValueError where a number or a length of time lies outside its bound."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | timedelta):
        return
    if not bound.least <= value <= bound.most:  # type: ignore[operator]
        text = written_length_text(value) if isinstance(value, timedelta) else value
        raise ValueError(f"{shown(text)} is out of range. {bound.advice}")
