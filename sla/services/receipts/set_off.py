"""Whether a contract lets us deduct a credit from an invoice ourselves."""

from __future__ import annotations

from datetime import date

from sla.models import AgreementVersion
from vendors.models import Contract, Vendor


def may_set_off(vendor: Vendor, *, on: date) -> frozenset[int]:
    """Return the keys of a vendor's contracts whose terms in force on a local date record a set-off right."""
    versions = AgreementVersion.objects.filter(
        agreement__contract__vendor=vendor, effective_from__lte=on
    ).order_by("effective_from")
    newest = {
        agreement: (contract, right)
        for agreement, contract, right in versions.values_list(
            "agreement_id", "agreement__contract_id", "claim__may_set_off"
        )
    }
    running = set(
        Contract.objects.filter(vendor=vendor, effective_from__lte=on)
        .exclude(effective_until__lte=on)
        .values_list("pk", flat=True)
    )
    return frozenset(contract for contract, right in newest.values() if right and contract in running)
