"""Register rows to engine values: services, fees, calendars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby, pairwise

from sla.engine.facts import Charge, ChargeKind, Every, MonthBy, Unit
from sla.engine.money import Money
from sla.engine.periods import BusinessCalendar, SpecialDay, WeeklyHours
from vendors import models as register


def unit_of(service: register.Service, *, begins: datetime, ends: datetime | None) -> Unit:
    """Return a service as the unit that is measured; without dates it has the contract's."""
    return Unit(
        code=service.code,
        name=service.name,
        vendor_identifier=service.vendor_identifier,
        weight=Fraction(service.weight),
        in_service_from=service.in_service_from or begins,
        in_service_until=service.in_service_until or ends,
    )


def charges_of(contract: register.Contract) -> tuple[Charge, ...]:
    """Return the fees of one contract; the engine's dates are local, the last one exclusive."""
    return charge_values(contract, rows=contract.charges.select_related("service"))


def charge_values(contract: register.Contract, *, rows: Iterable[register.Charge]) -> tuple[Charge, ...]:
    """Return fee rows as values: a dated row holds until the next of its fee, or the contract's end."""
    ordered = sorted(rows, key=lambda row: (_unit(row), row.code, row.effective_from, row.pk))
    found: list[Charge] = []
    for _, group in groupby(ordered, key=lambda row: (_unit(row), row.code)):
        found += _fee(contract, rows=list(group))
    return tuple(found)


def _fee(contract: register.Contract, *, rows: Sequence[register.Charge]) -> Iterator[Charge]:
    dated = [row for row in rows if row.kind not in (ChargeKind.BILLED, ChargeKind.ONE_TIME)]
    next_from = {row.pk: later.effective_from for row, later in pairwise(dated)}
    for row in rows:
        ends_on: date | None = contract.effective_until
        if row.kind == ChargeKind.BILLED:
            ends_on = row.period_until
        elif row.kind == ChargeKind.ONE_TIME:
            ends_on = None
        yield _charge(contract, row=row, ends_on=next_from.get(row.pk, ends_on))


def _charge(contract: register.Contract, *, row: register.Charge, ends_on: date | None) -> Charge:
    return Charge(
        code=row.code,
        amount=Money(row.amount_minor, contract.currency),
        unit=_unit(row),
        kind=ChargeKind(row.kind),
        every=Every(row.every),
        month_by=MonthBy(row.month_by),
        starts_on=row.effective_from,
        ends_on=ends_on,
        in_base=row.included_in_base,
        invoice=row.invoice_number,
    )


def _unit(row: register.Charge) -> str:
    return row.service.code if row.service is not None else ""


def calendar_value(calendar: register.BusinessCalendar) -> BusinessCalendar:
    """Return a calendar with its hours and special days.

    The engine's calendars have one set of weekly hours, so of dated sets the newest is taken.
    Around the clock has neither hours nor days.
    """
    if calendar.around_the_clock:
        return BusinessCalendar(code=calendar.code, zone=calendar.zone)
    sets: dict[date | None, list[register.WeeklyHours]] = defaultdict(list)
    for row in calendar.weekly_hours.all():
        sets[row.effective_from].append(row)
    newest = max(sets, key=lambda since: since or date.min) if sets else None
    weekly = sorted(sets.get(newest, []), key=lambda row: (row.weekday, row.opens_at))
    return BusinessCalendar(
        code=calendar.code,
        zone=calendar.zone,
        weekly=tuple(
            WeeklyHours(weekday=row.weekday, opens=row.opens_at, closes=row.closes_at) for row in weekly
        ),
        special=tuple(_special(day) for day in sorted(calendar.days.all(), key=lambda day: day.on)),
    )


def _special(day: register.CalendarDay) -> SpecialDay:
    return SpecialDay(on=day.on, opens=day.opens_at, closes=day.closes_at, name=day.name)
