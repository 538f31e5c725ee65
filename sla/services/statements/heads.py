"""The head of each statement: one row a schedule and period, whose draft follows the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import F, Q

from incidents.models import Incident
from sla.engine.facts import Inputs
from sla.engine.periods import Period, period_named, period_on, zone_table
from sla.inputs import inputs_for, inputs_of
from sla.models import ServiceLevelAgreement, Statement
from sla.services.statements.drafting import draft_of, note_failure, write_draft
from sla.services.statements.staleness import note_stale, raise_wanted
from vendors.models import Contract, zone_of

__all__ = [
    "Allowance",
    "fresh_heads",
    "head_of",
    "heads_on",
    "note_stale",
    "refresh_heads",
    "refresh_statement",
]

# What stands open in a running period grows by the clock; in lists it may lag by so much.
MAY_LAG = timedelta(hours=1)
MARGIN_YEARS = 3


@dataclass
class Allowance:
    """How many drafts may still be computed while a person waits, and how many are left to the next run."""

    left: int
    behind: int = 0

    def take(self, heads: Sequence[Statement]) -> Sequence[Statement]:
        """Return the first of some heads, as many as may still be computed; ask for the others."""
        taken, others = heads[: self.left], heads[self.left :]
        self.left -= len(taken)
        self.behind += len(others)
        if others:
            # Those that only the clock made old ask for nothing themselves.
            raise_wanted(Q(pk__in=[head.pk for head in others], computed__gte=F("wanted")))
        return taken


def head_of(agreement: ServiceLevelAgreement, *, period_label: str) -> Statement:
    """Return the head of a schedule's period; make it on first use.

    Raises ValueError for a label that names no period of the schedule.
    """
    found = Statement.objects.filter(agreement=agreement, period=period_label).first()
    if found is not None:
        found.agreement = agreement
        return found
    year = period_label[:4]
    if not (year.isascii() and year.isdigit() and 1900 <= int(year) <= 2199):
        raise ValueError(
            f"{period_label!r} names no period. Write 2019, 2019-Q2, 2019-06, 2019-W23 or 2019-06-25."
        )
    return _made(agreement, period=_period(agreement, label=period_label, on=None, year=int(year)))


def _period(agreement: ServiceLevelAgreement, *, label: str, on: date | None, year: int) -> Period:
    zone = zone_table(
        agreement.zone or agreement.contract.zone,
        first_year=year - MARGIN_YEARS,
        last_year=year + MARGIN_YEARS,
    )
    if on is not None:
        return period_on(on, rule=agreement.period, zone=zone)
    return period_named(label, rule=agreement.period, zone=zone)


def _made(agreement: ServiceLevelAgreement, *, period: Period) -> Statement:
    statement, _ = Statement.objects.get_or_create(
        agreement=agreement,
        period=period.label,
        defaults={
            "first_on": period.first_on,
            "last_on": period.last_on,
            "starts_at": period.during.start,
            "ends_at": period.during.end,
            "currency": agreement.currency,
        },
    )
    statement.agreement = agreement
    return statement


def heads_on(agreements: Iterable[ServiceLevelAgreement], *, on: date) -> list[Statement]:
    """Return the heads of the periods that hold a local date, where terms are in force; make missing ones.

    The schedules come with their contracts and, best prefetched, their versions.
    """
    rows = [row for row in agreements if _in_force(row, on=on)]
    periods = {row.pk: _period(row, label="", on=on, year=on.year) for row in rows}
    known = {
        statement.agreement_id: statement
        for statement in Statement.objects.filter(
            agreement__in=rows, first_on__lte=on, last_on__gte=on
        ).with_newest()
        if statement.period == periods[statement.agreement_id].label
    }
    for row in rows:
        if row.pk in known:
            known[row.pk].agreement = row
        else:
            known[row.pk] = _made(row, period=periods[row.pk])
    return [known[row.pk] for row in rows]


def _in_force(agreement: ServiceLevelAgreement, *, on: date) -> bool:
    return any(version.effective_from <= on for version in agreement.versions.all())


def fresh_heads(
    agreements: Iterable[ServiceLevelAgreement],
    *,
    now: datetime,
    on: date | None = None,
    first_on: date | None = None,
    last_on: date | None = None,
    allowance: Allowance | None = None,
) -> list[Statement]:
    """Return heads that answer the records of `now`, by day in the order of the schedules.

    Give a local date, or the first and last of a range: then every period that ends in it is returned.
    Missing ones are made; computed are only those that are stale, and running ones older than an hour, and
    of these no more than an allowance has left: the next run computes the others.
    """
    rows = list(agreements)
    note_stale(now=now)
    if on is not None:
        heads = heads_on(rows, on=on)
    elif first_on is not None and last_on is not None:
        heads = list(_heads_between(rows, first_on=first_on, last_on=last_on))
    else:
        raise ValueError("fresh_heads needs a date `on`, or `first_on` and `last_on`.")
    wanting = [head for head in heads if _wants(head, now=now)]
    refresh_heads(wanting if allowance is None else allowance.take(wanting), now=now)
    return heads


def _heads_between(
    agreements: Sequence[ServiceLevelAgreement], *, first_on: date, last_on: date
) -> Iterator[Statement]:
    there = Statement.objects.filter(agreement__in=agreements, last_on__range=(first_on, last_on))
    known = {(head.agreement_id, head.period): head for head in there}
    for row in agreements:
        for period in _periods_between(row, first_on=first_on, last_on=last_on):
            head = known.get((row.pk, period.label)) or _made(row, period=period)
            head.agreement = row
            yield head


def _periods_between(agreement: ServiceLevelAgreement, *, first_on: date, last_on: date) -> Iterator[Period]:
    """Yield the periods that end in a range of local days, with terms in force and under the contract."""
    day = first_on
    while True:
        period = _period(agreement, label="", on=day, year=day.year)
        if period.last_on > last_on:
            return
        if _in_force(agreement, on=period.last_on) and period.first_on <= _ends(agreement, on=last_on):
            yield period
        day = period.last_on + timedelta(days=1)


def _ends(agreement: ServiceLevelAgreement, *, on: date) -> date:
    """Return the last day of the contract, or another day where it has no end."""
    ends = agreement.contract.effective_until
    return on if ends is None else ends - timedelta(days=1)


def _wants(head: Statement, *, now: datetime) -> bool:
    if head.computed < head.wanted:
        return True
    running = head.known_until is not None and head.known_until < head.ends_at
    return running and head.computed_at is not None and head.computed_at + MAY_LAG <= now


def refresh_heads(heads: Iterable[Statement], *, now: datetime) -> int:
    """Compute the drafts of many heads, earlier periods first; return how many were tried.

    One that fails keeps its figures and says why in `error`; the others go on.
    """
    groups: dict[tuple[date, str], list[Statement]] = {}
    for head in heads:
        groups.setdefault((head.last_on, head.period), []).append(head)
    count = 0
    for (_, label), rows in sorted(groups.items()):
        count += len(rows)
        _refresh_group(rows, label=label, now=now)
    return count


def _refresh_group(heads: list[Statement], *, label: str, now: datetime) -> None:
    """Compute heads of the same period with one gathering; after a failure each for itself."""
    known_until = now.replace(microsecond=0)
    wanted = _wanted(heads)
    by_agreement = {head.agreement_id: head for head in heads}
    gathered = inputs_for([head.agreement for head in heads], known_until=known_until, period_label=label)
    done: set[int] = set()
    try:
        for head, inputs in zip(by_agreement.values(), gathered, strict=True):
            _compute(head, inputs=inputs, wanted=wanted[head.pk], now=now)
            done.add(head.pk)
    except (ValueError, ArithmeticError, LookupError, ValidationError):
        for head in heads:
            if head.pk not in done:
                refresh_statement(head, now=now)


def draft_incident(incident: Incident, *, contract: Contract, now: datetime) -> None:
    """Draft the periods in which an incident began: the dated steps of a claim for it stand in them."""
    agreements = list(contract.schedules.prefetch_related("versions"))
    outages = incident.outages.standing().filter(service__contract=contract)
    zone = zone_of(contract.zone)
    days = {at.astimezone(zone).date() for at in outages.values_list("started_at", flat=True)}
    for on in sorted(days):
        fresh_heads(agreements, on=on, now=now)


def _wanted(heads: Iterable[Statement]) -> Mapping[int, int]:
    """Return what is asked for now: read before the records, so that a later change asks again."""
    return dict(Statement.objects.filter(pk__in=[head.pk for head in heads]).values_list("pk", "wanted"))


def refresh_statement(statement: Statement, *, now: datetime) -> Statement:
    """Compute the draft by the records as they stand; `now` is a UTC instant.

    What fails is said in `error` in plain words, and the figures stay. A newer draft is never replaced.
    """
    wanted = _wanted([statement])[statement.pk]
    known_until = now.replace(microsecond=0)
    try:
        inputs = inputs_of(statement.agreement, period_label=statement.period, known_until=known_until)
        _compute(statement, inputs=inputs, wanted=wanted, now=now)
    except (ValueError, ArithmeticError, LookupError, ValidationError) as error:
        note_failure(statement, error=error, wanted=wanted, now=now)
    return statement


def _compute(statement: Statement, *, inputs: Inputs, wanted: int, now: datetime) -> None:
    draft = draft_of(statement, inputs=inputs)
    older = Q(known_until=None) | Q(known_until__lte=inputs.known_until) | ~Q(error="")
    newer = Q(computed__lt=wanted) | (Q(computed=wanted) & older)
    write_draft(statement, draft=draft, where=newer, wanted=wanted, now=now)
