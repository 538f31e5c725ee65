"""Days by minutes lost: one row a month, one cell a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sla.reports.pictures.svg import WIDTH, document, element, text, titled

LEFT, HEAD, ROW = 64, 26, 28
WIDE = (WIDTH - LEFT) // 31
MINUTE = 60_000_000
# Upper edges of the steps, in minutes: up to 5, an hour, four hours, more.
STEPS = (5, 60, 240)
LABELS = ("nothing", "up to 5 minutes", "up to 1 hour", "up to 4 hours", "more", "not known")
LOOKS_OF = ("lost-0", "lost-1", "lost-2", "lost-3", "lost-4", "lost-unknown")
LETTERS = "MTWTFSS"


@dataclass(frozen=True, kw_only=True)
class Day:
    """One local day: microseconds lost, and whether anybody knows."""

    on: date
    lost_us: int
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class DayCalendar:
    """The days of a month, a quarter or a year, in order."""

    title: str
    days: tuple[Day, ...]


def day_calendar(calendar: DayCalendar, *, key: str = "days") -> str:
    """Return the calendar as SVG text; the number in a day is its minutes lost, rounded up."""
    months = [list(days) for _, days in groupby(calendar.days, key=lambda day: (day.on.year, day.on.month))]
    body = list(_numbers()) if len(months) > 1 else []
    for number, days in enumerate(months):
        body.append(_month(days, top=HEAD + number * ROW, alone=len(months) == 1))
    height = HEAD + len(months) * ROW
    lost = [day for day in calendar.days if day.lost_us]
    about = f"{len(lost)} of {len(calendar.days)} days with time lost"
    return document(calendar.title, *body, *_legend(top=height + 8), about=about, height=height + 26, key=key)


def minutes_lost(day: Day) -> int:
    """Return a day's minutes lost, begun minutes as whole ones."""
    return -(-day.lost_us // MINUTE)


def step_of(day: Day) -> int:
    """Return how strongly a day is drawn, 0 for nothing lost to 4; 5 where nobody knows."""
    minutes = minutes_lost(day)
    if not minutes:
        return 0 if day.known else 5
    return 1 + sum(minutes > edge for edge in STEPS)


def _numbers() -> Iterator[str]:
    for number in range(1, 32):
        yield text(f"{number}", look="faint", size=10, x=_middle(number), y=18, text_anchor="middle")


def _middle(number: int) -> int:
    return LEFT + (number - 1) * WIDE + WIDE // 2


def _month(days: list[Day], *, top: int, alone: bool) -> str:
    first = days[0].on
    cells = [_day(day, top=top) for day in days]
    if alone:
        cells += [
            text(label, look="faint", size=10, x=_middle(day.on.day), y=y, text_anchor="middle")
            for day in days
            for label, y in ((LETTERS[day.on.weekday()], 9), (f"{day.on.day}", 21))
        ]
    return text(f"{first:%Y-%m}", look="text", x=0, y=top + 16) + "".join(cells)


def _day(day: Day, *, top: int) -> str:
    minutes, step = minutes_lost(day), step_of(day)
    said = f"{minutes} minutes lost" if minutes else "nothing lost" if day.known else "not known"
    known = "" if day.known or not minutes else ", not all known"
    x = LEFT + (day.on.day - 1) * WIDE
    figure = (
        text(
            f"{minutes}" if minutes < 10_000 else f"{minutes // 60} h",
            look="inverse" if step == 4 else "strong",
            size=10,
            x=_middle(day.on.day),
            y=top + 16,
            text_anchor="middle",
        )
        if minutes
        else ""
    )
    cell = element("rect", look=LOOKS_OF[step], x=x, y=top, width=WIDE - 1, height=ROW - 3)
    return element("g", titled(f"{day.on}: {said}{known}"), cell, figure)


def _legend(*, top: int) -> Iterator[str]:
    yield text("Minutes lost", look="faint", size=10, x=0, y=top + 9)
    for number, (look, label) in enumerate(zip(LOOKS_OF, LABELS, strict=True)):
        x = LEFT + 22 + number * 105
        yield element("rect", look=look, x=x, y=top, width=16, height=11)
        yield text(label, look="faint", size=10, x=x + 21, y=top + 9)
