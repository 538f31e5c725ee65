"""Demo data leaves in one step; real data stays."""

from datetime import date

import pytest
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
from vendors import guards
from vendors.models import (
    BusinessCalendar,
    CalendarDay,
    Charge,
    Contact,
    Contract,
    CostShare,
    LegalEntity,
    ServiceAlias,
    Vendor,
)
from vendors.services import remove_demo, save_record, split_cost

pytestmark = pytest.mark.django_db


def fill(slug: str, *, is_demo: bool) -> Vendor:
    vendor = a_vendor(slug, is_demo=is_demo)
    entity = an_entity(f"entity-{slug}", is_demo=is_demo)
    saved(Contact(vendor=vendor, name="Claims"))
    save_record(vendor, by=person(), reason=REASON, links={"deputies": [person("john")]})
    contract = a_contract(f"{slug}-1", vendor=vendor, entity=entity)
    save_record(contract, by=person(), reason=REASON, links={"entities": [entity]})
    a_contract(f"{slug}-2", vendor=vendor, entity=entity, parent=contract, relation="order")
    service = a_service(contract)
    saved(ServiceAlias(service=service, name="SEA-7"))
    split_cost(a_charge(contract, service=service), shares={"IT": 100}, by=person(), reason=REASON)
    saved(CalendarDay(calendar=a_calendar(f"calendar-{slug}", is_demo=is_demo), on=date(2019, 7, 4)))
    return vendor


def test_demo_data_goes_with_its_history_and_real_data_stays() -> None:
    fill("real", is_demo=False)
    tables = [Vendor, Contract, Charge, CostShare, LegalEntity, BusinessCalendar, CalendarDay]
    histories = [model.history for model in tables]
    before = [model.objects.count() for model in tables] + [history.count() for history in histories]
    fill("demo", is_demo=True)
    removed = remove_demo(by=person(), reason="we start for real")
    assert [model.objects.count() for model in tables] + [history.count() for history in histories] == before
    assert (
        removed["vendors.Vendor"],
        removed["vendors.Contract"],
        removed["vendors.HistoricalContract"],
    ) == (1, 2, 3)
    assert Vendor.objects.get().slug == "real"
    assert guards.installed()


def test_a_demo_entity_that_a_real_contract_uses_stays() -> None:
    fill("demo", is_demo=True)
    a_contract("real-1", vendor=a_vendor("real"), entity=LegalEntity.objects.get())
    remove_demo(by=person(), reason="we start for real")
    assert [entity.code for entity in LegalEntity.objects.all()] == ["entity-demo"]
    assert Contract.objects.get().entity.code == "entity-demo"


def test_a_row_shared_with_a_real_vendor_stops_the_removal() -> None:
    fill("demo", is_demo=True)
    master = Contract.objects.get(reference="demo-1")
    a_contract("real-1", vendor=a_vendor("real"), parent=master, relation="assignment")
    before = Charge.history.count()
    with pytest.raises(ValidationError, match=r"real-1 Colocation hangs on demo data and on a real vendor."):
        remove_demo(by=person(), reason="we start for real")
    assert (Vendor.objects.count(), Contract.objects.count(), Charge.history.count()) == (2, 3, before)
    assert guards.installed()


def test_removing_demo_data_needs_a_reason() -> None:
    fill("demo", is_demo=True)
    with pytest.raises(ValidationError, match="Say why"):
        remove_demo(by=person(), reason=" ")
    assert Vendor.objects.count() == 1


def test_without_demo_data_nothing_is_removed() -> None:
    fill("real", is_demo=False)
    assert not remove_demo(by=person(), reason="to be sure")
