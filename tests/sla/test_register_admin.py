"""Importing registers in the admin: shown first, then imported, for who may see every vendor."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.vendors.registers import FEES, small
from tests.vendors.rows import a_charge, a_contract, a_service, an_entity
from vendors.models import Charge, Contract, LegalEntity, RegisterUpload, Vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def text_of(response: Any) -> str:
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def brought(
    client: Client, content: bytes, *, what: str, name: str = "file.csv", **given: str
) -> RegisterUpload:
    data = {"what": what, "zone": "UTC", **given, "file": SimpleUploadedFile(name, content)}
    response = client.post(reverse("admin:sla_register_import"), data)
    assert response.status_code == 302, text_of(response)
    return RegisterUpload.objects.latest("pk")


def shown(client: Client, upload: RegisterUpload) -> str:
    return text_of(client.get(reverse("admin:sla_register_file", args=[upload.pk])))


def gone(client: Client, upload: RegisterUpload) -> str:
    return text_of(client.post(reverse("admin:sla_register_go", args=[upload.pk]), follow=True))


def test_the_list_of_contracts_leads_to_the_import(boss: Client) -> None:
    assert "Import contracts, bills or a portfolio" in text_of(
        boss.get(reverse("admin:vendors_contract_changelist"))
    )
    assert "Empty portfolio workbook" in text_of(boss.get(reverse("admin:sla_register_import")))
    response = boss.get(reverse("admin:sla_register_workbook"))
    assert (response.status_code, response.content[:2]) == (200, b"PK")


def test_a_portfolio_is_shown_first_and_imported_on_the_persons_word(boss: Client) -> None:
    upload = brought(boss, small(), what="portfolio", name="portfolio.xlsx")
    assert "What would happen" in shown(boss, upload)
    assert Contract.objects.count() == 0
    assert "What came of it" in gone(boss, upload)
    assert Charge.objects.get().history.get().history_user.username == "boss"
    upload.refresh_from_db()
    assert (upload.content, upload.register) == (None, "portfolio")
    assert "was imported already" in gone(boss, upload)


def test_a_portfolio_with_a_fault_cannot_be_imported(boss: Client) -> None:
    upload = brought(boss, small(fees=[FEES[0], ("NR-2", "", "cage", "5")]), what="portfolio")
    page = shown(boss, upload)
    assert "A portfolio is imported as a whole: correct the places below first." in page
    assert "Sheet fees, row 2, column contract No contract has the reference 'NR-2'." in page
    gone(boss, upload)
    upload.refresh_from_db()
    assert (upload.imported_at, LegalEntity.objects.count()) == (None, 0)


def test_columns_and_names_of_one_vendor_are_chosen_on_the_page(boss: Client) -> None:
    an_entity()
    content = b"Nummer,Firma,Beginn\nC-1,Oracle Inc,2024-01-15\nC-2,ORACLE,2024-01-15\n"
    upload = brought(boss, content, what="csv", currency="USD")
    assert "No column has a name that is known." in shown(boss, upload)
    page = reverse("admin:sla_register_file", args=[upload.pk])
    columns = {"number": "Nummer", "vendor": "Firma", "first_day": "Beginn"}
    assert "ORACLE = Oracle Inc" in text_of(boss.post(page, columns, follow=True))
    boss.post(page, {**columns, "same-0": "Oracle Inc"})
    gone(boss, upload)
    assert [vendor.name for vendor in Vendor.objects.all()] == ["Oracle Inc"]
    assert Contract.objects.count() == 2


def test_bills_are_imported_beside_what_cannot_be_used(boss: Client) -> None:
    contract = a_contract("NR-1")
    cage = a_service(contract)
    a_charge(contract, code="power", service=cage, kind="usage")
    content = b"Invoice,Contract,Service,Month,Amount\nI-1,NR-1,cage-7,2026-06,12.50\nI-2,NR-9,x,2026-06,1\n"
    upload = brought(boss, content, what="bills")
    assert "Row 3 No contract has the reference 'NR-9'; enter it first." in shown(boss, upload)
    gone(boss, upload)
    assert Charge.objects.get(kind="billed").amount_minor == 1250


def test_a_file_that_is_not_wanted_is_forgotten(boss: Client) -> None:
    upload = brought(boss, b"not json", what="ocds")
    assert "The file is not JSON, or was cut off" in shown(boss, upload)
    boss.post(reverse("admin:sla_register_drop", args=[upload.pk]))
    assert RegisterUpload.objects.count() == 0
    assert boss.get(reverse("admin:sla_register_file", args=[upload.pk])).status_code == 404


@pytest.mark.parametrize("names", [(), ("sla_register_file", "sla_register_go", "sla_register_drop")])
def test_who_does_not_see_every_vendor_cannot_import(client: Client, names: tuple[str, ...]) -> None:
    user = User.objects.create_user("maria", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_contract", "add_contract"]))
    client.force_login(user)
    assert "Import contracts" not in text_of(client.get(reverse("admin:vendors_contract_changelist")))
    assert client.get(reverse("admin:sla_register_import")).status_code == 403
    assert client.get(reverse("admin:sla_register_workbook")).status_code == 403
    for name in names:
        url = reverse(f"admin:{name}", args=[1])
        assert client.post(url).status_code == 403
