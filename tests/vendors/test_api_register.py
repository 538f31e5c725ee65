"""The register over the API: contracts, services, fees, calendars."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api import WHY, Program, administrator, errors, somebody
from tests.vendors.rows import a_calendar, a_charge, a_contract, a_service, a_vendor, an_entity, person, saved
from vendors.models import (
    Account,
    CalendarDay,
    Charge,
    Contact,
    Contract,
    FactChange,
    LegalEntity,
    Service,
    ServiceAlias,
    ServiceNeed,
    Tag,
    WeeklyHours,
)

pytestmark = pytest.mark.django_db

A_CONTRACT = {
    "reference": "NR-2018",
    "name": "Colocation",
    "vendor": "northrack",
    "entity": "acme-us",
    "currency": "USD",
    "zone": "America/Los_Angeles",
    "effective_from": "2018-01-01",
    "reason": WHY,
}
A_FEE = {
    "contract": "NR-2018",
    "code": "cage",
    "amount": {"amount": "2000.50", "currency": "USD"},
    "effective_from": "2018-01-01",
    "reason": WHY,
}


def test_a_contract_with_its_services_and_fees_is_entered_and_read_back() -> None:
    a_vendor()
    an_entity()
    program = administrator()

    assert program.post("tags", {"slug": "board", "name": "Board", "reason": WHY}).status_code == 201
    account = program.post("accounts", {"vendor": "northrack", "number": "40/021", "reason": WHY})
    contract = program.post(
        "contracts", A_CONTRACT | {"account": "northrack/40/021", "uplift_percent": "2.5"}
    )
    assert (account.status_code, contract.status_code) == (201, 201), contract.content
    assert contract.json() | {"notes": "", "document": ""} == {
        "reference": "NR-2018",
        "name": "Colocation",
        "vendor": "northrack",
        "account": "northrack/40/021",
        "parent": None,
        "relation": "master",
        "precedence": None,
        "precedence_clause": "",
        "entity": "acme-us",
        "entities": [],
        "currency": "USD",
        "zone": "America/Los_Angeles",
        "signed_on": None,
        "effective_from": "2018-01-01",
        "effective_until": None,
        "renewal": "fixed",
        "renewal_months": None,
        "notice_days": None,
        "uplift_percent": "2.5000",
        "document": "",
        "live_from": None,
        "notes": "",
    }

    service = {"contract": "NR-2018", "code": "power-a", "name": "Power", "reason": WHY}
    instant = {"in_service_from": "2018-02-01T00:00:00-08:00"}
    entered = program.post("services", service | instant)
    assert entered.headers["Location"] == "/api/v1/services/NR-2018/power-a"
    assert program.get("services/NR-2018/power-a").json()["in_service_from"] == "2018-02-01T08:00:00Z"

    fee = program.keyed("fees", A_FEE | {"service": "NR-2018/power-a"})
    assert fee.status_code == 201, fee.content
    assert fee.json()["amount"] == {"amount": "2000.50", "currency": "USD"}
    assert Charge.objects.get().amount_minor == 200_050
    assert FactChange.objects.filter(contract=Contract.objects.get()).count() == 3


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"vendor": "nobody"}, {"vendor": "does_not_exist"}),
        ({"account": "northrack"}, {"account": "does_not_exist"}),
        ({"zone": "Europe/Nowhere"}, {"zone": "zone"}),
        ({"currency": "XXQ"}, {"currency": "currency"}),
        ({"effective_from": "0001-01-01"}, {"effective_from": "implausible"}),
        ({"effective_from": "2018-02-30"}, {"effective_from": "invalid"}),
        ({"effective_until": "2017-01-01"}, {"": "invalid"}),
        ({"renewal": "automatic"}, {"": "invalid"}),
        ({"parent": "NR-2018"}, {"parent": "does_not_exist"}),
        ({"uplift_percent": "NaN"}, {"uplift_percent": "invalid"}),
        ({"notice_days": -1}, {"notice_days": "min_value"}),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(change: dict[str, Any], wrong: dict[str, str]) -> None:
    a_vendor()
    an_entity()
    answer = administrator().post("contracts", A_CONTRACT | change)

    assert (answer.status_code, errors(answer)) == (400, wrong)
    assert not Contract.objects.exists()


@pytest.mark.parametrize(
    ("amount", "wrong"),
    [
        (2000.5, "amount"),
        ("2000.50", "amount"),
        ({"amount": 2000.5, "currency": "USD"}, "amount.amount"),
        ({"amount": "2000.505", "currency": "USD"}, "amount.amount"),
        ({"amount": "2000.50", "currency": "EUR"}, "amount"),
        ({"amount": "2000.50", "currency": "XXQ"}, "amount.currency"),
        ({"amount": "1e3", "currency": "USD"}, "amount.amount"),
        ({"amount": "Infinity", "currency": "USD"}, "amount.amount"),
        ({"amount": "-1", "currency": "USD"}, ""),
        ({"amount": "9" * 30, "currency": "USD"}, "amount.amount"),
        (None, "amount"),
    ],
)
def test_money_is_text_in_the_currency_of_its_contract(amount: Any, wrong: str) -> None:
    a_contract()
    answer = administrator().keyed("fees", A_FEE | {"amount": amount})

    assert (answer.status_code, list(errors(answer))) == (400, [wrong])
    assert not Charge.objects.exists()


def test_a_fee_is_not_entered_without_a_key() -> None:
    a_contract()
    assert list(errors(administrator().post("fees", A_FEE))) == ["Idempotency-Key"]


def test_a_new_price_is_a_new_row_with_the_shares_of_the_old() -> None:
    charge = a_charge(a_contract())
    program = administrator()
    shares = [{"cost_centre": "A", "percent": "60"}, {"cost_centre": "B", "percent": "40"}]

    assert program.post(f"fees/{charge.pk}/shares", {"shares": shares[:1], "reason": WHY}).status_code == 400
    assert program.post(f"fees/{charge.pk}/shares", {"shares": shares, "reason": WHY}).status_code == 200
    price = {
        "amount": {"amount": "2100.00", "currency": "USD"},
        "effective_from": "2019-01-01",
        "reason": WHY,
    }
    later = program.keyed(f"fees/{charge.pk}/price", price)

    assert later.status_code == 201, later.content
    assert later.headers["Location"] == f"/api/v1/fees/{later.json()['id']}"
    assert [share["percent"] for share in later.json()["cost_shares"]] == ["60.0000", "40.0000"]
    assert list(Charge.objects.values_list("amount_minor", "effective_from")) == [
        (200_000, date(2018, 1, 1)),
        (210_000, date(2019, 1, 1)),
    ]


def test_hours_are_clock_times_and_holidays_leave_alone_what_a_person_entered() -> None:
    a_calendar("de-office", zone="Europe/Berlin")
    program = administrator()
    monday = {"calendar": "de-office", "weekday": 0, "opens_at": "09:30", "closes_at": "24:00", "reason": WHY}

    assert program.post("calendar-hours", monday).json()["opens_at"] == "09:30"
    assert WeeklyHours.objects.values_list("opens_at", "closes_at").get() == (570, 1440)
    for wrong in ("9:30", "24:01", "25:00", 570, None):
        assert program.post("calendar-hours", monday | {"weekday": 1, "opens_at": wrong}).status_code == 400

    new_year = {"calendar": "de-office", "on": "2019-01-01", "kind": "open", "opens_at": "10:00"}
    program.post("calendar-days", new_year | {"closes_at": "12:00", "reason": WHY})
    asked = {"country": "DE", "from_year": 2019, "to_year": 2019, "reason": WHY}
    filled = program.post("calendars/de-office/holidays", asked)
    assert filled.status_code == 200, filled.content
    assert filled.json()["kept"] == ["2019-01-01"]
    assert "2019-10-03" in filled.json()["added"]
    assert program.post("calendars/de-office/holidays", asked | {"country": "XX"}).status_code == 400


def test_what_nothing_hangs_on_is_removed_if_it_still_is_what_was_read() -> None:
    day = saved(CalendarDay(calendar=a_calendar(), on=date(2019, 1, 1)))
    program, path = administrator(), f"calendar-days/{day.pk}"
    tag = program.get(path).headers["ETag"]

    assert program.ask("delete", path).status_code == 428
    assert program.ask("delete", path, if_match=tag).status_code == 400
    assert CalendarDay.objects.exists()
    assert program.ask("delete", f"{path}?reason=mistyped", if_match=tag).status_code == 204
    assert CalendarDay.history.latest().history_change_reason == "mistyped"
    assert program.get(path).status_code == 404
    assert program.ask("delete", "contracts/NR-2018?reason=x", if_match="*").status_code == 405


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("contracts", "vendor=northrack", 1),
        ("contracts", "vendor=nobody", 0),
        ("contracts", "currency=USD&relation=master", 1),
        ("contracts", "ends_before=2030-01-01", 0),
        ("services", "contract=NR-2018", 1),
        ("services", "vendor=northrack&site=nowhere", 0),
        ("fees", "service=NR-2018/power-a", 1),
        ("fees", "service=NR-2018", 0),
        ("fees", "kind=billed", 0),
        ("service-names", "service=NR-2018/power-a", 1),
        ("accounts", "vendor=northrack", 1),
    ],
)
def test_filters_go_by_the_keys_of_the_outside_world(path: str, query: str, found: int) -> None:
    contract = a_contract()
    service = a_service(contract, code="power-a")
    a_charge(contract, service=service)
    saved(ServiceAlias(service=service, name="Power A"))
    saved(Account(vendor=contract.vendor, number="1"))

    assert len(administrator().rows(f"{path}?{query}")) == found


def a_register(suffix: str, *, owner: Any = None) -> Service:
    """Return a service, with one row of every kind around it."""
    contract = a_contract(f"C{suffix}", vendor=a_vendor(f"v{suffix}", owner=owner))
    service = a_service(contract, code=f"s{suffix}")
    a_charge(contract, service=service)
    saved(ServiceAlias(service=service, name=f"name {suffix}"))
    saved(ServiceNeed(service=service, needs=a_service(contract, code=f"n{suffix}")))
    saved(Account(vendor=contract.vendor, number=suffix))
    saved(Contact(vendor=contract.vendor, name=f"desk {suffix}"))
    return service


HIDDEN_PATHS = [
    "contracts",
    "services",
    "fees",
    "service-names",
    "service-needs",
    "accounts",
    "contacts",
    "vendors",
]


@pytest.mark.parametrize("path", HIDDEN_PATHS)
def test_a_person_reads_the_rows_of_their_vendors_only(path: str) -> None:
    models = (Contract, Service, Charge, ServiceAlias, ServiceNeed, Account, Contact)
    names = [f"vendors.view_{model._meta.model_name}" for model in models]
    vera = somebody("vera", "vendors.view_vendor", *names)
    a_register("1", owner=vera)
    a_register("2")
    program, other = Program(vera), administrator()

    mine, all_rows = program.rows(path), other.rows(path)
    assert 0 < len(mine) < len(all_rows)
    exported = program.client.get(f"/api/v1/{path}/export?format=ndjson").getvalue().splitlines()
    assert len(exported) == len(mine)
    for row in all_rows:
        key = row.get("slug") or row.get("reference") or row.get("id") or f"{row['contract']}/{row['code']}"
        assert program.get(f"{path}/{key}").status_code == (200 if row in mine else 404)


def test_what_a_service_needs_is_not_shown_to_whom_it_is_hidden() -> None:
    vera = somebody("vera", "vendors.view_serviceneed", "vendors.view_contract")
    mine, hidden = a_register("1", owner=vera), a_register("2")
    saved(ServiceNeed(service=mine, needs=hidden))
    program = Program(vera)

    assert [row["needs"] for row in program.rows("service-needs")] == ["C1/n1", None]
    assert [row["needs"] for row in administrator().rows("service-needs?service=C1/s1")] == ["C1/n1", "C2/s2"]


@pytest.mark.parametrize("path", [*HIDDEN_PATHS, "entities", "tags", "calendars", "calendar-hours"])
def test_a_list_asks_no_more_often_for_more_rows(path: str) -> None:
    def filled(number: int) -> None:
        a_register(str(number))
        saved(Tag(slug=f"t{number}", name="T"))
        calendar = a_calendar(f"c{number}")
        saved(WeeklyHours(calendar=calendar, weekday=0, opens_at=540, closes_at=1020))
        saved(LegalEntity(code=f"e{number}", name="E", base_currency="EUR"))

    filled(1)
    program = administrator()
    program.get(path)
    with CaptureQueriesContext(connection) as few:
        first = len(program.get(path).json()["results"])
    for number in range(2, 6):
        filled(number)
    with CaptureQueriesContext(connection) as more:
        assert len(program.get(path).json()["results"]) > first
    assert len(more) == len(few) <= 5


def test_an_address_that_needs_a_second_person_is_refused_with_who_could_approve_it() -> None:
    row = saved(Contact(vendor=a_vendor(), role="claims_desk", name="Desk", email="a@example.com"))
    program = administrator()
    assert program.edit(f"contacts/{row.pk}", {"email": "b@example.com", "reason": WHY}).status_code == 200
    person("boss", is_superuser=True)
    refused = program.edit(f"contacts/{row.pk}", {"email": "c@example.com", "reason": WHY})
    assert (refused.status_code, errors(refused)) == (409, {"": "second_person"})
    assert "boss could approve it" in refused.json()["detail"]
    assert Contact.objects.get().email == "b@example.com"
