"""Statements whose period is closed and that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, Exists, OuterRef, Sum

from sla.engine.money import Money
from sla.models import Duty, Statement
from sla.models.statements import StatementQuerySet
from vendors.models import Approval, Reader


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many statements wait, with what credit by currency, and the earliest period among them.

    `asked` more are asked to be finalised, and wait for a second person.
    """

    count: int
    money: tuple[Money, ...]
    earliest: str
    asked: int = 0


def waiting_statements(user: Reader) -> StatementQuerySet:
    """Return the statements of closed periods that a user may see, and that nobody finalised or asked to."""
    return _seen(user).exclude(pk__in=_asked())


def _seen(user: Reader) -> StatementQuerySet:
    return all_waiting_statements().visible_to(user)


def _asked() -> Any:
    rows = Approval.objects.waiting().filter(act="finalise", model=Statement._meta.label_lower)
    return rows.order_by().values("row")


def all_waiting_statements() -> StatementQuerySet:
    """Return those of every vendor that are no record yet, whether or not somebody asked to finalise them."""
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
        asked=_seen(user).filter(pk__in=_asked()).count(),
    )
