"""From rows to the engine's values: the only way.

`register` and `happened` turn one row each · `gather` asks the database · `facts` puts one contract
together · `rooms` what is left of caps over several schedules · `reach` says how far back · `history`
what earlier periods came to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice

from sla.engine.facts import Inputs, Outcome
from sla.engine.intervals import Interval
from sla.engine.periods import Period, Zone, period_named, period_on, zone_table
from sla.engine.terms import Terms
from sla.engine.terms.versions import Schedule
from sla.inputs.facts import calendar_codes, calendars_named, facts_of
from sla.inputs.gather import Promised, Rows, happened, promised, widest
from sla.inputs.history import Kept, history_of, kept_outcomes, ordered
from sla.inputs.reach import earlier_periods, in_force, looks_back, span_of
from sla.inputs.rooms import Shared, rooms_in, shared
from sla.models import ServiceLevelAgreement

__all__ = ["Inputs", "calendar_codes", "inputs_for", "inputs_of", "with_history"]

CHUNK = 200
MARGIN_YEARS = 3


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One SLA schedule's question: which period, by which terms, looking how far back."""

    agreement: ServiceLevelAgreement
    schedule: Schedule
    versions: tuple[Terms, ...]
    zone: Zone
    years: tuple[int, int]
    period: Period
    earlier: tuple[Period, ...]
    span: Interval
    brought_forward: tuple[Outcome, ...]


def inputs_of(
    agreement: ServiceLevelAgreement,
    *,
    known_until: datetime,
    period_label: str | None = None,
    on: date | None = None,
) -> Inputs:
    """Return everything that one statement is computed from; times after `known_until` (UTC) are unknown.

    The period is named by its label, or by a local date in it. Raise ValueError where there is none.
    """
    (found,) = inputs_for([agreement], known_until=known_until, period_label=period_label, on=on)
    return found


def inputs_for(
    agreements: Iterable[ServiceLevelAgreement],
    *,
    known_until: datetime,
    period_label: str | None = None,
    on: date | None = None,
) -> Iterator[Inputs]:
    """Yield the inputs of many statements, in the order of the SLA schedules.

    Each chunk of 200 takes the same number of queries, however many schedules are in it. Facts of
    earlier periods come along where rules look back: their outcomes are brought forward, or kept by
    statements, or computed again from go-live on (see `history`).
    """
    rest = iter(agreements)
    while chunk := list(islice(rest, CHUNK)):
        terms = promised(chunk)
        asked = [_asked(each, terms=terms, period_label=period_label, on=on) for each in chunk]
        kept = kept_outcomes(
            {each.agreement.pk: each.earlier for each in asked},
            contracts={each.agreement.contract_id for each in asked},
        )
        asked = [_narrowed(each, kept=kept.get(each.agreement.pk, {})) for each in asked]
        rows = happened(chunk, span=widest(each.span for each in asked))
        caps = shared(chunk)
        for each in asked:
            yield _inputs(each, rows=rows, terms=terms, caps=caps, kept=kept, known_until=known_until)


def _asked(
    agreement: ServiceLevelAgreement, *, terms: Promised, period_label: str | None, on: date | None
) -> _Asked:
    schedule = agreement.as_value()
    versions = tuple(version.as_value() for version in terms.versions.get(agreement.pk, ()))
    since = _since(agreement, versions=versions)
    years = _years(since, period_label=period_label, on=on)
    zone = zone_table(schedule.zone, first_year=years[0], last_year=years[1])
    period = _period(schedule, zone=zone, period_label=period_label, on=on)
    earlier: list[Period] = []
    if looks_back(versions, rule=schedule.period):
        earlier = earlier_periods(period, since=since, rule=schedule.period, zone=zone)
    return _Asked(
        agreement=agreement,
        schedule=schedule,
        versions=versions,
        zone=zone,
        years=years,
        period=period,
        earlier=tuple(earlier),
        span=span_of(versions, periods=[*earlier, period], zone=zone),
        brought_forward=ordered(row.as_value() for row in terms.brought_forward.get(agreement.pk, ())),
    )


def _narrowed(asked: _Asked, *, kept: Collection[str]) -> _Asked:
    """Return the question without the facts of earlier periods whose outcomes are kept."""
    if not kept:
        return asked
    rest = [period for period in asked.earlier if period.label not in kept]
    return replace(asked, span=span_of(asked.versions, periods=[*rest, asked.period], zone=asked.zone))


def _inputs(
    asked: _Asked, *, rows: Rows, terms: Promised, caps: Shared, kept: Kept, known_until: datetime
) -> Inputs:
    bare = Inputs(
        schedule=asked.schedule,
        versions=in_force(asked.versions, period=asked.period),
        facts=facts_of(
            asked.agreement,
            rows=rows,
            span=asked.span,
            zone=asked.zone,
            calendars=calendars_named(asked.versions, known=terms.calendars),
            years=asked.years,
        ),
        period=asked.period,
        known_until=known_until,
        history=asked.brought_forward,
    )
    own = kept.get(asked.agreement.pk)
    history = history_of(bare, versions=asked.versions, earlier=asked.earlier, kept=own)
    # Only now: the room is this period's, not that of the earlier ones computed above.
    rooms = rooms_in(caps, agreement=asked.agreement, period=asked.period)
    return replace(bare, facts=replace(bare.facts, rooms=rooms), history=history)


def with_history(inputs: Inputs, *, versions: Sequence[Terms], since: date) -> Inputs:
    """Add the outcomes of the periods since a local date, where the terms look back at any.

    `versions` are all of the SLA schedule, and the facts must reach back as far.
    """
    rule = inputs.schedule.period
    if not looks_back(versions, rule=rule):
        return inputs
    first = max(since, min(terms.effective_from for terms in versions))
    earlier = earlier_periods(inputs.period, since=first, rule=rule, zone=inputs.facts.zone)
    return replace(inputs, history=history_of(inputs, versions=versions, earlier=earlier))


def _since(agreement: ServiceLevelAgreement, *, versions: tuple[Terms, ...]) -> date:
    """Return from which local date on periods are computed: go-live, else the first terms."""
    first = min((terms.effective_from for terms in versions), default=agreement.contract.effective_from)
    return max(first, agreement.contract.live_from or first)


def _years(since: date, *, period_label: str | None, on: date | None) -> tuple[int, int]:
    """Return the years of the zone tables: windows reach back, claim deadlines beyond."""
    if on is None:
        year = (period_label or "")[:4]
        if not (year.isascii() and year.isdigit() and 1900 <= int(year) <= 2199):
            raise ValueError(
                f"{period_label!r} names no period. Write 2019, 2019-Q2, 2019-06, 2019-W23 or 2019-06-25."
            )
    asked = on.year if on is not None else int(year)
    return min(since.year, asked) - MARGIN_YEARS, asked + MARGIN_YEARS


def _period(schedule: Schedule, *, zone: Zone, period_label: str | None, on: date | None) -> Period:
    if on is not None:
        return period_on(on, rule=schedule.period, zone=zone)
    return period_named(period_label or "", rule=schedule.period, zone=zone)
