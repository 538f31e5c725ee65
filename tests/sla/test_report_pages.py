"""Reports in the admin: chosen on one page, read as pages, taken as files, refused at the field."""

import json
from datetime import date, timedelta
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from sla.services import sign_off_terms
from sla.services.reporting import REPORTS
from sla.services.vendor_reports import period_label
from tests.builders import a_schedule, a_version, an_incident, an_outage, at, person
from vendors.models import Vendor

pytestmark = pytest.mark.django_db

PAGE = "admin:sla_reports"
JUNE = {"from": "2019-06", "until": "2019-07"}


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def vendor() -> Vendor:
    """A vendor with an hour of downtime in June 2019, which costs it 200 dollars."""
    agreement = a_schedule()
    sign_off_terms(a_version(agreement), by=person(), at=at("2019-02-01 09:00"), reason="checked")
    found: Vendor = agreement.contract.vendor
    started = at("2019-06-10 12:00")
    incident = an_incident("INC-1", vendor=found)
    service = agreement.contract.services.get(code="power-a")
    an_outage(incident, service, started_at=started, ended_at=started + timedelta(hours=1))
    return found


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_every_report_has_a_card_with_its_form(boss: Client) -> None:
    seen = text_of(boss.get(reverse(PAGE)))
    assert "Vendor compliance report" in seen
    for kind in REPORTS.values():
        assert kind.title in seen
        assert f'action="{reverse("admin:sla_report", args=[kind.code])}"' in seen
    assert seen.count("Open as page") == len(REPORTS) + 1


def test_a_report_is_read_as_a_page_and_leads_back_to_its_form(boss: Client, vendor: Vendor) -> None:
    response = boss.get(reverse("admin:sla_report", args=["breach"]), {**JUNE, "vendor": vendor.slug})
    seen = text_of(response)
    assert "Power uptime" in seen
    assert "USD 200.00" in seen
    assert "Provisional" in seen
    assert response.context["back_url"].endswith(f"?from=2019-06&until=2019-07&vendor={vendor.slug}#breach")


def test_every_report_comes_as_every_file(boss: Client, vendor: Vendor) -> None:
    begins = {"xlsx": b"PK", "pdf": b"%PDF", "json": b"{"}
    for code in REPORTS:
        for form in ("xlsx", "csv", "pdf", "json"):
            response = boss.get(reverse("admin:sla_report", args=[code]), {**JUNE, "form": form})
            assert response.status_code == 200, (code, form)
            said = response.headers["Content-Disposition"]
            assert said.startswith('attachment; filename="')
            assert said.endswith(f'.{form}"')
            assert body(response).startswith(begins.get(form, b"")), (code, form)


def test_a_csv_leaves_as_it_is_made(boss: Client, vendor: Vendor) -> None:
    response = boss.get(reverse("admin:sla_report", args=["breach"]), {**JUNE, "form": "csv"})
    assert response.streaming
    assert b"Power uptime" in body(response)


def test_page_and_files_agree(boss: Client, vendor: Vendor) -> None:
    page = reverse("admin:sla_report", args=["breach"])
    plain = json.loads(body(boss.get(page, {**JUNE, "form": "json"})))
    assert "200.00" in json.dumps(plain)
    with ZipFile(BytesIO(body(boss.get(page, {**JUNE, "form": "xlsx"})))) as book:
        assert any("sheet" in name for name in book.namelist())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from": "", "until": "2019-07"}, "From is missing."),
        ({"from": "June", "until": "2019-07"}, "'June' names no day."),
        ({"from": "2019-07", "until": "2019-07"}, "is not after 2019-07-01"),
        ({**JUNE, "vendor": "nobody"}, "no vendor 'nobody'"),
        ({**JUNE, "form": "docx"}, "No format 'docx'."),
    ],
)
def test_what_was_typed_wrong_is_said_and_kept(boss: Client, asked: dict[str, str], said: str) -> None:
    response = boss.get(reverse("admin:sla_report", args=["breach"]), asked, follow=True)
    seen = text_of(response)
    assert response.status_code == 200
    assert said in seen
    assert f'id="breach-until" name="until" value="{asked["until"]}"' in seen


def test_the_report_of_a_vendor_comes_in_two_editions(boss: Client, vendor: Vendor) -> None:
    page = reverse("admin:sla_vendor_report")
    ours = text_of(boss.get(page, {**JUNE, "vendor": vendor.slug}))
    assert "Internal edition" in ours
    assert "USD 200.00" in ours
    theirs = text_of(boss.get(page, {**JUNE, "vendor": vendor.slug, "edition": "vendor"}))
    assert "Vendor's edition" in theirs
    for form in ("pdf", "xlsx", "csv", "json"):
        response = boss.get(page, {**JUNE, "vendor": vendor.slug, "edition": "vendor", "form": form})
        assert response.headers["Content-Disposition"].endswith(f'.{form}"')
        assert body(response)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (JUNE, "Choose a vendor."),
        ({**JUNE, "vendor": "nobody"}, "There is no such vendor that you may see."),
        ({**JUNE, "until": "2019-05", "vendor": "it"}, "It is the first day that is left out"),
        ({**JUNE, "edition": "press", "vendor": "it"}, "There is no edition 'press'."),
        ({**JUNE, "form": "docx", "vendor": "it"}, "No format 'docx'."),
    ],
)
def test_a_wrong_vendor_report_is_refused_at_its_field(
    boss: Client, vendor: Vendor, asked: dict[str, str], said: str
) -> None:
    named = {**asked, "vendor": vendor.slug} if asked.get("vendor") == "it" else asked
    response = boss.get(reverse("admin:sla_vendor_report"), named, follow=True)
    assert (response.status_code, said in text_of(response)) == (200, True)


@pytest.mark.parametrize(
    ("first_on", "until", "label"),
    [
        (date(2019, 6, 1), date(2019, 7, 1), "2019-06"),
        (date(2019, 12, 1), date(2020, 1, 1), "2019-12"),
        (date(2019, 4, 1), date(2019, 7, 1), "2019-Q2"),
        (date(2019, 5, 1), date(2019, 8, 1), "2019-05-01..2019-07-31"),
        (date(2019, 1, 1), date(2020, 1, 1), "2019"),
        (date(2019, 2, 1), date(2020, 2, 1), "2019-02-01..2020-01-31"),
        (date(2019, 6, 3), date(2019, 7, 3), "2019-06-03..2019-07-02"),
    ],
)
def test_a_range_has_the_name_that_people_use(first_on: date, until: date, label: str) -> None:
    assert period_label(first_on, until=until) == label


def test_an_unknown_report_is_not_found(boss: Client) -> None:
    assert boss.get(reverse("admin:sla_report", args=["gossip"]), JUNE).status_code == 404


def test_reports_are_for_those_who_may_see_statements(client: Client, vendor: Vendor) -> None:
    user = User.objects.create_user("stranger", is_staff=True)
    client.force_login(user)
    pages = [reverse(PAGE), reverse("admin:sla_report", args=["breach"]), reverse("admin:sla_vendor_report")]
    assert [client.get(page, JUNE).status_code for page in pages] == [403, 403, 403]
    user.user_permissions.set(Permission.objects.filter(codename="view_statement"))
    assert vendor.slug not in text_of(client.get(reverse(PAGE)))
    assert "Power uptime" not in text_of(client.get(pages[1], JUNE))
    said = text_of(client.get(pages[2], {**JUNE, "vendor": vendor.slug}))
    assert "There is no such vendor that you may see." in said


def test_vendors_contracts_and_the_home_page_lead_to_them(boss: Client, vendor: Vendor) -> None:
    of_vendor = reverse("admin:sla_vendor_report") + f"?vendor={vendor.slug}&from="
    contract = vendor.contracts.get()
    for page in (
        reverse("admin:vendors_vendor_change", args=[vendor.pk]),
        reverse("admin:vendors_contract_change", args=[contract.pk]),
    ):
        assert of_vendor in text_of(boss.get(page)), page
    home = text_of(boss.get(reverse("admin:index")))
    assert f'href="{reverse(PAGE)}#month_end_pack"' in home
    assert f'href="{reverse("admin:sla_statement_changelist")}"' in home
