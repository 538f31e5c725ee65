"""Contracts with more services than one expression of SQLite can list."""

from datetime import UTC, datetime

import pytest

from sla.inputs import inputs_of
from tests.builders import a_contract, a_level, a_schedule, some_terms
from vendors.models import Service

pytestmark = pytest.mark.django_db

MANY = 1_001


@pytest.mark.long
def test_terms_of_more_than_a_thousand_services_are_gathered() -> None:
    contract = a_contract()
    codes = tuple(f"rack-{number:04d}" for number in range(MANY))
    Service.objects.bulk_create(Service(contract=contract, code=code, name=code) for code in codes)
    schedule = a_schedule(
        contract=contract, terms=some_terms(targets=(a_level(services=codes, credit=None),))
    )
    inputs = inputs_of(schedule, period_label="2019-06", known_until=datetime(2019, 7, 2, tzinfo=UTC))
    assert inputs.versions[0].targets[0].services == codes
