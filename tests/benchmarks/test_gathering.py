"""How many queries and how long it takes to turn the rows of many contracts into the engine's values."""

from __future__ import annotations

from itertools import chain

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_benchmark.fixture import BenchmarkFixture

from incidents.models import Incident, MaintenanceService, MaintenanceWindow, Outage
from sla.engine.facts import Inputs
from sla.inputs import inputs_for
from sla.models import ServiceLevelAgreement
from sla.services import create_schedule
from tests.benchmarks.conftest import Figures
from tests.benchmarks.portfolio import AFTERWARDS, portfolio
from tests.benchmarks.test_engine import timed
from tests.vendors.rows import REASON, a_vendor, an_entity, person
from vendors.models import Charge, Contract, Service, Vendor

CONTRACTS = 40

pytestmark = pytest.mark.django_db


def stored(portfolio: list[Inputs]) -> list[ServiceLevelAgreement]:
    """Put the portfolio into the database: facts in bulk, terms as a person would enter them."""
    entity, vendor = an_entity(), a_vendor()
    return [_contract(inputs, vendor=vendor, entity_id=entity.pk) for inputs in portfolio]


def _contract(inputs: Inputs, *, vendor: Vendor, entity_id: int) -> ServiceLevelAgreement:
    schedule, terms = inputs.schedule, inputs.versions[0]
    contract = Contract(
        reference=schedule.contract,
        name=schedule.contract,
        vendor=vendor,
        entity_id=entity_id,
        currency=schedule.currency,
        zone=schedule.zone,
        effective_from=terms.effective_from,
    )
    Contract.objects.bulk_create([contract])
    services = [Service(contract=contract, code=unit.code, name=unit.code) for unit in inputs.facts.units]
    Service.objects.bulk_create(services)
    _facts(inputs, services={service.code: service for service in services}, vendor=vendor)
    return create_schedule(
        contract, code=schedule.code, name=schedule.name, terms=terms, by=person(), reason=REASON
    )


def _facts(inputs: Inputs, *, services: dict[str, Service], vendor: Vendor) -> None:
    facts = inputs.facts
    incidents = {row.reference: Incident(reference=row.reference, vendor=vendor) for row in facts.incidents}
    Incident.objects.bulk_create(incidents.values())
    Outage.objects.bulk_create(
        Outage(
            incident=incidents[row.incident],
            service=services[row.unit],
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in facts.outages
    )
    Charge.objects.bulk_create(
        Charge(
            contract=services[fee.unit].contract,
            service=services[fee.unit],
            code=fee.code,
            kind=fee.kind,
            amount_minor=fee.amount.minor,
            every=fee.every,
            effective_from=fee.starts_on,
        )
        for fee in facts.charges
    )
    for work in facts.maintenance:
        window = MaintenanceWindow(
            vendor=vendor,
            reference=work.reference,
            starts_at=work.started_at,
            ends_at=work.ended_at,
            noticed_at=work.noticed_at,
        )
        MaintenanceWindow.objects.bulk_create([window])
        touched = (MaintenanceService(window=window, service=services[code]) for code in work.units)
        MaintenanceService.objects.bulk_create(touched)


def gathered(several: list[ServiceLevelAgreement]) -> list[Inputs]:
    return list(inputs_for(several, period_label="2025-06", known_until=AFTERWARDS))


def fact_rows(several: list[Inputs]) -> int:
    """Return how many rows of facts came out of the database."""
    kinds = ("units", "incidents", "outages", "maintenance", "charges")
    return len(list(chain.from_iterable(getattr(one.facts, kind) for one in several for kind in kinds)))


def test_a_chunk_takes_the_same_queries_however_many_schedules_it_holds(
    benchmark: BenchmarkFixture, figures: Figures
) -> None:
    schedules = stored(portfolio(schedules=CONTRACTS))
    taken = {}
    for count in (CONTRACTS // 10, CONTRACTS):
        with CaptureQueriesContext(connection) as queries:
            gathered(schedules[:count])
        taken[count] = len(queries)
    assert len(set(taken.values())) == 1, taken

    name = f"gathering {CONTRACTS} schedules of ten levels"
    found = timed(benchmark, gathered, schedules, name=name, figures=figures, rounds=3)
    assert [len(one.facts.outages) for one in found] == [30] * CONTRACTS
    clock = figures.seconds.pop(name).clock  # not one of the ways to the same figure
    rate = fact_rows(found) / clock
    figures.notes[name] = (
        f"{clock:8.3f} s, {taken[CONTRACTS]} queries a chunk, {rate:,.0f} rows of facts a second"
    )
