"""Who may see what, archiving, and how contracts hang together."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import ValidationError

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
from vendors.models import (
    Account,
    BusinessCalendar,
    Charge,
    Contract,
    CostShare,
    FactChange,
    LegalEntity,
    Service,
    ServiceAlias,
    Tag,
    Vendor,
    minor_units,
    money_text,
    zone_of,
)
from vendors.services import Saved, archive_vendor, restore_vendor, save_record, split_cost

pytestmark = pytest.mark.django_db

NOON = datetime(2019, 6, 1, 12, tzinfo=UTC)
OWNED = [Vendor, Contract, Account, Service, ServiceAlias, Charge, CostShare]


def a_full_vendor(slug: str, **fields: Any) -> Vendor:
    vendor = a_vendor(slug, **fields)
    contract = a_contract(f"{slug}-1", vendor=vendor)
    saved(Account(vendor=vendor, number="7"))
    service = a_service(contract)
    saved(ServiceAlias(service=service, name="SEA-7"))
    split_cost(a_charge(contract, service=service), shares={"IT": 100}, by=person(), reason=REASON)
    return vendor


def counts(user: Any) -> set[int]:
    return {model.objects.all().visible_to(user).count() for model in OWNED}


def test_an_owner_and_a_deputy_see_their_vendor_and_all_that_hangs_on_it() -> None:
    vendor = a_full_vendor("northrack", owner=person("owner"))
    a_full_vendor("elsewhere")
    deputies = [person("deputy"), person("second")]
    save_record(vendor, by=person(), reason=REASON, links={"deputies": deputies})
    for name in ("owner", "deputy", "second"):
        assert counts(person(name)) == {1}, name
        seen = FactChange.objects.all().visible_to(person(name))
        assert {change.contract.vendor for change in seen} == {vendor}


def test_a_stranger_an_inactive_owner_and_nobody_see_nothing() -> None:
    a_full_vendor("northrack", owner=person("gone", is_active=False))
    for user in (person("stranger"), person("gone"), AnonymousUser()):
        assert counts(user) == {0}


def test_a_superuser_and_a_holder_of_the_permission_see_everything() -> None:
    a_full_vendor("northrack"), a_full_vendor("elsewhere")
    auditor = person("auditor")
    auditor.user_permissions.add(Permission.objects.get(codename="see_all_vendors"))
    for user in (auditor, person("root", is_superuser=True)):
        assert counts(user) == {2}


def test_reference_data_is_for_every_active_user() -> None:
    an_entity(), a_calendar()
    for model in (LegalEntity, BusinessCalendar):
        assert model.objects.all().visible_to(person("stranger")).count() == 1
        assert model.objects.all().visible_to(AnonymousUser()).count() == 0


def test_archiving_and_restoring_keep_when_who_and_why() -> None:
    vendor = a_vendor()
    archive_vendor(vendor, at=NOON, by=person(), reason="left them")
    assert Vendor.objects.get().archived_at == NOON
    assert not Vendor.objects.all().current().exists()
    with pytest.raises(ValidationError, match=r"Northrack is archived since 2019-06-01. Restore it first."):
        archive_vendor(vendor, at=NOON, by=person(), reason="again")
    restore_vendor(vendor, by=person(), reason="came back")
    assert [row.history_change_reason for row in vendor.history.all()] == ["came back", "left them", REASON]
    with pytest.raises(ValidationError, match=r"Northrack is not archived. There is nothing to restore."):
        restore_vendor(vendor, by=person(), reason="again")


def test_a_contract_stands_under_a_contract_of_the_same_vendor() -> None:
    master = a_contract()
    with pytest.raises(
        ValidationError, match=r"NR-2018 is a contract with Northrack. Choose one of this vendor."
    ):
        a_contract("EL-1", vendor=a_vendor("elsewhere"), parent=master, relation="order")
    assert a_contract(
        "EL-2", vendor=Vendor.objects.get(slug="elsewhere"), parent=master, relation="assignment"
    )


def test_contracts_never_stand_under_each_other_in_a_circle() -> None:
    master = a_contract()
    order = a_contract("NR-ORDER", vendor=master.vendor, parent=master, relation="order")
    exhibit = a_contract("NR-SLA", vendor=master.vendor, parent=order, relation="sla_exhibit")
    assert [paper.reference for paper in exhibit.line_upwards()] == ["NR-SLA", "NR-ORDER", "NR-2018"]
    for parent in (exhibit, master):
        master.parent = parent
        with pytest.raises(ValidationError, match="already stands under NR-2018"):
            save_record(master, by=person(), reason="typed wrongly")
    assert Contract.objects.get(pk=master.pk).parent is None


def test_an_account_of_another_vendor_is_refused() -> None:
    foreign = saved(Account(vendor=a_vendor("elsewhere"), number="77"))
    with pytest.raises(ValidationError, match=r"Account 77 belongs to Elsewhere. Choose one of this vendor."):
        a_contract(account=foreign)


def test_a_service_ends_after_it_begins() -> None:
    with pytest.raises(ValidationError, match=r"The service ends before it begins."):
        a_service(a_contract(), in_service_from=NOON, in_service_until=NOON)


@pytest.mark.parametrize(
    "name", ["EST5", "UTC-15:00", "UTC-5", "Europe", "../../etc/passwd", "", "utc+01:00"]
)
def test_an_unknown_zone_is_explained(name: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a time zone. Use a name such as America/New_York"):
        zone_of(name)


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "text"),
    [
        ("1234.50", "EUR", 123_450, "EUR 1,234.50"),
        ("1234", "JPY", 1234, "JPY 1,234"),
        ("1.005", "BHD", 1005, "BHD 1.005"),
        ("0", "USD", 0, "USD 0.00"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    amount: str, currency: str, minor: int, text: str
) -> None:
    assert minor_units(Decimal(amount), currency=currency) == minor
    assert money_text(minor, currency=currency) == text


def test_vendors_are_grouped_by_tags_with_history() -> None:
    vendor, tag = a_vendor(), saved(Tag(slug="board", name="For the board"))
    assert save_record(vendor, by=person(), reason=REASON, links={"tags": [tag]}) == Saved.UPDATED
    assert [each.slug for each in tag.vendors.all()] == ["northrack"]
    assert [each.tag for each in vendor.history.latest().tags.all()] == [tag]
