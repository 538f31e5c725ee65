"""What a line of a statement is billed by: account, purchase order and cost centres of its services' fees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from sla.models.columns import tidy
from vendors.models import Charge, CostShare

RUNNING = (Charge.Kind.RECURRING, Charge.Kind.USAGE, Charge.Kind.ONE_TIME)
MOST_KEPT = 20_000


class Bills(NamedTuple):
    """Numbers of accounts and purchase orders, and cost centres with their shares where they have some."""

    accounts: str = ""
    purchase_orders: str = ""
    cost_centres: str = ""


class Billed(Protocol):
    """What is asked of a line: its services and its last day."""

    @property
    def units(self) -> Sequence[str]: ...

    @property
    def window_last_on(self) -> date: ...


class BillsByContract:
    """The fees of contracts, read once each; asked line by line without a query."""

    def __init__(self) -> None:
        self.charges: dict[int, list[Charge]] = defaultdict(list)
        self.known: set[int] = set()
        self.kept: dict[tuple[int, tuple[str, ...], date], Bills] = {}

    def learn(self, contracts: Iterable[int]) -> None:
        """Read the fees of the contracts that are not known yet."""
        new = set(contracts) - self.known
        if not new:
            return
        self.known |= new
        rows = (
            Charge.objects.filter(contract__in=new, kind__in=RUNNING)
            .select_related("service", "account")
            .prefetch_related("cost_shares")
            .order_by("contract_id", "code", "effective_from")
        )
        for row in rows:
            self.charges[row.contract_id].append(row)

    def of(self, contract: int, *, line: Billed) -> Bills:
        """Return what the services of a line were billed by on its last day."""
        key = (contract, tuple(line.units), line.window_last_on)
        if key not in self.kept:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = _bills(self.charges.get(contract, []), units=key[1], on=key[2])
        return self.kept[key]


def _bills(charges: Sequence[Charge], *, units: tuple[str, ...], on: date) -> Bills:
    """Return the bills of the services' own fees, else of the fees of the whole contract."""
    in_force: dict[tuple[int | None, str], Charge] = {}
    for charge in charges:
        if charge.effective_from <= on:
            in_force[charge.service_id, charge.code] = charge
    own = [each for each in in_force.values() if each.service is not None and each.service.code in units]
    rows = own or [each for each in in_force.values() if each.service is None or not units]
    return Bills(
        accounts=_joined(row.account.number for row in rows if row.account),
        purchase_orders=_joined(row.purchase_order for row in rows),
        cost_centres=_joined(_share(each) for row in rows for each in row.cost_shares.all()),
    )


def _share(share: CostShare) -> str:
    return share.cost_centre if share.percent == 100 else f"{share.cost_centre} {tidy(share.percent)} %"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))
