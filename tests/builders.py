"""Fixed, telling rows for tests: a data-center contract, its services, fees, terms and incidents."""

from datetime import date
from decimal import Decimal
from typing import Any

from sla.engine.terms import Availability, CreditRule, Target, Terms, Tier, Tiered
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services import create_schedule
from tests.incidents.rows import a_milestone, a_position, a_window, an_incident, an_outage, at
from tests.vendors.rows import (
    REASON,
    a_calendar,
    a_charge,
    a_contract,
    a_service,
    a_vendor,
    an_entity,
    person,
    saved,
)
from vendors.models import Contract

__all__ = [
    "REASON",
    "a_calendar",
    "a_charge",
    "a_contract",
    "a_contract_with_power",
    "a_credit",
    "a_level",
    "a_milestone",
    "a_position",
    "a_schedule",
    "a_service",
    "a_vendor",
    "a_version",
    "a_window",
    "an_entity",
    "an_incident",
    "an_outage",
    "at",
    "person",
    "saved",
    "some_terms",
]


def a_contract_with_power(reference: str = "NR-2018", **fields: Any) -> Contract:
    """Return a contract with one service, power-a, at 2,000 dollars a month."""
    contract = Contract.objects.filter(reference=reference).first()
    if contract is None:
        contract = a_contract(reference, **fields)
        a_charge(contract, code="power", service=a_service(contract, code="power-a", name="Power feed A"))
    return contract


def a_credit(**fields: Any) -> CreditRule:
    """Return 10 % below 99.9, 25 % below 99."""
    tiers = (Tier(below=Decimal("99.9"), credit=Decimal(10)), Tier(below=Decimal(99), credit=Decimal(25)))
    return CreditRule(**{"params": Tiered(tiers=tiers), **fields})


def a_level(**fields: Any) -> Target:
    """Return 99.9 % availability of each service, with a credit."""
    defaults = {
        "code": "uptime",
        "name": "Power uptime",
        "params": Availability(),
        "level": Decimal("99.9"),
        "credit": a_credit(),
    }
    return Target(**{**defaults, **fields})


def some_terms(**fields: Any) -> Terms:
    """Return terms from 2019 on, with one level."""
    defaults = {
        "effective_from": date(2019, 1, 1),
        "targets": (a_level(),),
        "source": "Order form of 3 Dec 2018",
    }
    return Terms(**{**defaults, **fields})


def a_schedule(
    code: str = "power", *, contract: Contract | None = None, terms: Terms | None = None, **fields: Any
) -> ServiceLevelAgreement:
    """Return an SLA schedule of one draft version."""
    return create_schedule(
        contract or a_contract_with_power(),
        code=code,
        name=fields.pop("name", "Power"),
        terms=terms or some_terms(),
        by=person(),
        reason=REASON,
        **fields,
    )


def a_version(agreement: ServiceLevelAgreement) -> AgreementVersion:
    """Return the newest version with its terms."""
    return AgreementVersion.objects.with_terms().filter(agreement=agreement).order_by("effective_from").last()
