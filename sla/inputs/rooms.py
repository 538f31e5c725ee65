"""What is left of caps over several SLA schedules, by the credits of finalised statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db.models import Sum

from sla.engine.facts import RoomLeft
from sla.engine.money import Money
from sla.engine.periods import DAY, Period, add_months
from sla.engine.terms.credits import CapPeriod, Pays
from sla.models import BroughtForward, ServiceCredit, ServiceLevelAgreement, SharedCap
from vendors.models import Contract

IN_KIND = (Pays.SERVICE_DAYS, Pays.SERVICE_HOURS, Pays.POINTS, Pays.CHARGE)
MONTHS = {CapPeriod.MONTH: 1, CapPeriod.QUARTER: 3, CapPeriod.YEAR: 12}


class Taken(NamedTuple):
    """The money credit of one statement for service that ended on a date, in minor units."""

    agreement: int
    period: str
    contract: int
    currency: str
    last_on: date
    minor: int


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The caps that may bind a chunk of SLA schedules, whom each binds, and what was taken."""

    caps: Sequence[SharedCap] = ()
    families: Mapping[int, frozenset[int]] = field(default_factory=dict)  # by contract of a cap
    taken: Mapping[int, Sequence[Taken]] = field(default_factory=dict)  # by contract


def rooms_of(agreement: ServiceLevelAgreement, *, period: Period) -> tuple[RoomLeft, ...]:
    """Return what is left for one statement of every cap over several schedules that binds it.

    A cap binds its contract and all papers under it, in its own currency. Of its amount goes what
    other statements were finalised with, newest figures, for service that ended in the cap's month,
    quarter or year, in the twelve months up to the statement's last day, or since the cap began.
    What was brought forward counts too. The statement itself takes nothing from its own room.
    """
    return rooms_in(shared([agreement]), agreement=agreement, period=period)


def shared(agreements: Sequence[ServiceLevelAgreement]) -> Shared:
    """Return what rooms of a chunk follow from, in a number of queries that does not grow with it."""
    caps = list(SharedCap.objects.select_related("contract").order_by("code", "pk"))
    if not caps:
        return Shared()
    families = _families({cap.contract_id for cap in caps})
    asked = {agreement.contract_id for agreement in agreements}
    binding = [cap for cap in caps if families[cap.contract_id] & asked]
    if not binding:
        return Shared()
    concerned = frozenset().union(*(families[cap.contract_id] for cap in binding))
    taken: dict[int, list[Taken]] = defaultdict(list)
    for one in (*_finalised(concerned), *_brought_forward(concerned)):
        taken[one.contract].append(one)
    return Shared(caps=binding, families=families, taken=taken)


def rooms_in(known: Shared, *, agreement: ServiceLevelAgreement, period: Period) -> tuple[RoomLeft, ...]:
    """Return one statement's rooms from what is loaded for its chunk."""
    on = period.last_on
    binding = (
        cap
        for cap in known.caps
        if agreement.contract_id in known.families[cap.contract_id]
        and cap.contract.currency == agreement.contract.currency
        and cap.effective_from <= on
        and (cap.effective_until is None or on < cap.effective_until)
    )
    return tuple(_room(cap, known=known, agreement=agreement, period=period) for cap in binding)


def _room(cap: SharedCap, *, known: Shared, agreement: ServiceLevelAgreement, period: Period) -> RoomLeft:
    first, until = cap_window(cap, on=period.last_on)
    own = (agreement.pk, period.label)
    spent = sum(
        one.minor
        for contract in known.families[cap.contract_id]
        for one in known.taken.get(contract, ())
        if first <= one.last_on < until
        and one.currency == cap.contract.currency
        and (one.agreement, one.period) != own
    )
    return RoomLeft(cap=cap.code, room=Money(max(cap.amount_minor - spent, 0), cap.contract.currency))


def cap_window(cap: SharedCap, *, on: date) -> tuple[date, date]:
    """Return the first date of the window of a cap that holds a date, and the first one after it."""
    kind = CapPeriod(cap.period)
    first, until = cap.effective_from, cap.effective_until or date.max
    if kind is CapPeriod.ROLLING_12:
        until = min(until, on + DAY)
        first = max(first, add_months(on + DAY, -12))
    elif kind in MONTHS:
        length = MONTHS[kind]
        begins = date(on.year, (on.month - 1) // length * length + 1, 1)
        first, until = max(first, begins), min(until, add_months(begins, length))
    return first, until


def _families(tops: Iterable[int]) -> dict[int, frozenset[int]]:
    """Return each of these contracts with all papers under it."""
    under: dict[int, list[int]] = defaultdict(list)
    for contract, parent in Contract.objects.order_by().values_list("pk", "parent_id"):
        if parent is not None:
            under[parent].append(contract)
    found = {}
    for top in tops:
        family, level = {top}, [top]
        while level:
            level = [below for contract in level for below in under[contract] if below not in family]
            family.update(level)
        found[top] = frozenset(family)
    return found


def _finalised(contracts: Iterable[int]) -> Iterator[Taken]:
    """Yield what finalised statements credit; adjustments and what was earned back are in the sum."""
    statement = "revision__statement"
    rows = (
        ServiceCredit.objects.filter(**{f"{statement}__agreement__contract__in": sorted(contracts)})
        .exclude(pays__in=IN_KIND)
        .order_by()
        .values_list(
            f"{statement}__agreement_id",
            f"{statement}__period",
            f"{statement}__agreement__contract_id",
            "currency",
            "service_last_on",
        )
    )
    yield from (Taken(*row) for row in rows.annotate(minor=Sum("amount_minor")))


def _brought_forward(contracts: Iterable[int]) -> Iterator[Taken]:
    rows = BroughtForward.objects.filter(
        agreement__contract__in=sorted(contracts), credit__isnull=False
    ).select_related("agreement")
    for row in rows:
        credit = row.as_value().credit
        if credit is not None:
            yield Taken(
                row.agreement_id,
                row.period,
                row.agreement.contract_id,
                credit.currency,
                row.last_on,
                credit.minor,
            )
