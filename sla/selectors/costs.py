"""Which cost centres a credit relieves: those that bear the fees behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from sla.models import ClaimPart, RegisterEntry, ServiceCredit, StatementLine
from vendors.models import Charge

YEARLY = {Charge.Every.MONTH: 12, Charge.Every.QUARTER: 4}
Weights = Mapping[str, Fraction]
NOBODY: Weights = {"": Fraction(1)}


class CostCentres:
    """The cost centres of the rows of a journal, read in a number of queries that does not grow."""

    def __init__(self, rows: Iterable[RegisterEntry]) -> None:
        found = list(rows)
        self._parts = _parts({row.claim_id for row in found if row.credit_id is None})
        keys = {row.credit_id for row in found if row.credit_id is not None}
        keys |= {credit for parts in self._parts.values() for credit in parts}
        credits = ServiceCredit.objects.filter(pk__in=keys).select_related(None)
        self._credits = {
            credit.pk: credit for credit in credits.only("revision_id", "line_number", "service_last_on")
        }
        self._units = _units(self._credits.values())
        self._charges = _charges({row.contract_id for row in found})
        self._known: dict[tuple[int, int], Weights] = {}

    def of(self, row: RegisterEntry) -> Weights:
        """Return the shares of a row's cost centres, summing to 1; "" bears what no cost centre does.

        They are those of the fees of the services that its credit is for, else of all fees of the
        contract. A row of a whole claim follows the credits of the claim.
        """
        if row.credit_id is not None:
            return self._of_credit(row.credit_id, contract=row.contract_id)
        parts = self._parts.get(row.claim_id, {})
        whole = sum(parts.values())
        if not whole:
            return self._of_fees(row.contract_id, units=frozenset(), on=row.posting_month)
        found: dict[str, Fraction] = defaultdict(Fraction)
        for credit, amount in parts.items():
            for centre, share in self._of_credit(credit, contract=row.contract_id).items():
                found[centre] += share * Fraction(amount, whole)
        return found

    def _of_credit(self, credit: int, *, contract: int) -> Weights:
        known = self._known.get((credit, contract))
        if known is None:
            row = self._credits[credit]
            units = self._units.get((row.revision_id, row.line_number), frozenset())
            known = self._of_fees(contract, units=units, on=row.service_last_on)
            self._known[credit, contract] = known
        return known

    def _of_fees(self, contract: int, *, units: frozenset[str], on: date) -> Weights:
        fees = list(_in_force(self._charges.get(contract, ()), on=on))
        behind = [fee for fee in fees if fee.service is not None and fee.service.code in units]
        for chosen in (behind, fees):
            if any(fee.cost_shares.all() for fee in chosen):
                return _shares(chosen)
        return NOBODY


def _parts(claims: Iterable[int]) -> dict[int, dict[int, int]]:
    """Return what of which credits each claim holds, in minor units; only what adds to it counts."""
    found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    rows = ClaimPart.objects.filter(claim__in=claims).order_by("pk")
    for claim, credit, amount in rows.values_list("claim_id", "credit_id", "amount_minor"):
        found[claim][credit] += amount
    return {
        claim: {credit: amount for credit, amount in held.items() if amount > 0}
        for claim, held in found.items()
    }


def _units(credits: Iterable[ServiceCredit]) -> dict[tuple[int, int | None], frozenset[str]]:
    lines = StatementLine.objects.filter(revision__in={credit.revision_id for credit in credits})
    rows = lines.order_by().values_list("revision_id", "number", "units")
    return {(revision, number): frozenset(units) for revision, number, units in rows}


def _charges(contracts: Iterable[int]) -> dict[int, list[Charge]]:
    rows = (
        Charge.objects.filter(contract__in=contracts, included_in_base=True)
        .exclude(kind__in=[Charge.Kind.BILLED, Charge.Kind.DISCOUNT])
        .select_related("service")
        .prefetch_related("cost_shares")
        .order_by("effective_from", "pk")
    )
    found: dict[int, list[Charge]] = defaultdict(list)
    for row in rows:
        found[row.contract_id].append(row)
    return found


def _in_force(charges: Iterable[Charge], *, on: date) -> Iterable[Charge]:
    newest = {(fee.service_id, fee.code): fee for fee in charges if fee.effective_from <= on}
    return newest.values()


def _shares(fees: Iterable[Charge]) -> Weights:
    """Return the shares of cost centres, each fee by what it costs in a year."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for fee in fees:
        year = fee.amount_minor * YEARLY.get(Charge.Every(fee.every), 1)
        shares = list(fee.cost_shares.all())
        for share in shares:
            found[share.cost_centre] += year * Fraction(share.percent) / 100
        if not shares:
            found[""] += year
    whole = sum(found.values())
    return {centre: part / whole for centre, part in found.items()} if whole else NOBODY
