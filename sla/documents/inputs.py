"""From a document to the inputs of one statement: everything that the engine takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction

from sla.documents.document import Document
from sla.documents.facts import facts_of
from sla.documents.happenings import HistoryEntry
from sla.documents.spans import last_recorded, periods_touched, table_of, years_of
from sla.engine.facts import Inputs, Outcome, Run
from sla.engine.intervals import micro
from sla.engine.periods import Period, Zone, period_named
from sla.engine.terms.versions import Schedule, Terms


def inputs_of(
    document: Document,
    *,
    agreement: str = "",
    period_label: str | None = None,
    known_until: datetime | None = None,
) -> Inputs:
    """Return everything that one statement is computed from.

    Without a label the period is the only one that the document's happenings touch; without
    ``known_until`` (UTC) everything up to the period's end is known, and on to the last instant
    that the document records. Raise ValueError where the
    document has no such SLA schedule or the label names no period of it.
    """
    schedule = document.schedule(agreement)
    years = years_of(document, also=(_year(period_label),) if period_label else ())
    zone = table_of(schedule.zone, years=years)
    period = (
        period_named(period_label, rule=schedule.period, zone=zone)
        if period_label
        else _only_period(document, agreement=agreement)
    )
    return Inputs(
        schedule=schedule,
        versions=versions_touching(document.agreement(agreement).versions, period=period),
        facts=facts_of(document, zone=schedule.zone, years=years),
        period=period,
        known_until=known_until or max(period.during.end, last_recorded(document) or period.during.end),
        history=history_of(document, schedule=schedule, before=period, zone=zone),
    )


def versions_touching(versions: Iterable[Terms], *, period: Period) -> tuple[Terms, ...]:
    """Return the versions in force on any date of the period, oldest first."""
    begun = sorted(
        (terms for terms in versions if terms.effective_from <= period.last_on),
        key=lambda terms: terms.effective_from,
    )
    first = max((i for i, terms in enumerate(begun) if terms.effective_from <= period.first_on), default=0)
    return tuple(begun[first:])


def history_of(document: Document, *, schedule: Schedule, before: Period, zone: Zone) -> tuple[Outcome, ...]:
    """Return the brought-forward outcomes of an SLA schedule that end before a period, oldest first."""
    only = len(document.agreements) == 1
    found = [
        outcome_of(entry, document=document, zone=zone)
        for entry in document.history
        if entry.agreement == schedule.code or (only and not entry.agreement)
    ]
    earlier = [outcome for outcome in found if outcome.last_on < before.first_on]
    return tuple(sorted(earlier, key=lambda outcome: (outcome.last_on, outcome.target, outcome.units)))


def outcome_of(entry: HistoryEntry, *, document: Document, zone: Zone) -> Outcome:
    """Return a brought-forward row as the engine's outcome."""
    first_on, last_on = history_dates(entry, document=document, zone=zone)
    return Outcome(
        target=entry.target,
        period=entry.period,
        units=entry.services,
        first_on=first_on,
        last_on=last_on,
        verdict=entry.verdict,
        value=entry.value,
        expected_missed=entry.expected_missed,
        counted_us=micro(entry.counted),
        points=Fraction(entry.points),
        credit=entry.credit,
        carried=entry.carried,
        cap_reached=entry.cap_reached,
        excluded_us=tuple((used.exclusion, micro(used.length)) for used in entry.excluded if used.length),
        excluded_count=tuple((used.exclusion, used.count) for used in entry.excluded if used.count),
        runs=tuple(
            Run(started_at=run.started_at, ended_at=run.ended_at, units=run.services) for run in entry.runs
        ),
        earned_back=entry.earned_back,
        offset_balance=entry.offset_balance,
        brought_forward=True,
    )


def history_dates(entry: HistoryEntry, *, document: Document, zone: Zone) -> tuple[date, date]:
    """Return the local dates of a brought-forward row: its own, else those that its label names."""
    if entry.first_on and entry.last_on:
        return entry.first_on, entry.last_on
    agreement = document.agreement(entry.agreement)
    windows = [
        target.window or agreement.period
        for terms in agreement.versions
        for target in terms.targets
        if target.code == entry.target
    ]
    period = period_named(entry.period, rule=windows[-1] if windows else agreement.period, zone=zone)
    return period.first_on, period.last_on


def _only_period(document: Document, *, agreement: str) -> Period:
    found = periods_touched(document, agreement=agreement)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError("Nothing is recorded in the document. Name the period, such as 2019-06.")
    raise ValueError(f"The document touches {found[0].label} to {found[-1].label}. Name one period.")


def _year(label: str) -> int:
    year = label[:4]
    if not (year.isascii() and year.isdigit() and 1900 <= int(year) <= 2199):
        raise ValueError(f"{label!r} names no period. Write 2019, 2019-Q2, 2019-06, 2019-W23 or 2019-06-25.")
    return int(year)
