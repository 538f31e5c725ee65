"""What a scheme is applied to: the window, or each event, local day, week or unit of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from sla.engine.intervals import Interval, micro
from sla.engine.periods import Zone, days_of
from sla.engine.results import Event, Measured
from sla.engine.terms.counting import Attribution, Counting
from sla.engine.terms.credits import Per
from sla.engine.terms.targets import Target
from sla.engine.trace import written_instant

NOTHING = Fraction(0)


class Occurrence(NamedTuple):
    """One thing that is paid for: its local date and what was counted and late in it."""

    key: str
    on: date
    counted_us: Fraction
    lateness_us: Fraction
    cases: int
    affected: Fraction
    events: tuple[Event, ...]
    units: tuple[str, ...]


def occurrences(measured: Measured, *, per: Per, target: Target, zone: Zone) -> list[Occurrence]:
    """Return what a scheme pays for, in order of time."""
    if per is Per.WINDOW:
        return [_window(measured)]
    if per is Per.EVENT:
        return [_event(event, zone=zone) for event in _ordered(measured)]
    if per is Per.UNIT:
        return _units(measured)
    return _dated(measured, weekly=per is Per.WEEK, counting=target.counting, zone=zone)


def _ordered(measured: Measured) -> list[Event]:
    return sorted(measured.events, key=lambda event: (event.during, event.units, event.incidents))


def _late(events: Sequence[Event]) -> Fraction:
    return Fraction(sum(event.lateness_us for event in events))


def _window(measured: Measured) -> Occurrence:
    events = tuple(_ordered(measured))
    return Occurrence(
        measured.window.label,
        measured.window.first_on,
        measured.counted_us,
        _late(events),
        len(events),
        measured.affected,
        events,
        measured.units,
    )


def _event(event: Event, *, zone: Zone) -> Occurrence:
    key = f"{written_instant(event.during.start)}#{','.join(event.units)}#{','.join(event.incidents)}"
    on = zone.date_of(event.during.start)
    late = Fraction(event.lateness_us)
    return Occurrence(key, on, event.counted_us, late, 1, event.affected, (event,), event.units)


def _units(measured: Measured) -> list[Occurrence]:
    found = []
    named = any(event.units for event in measured.events)
    for unit in measured.units:
        events = tuple(e for e in _ordered(measured) if not named or unit in e.units)
        if measured.events and not events:
            continue
        counted = sum((e.counted_us for e in events), NOTHING) if events else measured.counted_us
        on, late = measured.window.first_on, _late(events)
        found.append(Occurrence(unit, on, counted, late, len(events), measured.affected, events, (unit,)))
    return found


def _dated(measured: Measured, *, weekly: bool, counting: Counting, zone: Zone) -> list[Occurrence]:
    by_date: dict[date, list[tuple[Event, Fraction]]] = defaultdict(list)
    for event in _ordered(measured):
        for on, share in _days(event, counting=counting, zone=zone):
            # A run attributed as a whole to one window is paid there on all of its days.
            inside = measured.window.first_on <= on <= measured.window.last_on
            if inside or counting.attribution is not Attribution.SPLIT:
                by_date[on - timedelta(days=on.weekday()) if weekly else on].append((event, share))
    return [_day(on, found=found) for on, found in sorted(by_date.items())]


def _day(on: date, *, found: Sequence[tuple[Event, Fraction]]) -> Occurrence:
    events = tuple(dict.fromkeys(event for event, _ in found))
    counted = sum((event.counted_us * share for event, share in found), NOTHING)
    affected = max(event.affected for event in events)
    units = tuple(sorted({unit for event in events for unit in event.units}))
    return Occurrence(on.isoformat(), on, counted, _late(events), len(events), affected, events, units)


def _days(event: Event, *, counting: Counting, zone: Zone) -> Iterator[tuple[date, Fraction]]:
    """Yield the local days a run counts on, with the share of the run that lies in each.

    Undivided reading: each day in which its piece passes the minimum run; if none does, the day
    it began, so that a run cut by midnight is not lost.
    """
    run = event.during
    length = micro(run.length)
    passing = [
        (on, Fraction(micro(piece.length), length))
        for on, whole in (days_of(run, zone=zone) if length else ())
        if _passes(piece := Interval(max(run.start, whole.start), min(run.end, whole.end)), counting=counting)
    ]
    yield from passing or [(zone.date_of(run.start), Fraction(1))]


def _passes(piece: Interval, *, counting: Counting) -> bool:
    if counting.min_run_inclusive:
        return piece.length >= counting.min_run
    return piece.length > counting.min_run
