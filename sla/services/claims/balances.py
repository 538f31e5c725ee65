"""What a claim comes to: asked, accepted, received, given up, still open; never added across units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import F

from sla.engine.claims.moves import ClaimState
from sla.engine.terms import Pays
from sla.models import Claim, ClaimMove, ClaimPart, RegisterEntry, ServiceCredit
from sla.services import register
from vendors.models import money_text

Kind = RegisterEntry.Kind
ADDED = (Kind.NEW, Kind.ADJUSTMENT, Kind.EARN_BACK)
GIVEN_UP = (Kind.REJECTED, Kind.NOT_PURSUED, Kind.LAPSED, Kind.WRITTEN_OFF)
ANSWERS = frozenset({ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.REJECTED})


@dataclass(frozen=True, kw_only=True)
class OtherUnit:
    """What a claim comes to in days, hours or fees."""

    unit: str
    asked: Fraction
    received: Fraction
    given_up: Fraction
    open_: Fraction


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What a claim comes to; money in minor units of `currency`, before tax.

    `open_` is what is still owed to us by the register: asked - received - given up, with exchange
    differences. `recognised` is the part of it that stands in the books. `others` are units that are not
    money.
    """

    currency: str
    asked: int
    accepted: int
    received: int
    given_up: int
    exchange: int
    open_: int
    recognised: int
    others: tuple[OtherUnit, ...] = ()

    @property
    def settled(self) -> int:
        """Return how much of the claim was settled by what was received, whatever that was worth."""
        return self.received - self.exchange

    @property
    def accepted_to_come(self) -> int:
        """Return what the vendor accepted, has not given yet, and is still owed."""
        return max(0, min(self.accepted - self.settled, self.open_))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a claim comes to in short, for lists; money in minor units of its currency, before tax."""

    asked: int = 0
    accepted: int = 0
    settled: int = 0
    open_: int = 0

    @property
    def to_come(self) -> int:
        """Return what the vendor accepted, has not given yet, and is still owed."""
        return max(0, min(self.accepted - self.settled, self.open_))

    @property
    def rest(self) -> int:
        """Return what is open and was not accepted."""
        return max(0, self.open_ - self.to_come)


def standings(claims: Sequence[Claim]) -> dict[int, Standing]:
    """Return what each claim comes to by its key, in two queries; their moves come prefetched."""
    keys = [claim.pk for claim in claims]
    asked: dict[int, int] = defaultdict(int)
    parts = ClaimPart.objects.filter(claim__in=keys, credit__pays=Pays.MONEY.value).order_by()
    for claim, amount in parts.values_list("claim", "amount_minor"):
        asked[claim] += amount
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    entries = RegisterEntry.objects.filter(claim__in=keys, unit=F("claim__currency")).order_by()
    for claim, kind, amount in entries.values_list("claim", "kind", "amount_minor"):
        found[claim][kind] += amount
    return {claim.pk: _standing(claim, asked=asked[claim.pk], entered=found[claim.pk]) for claim in claims}


def _standing(claim: Claim, *, asked: int, entered: Mapping[str, int]) -> Standing:
    moves = sorted(claim.moves.all(), key=lambda row: row.pk)
    return Standing(
        asked=asked,
        accepted=accepted_of(moves, asked=asked),
        settled=-entered.get(Kind.RECEIVED, 0) - entered.get(Kind.EXCHANGE, 0),
        open_=sum(entered.values()),
    )


def over_credited(minor: int, *, currency: str) -> str:
    """Return in words that more came than is asked for; `minor` is what is open, below zero."""
    return f"over-credited by {money_text(-minor, currency=currency)}"


def balance(claim: Claim) -> Balance:
    """Return what a claim asks for and what came of it; two queries more than its register rows."""
    entries = list(RegisterEntry.objects.filter(claim=claim).order_by())
    money = [row for row in entries if row.unit == claim.currency]
    asked = asked_minor(claim)
    return Balance(
        currency=claim.currency,
        asked=asked,
        accepted=accepted_of(claim.moves.order_by("pk"), asked=asked),
        received=-_minor(money, kinds=(Kind.RECEIVED,)),
        given_up=-_minor(money, kinds=GIVEN_UP),
        exchange=_minor(money, kinds=(Kind.EXCHANGE,)),
        open_=sum(row.amount_minor for row in money),
        recognised=sum(row.recognised_minor for row in money),
        others=_others(row for row in entries if row.unit != claim.currency),
    )


def asked_minor(claim: Claim) -> int:
    """Return the money that the parts of a claim ask for, in minor units of its currency."""
    parts = claim.parts.filter(credit__pays=Pays.MONEY.value)
    return sum(parts.order_by().values_list("amount_minor", flat=True))


def accepted_of(moves: Iterable[ClaimMove], *, asked: int) -> int:
    """Return what the vendor accepts by the newest answer among moves, oldest first; never above `asked`.

    An answer without an amount accepts everything.
    """
    accepted = 0
    for move in moves:
        # A step that leaves the state as it is (a write-off) answers nothing.
        if (move.new_state in ANSWERS and move.new_state != move.old_state) or not move.old_state:
            accepted = _accepted(move, asked=asked)
    return min(accepted, max(asked, 0))


def _accepted(move: ClaimMove, *, asked: int) -> int:
    if move.new_state == ClaimState.REJECTED:
        return 0
    if move.amount_minor is None:
        return asked if move.new_state in ANSWERS else 0
    return move.amount_minor


def held_parts(claim: Claim) -> dict[ServiceCredit, tuple[int, Fraction]]:
    """Return how much of each credit a claim holds: minor units, and the quantity of other units."""
    found: dict[ServiceCredit, tuple[int, Fraction]] = {}
    rows = ClaimPart.objects.filter(claim=claim).select_related("credit__revision__statement__agreement")
    for part in rows.order_by("pk"):
        amount, quantity = found.get(part.credit, (0, Fraction(0)))
        found[part.credit] = amount + part.amount_minor, quantity + (part.quantity or 0)
    return {credit: held for credit, held in found.items() if any(held)}


def owed_quantities(claim: Claim) -> dict[str, Fraction]:
    """Return what is still owed on a claim in days, hours or fees, where anything is."""
    return {unit: left for unit, left in register.quantities_of(claim).items() if left}


def is_owed(claim: Claim) -> bool:
    """Say whether anything of a claim is still open, in whatever unit: closing it gives that up."""
    return balance(claim).open_ > 0 or bool(owed_quantities(claim))


def _minor(rows: Iterable[RegisterEntry], *, kinds: Iterable[str]) -> int:
    return sum(row.amount_minor for row in rows if row.kind in kinds)


def _others(rows: Iterable[RegisterEntry]) -> tuple[OtherUnit, ...]:
    by_unit: dict[str, list[RegisterEntry]] = defaultdict(list)
    for row in rows:
        by_unit[row.unit].append(row)
    return tuple(
        OtherUnit(
            unit=unit,
            asked=_quantity(found, kinds=ADDED),
            received=-_quantity(found, kinds=(Kind.RECEIVED,)),
            given_up=-_quantity(found, kinds=GIVEN_UP),
            open_=_quantity(found, kinds=Kind.values),
        )
        for unit, found in sorted(by_unit.items())
    )


def _quantity(rows: Iterable[RegisterEntry], *, kinds: Iterable[str]) -> Fraction:
    wanted = set(kinds)
    return sum((row.quantity or Fraction(0) for row in rows if row.kind in wanted), start=Fraction(0))
