"""Service levels by period: how good, how much of it is known, and whether it is final."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sla.reports.pictures.svg import (
    WIDTH,
    Coordinate,
    clean,
    document,
    element,
    fitted,
    scaled,
    text,
    titled,
    wrapped,
)

LEFT, HEAD, ROW, GAP = 200, 34, 40, 3
LEGEND = 40
NO_STATEMENT = "no statement"
LENGTHS = re.compile(r"([\d.]+) (h|min|s)\b")
DATED = re.compile(r"(\d{4})-(.+)")


class Standing(StrEnum):
    """How a service level stands in a period."""

    MET = "met"
    UNCONFIRMED = "unconfirmed"
    UNCERTAIN = "uncertain"
    MISSED = "missed"
    UNMEASURED = "unmeasured"


WORDS = {
    Standing.MET: "met",
    Standing.UNCONFIRMED: "met, unconfirmed",
    Standing.UNCERTAIN: "not certain yet",
    Standing.MISSED: "missed",
    Standing.UNMEASURED: "not measurable",
}


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """One level in one period; ``known`` is the share of its time that somebody measured."""

    value: str
    standing: Standing
    known: Fraction
    finalised: bool


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One service level with a cell, or nothing, for each period."""

    name: str
    target: str
    cells: tuple[GridCell | None, ...]
    services: str = ""
    without: tuple[str, ...] = ()  # periods that have no statement at all


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Service levels by the last periods, oldest first."""

    title: str
    periods: tuple[str, ...]
    rows: tuple[GridRow, ...]


def period_grid(grid: Grid, *, key: str = "grid") -> str:
    """Return the grid as SVG text; several in one page need a ``key`` each."""
    wide = (WIDTH - LEFT) // max(len(grid.periods), 8)
    body = [_heads(grid.periods, wide=wide)]
    for number, row in enumerate(grid.rows):
        body.append(_row(row, periods=grid.periods, top=HEAD + number * ROW, wide=wide))
    height = HEAD + len(grid.rows) * ROW
    missed = sum(
        cell is not None and cell.standing is Standing.MISSED for row in grid.rows for cell in row.cells
    )
    about = f"{len(grid.rows)} service levels in {len(grid.periods)} periods, {missed} times missed"
    return document(
        grid.title, *body, _legend(top=height + 10), about=about, height=height + LEGEND + 10, key=key
    )


def _heads(periods: Sequence[str], *, wide: int) -> str:
    """Return the periods above their columns; a year is written where it begins."""
    found, year = [], ""
    for number, label in enumerate(periods):
        middle = LEFT + number * wide + Fraction(wide - GAP, 2)
        match = DATED.fullmatch(label)
        if match is not None and match[1] != year:
            found.append(text(match[1], look="strong", x=middle, y=12, text_anchor="middle"))
        year = match[1] if match is not None else ""
        short = match[2] if match is not None else fitted(label, width=wide, size=10)
        found.append(text(short, look="faint", x=middle, y=26, text_anchor="middle"))
    return "".join(found)


def _row(row: GridRow, *, periods: Sequence[str], top: int, wide: int) -> str:
    # A long name leaves room for the services, which tell its rows apart.
    lines = wrapped(row.name, width=LEFT - 12, size=10, most=1 if row.services else 2)
    lines += [fitted(row.services, width=LEFT - 12, size=10)] if row.services else []
    words = [text(line, look="text", x=0, y=top + 11 + number * 12) for number, line in enumerate(lines)]
    target = fitted(row.target, width=LEFT - 12, size=10)
    words.append(text(target, look="faint", size=10, x=0, y=top + 11 + len(lines) * 12))
    cells = [
        _cell(
            cell,
            said=", ".join(filter(None, (row.name, row.services, period))),
            x=LEFT + number * wide,
            y=top,
            wide=wide - GAP,
            is_hole=period in row.without,
        )
        for number, (period, cell) in enumerate(zip(periods, row.cells, strict=True))
    ]
    said = ", ".join(filter(None, (row.name, row.services, row.target)))
    return element("g", titled(said), *words, *cells)


def _cell(cell: GridCell | None, *, said: str, x: int, y: int, wide: int, is_hole: bool) -> str:
    tall, middle = ROW - 6, x + Fraction(wide, 2)
    if cell is None and is_hole:
        return element("g", titled(f"{said}: {NO_STATEMENT}"), _hole(x=x, y=y, wide=wide, tall=tall))
    if cell is None:
        return text("·", look="faint", x=middle, y=y + 20, text_anchor="middle")
    told = (
        f"{said}: {cell.value or 'no value'}, {WORDS[cell.standing]}, "
        f"{'finalised' if cell.finalised else 'draft'}, {(cell.known * 100).__floor__()} % of the time known"
    )
    look = "strong" if cell.standing is Standing.MISSED else "text"
    return element(
        "g",
        titled(told),
        element("rect", look=f"cell-{cell.standing}", x=x, y=y, width=wide, height=tall),
        text(
            short_value(cell.value, width=wide - 2),
            look=look,
            size=10,
            x=middle,
            y=y + 21,
            text_anchor="middle",
        ),
        _mark(cell.standing, x=x + wide, y=y),
        _known(cell.known, x=x + 3, y=y + tall - 6, wide=wide - 6),
        element(
            "rect",
            look="edge-final" if cell.finalised else "edge-draft",
            x=x,
            y=y,
            width=wide,
            height=tall,
        ),
    )


def _hole(*, x: int, y: int, wide: int, tall: int) -> str:
    """Return the mark of a period without a statement: a cross in the middle."""
    left, top = x + (wide - 10) // 2, y + (tall - 10) // 2
    return element("path", look="mark", d=f"M{left} {top}l10 10M{left + 10} {top}l-10 10")


def short_value(value: str, *, width: int) -> str:
    """Return a printed value as it fits a cell: without the sign that the row names, lengths as 4h 23m."""
    if not value:
        return "–"
    plain = value.removesuffix(" %")
    parts = LENGTHS.findall(plain)
    if parts and " ".join(f"{number} {unit}" for number, unit in parts) == plain:
        plain = " ".join(f"{number}{unit[0]}" for number, unit in parts[:2])
    return fitted(plain, width=width, size=9)


def _mark(standing: Standing, *, x: Coordinate, y: Coordinate) -> str:
    """Return the mark in the upper right corner of a cell that ends at ``x``."""
    match standing:
        case Standing.MISSED:
            return element("path", look="ink", d=f"M{x} {y}v11l-11 -11z")
        case Standing.UNCERTAIN:
            return text("?", look="strong", size=10, x=x - 3, y=y + 9, text_anchor="end")
        case Standing.UNCONFIRMED:
            return element("circle", look="mark", stroke_width=1, cx=x - 6, cy=y + 6, r=Fraction(5, 2))
        case _:
            return ""


def _known(known: Fraction, *, x: int, y: int, wide: int) -> str:
    """Return the bar that says how much of the time is known."""
    return element("path", look="axis", d=f"M{x} {y + 3}h{wide}") + (
        element("rect", look="ink", x=x, y=y + 1, width=scaled(known, whole=1, width=wide), height=3)
        if known > 0
        else ""
    )


def _legend(*, top: int) -> str:
    return "".join(_legend_parts(top=top))


def _legend_parts(*, top: int) -> Iterator[str]:
    for number, standing in enumerate(Standing):
        x = number * 128
        yield element("rect", look=f"cell-{standing}", x=x, y=top, width=16, height=12)
        yield _mark(standing, x=x + 16, y=top)
        yield element("rect", look="edge-final", x=x, y=top, width=16, height=12)
        yield element("text", clean(WORDS[standing]), look="faint", font_size=10, x=x + 21, y=top + 10)
    signs = (("edge-final", "finalised"), ("edge-draft", "draft, provisional"))
    for number, (look, word) in enumerate(signs):
        x = number * 128
        yield element("rect", look=look, x=x, y=top + 19, width=16, height=12)
        yield text(word, look="faint", size=10, x=x + 21, y=top + 29)
    yield _hole(x=256, y=top + 19, wide=16, tall=12)
    yield text(NO_STATEMENT, look="faint", size=10, x=277, y=top + 29)
    yield _known(Fraction(1, 2), x=384, y=top + 22, wide=16)
    known = "share of the time that is known: a full bar is all of it"
    yield text(known, look="faint", size=10, x=405, y=top + 29)
