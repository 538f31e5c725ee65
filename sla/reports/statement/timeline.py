"""The time account as a picture: strips of time, classes told apart by pattern as well as by colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sla.engine.intervals import Interval, micro
from sla.engine.periods import Period
from sla.engine.results import Ledger, LedgerLine, TimeClass
from sla.reports.statement.reader import Reader
from sla.reports.words import TIME_CLASSES

WIDTH = 1000.0  # units of the picture
THINNEST = 2.5  # a bar is never thinner than can be seen
MOST_STRIPS = 8
DAYS_SHOWN = 6
DAY = timedelta(days=1)
# Where two classes meet in less than a dot, the one that matters more is drawn on top.
DRAWN_LAST = (TimeClass.UNCOUNTED, TimeClass.EXCLUDED, TimeClass.STOPPED, TimeClass.UNKNOWN, TimeClass.DOWN)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A stretch of one class; ``x`` and ``width`` are in thousandths of the strip."""

    time_class: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One service over one stretch of time."""

    label: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on the time axis."""

    x: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The strips of the whole window, close-ups of the days on which something was, and the key."""

    strips: tuple[Strip, ...]
    days: tuple[Strip, ...]
    days_left_out: int
    key: tuple[tuple[str, str], ...]  # class, words


def picture_of(ledger: Ledger, *, window: Period, reader: Reader) -> Picture:
    """Return the picture of one time account; services beyond the eighth are left out."""
    units = ledger.units[:MOST_STRIPS] or ("",)
    whole = tuple(
        _strip(ledger, unit=unit, over=window.during, label=reader.units([unit]), reader=reader)
        for unit in units
    )
    shown = [
        line
        for line in ledger.lines
        if line.time_class not in (TimeClass.OUTSIDE_HOURS, TimeClass.NOT_IN_SERVICE)
    ]
    days = list(_days(shown, window=window, reader=reader))
    close = window.last_on > window.first_on
    ticks = _axis(window)
    return Picture(
        strips=tuple(Strip(label=each.label, bars=each.bars, ticks=ticks) for each in whole),
        days=tuple(_close_up(ledger, on=on, reader=reader, over=over) for on, over in days[:DAYS_SHOWN])
        if close
        else (),
        days_left_out=max(len(days) - DAYS_SHOWN, 0) if close else 0,
        key=tuple((each.value, TIME_CLASSES[each]) for each, length in ledger.classes if length),
    )


def _strip(ledger: Ledger, *, unit: str, over: Interval, label: str, reader: Reader) -> Strip:
    lines = [line for line in ledger.lines if not line.units or not unit or unit in line.units]
    ordered = sorted(lines, key=_depth)
    bars = [bar for line in ordered if (bar := _bar(line, over=over, reader=reader)) is not None]
    return Strip(label=label, bars=tuple(bars), ticks=())


def _depth(line: LedgerLine) -> int:
    return DRAWN_LAST.index(line.time_class) + 1 if line.time_class in DRAWN_LAST else 0


def _bar(line: LedgerLine, *, over: Interval, reader: Reader) -> Bar | None:
    start, end = max(line.during.start, over.start), min(line.during.end, over.end)
    if end <= start:
        return None
    whole = micro(over.end - over.start)
    x = micro(start - over.start) * WIDTH / whole
    width = max(micro(end - start) * WIDTH / whole, THINNEST)
    starts, ends = reader.instant(line.during.start), reader.instant(line.during.end)
    said = f"{TIME_CLASSES[line.time_class]}: {starts} to {ends}"
    return Bar(
        time_class=line.time_class.value, x=f"{min(x, WIDTH - width):.2f}", width=f"{width:.2f}", title=said
    )


def _axis(window: Period) -> tuple[Tick, ...]:
    """Return up to about ten dates along the window."""
    count = (window.last_on - window.first_on).days + 1
    step = max(count // 8, 1)
    return tuple(
        Tick(x=f"{index * WIDTH / count:.2f}", label=f"{window.first_on + index * DAY:%m-%d}")
        for index in range(0, count, step)
    )


def _days(lines: Sequence[LedgerLine], *, window: Period, reader: Reader) -> Iterator[tuple[date, Interval]]:
    """Yield the local days on which an outage of less than half the window was."""
    half = micro(window.during.end - window.during.start) // 2
    short = [line for line in lines if micro(line.during.end - line.during.start) < half]
    for on, during in reader.days(window):
        if any(line.during.start < during.end and line.during.end > during.start for line in short):
            yield on, during


def _close_up(ledger: Ledger, *, on: date, over: Interval, reader: Reader) -> Strip:
    units: Iterable[str] = ledger.units
    touched = [unit for unit in units if _touched(ledger, unit=unit, over=over)] or list(units)
    merged = _strip(
        ledger, unit=touched[0] if len(touched) == 1 else "", over=over, label=f"{on}", reader=reader
    )
    ticks = tuple(Tick(x=f"{hour * WIDTH / 24:.2f}", label=f"{hour:02d}:00") for hour in range(0, 24, 3))
    return Strip(label=merged.label, bars=merged.bars, ticks=ticks)


def _touched(ledger: Ledger, *, unit: str, over: Interval) -> bool:
    return any(
        unit in line.units and line.during.start < over.end and line.during.end > over.start
        for line in ledger.lines
    )
