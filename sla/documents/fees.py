"""The fees of a document, each with the time that its price holds."""

from __future__ import annotations

from datetime import date

from sla.documents.document import Document
from sla.documents.register import ChargeEntry
from sla.engine.facts import Charge, ChargeKind, Every
from sla.engine.money import Money, to_minor


def charges_of(document: Document) -> tuple[Charge, ...]:
    """Return the fees, each until its next row or the contract's end."""
    contract = document.contract
    begins = {
        (row.service, row.code, row.effective_from or contract.effective_from)
        for row in document.charges
        if row.kind not in (ChargeKind.BILLED, ChargeKind.ONE_TIME)
    }
    found = []
    for row in document.charges:
        starts_on, ends_on = _charge_dates(row, begins=begins, document=document)
        found.append(
            Charge(
                code=row.code,
                amount=Money(to_minor(row.amount, currency=contract.currency), contract.currency),
                unit=row.service,
                kind=row.kind,
                every=row.every or (Every.ONCE if row.kind is ChargeKind.ONE_TIME else Every.MONTH),
                month_by=row.month_by,
                starts_on=starts_on,
                ends_on=ends_on,
                in_base=row.included_in_base,
                invoice=row.invoice_number,
            )
        )
    return tuple(found)


def _charge_dates(
    row: ChargeEntry, *, begins: set[tuple[str, str, date]], document: Document
) -> tuple[date, date | None]:
    if row.period_from is not None:
        return row.period_from, row.period_until
    starts_on = row.effective_from or document.contract.effective_from
    if row.kind is ChargeKind.ONE_TIME:
        return starts_on, None
    later = [
        on for service, code, on in begins if (service, code) == (row.service, row.code) and on > starts_on
    ]
    return starts_on, min(later, default=document.contract.effective_until)
