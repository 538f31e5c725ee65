"""Which years a document speaks of, and which statement periods it touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime

from sla.documents.document import Document
from sla.engine.periods import Period, Zone, period_named, period_on, zone_table

MARGIN = 2  # years that look-back windows and claim deadlines may reach beyond the facts
MOST_PERIODS = 4000  # eleven years of days


def years_of(document: Document, *, also: tuple[int, ...] = ()) -> tuple[int, int]:
    """Return the first and last year that a document's dates need, with a margin on either side."""
    years = {on.year for on in _dates(document)} | set(also)
    return min(years) - MARGIN, max(years) + MARGIN


def table_of(zone: str, *, years: tuple[int, int]) -> Zone:
    """Return the table of a zone over the years."""
    return zone_table(zone, first_year=years[0], last_year=years[1])


def periods_touched(document: Document, *, agreement: str = "") -> list[Period]:
    """Return the statement periods from the first to the last that something recorded lies in.

    Raise ValueError where they are more than anybody keeps statements for.
    """
    schedule = document.schedule(agreement)
    zone = table_of(schedule.zone, years=years_of(document))
    dates = [zone.date_of(at) for at in _happenings(document)]
    for figure in document.figures:
        try:
            dates.append(period_named(figure.period, rule=schedule.period, zone=zone).first_on)
        except ValueError:
            continue  # it reports for a window of another kind
    if not dates:
        return []
    period, last = period_on(min(dates), rule=schedule.period, zone=zone), max(dates)
    found = [period]
    while period.last_on < last:
        if len(found) == MOST_PERIODS:
            raise ValueError(
                f"What is recorded reaches from {min(dates)} to {last}, more than {MOST_PERIODS} statement "
                f"periods of {schedule.code!r}. Check the first and the last date."
            )
        period = period_on(zone.date_of(period.during.end), rule=schedule.period, zone=zone)
        found.append(period)
    return found


def last_recorded(document: Document) -> datetime | None:
    """Return the latest instant of what a document says has happened, None where nothing has."""
    told = (document.incidents, document.samples, document.watches)
    found = [at for at in _dates(told) if isinstance(at, datetime)]
    found += [entry.delivered_at for entry in document.deliveries if entry.delivered_at]
    return max(found, default=None)


def _happenings(document: Document) -> Iterator[datetime]:
    for incident in document.incidents:
        for outage in incident.outages:
            yield outage.started_at
            if outage.ended_at and outage.ended_at > outage.started_at:
                yield outage.ended_at - datetime.resolution
        yield from (milestone.at for milestone in incident.milestones)
    for sample in document.samples:
        yield sample.at
        if sample.every:
            yield sample.at + (len(sample.values) - 1) * sample.every
    yield from (entry.due_at for entry in document.deliveries if entry.due_at)


def _dates(value: object) -> Iterator[date]:
    """Yield every date and instant inside a value."""
    if isinstance(value, date):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _dates(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _dates(item)
