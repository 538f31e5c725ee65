"""A stretch of time by the classes of the time account, one strip a service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sla.engine.intervals import micro
from sla.engine.results import TimeClass
from sla.reports.pictures.svg import WIDTH, document, element, scaled, text, text_width, titled, wrapped
from sla.reports.words import TIME_CLASSES

LEFT, ROW, BAR, AXIS = 130, 30, 20, 22
STRIP = WIDTH - LEFT - 14
THINNEST = 2  # a stretch is never thinner than can be seen
# Where two classes meet in less than a dot, the one that matters more is drawn on top.
DRAWN_LAST = (TimeClass.UNCOUNTED, TimeClass.EXCLUDED, TimeClass.STOPPED, TimeClass.UNKNOWN, TimeClass.DOWN)
LOW = frozenset({TimeClass.OUTSIDE_HOURS, TimeClass.NOT_IN_SERVICE})  # drawn at half the height


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of one class, UTC; ``said`` tells a pointer more than the class and the times."""

    time_class: TimeClass
    starts_at: datetime
    ends_at: datetime
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on the axis."""

    at: datetime
    label: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One service, or one day of it."""

    label: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Strips over the same stretch of time; what no span covers was delivered."""

    title: str
    starts_at: datetime
    ends_at: datetime
    strips: tuple[Strip, ...]
    ticks: tuple[Tick, ...]


def timeline(line: Timeline, *, key: str = "time") -> str:
    """Return the strips as SVG text, with one axis and the classes that are in them."""
    body = [_strip(strip, line=line, top=number * ROW) for number, strip in enumerate(line.strips)]
    height = len(line.strips) * ROW
    body += _axis(line, top=height)
    present = [
        each for each in TimeClass if any(s.time_class is each for strip in line.strips for s in strip.spans)
    ]
    legend, tall = _legend(
        [TimeClass.UP, *(each for each in present if each is not TimeClass.UP)], top=height + AXIS
    )
    words = ", ".join(TIME_CLASSES[each].lower() for each in present) or "nothing but delivered time"
    return document(
        line.title, *body, *legend, about=f"It shows {words}", height=height + AXIS + tall, key=key
    )


def _strip(strip: Strip, *, line: Timeline, top: int) -> str:
    ordered = sorted(strip.spans, key=lambda span: (_depth(span.time_class), span.starts_at))
    ground = element("rect", look="up", x=LEFT, y=top + 3, width=STRIP, height=BAR)
    lines = wrapped(strip.label, width=LEFT - 8, size=9)
    label = "".join(
        text(line, size=10, x=0, y=top + (17 if len(lines) == 1 else 12 + number * 11))
        for number, line in enumerate(lines)
    )
    bars = (_bar(span, line=line, top=top + 3) for span in ordered)
    return element("g", titled(strip.label), label, ground, *bars)


def _depth(time_class: TimeClass) -> int:
    return DRAWN_LAST.index(time_class) + 1 if time_class in DRAWN_LAST else 0


def _bar(span: Span, *, line: Timeline, top: int) -> str:
    starts, ends = max(span.starts_at, line.starts_at), min(span.ends_at, line.ends_at)
    if ends <= starts:
        return ""
    wide = max(_wide(starts, ends, line=line), Fraction(THINNEST))
    x = min(_wide(line.starts_at, starts, line=line), STRIP - wide)
    low = span.time_class in LOW
    return element(
        "rect",
        titled(span.said or TIME_CLASSES[span.time_class]),
        look=span.time_class.value,
        x=LEFT + x,
        y=top + BAR // 4 if low else top,
        width=wide,
        height=BAR // 2 if low else BAR,
    )


def _wide(starts: datetime, ends: datetime, *, line: Timeline) -> Fraction:
    return scaled(micro(ends - starts), whole=micro(line.ends_at - line.starts_at), width=STRIP)


def _axis(line: Timeline, *, top: int) -> Iterator[str]:
    for tick in line.ticks:
        x = LEFT + _wide(line.starts_at, tick.at, line=line)
        yield element("path", look="axis", d=f"M{x.__floor__()} {top - 5}v7")
        yield text(tick.label, look="faint", size=10, x=x, y=top + 12, text_anchor="middle")


def _legend(present: Sequence[TimeClass], *, top: int) -> tuple[list[str], int]:
    """Return the key of the classes, in as many rows as it takes, and its height."""
    found, x, y = [], 0, top + 6
    for each in present:
        wide = 26 + text_width(TIME_CLASSES[each], size=10) + 10
        if x and x + wide > WIDTH:
            x, y = 0, y + 17
        found.append(element("rect", look=each.value, x=x, y=y, width=20, height=11))
        found.append(text(TIME_CLASSES[each], look="faint", size=10, x=x + 25, y=y + 9))
        x += wide
    return found, y + 17 - top


def spread(ticks: Iterable[Tick], *, most: int) -> tuple[Tick, ...]:
    """Return evenly chosen marks, at most about so many."""
    listed = list(ticks)
    step = max(-(-len(listed) // most), 1)
    return tuple(listed[::step])
