"""The portfolio summary: how each SLA schedule did, and what became of the money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sla.engine.trace import written_fraction
from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.missed import has_drafts
from sla.selectors.scope import Scope
from sla.selectors.standing import ContractMoney, Standing, contract_money, standings


def _count(key: str, label: str, **fields: Any) -> Column:
    return Column(key=key, label=label, kind=Kind.COUNT, total=True, **fields)


def _money(key: str, label: str, **fields: Any) -> Column:
    return Column(key=key, label=label, kind=Kind.MONEY, currency="currency", total=True, **fields)


SCHEDULES = (
    Column(key="vendor", label="Vendor"),
    Column(key="contract", label="Contract"),
    Column(key="schedule", label="SLA schedule"),
    _count("periods", "Periods judged"),
    _count("periods_missed", "Periods with a miss"),
    _count("finalised", "Finalised", narrow=True),
    _count("judged", "Levels judged"),
    _count("met", "Met"),
    _count("missed", "Missed"),
    _count("unsure", "Not certain yet", narrow=True),
    Column(
        key="share_met", label="Share met", help="Of the levels that are met for certain or missed; floored."
    ),
    Column(key="currency", label="Currency"),
    _money("due", "Credit due, before tax"),
    _money("contested", "Contested"),
    _money("claimed", "Claimed"),
)
MONEY = (
    Column(key="vendor", label="Vendor"),
    Column(key="contract", label="Contract"),
    _count("claims", "Claims sent"),
    Column(key="currency", label="Currency"),
    _money("claimed", "Claimed"),
    _money("received", "Received"),
    _money("open", "Claimed, not received"),
)


def portfolio_report(scope: Scope, *, about: About) -> Report:
    """Return how each SLA schedule did in the periods that end in a range, and its money by contract."""
    rows, money = standings(scope), contract_money(scope)
    return Report(
        code="portfolio",
        title="Portfolio summary",
        subtitle=f"Periods that end from {scope.first_on} to {scope.last_on}",
        about=replace(about, provisional=about.provisional or has_drafts(scope)),
        tables=(
            Table(
                code="schedules",
                title="By SLA schedule",
                columns=SCHEDULES,
                rows=lambda: map(_schedule, rows),
                empty="No period was judged.",
            ),
            Table(
                code="money",
                title="Claimed and received, by contract",
                columns=MONEY,
                rows=lambda: map(_contract, money),
                note="Claims for these periods, and what came for them by now.",
                empty="Nothing was claimed for these periods.",
            ),
        ),
        summary=tuple(_summary(rows)),
    )


def _schedule(each: Standing) -> Row:
    contract = each.agreement.contract
    return (
        contract.vendor.name,
        contract.reference,
        each.agreement.name or each.agreement.code,
        each.periods,
        each.periods_missed,
        each.finalised,
        each.judged,
        each.met,
        each.missed,
        each.unsure,
        _share(each),
        each.currency,
        each.due_minor,
        each.contested_minor,
        each.claimed_minor,
    )


def _share(each: Standing) -> str:
    judged = each.met + each.missed
    return f"{written_fraction(Fraction(100 * each.met, judged), digits=1)} %" if judged else ""


def _contract(each: ContractMoney) -> Row:
    still = each.claimed_minor - each.received_minor
    money = (each.claimed_minor, each.received_minor, still)
    return (each.vendor, each.contract, each.claims, each.currency, *money)


def _summary(rows: Sequence[Standing]) -> Iterator[str]:
    if not rows:
        return
    periods, finalised = sum(each.periods for each in rows), sum(each.finalised for each in rows)
    missed, judged = sum(each.missed for each in rows), sum(each.judged for each in rows)
    yield (
        f"{missed} of {judged} service levels were missed, in {periods} periods of {len(rows)} SLA schedules;"
        f" {finalised} of the periods are finalised."
    )
