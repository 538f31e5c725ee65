"""SLA schedules, their versions, and what their terms still lack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from sla.models import AgreementVersion, ServiceLevelAgreement, ServiceLevelTarget
from vendors.models import Charge, Contract, Reader
from vendors.selectors import annual_fee


class Lacking(StrEnum):
    """What a contract's terms still lack, the worst first."""

    SCHEDULE = "no SLA schedule yet"
    LEVELS = "no service level yet"
    SIGN_OFF = "a draft: nobody has checked it against the document"


@dataclass(frozen=True, kw_only=True)
class IncompleteContract:
    """A contract whose terms cannot be relied on yet; the fee is a year's, in minor units."""

    contract: Contract
    lacking: Lacking
    annual_fee_minor: int


def schedules_of(contract: Contract) -> QuerySet[ServiceLevelAgreement]:
    """Return a contract's SLA schedules with their versions, oldest first, and how many levels each has."""
    versions = AgreementVersion.objects.order_by("effective_from").annotate(levels=Count("targets"))
    return (
        ServiceLevelAgreement.objects.filter(contract=contract)
        .select_related("contract__vendor")
        .prefetch_related(Prefetch("versions", queryset=versions))
        .order_by("code")
    )


def versions_in_force(
    agreement: ServiceLevelAgreement, *, first_on: date, last_on: date
) -> list[AgreementVersion]:
    """Return the versions in force on any local date from the first to the last, oldest first."""
    begun = list(
        AgreementVersion.objects.with_terms()
        .filter(agreement=agreement, effective_from__lte=last_on)
        .order_by("effective_from")
    )
    before = [version for version in begun if version.effective_from <= first_on]
    return before[-1:] + [version for version in begun if version.effective_from > first_on]


def incomplete_contracts(user: Reader, *, on: date) -> list[IncompleteContract]:
    """Return the running contracts whose terms are still to enter or to sign off, by annual fee.

    Only contracts that a person may see, on a date; papers that only frame others (with orders or
    exhibits below them and no service of their own) are left out.
    """
    versions = AgreementVersion.objects.filter(agreement__contract=OuterRef("pk"))
    levels = ServiceLevelTarget.objects.filter(version__agreement__contract=OuterRef("pk"))
    running = (
        Contract.objects.visible_to(user)
        .filter(Q(effective_until=None) | Q(effective_until__gt=on), vendor__archived_at=None)
        .filter(Q(services__isnull=False) | Q(children=None))
        .annotate(
            has_schedule=Exists(versions), has_levels=Exists(levels), has_draft=Exists(versions.drafts())
        )
        .exclude(has_levels=True, has_draft=False)
        .select_related("vendor")
        .prefetch_related(
            Prefetch(
                "charges",
                queryset=Charge.objects.select_related("service").order_by("effective_from", "pk"),
            )
        )
        .distinct()
    )
    return _by_fee(running, on=on)


def _by_fee(contracts: Iterable[Contract], *, on: date) -> list[IncompleteContract]:
    found = [
        IncompleteContract(
            contract=contract, lacking=_lacking(contract), annual_fee_minor=annual_fee(contract, on=on)
        )
        for contract in contracts
    ]
    return sorted(found, key=lambda each: (-each.annual_fee_minor, each.contract.reference))


def _lacking(contract: Contract) -> Lacking:
    if not getattr(contract, "has_schedule", False):
        return Lacking.SCHEDULE
    return Lacking.SIGN_OFF if getattr(contract, "has_levels", False) else Lacking.LEVELS
