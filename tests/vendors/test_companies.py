"""A company's readers see its contracts, whoever manages the vendor, and nothing of another company."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User

from incidents.models import Incident, MaintenanceService, MaintenanceWindow, Outage
from sla.models import AgreementVersion, CreditReceived, Duty, PeriodClose, ServiceLevelAgreement
from tests.builders import a_level, a_schedule, a_window, an_incident, an_outage, some_terms
from tests.incidents.rows import kept
from tests.vendors.rows import REASON, a_charge, a_contract, a_service, a_vendor, an_entity, person, saved
from vendors.models import Account, Charge, Contact, Contract, FactChange, LegalEntity, Service, Vendor
from vendors.services import save_record

pytestmark = pytest.mark.django_db

NOON = datetime(2019, 6, 1, 12, tzinfo=UTC)


def readers_of(company: LegalEntity, *names: str) -> None:
    save_record(company, by=person(), reason=REASON, links={"readers": [person(name) for name in names]})


def a_dutch_and_an_american_contract() -> tuple[Contract, Contract]:
    """Return two contracts of one vendor, each signed by another company, with a service and a fee."""
    vendor = a_vendor()
    saved(Contact(vendor=vendor, role="claims_desk", name="Desk", email="desk@example.com"))
    found = []
    for code, reference in (("acme-nl", "NL-1"), ("acme-us", "US-1")):
        account = saved(Account(vendor=vendor, number=reference))
        entity = an_entity(code, name=code.upper())
        contract = a_contract(reference, vendor=vendor, entity=entity, account=account)
        a_charge(contract, service=a_service(contract))
        found.append(contract)
    readers_of(LegalEntity.objects.get(code="acme-nl"), "nina")
    return found[0], found[1]


def seen(model: Any, user: User, *fields: str) -> list[Any]:
    rows = model.objects.all().visible_to(user).order_by("pk")
    return list(rows.values_list(*fields, flat=len(fields) == 1))


def test_a_reader_sees_the_contracts_of_the_company_and_all_that_hangs_on_them() -> None:
    a_dutch_and_an_american_contract()
    nina = person("nina")
    assert seen(Contract, nina, "reference") == ["NL-1"]
    assert seen(Service, nina, "contract__reference") == ["NL-1"]
    assert seen(Charge, nina, "contract__reference") == ["NL-1"]
    assert seen(Account, nina, "number") == ["NL-1"]
    assert set(seen(FactChange, nina, "contract__reference")) == {"NL-1"}


def test_a_reader_sees_the_vendor_and_whom_to_write_to_there() -> None:
    a_dutch_and_an_american_contract()
    a_vendor("elsewhere")
    assert seen(Vendor, person("nina"), "slug") == ["northrack"]
    assert seen(Contact, person("nina"), "email") == ["desk@example.com"]
    assert list(Vendor.objects.all().managed_by(person("nina"))) == []


def test_a_contract_that_the_company_may_use_is_seen_too() -> None:
    _, american = a_dutch_and_an_american_contract()
    save_record(american, by=person(), reason=REASON, links={"entities": [an_entity("acme-nl")]})
    assert seen(Contract, person("nina"), "reference") == ["NL-1", "US-1"]


def test_the_owner_of_the_vendor_sees_the_contracts_of_every_company() -> None:
    dutch, _ = a_dutch_and_an_american_contract()
    dutch.vendor.owner = person("owner")
    save_record(dutch.vendor, by=person(), reason=REASON)
    assert seen(Contract, person("owner"), "reference") == ["NL-1", "US-1"]


@pytest.mark.parametrize("name", ["stranger", "gone", ""])
def test_a_stranger_a_reader_who_left_and_nobody_see_nothing(name: str) -> None:
    dutch, _ = a_dutch_and_an_american_contract()
    readers_of(dutch.entity, "nina", "gone")
    User.objects.filter(username="gone").update(is_active=False)
    user: Any = person(name) if name else AnonymousUser()
    for model in (Vendor, Contract, Service, Charge, Account, Contact):
        assert model.objects.all().visible_to(user).count() == 0, model


def test_incidents_are_seen_where_they_hit_a_service_of_the_company() -> None:
    dutch, american = a_dutch_and_an_american_contract()
    both = an_incident("BOTH", vendor=dutch.vendor)
    for contract in (dutch, american):
        an_outage(both, service=contract.services.get())
    foreign = an_incident("US-ONLY", vendor=dutch.vendor)
    an_outage(foreign, service=american.services.get())
    an_incident("NO-OUTAGE", vendor=dutch.vendor)
    assert seen(Incident, person("nina"), "reference") == ["BOTH"]
    assert seen(Outage, person("nina"), "service__contract__reference") == ["NL-1"]


def test_announced_work_is_seen_where_it_touches_a_service_of_the_company() -> None:
    dutch, american = a_dutch_and_an_american_contract()
    for contract in (dutch, american):
        service, reference = contract.services.get(), f"CHG-{contract.reference}"
        window = a_window(service, reference=reference)
        kept(MaintenanceService(window=window, service=service))
    assert seen(MaintenanceWindow, person("nina"), "reference") == ["CHG-NL-1"]


def test_terms_and_runs_follow_their_contract() -> None:
    dutch, american = a_dutch_and_an_american_contract()
    for contract in (dutch, american):
        schedule = a_schedule(contract=contract, terms=some_terms(targets=(a_level(services=()),)))
        Duty.objects.create(
            kind="close", subject=str(contract), agreement=schedule, due_at=NOON, next_at=NOON
        )
    nina = person("nina")
    assert seen(ServiceLevelAgreement, nina, "contract__reference") == ["NL-1"]
    assert seen(AgreementVersion, nina, "agreement__contract__reference") == ["NL-1"]
    assert seen(Duty, nina, "agreement__contract__reference") == ["NL-1"]


def test_credits_received_and_books_follow_the_company() -> None:
    dutch, american = a_dutch_and_an_american_contract()
    for contract in (dutch, american):
        CreditReceived.objects.create(
            vendor=contract.vendor,
            entity=contract.entity,
            kind="credit_note",
            document=contract.reference,
            received_on=NOON.date(),
            currency="USD",
            net_minor=100,
            total_minor=100,
            recorded_at=NOON,
            recorded_by=person(),
        )
        PeriodClose.objects.create(
            entity=contract.entity, open_from="2019-07-01", closed_at=NOON, closed_by=person()
        )
    assert seen(CreditReceived, person("nina"), "document") == ["NL-1"]
    assert seen(PeriodClose, person("nina"), "entity__code") == ["acme-nl"]


def test_who_reads_a_company_has_a_history() -> None:
    dutch, _ = a_dutch_and_an_american_contract()
    newest = dutch.entity.history.latest()
    assert [each.user.username for each in newest.readers.all()] == ["nina"]
