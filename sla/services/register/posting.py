"""In whose books and in which month a movement stands."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError

from sla.models import PeriodClose, PostingPolicy
from vendors.models import LegalEntity

Recognition = PostingPolicy.Recognition


def posting_month(entity: LegalEntity, *, natural_on: date) -> date:
    """Return the first day of the month in whose books a movement of this local date stands.

    That is its own month, or the first open one where the company has closed its own.
    """
    natural = natural_on.replace(day=1)
    opened = open_from(entity)
    return natural if opened is None else max(natural, opened)


def open_from(entity: LegalEntity) -> date | None:
    """Return the first day of a company's first open month; None where no month was ever closed."""
    closes = PeriodClose.objects.filter(entity=entity).order_by("-open_from")
    found: date | None = closes.values_list("open_from", flat=True).first()
    return found


def recognition_of(entity: LegalEntity) -> Recognition:
    """Return from when on a credit stands in a company's books; from acceptance where it has no policy."""
    policies = PostingPolicy.objects.filter(entity=entity)
    found = policies.values_list("recognition", flat=True).first()
    return Recognition(found) if found else Recognition.ACCEPTED


def check_still_open(entity: LegalEntity, *, month: date) -> None:
    """Refuse what was entered into a month that somebody closed meanwhile.

    Call it after the row is written: its foreign key and the lock of `close_months` make one wait for
    the other, so that a close is either seen here or comes after the row.
    """
    opened = open_from(entity)
    if opened is not None and month < opened:
        raise ValidationError(
            f"The books of {entity} for {month:%Y-%m} were closed while this was entered. Do it again:"
            f" it then stands in {opened:%Y-%m}.",
            code="closed",
        )
