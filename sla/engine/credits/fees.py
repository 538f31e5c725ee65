"""What the fees of a contract come to between two dates.

Fees accrue evenly by local calendar day inside each fee month, which begins on the schedule's
billing day: a whole month gives exactly the monthly fee, whatever its length.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from sla.engine.facts import Charge, ChargeKind, Every, MonthBy
from sla.engine.money import CurrencyMismatch
from sla.engine.periods import DAY, add_months

_MONTHS = {Every.ONCE: 1, Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}
_DATED = (ChargeKind.RECURRING, ChargeKind.USAGE, ChargeKind.DISCOUNT)


class Days(NamedTuple):
    """Local dates from ``start`` up to but not including ``end``."""

    start: date
    end: date

    @property
    def size(self) -> int:
        """Return how many dates there are, never fewer than none."""
        return max((self.end - self.start).days, 0)


class Fee(NamedTuple):
    """A fee with the date on which it ends: its own end, or the next row of the same fee."""

    charge: Charge
    until: date | None

    def within(self, days: Days) -> Days:
        """Return the dates of ``days`` on which the fee runs."""
        end = days.end if self.until is None else min(days.end, self.until)
        return Days(max(days.start, self.charge.starts_on), end)


class Fees:
    """The fees of a contract by the unit they are for; ``""`` is the whole contract."""

    def __init__(self, charges: Sequence[Charge], *, currency: str, billing_day: int) -> None:
        self._charges = charges
        self._by_unit: dict[str, list[Fee]] | None = None
        self.currency = currency
        self.billing_day = billing_day

    def of_unit(self, unit: str) -> list[Fee]:
        """Return the fees of one unit, or of the contract as a whole for ``""``."""
        return self._index().get(unit, [])

    def all(self) -> list[Fee]:
        """Return every fee of the contract."""
        return [fee for fees in self._index().values() for fee in fees]

    @property
    def only_contract_wide(self) -> bool:
        """Return whether no fee names a unit."""
        return not any(self._index())

    def _index(self) -> dict[str, list[Fee]]:
        if self._by_unit is None:
            index: dict[str, list[Fee]] = defaultdict(list)
            for fee in dated(self._charges):
                index[fee.charge.unit].append(fee)
            self._by_unit = dict(sorted(index.items()))
        return self._by_unit

    def checked(self, fee: Fee) -> Fee:
        """Return the fee; refuse one in another currency, which cannot be summed."""
        if fee.charge.amount.currency != self.currency:
            raise CurrencyMismatch(
                f"Fee {fee.charge.code!r} is in {fee.charge.amount.currency}, the SLA schedule pays in "
                f"{self.currency}. Enter the fee in {self.currency}, or leave it out of the base."
            )
        return fee


def dated(charges: Iterable[Charge]) -> list[Fee]:
    """Return the fees in order, each until its end or until the next row of the same fee."""
    ordered = sorted(charges, key=lambda c: (c.unit, c.code, c.kind, c.starts_on, c.invoice, c.amount))
    found = []
    for place, charge in enumerate(ordered):
        until = charge.ends_on
        if charge.kind in _DATED:
            for later in ordered[place + 1 :]:
                if (later.unit, later.code, later.kind) != (charge.unit, charge.code, charge.kind):
                    break
                if later.starts_on > charge.starts_on:
                    until = later.starts_on if until is None else min(until, later.starts_on)
                    break
        elif charge.kind is ChargeKind.BILLED and until is None:
            until = add_months(charge.starts_on, _MONTHS[charge.every])
        found.append(Fee(charge, until))
    return found


def accrued(fee: Fee, *, days: Days, billing_day: int) -> Fraction:
    """Return the exact minor units of the fee on these dates."""
    charge = fee.charge
    inside = fee.within(days)
    amount = charge.amount.minor
    if charge.kind is ChargeKind.BILLED or (charge.every is Every.ONCE and charge.kind in _DATED):
        if fee.until is None:
            return Fraction(amount if days.start <= charge.starts_on < days.end else 0)
        return amount * Fraction(inside.size, max(Days(charge.starts_on, fee.until).size, 1))
    if charge.kind is ChargeKind.ONE_TIME:
        return Fraction(amount if days.start <= charge.starts_on < days.end else 0)
    if not inside.size:
        return Fraction(0)
    if charge.month_by is MonthBy.DAYS and charge.every is not Every.MONTH:
        return amount * _terms(inside, start=charge.starts_on, months=_MONTHS[charge.every])
    return months(inside, billing_day=billing_day) * Fraction(amount, _MONTHS[charge.every])


@lru_cache(maxsize=1024)
def months(days: Days, *, billing_day: int) -> Fraction:
    """Return how many fee months the dates are: each date is its share of its own month."""
    share = Fraction(0)
    for month in fee_months(days, billing_day=billing_day):
        inside = Days(max(month.start, days.start), min(month.end, days.end))
        share += Fraction(inside.size, month.size)
    return share


def fee_months(days: Days, *, billing_day: int) -> Iterator[Days]:
    """Yield the fee months that the dates touch, in order."""
    first = days.start.replace(day=1)
    if days.start.day < billing_day:
        first = add_months(first, -1)
    while (start := first.replace(day=billing_day)) < days.end:
        first = add_months(first, 1)
        yield Days(start, first.replace(day=billing_day))


def _terms(days: Days, *, start: date, months: int) -> Fraction:
    """Return how many terms of so many months, laid end to end from ``start``, the dates are."""
    passed = (days.start.year - start.year) * 12 + days.start.month - start.month
    term = max(passed // months - 1, 0)
    share = Fraction(0)
    while (first := add_months(start, term * months)) < days.end:
        term += 1
        whole = Days(first, add_months(start, term * months))
        inside = Days(max(whole.start, days.start), min(whole.end, days.end))
        share += Fraction(inside.size, whole.size)
    return share


def without(days: Days, *, taken: Iterable[Days]) -> list[Days]:
    """Return the dates that none of the taken stretches covers."""
    left, start = [], days.start
    for stretch in sorted(taken):
        if stretch.start > start:
            left.append(Days(start, min(stretch.start, days.end)))
        start = max(start, stretch.end)
    left.append(Days(start, days.end))
    return [stretch for stretch in left if stretch.size]


def covered(fees: Iterable[Fee], *, days: Days) -> list[Days]:
    """Return the dates on which at least one of the fees runs, as disjoint stretches in order."""
    found: list[Days] = []
    for stretch in sorted(fee.within(days) for fee in fees):
        if not stretch.size:
            continue
        if found and stretch.start <= found[-1].end:
            found[-1] = Days(found[-1].start, max(found[-1].end, stretch.end))
        else:
            found.append(stretch)
    return found


def days_of(first_on: date, *, last_on: date) -> Days:
    """Return the dates from the first to the last, both included."""
    return Days(first_on, last_on + DAY)
