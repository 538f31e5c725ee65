"""Credits received that no claim has taken, in whole or in part."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.contrib.auth.models import User
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from sla.models import CreditMatch, CreditReceived


@dataclass(frozen=True, kw_only=True)
class Unmatched:
    """What is left of a credit received: before tax, in minor units of its currency, or days or hours."""

    received: CreditReceived
    left_minor: int
    left_quantity: Fraction

    @property
    def must_be_said(self) -> bool:
        """Return whether it answers a claim only where a person says so."""
        return bool(self.received.mark == CreditReceived.Mark.GOODWILL)


def left_of(received: CreditReceived) -> Unmatched:
    """Return what of a credit received no claim has taken."""
    rows = list(CreditMatch.objects.filter(received=received).values_list("received_minor", "quantity"))
    return Unmatched(
        received=received,
        left_minor=received.net_minor - sum(minor for minor, _ in rows),
        left_quantity=(received.quantity or Fraction(0)) - sum(counted or 0 for _, counted in rows),
    )


def unmatched(user: User) -> tuple[Unmatched, ...]:
    """Return the credits received that a user may see and of which something is left, oldest first."""
    rows = (
        CreditReceived.objects.all()
        .visible_to(user)
        .select_related("vendor", "entity", "account")
        .prefetch_related("matches")
        .annotate(taken=Coalesce(Sum("matches__received_minor"), 0))
        .exclude(Q(net_minor=F("taken")) & Q(quantity=None))
        .order_by("received_on", "pk")
    )
    found = (
        Unmatched(
            received=row,
            left_minor=row.net_minor - row.taken,
            left_quantity=(row.quantity or Fraction(0))
            - sum((match.quantity or Fraction(0) for match in row.matches.all()), start=Fraction(0)),
        )
        for row in rows
    )
    return tuple(each for each in found if each.left_minor or each.left_quantity)
