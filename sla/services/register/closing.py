"""Close posting periods: closed books stay as they were reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Min

from sla.engine.periods import add_months
from sla.models import PeriodClose, RegisterEntry
from sla.selectors.gaps import Found, unfinished
from sla.selectors.scope import Scope
from sla.services.register.posting import open_from
from vendors.models import LegalEntity
from vendors.services import checked_reason

# Offered where a company never closed a month and has no rows yet.
USUAL_MONTHS = 12


@transaction.atomic
def close_months(entity: LegalEntity, *, through: date, by: User, why: str, now: datetime) -> PeriodClose:
    """Close a company's books through the month that holds a date; what comes later stands in an open month.

    A month is closed once it is over (by the UTC date of `now`), and never opened again. Raise
    ValidationError for the current or a later month, and for one that is closed already.
    """
    why = checked_reason(why)
    # A row of the register that is being written holds its company, so that this waits for it.
    entity = LegalEntity.objects.select_for_update().get(pk=entity.pk)
    month = month_to_close(entity, through=through, now=now)
    close = PeriodClose(entity=entity, open_from=add_months(month, 1), closed_at=now, closed_by=by, why=why)
    close.full_clean()
    close.save()
    return close


def month_to_close(entity: LegalEntity, *, through: date, now: datetime) -> date:
    """Return the first day of the last month to close; raise ValidationError where it cannot be closed."""
    month = through.replace(day=1)
    if month >= now.date().replace(day=1):
        raise ValidationError(
            f"{month:%Y-%m} is not over yet on {now.date()}. Close months up to the one before.",
            code="not_over",
        )
    opened = open_from(entity)
    if opened is not None and month < opened:
        raise ValidationError(
            f"The books of {entity} are closed through {add_months(opened, -1):%Y-%m} already, and"
            f" {month:%Y-%m} lies in there. Close a later month.",
            code="closed",
        )
    return month


def first_open(entity: LegalEntity, *, now: datetime) -> date:
    """Return the first day of the first month that may be closed next."""
    first: date | None = RegisterEntry.objects.filter(entity=entity).aggregate(first=Min("posting_month"))[
        "first"
    ]
    return open_from(entity) or first or add_months(now.date().replace(day=1), -USUAL_MONTHS)


def closing_scope(entity: LegalEntity, *, through: date, user: User, now: datetime) -> Scope:
    """Return the months that are to be closed, of what a person may see."""
    last = through.replace(day=1)
    first = min(first_open(entity, now=now), last)
    return Scope(first_on=first, until=add_months(last, 1), user=user, entity=entity)


def unfinished_months(entity: LegalEntity, *, through: date, user: User, now: datetime) -> Iterator[Found]:
    """Yield what still changes the books of the months that are to be closed."""
    return unfinished(closing_scope(entity, through=through, user=user, now=now), now=now)
