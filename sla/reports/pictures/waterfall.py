"""A credit from its base, through what each limit took, to what is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from sla.engine.money import format_minor
from sla.reports.pictures.svg import WIDTH, Coordinate, document, element, scaled, text, titled, wrapped

LEFT, RIGHT, ROW, BAR = 230, 110, 27, 17
STRIP = WIDTH - LEFT - RIGHT


@dataclass(frozen=True, kw_only=True)
class WaterfallStep:
    """What one limit took (below zero) or added, in minor units; a fraction before it is rounded."""

    label: str
    amount_minor: int | Fraction


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    """One credit; amounts in minor units of ``currency``."""

    title: str
    currency: str
    base_minor: int | None
    base_label: str
    before_caps_minor: int | Fraction
    steps: tuple[WaterfallStep, ...]
    due_minor: int
    rate: str = ""  # how the base became the credit, such as "10 %"


@dataclass(frozen=True, kw_only=True)
class _Row:
    label: str
    amount: int | Fraction
    look: str
    starts: Coordinate
    ends: Coordinate


def waterfall(fall: Waterfall, *, key: str = "fall") -> str:
    """Return the steps as SVG text, one row each; all bars have one scale."""
    rows = list(_rows(fall))
    low = min([0, *(min(row.starts, row.ends) for row in rows)])
    high = max([1, *(max(row.starts, row.ends) for row in rows)])
    body = [
        _bar(row, top=4 + number * ROW, low=low, whole=high - low, fall=fall)
        for number, row in enumerate(rows)
    ]
    zero = LEFT + scaled(-low, whole=high - low, width=STRIP)
    axis = element("path", look="axis", d=f"M{zero.__floor__()} 0v{len(rows) * ROW + 2}")
    about = "; ".join(f"{row.label}: {format_minor(row.amount, currency=fall.currency)}" for row in rows)
    return document(fall.title, axis, *body, about=about, height=len(rows) * ROW + 6, key=key)


def _rows(fall: Waterfall) -> Iterator[_Row]:
    if fall.base_minor is not None:
        yield _Row(
            label=fall.base_label, amount=fall.base_minor, look="money-base", starts=0, ends=fall.base_minor
        )
    before = fall.before_caps_minor
    label = "Credit before caps" + (f" ({fall.rate})" if fall.rate else "")
    yield _Row(label=label, amount=before, look="money-credit", starts=0, ends=before)
    stands: Coordinate = before
    for step in fall.steps:
        yield _Row(
            label=step.label,
            amount=step.amount_minor,
            look="money-taken",
            starts=stands,
            ends=stands + step.amount_minor,
        )
        stands += step.amount_minor
    yield _Row(
        label="Credit due, before tax", amount=fall.due_minor, look="money-due", starts=0, ends=fall.due_minor
    )


def _bar(row: _Row, *, top: int, low: Coordinate, whole: Coordinate, fall: Waterfall) -> str:
    first, last = min(row.starts, row.ends), max(row.starts, row.ends)
    x = LEFT + scaled(first - low, whole=whole, width=STRIP)
    wide = max(scaled(last - first, whole=whole, width=STRIP), Fraction(1))
    amount = format_minor(row.amount, currency=fall.currency)
    lines = wrapped(row.label, width=LEFT - 10, size=9)
    look = "strong" if row.look == "money-due" else "text"
    return element(
        "g",
        titled(f"{row.label}: {amount}"),
        *(
            text(line, look=look, size=10, x=0, y=top + (12 if len(lines) == 1 else 7 + number * 11))
            for number, line in enumerate(lines)
        ),
        element("rect", look=row.look, x=x, y=top, width=wide, height=BAR) if last > first else "",
        text(amount, look=look, x=WIDTH, y=top + 12, text_anchor="end"),
    )
