"""The rules for warnings: one row for the house, made with its defaults when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sla.models import AlertPolicy
from sla.selectors.access import sees_everything
from vendors.services import save_record, system_user

HOUSE = "house"


def house_policy() -> AlertPolicy:
    """Return the rules for warnings; make them on first use."""
    found: AlertPolicy | None = AlertPolicy.objects.select_related("calendar").filter(name=HOUSE).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            save_record(AlertPolicy(name=HOUSE), by=system_user(), reason="The rules to begin with")
    except (IntegrityError, ValidationError):
        # Another worker made them at the same moment.
        pass
    made: AlertPolicy = AlertPolicy.objects.select_related("calendar").get(name=HOUSE)
    return made


def held_policy() -> AlertPolicy:
    """Return the rules, held to the end of the transaction: one look after the other changes warnings."""
    pk = house_policy().pk
    rows = AlertPolicy.objects.select_for_update(no_key=True, of=("self",)).select_related("calendar")
    held: AlertPolicy = rows.get(pk=pk)
    return held


def checked_readers(people: Iterable[User]) -> list[User]:
    """Return who is to read what no owner reads; raise ValidationError for one who may not see it all."""
    found = list(people)
    allowed = set(sees_everything().filter(pk__in=[each.pk for each in found]).values_list("pk", flat=True))
    wrong = [str(each) for each in found if each.pk not in allowed]
    if wrong:
        raise ValidationError(
            f"{', '.join(wrong)} may not see all vendors, or is no longer active. Choose others, or grant"
            " the permission to see all vendors first.",
            code="readers",
        )
    return found
