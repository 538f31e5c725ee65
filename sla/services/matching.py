"""Which claims a credit received may answer: a suggestion for the person who matches it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Sum

from sla.models import Claim, CreditReceived, ExchangeRate, RegisterEntry
from sla.services.receipts import left_of

RATES_SHOWN = 5
SAME_AMOUNT = "the same amount"


@dataclass
class Owed:
    """What is owed on a claim in its currency (minor units), what of it has come, and other units."""

    minor: int = 0
    come: int = 0
    quantities: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    @property
    def units(self) -> tuple[tuple[str, Fraction], ...]:
        """Return the units other than money in which something is owed."""
        return tuple((unit, left) for unit, left in sorted(self.quantities.items()) if left > 0)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A claim that a credit received may answer; `suggested_minor` is in the currency of both, else 0."""

    claim: Claim
    owed: Owed
    suggested_minor: int
    because: str
    rates: tuple[ExchangeRate, ...] = ()


def candidates(received: CreditReceived, *, user: User) -> tuple[Candidate, ...]:
    """Return the vendor's claims that a credit received may answer, what fits best first.

    A claim that the document names comes first, then one of the same amount, then the oldest. What takes
    back an earlier document may go to every claim for which something has come.
    """
    left = left_of(received).left_minor
    claims = list(_usable(received, user=user))
    owed = owed_by_claim(claims)
    found = [_candidate(claim, owed=owed[claim.pk], left=left, received=received) for claim in claims]
    wanted = [each for each in found if _fits(each, received=received)]
    return tuple(sorted(wanted, key=_rank))


def _usable(received: CreditReceived, *, user: User) -> QuerySet[Claim]:
    """Return the claims with the vendor under contracts that the receiving company uses."""
    company = Q(contract__entity=received.entity_id) | Q(contract__entities=received.entity_id)
    rows = Claim.objects.all().visible_to(user).filter(company, contract__vendor=received.vendor_id)
    found: QuerySet[Claim] = rows.distinct().select_related("contract__vendor", "statement__agreement")
    return found.order_by("opened_at", "pk")


def owed_by_claim(claims: Iterable[Claim]) -> dict[int, Owed]:
    """Return what is owed by claim, in two queries for all of them."""
    currencies = {claim.pk: claim.currency for claim in claims}
    found = {pk: Owed() for pk in currencies}
    rows = RegisterEntry.objects.filter(claim__in=currencies).order_by()
    for pk, unit, kind, total in rows.values_list("claim", "unit", "kind").annotate(Sum("amount_minor")):
        if unit == currencies[pk]:
            found[pk].minor += total
            came = kind in (RegisterEntry.Kind.RECEIVED, RegisterEntry.Kind.EXCHANGE)
            found[pk].come -= total if came else 0
    for pk, unit, quantity in rows.exclude(quantity=None).values_list("claim", "unit", "quantity"):
        found[pk].quantities[unit] += quantity
    return found


def _fits(each: Candidate, *, received: CreditReceived) -> bool:
    if received.net_minor < 0:
        return each.owed.come > 0 or each.owed.minor < 0
    return each.owed.minor > 0 if received.net_minor else bool(each.owed.units)


def _candidate(claim: Claim, *, owed: Owed, left: int, received: CreditReceived) -> Candidate:
    same = claim.currency == received.currency
    return Candidate(
        claim=claim,
        owed=owed,
        suggested_minor=max(0, min(owed.minor, left)) if same else 0,
        because=_because(claim, received=received, is_same=same and owed.minor == left > 0),
        rates=() if same else _rates(received, claim=claim),
    )


def _because(claim: Claim, *, received: CreditReceived, is_same: bool) -> str:
    said = f"{received.document} {received.note}".lower()
    if any(name and name.lower() in said for name in (claim.reference, claim.vendor_reference)):
        return "the document names it"
    if claim.expected_invoice and claim.expected_invoice.lower() in said:
        return "expected on this invoice"
    return SAME_AMOUNT if is_same else ""


def _rank(each: Candidate) -> tuple[bool, bool, object, int]:
    return not each.because, each.because == SAME_AMOUNT, each.claim.opened_at, each.claim.pk


def _rates(received: CreditReceived, *, claim: Claim) -> tuple[ExchangeRate, ...]:
    one, other = received.currency, claim.currency
    pair = Q(base=one, quote=other) | Q(base=other, quote=one)
    rows = ExchangeRate.objects.filter(pair, on__lte=received.received_on)
    return tuple(rows.order_by("-on", "-pk")[:RATES_SHOWN])
