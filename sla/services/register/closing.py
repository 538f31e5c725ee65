"""Close posting periods: closed books stay as they were reported."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.periods import add_months
from sla.models import PeriodClose
from sla.services.register.posting import open_from
from vendors.models import LegalEntity
from vendors.services import checked_reason


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
