"""Importing registers in the admin: shown first, then imported, for who may see every vendor."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.vendors.registers import FEES, small, workbook
from tests.vendors.rows import a_charge, a_contract, a_service, an_entity
from tests.vendors.test_contract_registers import ocds
from vendors.models import Charge, Contract, LegalEntity, RegisterRecord, RegisterUpload, Vendor

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


def raw(client: Client, upload: RegisterUpload) -> str:
    content: bytes = client.get(reverse("admin:sla_register_file", args=[upload.pk])).content
    return content.decode()


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
    assert "a portfolio is imported as a whole. Correct the places below in the workbook" in page
    assert "Sheet fees, row 2, column contract No contract has the reference 'NR-2'." in page
    assert 'class="rc-primary">Import' not in raw(boss, upload)
    assert "Nothing of file.csv can be stored." in gone(boss, upload)
    upload.refresh_from_db()
    assert (upload.imported_at, LegalEntity.objects.count()) == (None, 0)


def test_columns_and_names_of_one_vendor_are_chosen_on_the_page(boss: Client) -> None:
    an_entity()
    content = b"Nummer,Firma,Beginn\nC-1,Oracle Inc,2024-01-15\nC-2,ORACLE,2024-01-15\n"
    upload = brought(boss, content, what="csv", currency="USD")
    assert "No column has a name that is known." in shown(boss, upload)
    page = reverse("admin:sla_register_file", args=[upload.pk])
    columns = {"column-number": "Nummer", "column-vendor": "Firma", "column-first_day": "Beginn"}
    columns |= {"currency": "USD", "zone": "UTC"}
    assert "ORACLE a company of its own the same as Oracle Inc" in text_of(
        boss.post(page, columns, follow=True)
    )
    both = {"same-0-0": "Oracle Inc", "same-0-1": "ORACLE"}
    refused = text_of(boss.post(page, {**columns, **both}))
    assert "Oracle Inc is itself to stand for another name." in refused
    assert "ORACLE = Oracle Inc" in text_of(
        boss.post(page, {**columns, "same-0-0": "Oracle Inc"}, follow=True)
    )
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


TERM = {"period": {"startDate": "2024-01-01T00:00:00Z"}}
REGISTER = b"Contract No,Vendor,Begin Date\nC-1,Oracle,2024-01-15\nC-2,Oracle,soon\n"


def read_again(client: Client, upload: RegisterUpload, **given: str) -> str:
    page = reverse("admin:sla_register_file", args=[upload.pk])
    return text_of(client.post(page, {"zone": "UTC", **given}, follow=True))


def test_no_import_is_offered_where_no_row_can_be_used(boss: Client) -> None:
    an_entity()
    upload = brought(boss, REGISTER, what="csv")
    assert 'class="rc-primary">Import' not in raw(boss, upload)
    assert "There is nothing to import: no row can be used." in shown(boss, upload)
    assert "Nothing of file.csv can be stored. See what is listed." in gone(boss, upload)
    assert (Contract.objects.count(), Vendor.objects.count()) == (0, 0)


def test_what_holds_for_all_rows_is_changed_on_the_page_and_shown_again(boss: Client) -> None:
    an_entity()
    upload = brought(boss, REGISTER, what="csv")
    columns = {"column-number": "Contract No", "column-vendor": "Vendor", "column-first_day": "Begin Date"}
    page = read_again(boss, upload, **columns, currency="EUR", register="archive")
    assert "Would be created: 1" not in page
    assert "Contracts: C-1 Row 2 Name: C-1; Currency: EUR; Effective from: 2024-01-15" in page
    assert "Row 3, column Begin Date Words, where a day such as 2019-06-25 is expected" in page
    assert "file.csv is imported: 2 created, 1 that cannot be used." in gone(boss, upload)
    assert RegisterRecord.objects.filter(register="archive", kind="contracts").count() == 1


def test_a_refused_change_of_what_holds_for_all_is_told_at_its_field(boss: Client) -> None:
    upload = brought(boss, REGISTER, what="csv")
    assert "'XXQ' is not a currency code." in read_again(boss, upload, currency="XXQ")
    upload.refresh_from_db()
    assert (upload.currency, upload.state) == ("", "shown")


def test_columns_stand_with_their_first_values_and_what_is_needed(boss: Client) -> None:
    page = shown(boss, brought(boss, REGISTER, what="csv"))
    assert "Contract No (C-1, C-2)" in page
    assert "Number of the contract (needed)" in page
    assert "Name of the vendor (needed, or one vendor for all)" in page


def test_a_message_of_the_page_names_nothing_of_the_command_line(boss: Client) -> None:
    upload = brought(boss, b'Invoice,Contract,Month,Amount\nI-1,NR-1,2026-06,"1,250"\n', what="bills")
    page = shown(boss, upload)
    assert "it can be read as thousands or as cents; state the decimal sign: point or comma" in page.lower()
    upload = brought(boss, b"no workbook", what="portfolio")
    assert "Begin with the empty workbook" in (page := page + shown(boss, upload))
    assert [word for word in ("option:", "portfolio_workbook", "--", "manage.py") if word in page] == []


def test_another_sheet_is_chosen_with_columns_of_its_own(boss: Client) -> None:
    an_entity()
    head = ("Contract No", "Vendor", "Begin Date")
    sheets = {"Old": [head, ("C-1", "Oracle", "2024-01-15")], "New": [head, ("C-2", "Oracle", "2024-01-15")]}
    upload = brought(boss, workbook(sheets), what="csv", name="log.xlsx", currency="USD")
    assert "Several sheets have these columns: 'Old', 'New'. Name one of them as the sheet." in shown(
        boss, upload
    )
    page = read_again(boss, upload, currency="USD", **{"option:sheet": "New", "column-number": "Vendor"})
    assert "Contracts: C-2 Sheet New, row 2" in page


def test_a_portfolio_tells_what_it_would_change_field_by_field(boss: Client) -> None:
    gone(boss, brought(boss, small(), what="portfolio"))
    dearer = [FEES[0], ("NR-1", "cage-7", "cage", "2100.00"), ("NR-1", "", "hands", "50")]
    page = shown(boss, brought(boss, small(fees=dearer), what="portfolio"))
    assert "Would be updated: 1" in page
    assert "Amount: USD 2,000.00 → USD 2,100.00" in page
    assert "Would be created: 1" in page
    assert "Fees: NR-1//hands/2024-01-01 Sheet fees, row 3 Amount: USD 50.00" in page


def test_lists_are_cut_and_tell_how_many_more_there_are(boss: Client) -> None:
    fees = [FEES[0], *(("NR-1", "cage-7", f"fee-{number}", "12.50") for number in range(130))]
    page = shown(boss, brought(boss, small(fees=fees), what="portfolio"))
    assert "Would be created: 134" in page
    assert "34 more are not listed." in page
    assert "Services: NR-1/cage-7" in page
    fees = [*FEES, *(("NR-1", "", f"fee-{number}", "1") for number in range(2))]
    vendors = [("slug", "name"), *((f"v-{number}", "V") for number in range(130)), ("northrack", "N")]
    assert "Fees: NR-1//fee-1" in shown(
        boss, brought(boss, small(fees=fees, vendors=vendors), what="portfolio")
    )


def test_what_is_on_file_already_may_be_noted_and_nothing_twice(boss: Client) -> None:
    gone(boss, brought(boss, small(), what="portfolio"))
    upload = brought(boss, small(), what="portfolio")
    assert "There is nothing to import: 5 are on file as the file says them." in shown(boss, upload)


def test_open_contracting_data_is_imported_with_names_of_one_vendor(boss: Client) -> None:
    an_entity()
    content = json.dumps({"releases": [ocds(contracts=[{"id": "C-1", "awardID": "a-1", **TERM}])]}).encode()
    upload = brought(boss, content, what="ocds", name="release.json")
    assert "Which column holds what" not in shown(boss, upload)
    page = read_again(boss, upload, currency="USD", same="Northrack Ltd = Northrack\nNobody = Northrack")
    assert "No sound contract of the file names 'Nobody', which is to be 'Northrack'." in page
    gone(boss, upload)
    assert [vendor.name for vendor in Vendor.objects.all()] == ["Northrack"]
    refused = brought(boss, content, what="ocds", name="release.json")
    assert "'Northrack' is no pair. Write NAME = NAME, one pair a line." in read_again(
        boss, refused, same="Northrack"
    )


def test_a_double_click_imports_once(boss: Client) -> None:
    upload = brought(boss, small(), what="portfolio", name="portfolio.xlsx")
    RegisterUpload.objects.filter(pk=upload.pk).update(state="due")
    assert "portfolio.xlsx waits for its import already." in gone(boss, upload)
    assert Contract.objects.count() == 0


def test_one_fault_of_many_rows_is_told_once(boss: Client) -> None:
    an_entity()
    rows = "".join(f"C-{number},Oracle,2024-01-15\n" for number in range(1, 7))
    page = shown(boss, brought(boss, f"Contract No,Vendor,Begin Date\n{rows}".encode(), what="csv"))
    assert "What cannot be used: 6" in page
    assert "Row 2; row 3; row 4; and 3 more It lacks a currency." in page


def test_records_that_changed_since_the_preview_are_told_and_the_person_decides_again(boss: Client) -> None:
    an_entity()
    content = b"Contract No,Vendor,Begin Date\nC-1,Northrack,2024-01-15\nC-2,Northrack,2024-01-15\n"
    upload = brought(boss, content, what="csv", currency="USD")
    columns = {"column-number": "Contract No", "column-vendor": "Vendor", "column-first_day": "Begin Date"}
    assert "Vendors 1" in read_again(boss, upload, **columns, currency="USD")
    an_entity("acme-eu", name="Acme Europe B.V.")
    page = gone(boss, upload)
    assert "Nothing was imported The records here changed since this file was shown" in page
    assert "Which of our companies signed is not known. State one for all." in page
    assert "Which of our companies signed, where a row does not say it." in page
    assert (Contract.objects.count(), Vendor.objects.count()) == (0, 0)
    entity = LegalEntity.objects.get(code="acme-eu")
    assert "Nothing was imported" not in read_again(
        boss, upload, **columns, currency="USD", entity=str(entity.pk)
    )
    assert "file.csv is imported: 3 created." in gone(boss, upload)


def test_why_there_is_nothing_to_import_is_told_as_it_is(boss: Client) -> None:
    contract = a_contract("NR-1")
    a_charge(contract, code="cage", service=a_service(contract), amount_minor=200_000)
    bills = b"Invoice,Contract,Service,Fee,Month,Amount\nI-1,NR-1,cage-7,cage,2026-06,2000\n"
    bills += b"I-2,NR-1,cage-7,cage,2049-07,2100\n"
    page = shown(boss, brought(boss, bills, what="bills"))
    said = "Bills of recurring fees are compared with the fees on file, and not stored: 1 agrees, 1 differs."
    assert said in page
    assert "Its period begins on 2049-07-01, which lies ahead: is the year right?" in page
    assert "nothing to import" not in page


def test_rows_left_out_and_remarks_about_rows_that_are_used_stand_apart(boss: Client) -> None:
    an_entity()
    content = b"Contract No,Vendor,Begin Date\nC-1,Northrack,2024-01-15\n"
    content += b"C-1,Northrack,2025-01-15\n,Northrack,words\n"
    upload = brought(boss, content, what="csv", currency="USD")
    columns = {"column-number": "Contract No", "column-vendor": "Vendor", "column-first_day": "Begin Date"}
    page = read_again(boss, upload, **columns, currency="USD")
    assert "What cannot be used: 1 row They would be missing here." in page
    assert "Used, with a remark: 1 row" in page
    assert "Contract C-1 has 2025-01-15 here, and 2024-01-15 before; the first holds." in page
