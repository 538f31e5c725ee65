"""Statements whose period is closed and that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.db.models import Count, Exists, OuterRef, Sum

from sla.engine.money import Money
from sla.models import Duty, Statement
from sla.models.statements import StatementQuerySet
from vendors.models import Reader


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many statements wait, with what credit by currency, and the earliest period among them."""

    count: int
    money: tuple[Money, ...]
    earliest: str


def waiting_statements(user: Reader) -> StatementQuerySet:
    """Return the statements that a user may see, whose period is closed, and that are no record yet."""
    return all_waiting_statements().visible_to(user)


def all_waiting_statements() -> StatementQuerySet:
    """Return the same of every vendor."""
    closed = Duty.objects.filter(
        kind=Duty.Kind.CLOSE,
        state__in=(Duty.State.DONE, Duty.State.FAILED),
        agreement=OuterRef("agreement"),
        period=OuterRef("period"),
    )
    return cast(StatementQuerySet, Statement.objects.filter(Exists(closed), revisions=None))


def closed_and_waiting(user: Reader) -> Waiting:
    """Return how much waits for a person, of what a user may see; money by currency, never added across."""
    rows = waiting_statements(user).order_by()
    sums = rows.values("currency").annotate(due=Sum("due_minor"), count=Count("pk"))
    found = list(sums.order_by("currency"))
    earliest = rows.order_by("last_on", "pk").values_list("period", flat=True).first()
    return Waiting(
        count=sum(row["count"] for row in found),
        money=tuple(Money(row["due"], row["currency"]) for row in found if row["due"]),
        earliest=earliest or "",
    )
