"""The register's pages: what they show, ask, save and refuse."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

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
    CalendarDay,
    Charge,
    Contract,
    CostShare,
    Tracked,
    Vendor,
    WeeklyHours,
)
from vendors.services import save_record, split_cost

pytestmark = pytest.mark.django_db

PAGES = ["legalentity", "vendor", "account", "contract", "service", "charge", "businesscalendar"]


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def maria(client: Client) -> Client:
    user = person()
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="vendors").exclude(codename="see_all_vendors")
    )
    client.force_login(user)
    return client


def a_row(name: str, *, number: int = 0) -> Tracked:
    if name == "legalentity":
        return an_entity(f"acme-{number}")
    if name == "businesscalendar":
        return a_calendar(f"office-{number}")
    if name == "vendor":
        return a_vendor(f"vendor-{number}", owner=person())
    vendor = Vendor.objects.filter(slug="northrack").first() or a_vendor(owner=person())
    if name == "account":
        return saved(Account(vendor=vendor, number=f"A-{number}"))
    contract = a_contract(f"NR-{number}", vendor=vendor)
    service = a_service(contract)
    charge = a_charge(contract, service=service)
    return {"contract": contract, "service": service, "charge": charge}[name]


def inline(prefix: str, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    return data | {f"{prefix}-{n}-{key}": value for n, row in enumerate(rows) for key, value in row.items()}


def errors(response: Any) -> str:
    form = response.context["adminform"].form
    formsets = [part.formset for part in response.context["inline_admin_formsets"]]
    return " ".join(
        [str(form.errors.as_text())]
        + [str(formset.errors) + str(formset.non_form_errors()) for formset in formsets]
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens(boss: Client, name: str) -> None:
    row = a_row(name)
    for address in (
        reverse(f"admin:vendors_{name}_changelist"),
        reverse(f"admin:vendors_{name}_add"),
        reverse(f"admin:vendors_{name}_change", args=[row.pk]),
        reverse(f"admin:vendors_{name}_history", args=[row.pk]),
        reverse(f"admin:vendors_{name}_simple_history", args=[row.pk, row.history.get().pk]),
    ):
        assert boss.get(address).status_code == 200, address
    assert boss.get(reverse(f"admin:vendors_{name}_changelist"), {"q": "nr"}).status_code == 200
    assert boss.get(reverse(f"admin:vendors_{name}_delete", args=[row.pk])).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_twenty(boss: Client, name: str) -> None:
    address = reverse(f"admin:vendors_{name}_changelist")
    a_row(name)
    boss.get(address)
    with CaptureQueriesContext(
        connection,
    ) as one:
        boss.get(address)
    for number in range(1, 20):
        a_row(name, number=number)
    with CaptureQueriesContext(connection) as twenty:
        response = boss.get(address)
    assert len(response.context["cl"].result_list) == 20
    assert len(twenty) == len(one)


@pytest.mark.parametrize("name", ["user", "group"])
def test_people_pages_open_in_the_theme(boss: Client, name: str) -> None:
    assert boss.get(reverse(f"admin:auth_{name}_changelist")).status_code == 200
    assert boss.get(reverse(f"admin:auth_{name}_add")).status_code == 200


def test_a_user_is_never_deleted(boss: Client) -> None:
    assert (
        boss.post(reverse("admin:auth_user_delete", args=[person().pk]), {"post": "yes"}).status_code == 403
    )
    assert User.objects.filter(username="maria").exists()


VENDOR = {
    "name": "Northrack", "slug": "northrack", "kind": "data_center", "criticality": "critical",
    "legal_name": "", "status_page_url": "", "accounting_number": "K-4711",
}  # fmt: skip


def vendor_data(**fields: Any) -> dict[str, Any]:
    return VENDOR | inline("contacts") | inline("accounts") | {"reason": "First entry"} | fields


def test_a_vendor_is_added_with_its_contacts_and_deputies(boss: Client) -> None:
    john = person("john")
    data = vendor_data(deputies=[john.pk], owner=person().pk) | inline(
        "contacts", {"role": "claims_desk", "name": "Claims", "email": "claims@example.com"}
    )
    assert boss.post(reverse("admin:vendors_vendor_add"), data).status_code == 302
    vendor = Vendor.objects.get()
    assert (vendor.owner, list(vendor.deputies.all())) == (person(), [john])
    assert [(row.role, row.name) for row in vendor.contacts.all()] == [("claims_desk", "Claims")]
    last = vendor.history.first()
    assert (last.history_user.username, last.history_change_reason) == ("boss", "First entry")
    assert vendor.contacts.get().history.get().history_change_reason == "First entry"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_change_without_a_reason_is_refused(boss: Client, reason: str) -> None:
    vendor = a_vendor()
    data = vendor_data(name="Changed", reason=reason)
    response = boss.post(reverse("admin:vendors_vendor_change", args=[vendor.pk]), data)
    assert "This field is required." in errors(response)
    assert Vendor.objects.get().name == "Northrack"
    assert vendor.history.count() == 1


def test_a_vendor_is_archived_and_brought_back(boss: Client) -> None:
    vendor = a_vendor()
    page, lists = (
        reverse("admin:vendors_vendor_change", args=[vendor.pk]),
        reverse("admin:vendors_vendor_changelist"),
    )
    boss.post(page, vendor_data(archived="on", reason="left them"))
    vendor.refresh_from_db()
    assert vendor.archived_at is not None
    assert vendor.history.first().history_change_reason == "left them"
    assert len(boss.get(lists).context["cl"].result_list) == 0
    assert len(boss.get(lists, {"archived": "yes"}).context["cl"].result_list) == 1
    boss.post(page, vendor_data(reason="came back"))
    vendor.refresh_from_db()
    assert vendor.archived_at is None


def contract_data(vendor: Vendor, **fields: Any) -> dict[str, Any]:
    return {
        "reference": "NR-2018", "name": "Colocation", "vendor": vendor.pk, "entity": an_entity().pk,
        "currency": "USD", "zone": "America/Los_Angeles", "effective_from": "2018-01-01",
        "renewal": "fixed", "relation": "master", "reason": "First entry",
    } | inline("services") | inline("charges") | fields  # fmt: skip


CAGE = {
    "code": "cage", "kind": "recurring", "amount_minor": "2000.50", "every": "month",
    "effective_from": "2018-01-01", "included_in_base": "on",
}  # fmt: skip


def test_a_contract_is_added_with_its_services_and_fees(boss: Client) -> None:
    data = contract_data(a_vendor()) | inline("services", {"code": "cage-7", "name": "Cage 7", "weight": "1"})
    assert boss.post(reverse("admin:vendors_contract_add"), data | inline("charges", CAGE)).status_code == 302
    contract = Contract.objects.get()
    assert [service.code for service in contract.services.all()] == ["cage-7"]
    assert [(charge.amount_minor, charge.amount_text()) for charge in contract.charges.all()] == [
        (200_050, "USD 2,000.50")
    ]
    assert "USD 24,006.00" in boss.get(reverse("admin:vendors_contract_changelist")).content.decode()


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("JPY", "2000", 2000), ("USD", "2000", 200_000), ("KWD", "2.005", 2005)]
)
def test_amounts_are_kept_in_the_minor_units_of_the_currency(
    boss: Client, currency: str, amount: str, minor: int
) -> None:
    data = contract_data(a_vendor(), currency=currency) | inline("charges", CAGE | {"amount_minor": amount})
    boss.post(reverse("admin:vendors_contract_add"), data)
    assert Charge.objects.get().amount_minor == minor


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"currency": "EUE"}, "'EUE' is not a currency code. Use the three capital letters of ISO 4217"),
    ({"zone": "EST5"}, "'EST5' is not a time zone. Use a name such as America/New_York"),
    ({"effective_until": "2017-01-01"}, "The contract ends before it begins. Enter the first day after it."),
    ({"renewal": "automatic"}, "An automatic renewal needs the length of each new term."),
    ({"renewal": "evergreen", "effective_until": "2020-01-01"}, "An evergreen contract has no end."),
    ({"reference": "NR/2018"}, "Use letters, digits, dots, hyphens and underscores only"),
    (inline("charges", CAGE | {"amount_minor": "1.005"}), "1.005 has more decimals than USD knows (2)."),
    (inline("charges", CAGE | {"amount_minor": "-1"}), "Ensure this value is greater than or equal to 0."),
    (inline("charges", CAGE | {"every": "once"}), "A one-time fee is due once;"),
    (inline("charges", CAGE, CAGE), "Two rows give the same fee a price from the same day."),
    (inline("charges", CAGE | {"effective_from": ""}), "Enter the first day of this price."),
    (inline("services", {"code": "a", "name": "A", "weight": "0"}), "The weight must be more than zero."),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_a_wrong_entry_is_explained_and_nothing_is_saved(
    boss: Client, fields: dict[str, Any], message: str
) -> None:
    response = boss.post(reverse("admin:vendors_contract_add"), contract_data(a_vendor(), **fields))
    assert response.status_code == 200
    assert message in errors(response).replace("&#x27;", "'").replace("\\'", "'")
    assert not Contract.objects.exists()
    assert not Charge.objects.exists()


def charge_data(charge: Charge, **fields: Any) -> dict[str, Any]:
    return CAGE | {
        "contract": charge.contract_id, "month_by": "twelfth", "reason": "split", "invoice_number": "",
    } | inline("cost_shares") | fields  # fmt: skip


def test_a_fee_shows_its_amount_with_decimals_and_keeps_it_when_saved_again(boss: Client) -> None:
    charge = a_charge(a_contract())
    page = reverse("admin:vendors_charge_change", args=[charge.pk])
    assert 'value="2000.00"' in boss.get(page).content.decode()
    boss.post(page, charge_data(charge, amount_minor="2000.00"))
    assert [(row.amount_minor, row.history.count()) for row in Charge.objects.all()] == [(200_000, 1)]


def test_a_fee_is_split_between_cost_centres(boss: Client) -> None:
    charge = a_charge(a_contract())
    page = reverse("admin:vendors_charge_change", args=[charge.pk])
    halves = inline(
        "cost_shares", {"cost_centre": "IT", "percent": "60"}, {"cost_centre": "Ops", "percent": "40"}
    )
    assert boss.post(page, charge_data(charge, amount_minor="2000.00", **halves)).status_code == 302
    assert {share.cost_centre: int(share.percent) for share in charge.cost_shares.all()} == {
        "IT": 60,
        "Ops": 40,
    }


def test_shares_that_do_not_sum_to_a_hundred_are_refused(boss: Client) -> None:
    charge = a_charge(a_contract())
    page = reverse("admin:vendors_charge_change", args=[charge.pk])
    third = inline("cost_shares", {"cost_centre": "IT", "percent": "33"})
    response = boss.post(page, charge_data(charge, amount_minor="2000.00", **third))
    assert "The shares sum to 33 percent. Make them sum to 100." in errors(response)
    assert not CostShare.objects.exists()


def test_a_new_price_begins_as_a_copy_without_amount_and_day(boss: Client) -> None:
    charge = a_charge(a_contract())
    response = boss.get(reverse("admin:vendors_charge_new_price", args=[charge.pk]), follow=True)
    initial = response.context["adminform"].form.initial
    assert (initial["code"], initial["every"], initial["contract"]) == (
        "cage",
        "month",
        str(charge.contract_id),
    )
    assert "amount_minor" not in initial
    assert "effective_from" not in initial


def test_a_new_price_keeps_the_cost_split_of_the_present_one(boss: Client) -> None:
    charge = a_charge(a_contract())
    split_cost(charge, shares={"IT": Decimal(60), "Ops": Decimal(40)}, by=person(), reason=REASON)
    page = boss.get(reverse("admin:vendors_charge_new_price", args=[charge.pk])).url
    dearer = charge_data(charge, amount_minor="2100.00", effective_from="2019-07-01", reason="uplift")
    assert boss.post(page, dearer).status_code == 302
    later = Charge.objects.get(effective_from=date(2019, 7, 1))
    assert (later.amount_minor, later.history.get().history_change_reason) == (210_000, "uplift")
    assert [(share.cost_centre, share.percent) for share in later.cost_shares.all()] == [
        ("IT", 60),
        ("Ops", 40),
    ]
    charge.refresh_from_db()
    assert charge.amount_minor == 200_000


def test_a_new_price_before_the_present_one_is_explained_and_not_saved(boss: Client) -> None:
    charge = a_charge(a_contract())
    page = boss.get(reverse("admin:vendors_charge_new_price", args=[charge.pk])).url
    early = charge_data(charge, amount_minor="2100.00", effective_from="2017-07-01", reason="uplift")
    shown = boss.post(page, early, follow=True).content.decode()
    assert "not after the present one (2018-01-01). Choose a later day" in shown
    assert Charge.objects.count() == 1


def test_a_fee_on_the_page_of_its_contract_leads_to_its_own_page(boss: Client) -> None:
    charge = a_charge(a_contract())
    page = boss.get(reverse("admin:vendors_contract_change", args=[charge.contract_id]))
    link = reverse("admin:vendors_charge_change", args=[charge.pk])
    assert f'<a href="{link}">Open</a>' in page.content.decode()


def calendar_data(**fields: Any) -> dict[str, Any]:
    return {
        "name": "US office", "code": "us-office", "zone": "America/New_York", "reason": "First entry",
        "holidays_country": "", "holidays_subdivision": "", "holidays_from": "", "holidays_to": "",
    } | inline("weekly_hours") | inline("days") | fields  # fmt: skip


def a_monday(opens_at: str, closes_at: str) -> dict[str, Any]:
    return inline("weekly_hours", {"weekday": "0", "opens_at": opens_at, "closes_at": closes_at})


def test_a_calendar_is_added_with_hours_until_midnight_and_holidays(boss: Client) -> None:
    hours = inline("weekly_hours", {"weekday": "0", "opens_at": "8:00", "closes_at": "24:00"})
    asked = {"holidays_country": "us", "holidays_from": "2019", "holidays_to": "2019"}
    response = boss.post(
        reverse("admin:vendors_businesscalendar_add"), calendar_data(**hours, **asked), follow=True
    )
    assert [(row.weekday, row.opens_at, row.closes_at) for row in WeeklyHours.objects.all()] == [
        (0, 480, 1440)
    ]
    assert CalendarDay.objects.get(on=date(2019, 7, 4)).name == "Independence Day"
    assert "Public holidays: 10 added, 0 renamed, 0 already there, 0 left" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (a_monday("17:00", "9:00"), "Closing comes after opening"),
        (a_monday("8", "9:00"), "'8' is not a time of day. Write HH:MM"),
        (a_monday("8:00", "24:01"), "'24:01' is not a time of day."),
        (inline("days", {"on": "2019-07-04", "kind": "open"}), "An open day needs opening hours"),
        ({"holidays_country": "US"}, "Say which years: the first and the last."),
    ],
)  # fmt: skip
def test_wrong_hours_are_explained_and_nothing_is_saved(
    boss: Client, fields: dict[str, Any], message: str
) -> None:
    response = boss.post(reverse("admin:vendors_businesscalendar_add"), calendar_data(**fields))
    assert message in errors(response).replace("&#x27;", "'").replace("\\'", "'")
    assert not WeeklyHours.objects.exists()
    assert not CalendarDay.objects.exists()


def test_an_unknown_country_is_told_and_nothing_is_saved(boss: Client) -> None:
    asked = calendar_data(holidays_country="XX", holidays_from="2019", holidays_to="2019")
    response = boss.post(reverse("admin:vendors_businesscalendar_add"), asked, follow=True)
    assert "No public holidays are known for country &#x27;XX&#x27;." in response.content.decode()
    assert not CalendarDay.objects.exists()


def test_a_reader_sees_own_vendors_and_those_deputised_for_only(maria: Client) -> None:
    mine, foreign = a_vendor(owner=person()), a_vendor("elsewhere", name="Elsewhere")
    a_contract(vendor=mine), a_contract("EL-1", vendor=foreign)
    deputised = a_vendor("shared", name="Shared")
    save_record(deputised, by=person(), reason=REASON, links={"deputies": [person()]})
    listed = maria.get(reverse("admin:vendors_vendor_changelist")).context["cl"].result_list
    assert {vendor.slug for vendor in listed} == {"northrack", "shared"}
    contracts = maria.get(reverse("admin:vendors_contract_changelist")).context["cl"].result_list
    assert {contract.reference for contract in contracts} == {"NR-2018"}


@pytest.mark.parametrize("page", ["change", "history"])
def test_a_foreign_vendor_has_no_pages(maria: Client, page: str) -> None:
    foreign = a_vendor("elsewhere", name="Only for others")
    response = maria.get(reverse(f"admin:vendors_vendor_{page}", args=[foreign.pk]), follow=True)
    assert "Only for others" not in response.content.decode()
    assert response.status_code == 404 or response.redirect_chain


def test_a_contract_cannot_be_hung_on_a_foreign_vendor(maria: Client) -> None:
    response = maria.post(reverse("admin:vendors_contract_add"), contract_data(a_vendor("elsewhere")))
    assert "Select a valid choice. That choice is not one of the available choices." in errors(response)
    assert not Contract.objects.exists()


def test_the_past_is_read_only(boss: Client) -> None:
    vendor = a_vendor()
    page = reverse("admin:vendors_vendor_simple_history", args=[vendor.pk, vendor.history.get().pk])
    assert boss.post(page, vendor_data(name="Rewritten")).status_code == 403
    assert Vendor.objects.get().name == "Northrack"


def test_a_fee_is_called_fee_on_screen(boss: Client) -> None:
    text = boss.get(reverse("admin:vendors_charge_add")).content.decode()
    assert "Add fee" in text
    assert "Add charge" not in text


def test_who_only_reads_sees_amounts_as_people_write_them_and_no_button_that_changes(client: Client) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    codes = ("view_charge", "view_contract", "view_legalentity", "see_all_vendors")
    reader.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(reader)
    entity = an_entity(exclusion_limit_minor=125_050)
    fee = a_charge(a_contract(entity=entity), amount_minor=123_456)
    pages = (
        ("vendors_legalentity", entity.pk, "USD 1,250.50"),
        ("vendors_charge", fee.pk, "USD 1,234.56"),
        ("vendors_contract", fee.contract_id, "USD 1,234.56"),
    )
    hidden = ("125050", "123456", "New price from a day on", "Add terms from a template")
    for name, pk, amount in pages:
        text = client.get(reverse(f"admin:{name}_change", args=[pk])).content.decode()
        assert amount in text, name
        assert not [words for words in hidden if words in text], name
