"""Which statements a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from django.db.models import OuterRef, QuerySet, Subquery

from sla.models import ServiceLevelAgreement, Statement, StatementRevision
from sla.models.statements import StatementQuerySet
from vendors.models import Contract, LegalEntity, Reader, Vendor


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The statements whose period ends in `[first_on, until)` and that a user may see.

    `vendor` keeps those of one vendor, `vendors` those of some.
    """

    first_on: date
    until: date
    user: Reader
    vendor: Vendor | None = None
    entity: LegalEntity | None = None
    vendors: QuerySet[Vendor] | None = None

    @property
    def last_on(self) -> date:
        """Return the last day of the range."""
        return self.until - timedelta(days=1)

    def statements(self) -> StatementQuerySet:
        """Return the heads, unordered."""
        found = Statement.objects.visible_to(self.user).filter(
            last_on__gte=self.first_on, last_on__lt=self.until, **self.of_contract("agreement__contract")
        )
        return cast(StatementQuerySet, found)

    def contracts(self) -> QuerySet[Contract]:
        """Return the contracts of the vendors and company, whether they run or not."""
        return Contract.objects.visible_to(self.user).filter(**self.of_contract(""))

    def schedules(self) -> QuerySet[ServiceLevelAgreement]:
        """Return the SLA schedules whose contract runs in the range, with what their heads need."""
        found = ServiceLevelAgreement.objects.visible_to(self.user).filter(**self.of_contract("contract"))
        return (
            found.filter(contract__effective_from__lt=self.until)
            .exclude(contract__effective_until__lte=self.first_on)
            .select_related("contract__vendor", "contract__entity")
            .prefetch_related("versions")
            .order_by("contract__vendor__name", "contract__reference", "code")
        )

    def of_contract(self, path: str) -> dict[str, Any]:
        """Return the conditions on a contract that stands at a path of look-ups."""
        lead = f"{path}__" if path else ""
        chosen = {
            f"{lead}vendor": self.vendor,
            f"{lead}vendor__in": self.vendors,
            f"{lead}entity": self.entity,
        }
        return {name: row for name, row in chosen.items() if row is not None}


def newest_revision(path: str = "pk") -> Subquery:
    """Return the key of the newest revision of the statement at a path."""
    rows = StatementRevision.objects.filter(statement=OuterRef(path)).order_by("-number")
    return Subquery(rows.values("pk")[:1])
