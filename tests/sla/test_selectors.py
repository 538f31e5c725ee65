"""Which terms are in force, and which contracts still lack theirs."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from sla.selectors import Lacking, incomplete_contracts, schedules_of, versions_in_force
from sla.services import add_version, sign_off_terms
from tests.builders import (
    REASON,
    a_contract,
    a_contract_with_power,
    a_schedule,
    a_version,
    person,
    some_terms,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def boss() -> User:
    return person("boss", is_superuser=True)


@pytest.mark.django_db
def test_the_versions_in_force_are_the_last_before_the_dates_and_those_inside() -> None:
    agreement = a_schedule()
    for first in (date(2019, 6, 15), date(2019, 8, 1)):
        add_version(agreement, terms=replace(some_terms(), effective_from=first), by=person(), reason=REASON)
    found = versions_in_force(agreement, first_on=date(2019, 6, 1), last_on=date(2019, 6, 30))
    assert [version.effective_from for version in found] == [date(2019, 1, 1), date(2019, 6, 15)]


@pytest.mark.django_db
def test_contracts_lack_a_schedule_a_level_or_a_sign_off_and_come_by_annual_fee() -> None:
    draft = a_schedule()
    vendor = draft.contract.vendor
    bare = a_contract("NR-BARE", vendor=vendor)
    empty = a_contract_with_power("NR-EMPTY", vendor=vendor)
    a_schedule("empty", contract=empty, terms=some_terms(targets=()))
    done = a_schedule("done", contract=a_contract_with_power("NR-DONE", vendor=vendor))
    sign_off_terms(a_version(done), by=person(), at=NOW, reason="checked")
    found = incomplete_contracts(boss(), on=date(2019, 6, 1))
    assert [(each.contract, each.lacking, each.annual_fee_minor) for each in found] == [
        (draft.contract, Lacking.SIGN_OFF, 2_400_000),
        (empty, Lacking.LEVELS, 2_400_000),
        (bare, Lacking.SCHEDULE, 0),
    ]


@pytest.mark.django_db
def test_contracts_that_have_ended_or_are_not_visible_are_not_listed() -> None:
    a_contract_with_power(effective_until=date(2019, 1, 1))
    assert incomplete_contracts(boss(), on=date(2019, 6, 1)) == []
    assert incomplete_contracts(person("stranger"), on=date(2018, 6, 1)) == []


@pytest.mark.django_db
def test_a_master_agreement_over_orders_needs_no_schedule_of_its_own() -> None:
    master = a_contract("MSA")
    order = a_contract("ORDER-1", vendor=master.vendor, parent=master, relation="order")
    assert [each.contract for each in incomplete_contracts(boss(), on=date(2019, 6, 1))] == [order]


@pytest.mark.django_db
def test_schedules_and_their_versions_take_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    contract = a_schedule().contract
    a_schedule("second", contract=contract)
    with django_assert_num_queries(2):
        rows = [
            (row.code, [version.levels for version in row.versions.all()]) for row in schedules_of(contract)
        ]
    assert rows == [("power", [1]), ("second", [1])]
