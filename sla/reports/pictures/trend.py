"""What was achieved against the target, period by period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sla.reports.pictures.grid import short_value
from sla.reports.pictures.svg import WIDTH, document, element, fitted, scaled, text, titled

LEFT, RIGHT, TOP, TALL, FOOT = 64, 26, 10, 90, 54


@dataclass(frozen=True, kw_only=True)
class TrendPoint:
    """One period; ``value`` and ``target`` are exact and in one unit, absent where there is none."""

    label: str
    value: Fraction | None
    printed: str
    target: Fraction | None
    target_printed: str
    missed: bool
    finalised: bool


@dataclass(frozen=True, kw_only=True)
class Trend:
    """One service level over several periods, oldest first."""

    title: str
    points: tuple[TrendPoint, ...]


def trend(line: Trend, *, key: str = "trend") -> str:
    """Return the figures as SVG text: marks for the periods, a dashed line for the target."""
    figures = [each for point in line.points for each in (point.value, point.target) if each is not None]
    low, high = (min(figures), max(figures)) if figures else (Fraction(0), Fraction(1))
    missed = sum(point.missed for point in line.points)
    body = [
        _scale(line.points, low=low, high=high),
        _targets(line.points, low=low, high=high),
        _values(line.points, low=low, high=high),
        *_labels(line.points),
        *_legend(top=TOP + TALL + FOOT - 10),
    ]
    about = f"{len(line.points)} periods, {missed} missed"
    return document(line.title, *body, about=about, height=TOP + TALL + FOOT + 8, key=key)


def _x(number: int, *, count: int) -> Fraction:
    room = WIDTH - LEFT - RIGHT
    return LEFT + (Fraction(room, 2) if count == 1 else Fraction(room * number, count - 1))


def _y(value: Fraction, *, low: Fraction, high: Fraction) -> Fraction:
    if low == high:
        return TOP + Fraction(TALL, 2)
    return TOP + TALL - scaled(value - low, whole=high - low, width=TALL)


def _scale(points: Sequence[TrendPoint], *, low: Fraction, high: Fraction) -> str:
    """Return the frame, with the printed figures of its highest and lowest line."""
    said = {point.value: point.printed for point in points if point.value is not None}
    said |= {point.target: point.target_printed for point in points if point.target is not None}
    edges = [high] if low == high else [high, low]
    return "".join(
        element("path", look="axis", d=f"M{LEFT - 8} {_y(edge, low=low, high=high).__floor__()}H{WIDTH}")
        + text(
            fitted(said.get(edge, ""), width=LEFT - 12, size=10),
            look="faint",
            size=10,
            x=LEFT - 12,
            y=_y(edge, low=low, high=high) + 3,
            text_anchor="end",
        )
        for edge in edges
    )


def _targets(points: Sequence[TrendPoint], *, low: Fraction, high: Fraction) -> str:
    parts = []
    half = (_x(1, count=len(points)) - _x(0, count=len(points))) / 2 if len(points) > 1 else Fraction(60)
    for number, point in enumerate(points):
        if point.target is None:
            continue
        x, y = _x(number, count=len(points)), _y(point.target, low=low, high=high)
        said = f"{point.label}: target {point.target_printed}"
        starts, ends = max(x - half, Fraction(LEFT - 8)), min(x + half, Fraction(WIDTH))
        parts.append(element("line", titled(said), look="trend-target", x1=starts, x2=ends, y1=y, y2=y))
    return "".join(parts)


def _values(points: Sequence[TrendPoint], *, low: Fraction, high: Fraction) -> str:
    count = len(points)
    spots = [
        (point, _x(number, count=count), _y(point.value, low=low, high=high))
        if point.value is not None
        else None
        for number, point in enumerate(points)
    ]
    joined = [
        element("line", look="trend-line", x1=one[1], y1=one[2], x2=two[1], y2=two[2])
        for one, two in pairwise(spots)
        if one is not None and two is not None
    ]
    marks = [_mark(spot[0], x=spot[1], y=spot[2]) for spot in spots if spot is not None]
    return "".join(joined + marks)


def _room(count: int) -> int:
    return (WIDTH - LEFT - RIGHT) // max(count - 1, 1) - 4 if count > 1 else 120


def _mark(point: TrendPoint, *, x: Fraction, y: Fraction) -> str:
    """Return a filled square for a miss, a circle otherwise; dashed while it is a draft."""
    dashes = {} if point.finalised else {"stroke_dasharray": "2 1.5"}
    drawn = (
        element("rect", look="trend-missed", x=x - 4, y=y - 4, width=8, height=8, **dashes)
        if point.missed
        else element("circle", look="trend-met", cx=x, cy=y, r=4, **dashes)
    )
    said = f"{point.label}: {point.printed}, {'missed' if point.missed else 'not missed'}"
    said += "" if point.finalised else ", draft"
    return element("g", titled(said), drawn)


def _labels(points: Sequence[TrendPoint]) -> Iterator[str]:
    """Yield the periods and, below them, what was achieved."""
    count = len(points)
    for number, point in enumerate(points):
        x, room = _x(number, count=count), _room(count)
        label, figure = fitted(point.label, width=room, size=10), short_value(point.printed, width=room)
        yield text(label, look="faint", size=10, x=x, y=TOP + TALL + 18, text_anchor="middle")
        look = "strong" if point.missed else "text"
        yield text(figure, look=look, size=10, x=x, y=TOP + TALL + 31, text_anchor="middle")


def _legend(*, top: int) -> Iterator[str]:
    yield element("line", look="trend-target", x1=LEFT, x2=LEFT + 22, y1=top + 6, y2=top + 6)
    yield text("target", look="faint", size=10, x=LEFT + 27, y=top + 9)
    yield element("circle", look="trend-met", cx=LEFT + 90, cy=top + 6, r=4)
    yield text("met or not certain", look="faint", size=10, x=LEFT + 98, y=top + 9)
    yield element("rect", look="trend-missed", x=LEFT + 206, y=top + 2, width=8, height=8)
    yield text("missed", look="faint", size=10, x=LEFT + 219, y=top + 9)
    yield element("circle", look="trend-met", cx=LEFT + 281, cy=top + 6, r=4, stroke_dasharray="2 1.5")
    yield text("dashed edge: draft", look="faint", size=10, x=LEFT + 289, y=top + 9)
