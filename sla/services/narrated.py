"""What times that a text tells of would change in money, before a person takes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from incidents.models import Outage as OutageRow
from incidents.models import ProposedWindow
from sla.engine.facts import Inputs, Outage
from sla.engine.money import Money
from sla.inputs import inputs_of
from sla.models import ServiceLevelAgreement
from sla.services.statements.drafts import result_of
from vendors.models import Reader, zone_of

NO_DIFFERENCE = "no difference in money"


def money_of_windows(
    windows: Iterable[ProposedWindow], *, user: Reader, now: datetime, most: int = 12
) -> dict[int, str]:
    """Return what taking each window would change, by its key: "USD 120.00 more", "no difference in money".

    Of each SLA schedule that counts the outage the credit of the period in which it began is computed with
    the posted and with the narrated times, as of a UTC instant. Only the first windows are computed; of a
    schedule without terms then nothing is said.
    """
    rows = list(windows)[:most]
    return {row.pk: said for row in rows if (said := _said(row, user=user, now=now))}


def _said(window: ProposedWindow, *, user: Reader, now: datetime) -> str:
    outages = OutageRow.objects.standing().of_record(window.record)
    changes: dict[str, int] = {}
    for outage in outages.select_related("incident", "service__contract"):
        for agreement in schedules_of(outage, user=user):
            found = _change(agreement, outage=outage, window=window, now=now)
            if found is not None:
                changes[found.currency] = changes.get(found.currency, 0) + found.minor
    if not changes:
        return ""
    said = [moved_words(Money(minor, currency)) for currency, minor in sorted(changes.items()) if minor]
    return ", ".join(said) or NO_DIFFERENCE


def moved_words(change: Money) -> str:
    """Say by how much a credit would be more or less."""
    return f"{Money(abs(change.minor), change.currency)} {'more' if change.minor > 0 else 'less'}"


def schedules_of(outage: OutageRow, *, user: Reader) -> Iterable[ServiceLevelAgreement]:
    """Return the SLA schedules of the contract whose service was hit, of those that the reader may see."""
    rows = ServiceLevelAgreement.objects.filter(contract=outage.service.contract).visible_to(user)
    found: Iterable[ServiceLevelAgreement] = rows.select_related("contract__vendor").order_by("code")
    return found


def _change(
    agreement: ServiceLevelAgreement, *, outage: OutageRow, window: ProposedWindow, now: datetime
) -> Money | None:
    start = min(outage.started_at, window.starts_at)
    on = start.astimezone(zone_of(agreement.zone or agreement.contract.zone)).date()
    try:
        inputs = inputs_of(agreement, known_until=now, on=on)
        moved = _moved(inputs, outage=outage, window=window)
        before, after = result_of(inputs).credits.money, result_of(moved).credits.money
    except ValueError:
        return None  # no terms are in force then
    if before is None and after is None:
        return None
    currency = (before or after or Money(0, agreement.contract.currency)).currency
    return Money((after.minor if after else 0) - (before.minor if before else 0), currency)


def _moved(inputs: Inputs, *, outage: OutageRow, window: ProposedWindow) -> Inputs:
    rows = tuple(_at(row, outage=outage, window=window) for row in inputs.facts.outages)
    return replace(inputs, facts=replace(inputs.facts, outages=rows))


def _at(row: Outage, *, outage: OutageRow, window: ProposedWindow) -> Outage:
    mine = (outage.incident.reference, outage.service.code, outage.measured_by)
    if (row.incident, row.unit, row.measured_by.value) != mine:
        return row
    return replace(row, started_at=window.starts_at, ended_at=window.ends_at)
