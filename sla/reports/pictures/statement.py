"""The pictures of one statement: where its time went, how credits came about, how levels went before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Protocol

from sla.engine.facts import Verdict
from sla.engine.periods import Period, zone_info
from sla.engine.results import Credit, Ledger, LedgerLine, Measured, Result, TimeClass
from sla.engine.terms import Pays
from sla.reports.figures import shown_level, shown_value
from sla.reports.moments import local_moments
from sla.reports.pictures.svg import Picture
from sla.reports.pictures.timeline import Span, Strip, Tick, Timeline, spread, timeline
from sla.reports.pictures.trend import Trend, TrendPoint, trend
from sla.reports.pictures.waterfall import Waterfall, WaterfallStep, waterfall
from sla.reports.words import TIME_CLASSES

MOST_STRIPS, MOST_DAYS, MOST_FALLS = 8, 6, 8
DAY = timedelta(days=1)
Names = Mapping[str, str]
Moments = Callable[[datetime], str]


class PastLine(Protocol):
    """A line of an earlier statement, as its row has it."""

    target: str
    units: list[str]
    window: str
    value: Fraction | None
    value_printed: str
    level: Fraction | None
    level_printed: str
    missed: bool


def statement_pictures(
    result: Result,
    *,
    levels: Names,
    services: Names,
    earlier: Sequence[tuple[str, bool, Sequence[PastLine]]] = (),
    with_time: bool = False,
    finalised: bool = False,
) -> tuple[Picture, ...]:
    """Return the credit waterfalls, the time lines if asked for, and a trend of each level with a past.

    ``levels`` and ``services`` are names by code; ``earlier`` are earlier periods, oldest first: label,
    whether finalised, and lines.
    """
    found: list[Picture] = []
    zone, instant = zone_info(result.zone), local_moments(result.zone)
    if with_time:
        for number, one in enumerate(result.measured):
            found += time_pictures(
                one, zone=zone, instant=instant, levels=levels, services=services, key=f"m{number}"
            )
    paying = [line for line in result.credits.lines if line.pays is Pays.MONEY and line.before_caps]
    for number, credit in enumerate(paying[:MOST_FALLS]):
        name = _named(credit.target, credit.units, levels=levels, services=services)
        fall = credit_waterfall(credit, title=f"Credit: {name}", currency=result.currency)
        found.append(Picture(title=fall.title, svg=waterfall(fall, key=f"w{number}")))
    if earlier:
        found += _trends(result, levels=levels, services=services, earlier=earlier, finalised=finalised)
    return tuple(found)


def _named(target: str, units: Iterable[str], *, levels: Names, services: Names) -> str:
    names = ", ".join(services.get(code) or code for code in units)
    level = levels.get(target) or target or "Credit of the whole period"
    return f"{level} ({names})" if names else level


def time_pictures(
    one: Measured, *, zone: tzinfo, instant: Moments, levels: Names, services: Names, key: str
) -> tuple[Picture, ...]:
    """Return the window of one level, and close-ups of the days on which something was."""
    if one.ledger is None:
        return ()
    name = _named(one.target, one.units, levels=levels, services=services)
    whole = account_timeline(
        one.ledger,
        window=one.window,
        zone=zone,
        instant=instant,
        services=services,
        title=f"Time account: {name}",
    )
    found = [Picture(title="", svg=timeline(whole, key=f"{key}t"))]
    title = f"Day by day: {name}"
    days = day_timeline(one.ledger, window=one.window, zone=zone, instant=instant, title=title)
    if days is not None:
        found.append(Picture(title="Day by day", svg=timeline(days, key=f"{key}d")))
    return tuple(found)


def account_timeline(
    ledger: Ledger, *, window: Period, zone: tzinfo, instant: Moments, services: Names, title: str
) -> Timeline:
    """Return a time account as strips, one a service; services beyond the eighth are left out."""
    strips = [
        Strip(
            label=services.get(unit) or unit,
            spans=tuple(_span(line, instant=instant) for line in ledger.lines if _concerns(line, unit=unit)),
        )
        for unit in ledger.units[:MOST_STRIPS] or ("",)
    ]
    days = (Tick(at=during, label=f"{on:%m-%d}") for on, during in _mornings(window, zone=zone))
    return Timeline(
        title=title,
        starts_at=window.during.start,
        ends_at=window.during.end,
        strips=tuple(strips),
        ticks=spread((tick for tick in days if tick.at >= window.during.start), most=10),
    )


def _concerns(line: LedgerLine, *, unit: str) -> bool:
    return not line.units or not unit or unit in line.units


def _span(line: LedgerLine, *, instant: Moments) -> Span:
    incidents = f" ({', '.join(line.incidents)})" if line.incidents else ""
    starts, ends = instant(line.during.start), instant(line.during.end)
    said = f"{TIME_CLASSES[line.time_class]}: {starts} to {ends}{incidents}"
    return Span(time_class=line.time_class, starts_at=line.during.start, ends_at=line.during.end, said=said)


def _mornings(window: Period, *, zone: tzinfo) -> Iterator[tuple[date, datetime]]:
    """Yield the local days of a window with the instant that each begins at, UTC."""
    on = window.first_on
    while on <= window.last_on:
        yield on, datetime.combine(on, time.min, tzinfo=zone).astimezone(UTC)
        on += DAY


def day_timeline(
    ledger: Ledger, *, window: Period, zone: tzinfo, instant: Moments, title: str
) -> Timeline | None:
    """Return the first days on which something was, one strip a day on the local clock; None without any.

    What fills half of the window (a service that had not begun, say) is no event of a day.
    """
    if window.last_on == window.first_on:
        return None
    half = (window.during.end - window.during.start) / 2
    told = [
        line
        for line in ledger.lines
        if line.time_class not in (TimeClass.OUTSIDE_HOURS, TimeClass.NOT_IN_SERVICE)
        and line.during.end - line.during.start < half
    ]
    days = [on for on, _ in _mornings(window, zone=zone) if any(_on(line, on=on, zone=zone) for line in told)]
    if not days:
        return None
    left_out = len(days) - MOST_DAYS
    clock = datetime.combine(days[0], time.min, tzinfo=UTC)
    return Timeline(
        title=title + (f" ({left_out} further days left out)" if left_out > 0 else ""),
        starts_at=clock,
        ends_at=clock + DAY,
        strips=tuple(
            Strip(
                label=f"{on}", spans=tuple(_clocked(ledger, on=on, zone=zone, clock=clock, instant=instant))
            )
            for on in days[:MOST_DAYS]
        ),
        ticks=tuple(Tick(at=clock + hour * DAY / 24, label=f"{hour:02d}:00") for hour in range(0, 24, 3)),
    )


def _on(line: LedgerLine, *, on: date, zone: tzinfo) -> bool:
    return (
        line.during.start.astimezone(zone).date()
        <= on
        <= (line.during.end - timedelta(microseconds=1)).astimezone(zone).date()
    )


def _clocked(ledger: Ledger, *, on: date, zone: tzinfo, clock: datetime, instant: Moments) -> Iterator[Span]:
    """Yield a day's stretches by what its clock showed, on one day for all."""
    midnight = datetime.combine(on, time.min)
    for line in ledger.lines:
        if _on(line, on=on, zone=zone):
            starts, ends = (at.astimezone(zone).replace(tzinfo=None) - midnight for at in line.during)
            told = _span(line, instant=instant)
            yield Span(
                time_class=line.time_class, starts_at=clock + starts, ends_at=clock + ends, said=told.said
            )


def credit_waterfall(credit: Credit, *, title: str, currency: str) -> Waterfall:
    """Return a credit in money as a waterfall."""
    return Waterfall(
        title=title,
        currency=currency,
        base_minor=None if credit.base is None else credit.base.minor,
        base_label="Base: the fees it is taken from",
        before_caps_minor=credit.before_caps,
        steps=tuple(
            WaterfallStep(label=limit_words(each.code, clause=each.clause), amount_minor=-each.amount)
            for each in credit.removed
        ),
        due_minor=credit.due.minor if credit.due is not None else 0,
    )


def limit_words(code: str, *, clause: str) -> str:
    """Return what a limit is called in a picture."""
    return f"Limit {code}" + (f", {clause}" if clause else "")


def _trends(
    result: Result,
    *,
    levels: Names,
    services: Names,
    earlier: Sequence[tuple[str, bool, Sequence[PastLine]]],
    finalised: bool,
) -> Iterator[Picture]:
    for number, one in enumerate(result.measured):
        points = [
            _past(line, label=label, finalised=final)
            for label, final, lines in earlier
            for line in lines
            if (line.target, tuple(sorted(line.units))) == (one.target, tuple(sorted(one.units)))
        ]
        if not points or one.value is None:
            continue
        points.append(_present(one, label=result.period.label, finalised=finalised))
        title = f"Trend: {_named(one.target, one.units, levels=levels, services=services)}"
        drawn = trend(Trend(title=title, points=tuple(points)), key=f"r{number}")
        yield Picture(title=title, svg=drawn)


def _past(line: PastLine, *, label: str, finalised: bool) -> TrendPoint:
    return TrendPoint(
        label=label,
        value=line.value,
        printed=line.value_printed,
        target=line.level,
        target_printed=line.level_printed,
        missed=line.missed,
        finalised=finalised,
    )


def _present(one: Measured, *, label: str, finalised: bool) -> TrendPoint:
    return TrendPoint(
        label=label,
        value=one.value,
        printed=shown_value(one.value, unit=one.unit, beside=one.level),
        target=one.level,
        target_printed=shown_level(one.level, unit=one.unit),
        missed=one.missed or one.verdict is Verdict.MISSED,
        finalised=finalised,
    )
