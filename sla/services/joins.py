"""What joining two incidents would change in money, and whose clock holds then, before anybody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from incidents.models import Incident, Outage, clock_named
from incidents.services.feeds.joining import JoinEffect, tried_join
from incidents.services.feeds.merging import is_a_persons
from sla.engine.facts import Inputs
from sla.engine.money import Money
from sla.inputs import inputs_of
from sla.models import ServiceLevelAgreement
from sla.services.narrated import NO_DIFFERENCE, moved_words, schedules_of
from sla.services.statements.drafts import result_of
from vendors.models import zone_of

# A service level, and the service of it that was hit -> whose clock holds there.
Clocks = dict[tuple[str, str], str]


def effects_of_joins(
    pairs: Iterable[tuple[Incident, Incident]], *, user: User, now: datetime, most: int = 6
) -> dict[tuple[int, int], JoinEffect]:
    """Return what joining the second of each pair to the first would change, by the keys of both.

    Each is tried and taken back. The credits of the periods that the outages touch are compared, as of a
    UTC instant. Only the first pairs are computed.
    """
    rows = list(pairs)[:most]
    return {(kept.pk, other.pk): _effect(kept, other, user=user, now=now) for kept, other in rows}


def _effect(kept: Incident, other: Incident, *, user: User, now: datetime) -> JoinEffect:
    outages = list(_standing(kept, other))
    periods = list(_periods(outages, user=user, now=now))
    persons = [row for row in outages if is_a_persons(row)]
    counted = _clocks(kept, inputs=[inputs for _, inputs in periods])
    try:
        with tried_join(kept, other, by=user, at=now) as joined:
            after = [
                inputs_of(agreement, known_until=now, period_label=inputs.period.label)
                for agreement, inputs in periods
            ]
            clocks = _clocks(joined, inputs=after)
            money = _money([inputs for _, inputs in periods], after)
    except ValidationError as error:
        return JoinEffect(refused=" ".join(error.messages))
    return JoinEffect(
        holds=_holds(clocks), money=money, warning=_warning(persons, before=counted, after=clocks)
    )


def _standing(*incidents: Incident) -> Iterable[Outage]:
    rows = Outage.objects.standing().filter(incident__in=incidents)
    return rows.select_related("incident", "service__contract").order_by("started_at", "pk")


def _periods(
    outages: Iterable[Outage], *, user: User, now: datetime
) -> Iterator[tuple[ServiceLevelAgreement, Inputs]]:
    """Yield each period that an outage begins or ends in, of the schedules that the reader may see."""
    seen = set()
    for row in outages:
        for agreement in schedules_of(row, user=user):
            for on in _days(row, agreement=agreement, now=now):
                inputs = _inputs(agreement, on=on, now=now)
                if inputs is not None and (agreement.pk, inputs.period.label) not in seen:
                    seen.add((agreement.pk, inputs.period.label))
                    yield agreement, inputs


def _days(row: Outage, *, agreement: ServiceLevelAgreement, now: datetime) -> set[date]:
    zone = zone_of(agreement.zone or agreement.contract.zone)
    return {at.astimezone(zone).date() for at in (row.started_at, row.counted_until or now)}


def _inputs(agreement: ServiceLevelAgreement, *, on: date, now: datetime) -> Inputs | None:
    try:
        found = inputs_of(agreement, known_until=now, on=on)
    except ValueError:
        return None
    return found if found.versions else None  # no terms are in force then


def _clocks(incident: Incident, *, inputs: Iterable[Inputs]) -> Clocks:
    """Return whose times of an incident hold: the first of each level's own order that is there."""
    there: dict[str, list[str]] = {}
    for row in _standing(incident):
        there.setdefault(row.service.code, []).append(row.measured_by)
    found: Clocks = {}
    for each in inputs:
        for target in each.versions[-1].targets:
            order = [clock.value for clock in target.measured_by]
            for service in set(target.services or there) & set(there):
                codes = sorted(there[service], key=lambda code: _place(code, order=order))
                found[target.name, service] = codes[0]
    return found


def _place(code: str, *, order: list[str]) -> int:
    return order.index(code) if code in order else len(order)


def _holds(clocks: Clocks) -> str:
    """Say whose times hold: in one word for all levels, else of each."""
    held = set(clocks.values())
    if len(held) == 1:
        return f"The times by “{clock_named(held.pop())}” hold"
    return "; ".join(
        f"{level}: those by “{clock_named(code)}” hold" for (level, _), code in sorted(clocks.items())
    )


def _warning(persons: Iterable[Outage], *, before: Clocks, after: Clocks) -> str:
    """Say which times that a person accepted would count no more."""
    lost = [
        f"{row.started_at:%Y-%m-%d %H:%M} to {f'{row.ended_at:%Y-%m-%d %H:%M}' if row.ended_at else 'now'} "
        f"({clock_named(row.measured_by)})"
        for row in persons
        if any(
            before.get(level) == row.measured_by != code
            for level, code in after.items()
            if level[1] == row.service.code
        )
    ]
    return f"A person accepted {', '.join(lost)}: it would count no more" if lost else ""


def _money(before: Iterable[Inputs], after: Iterable[Inputs]) -> str:
    """Return the difference and both sums, each currency apart."""
    was, now = _credits(before), _credits(after)
    said = [
        f"{moved_words(Money(new - old, currency))}: {Money(new, currency)} instead of {Money(old, currency)}"
        for currency in sorted({*was, *now})
        if (new := now.get(currency, 0)) != (old := was.get(currency, 0))
    ]
    if said:
        return ", ".join(said)
    return NO_DIFFERENCE if {*was, *now} else ""


def _credits(inputs: Iterable[Inputs]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in inputs:
        money = result_of(each).credits.money
        if money is not None:
            found[money.currency] = found.get(money.currency, 0) + money.minor
    return found
