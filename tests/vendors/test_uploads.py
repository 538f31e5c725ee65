"""Uploaded papers: a download for staff who may see the record, and for nobody else."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from tests.vendors.rows import REASON, a_contract, a_vendor, person
from vendors.models import Contract
from vendors.services import save_record

pytestmark = pytest.mark.django_db
PAPER = b"<script>alert(1)</script>"


@pytest.fixture
def contract(tmp_path: Path, settings: Any) -> Contract:
    settings.MEDIA_ROOT = tmp_path
    contract = a_contract(vendor=a_vendor(owner=person("owner")))
    # Kept before such files were refused.
    contract.document = contract.document.storage.save("contracts/signed_paper.html", ContentFile(PAPER))
    save_record(contract, by=person(), reason=REASON)
    return contract


def signed_in(client: Client, name: str, *permissions: str) -> Client:
    user = User.objects.filter(username=name).first() or person(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def test_the_paper_is_sent_as_a_download_of_no_type(client: Client, contract: Contract) -> None:
    response = signed_in(client, "owner", "view_contract").get(contract.document.url)
    assert b"".join(response.streaming_content) == PAPER
    assert contract.document.url == "/uploads/contracts/signed_paper.html"
    assert {
        name: response.headers[name]
        for name in ("Content-Type", "Content-Disposition", "X-Content-Type-Options")
    } == {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": 'attachment; filename="signed_paper.html"',
        "X-Content-Type-Options": "nosniff",
    }
    assert "no-store" in response.headers["Cache-Control"]


def test_the_contract_page_links_to_the_paper(client: Client, contract: Contract) -> None:
    page = reverse("admin:vendors_contract_change", args=[contract.pk])
    for permissions in (["view_contract"], ["view_contract", "change_contract"]):
        shown = signed_in(client, "owner", *permissions).get(page).content.decode()
        assert 'href="/uploads/contracts/signed_paper.html"' in shown


def test_nobody_else_gets_the_paper(client: Client, contract: Contract) -> None:
    address = contract.document.url
    assert client.get(address).status_code == 302
    assert signed_in(client, "stranger", "view_contract").get(address).status_code == 404
    assert signed_in(client, "owner").get(address).status_code == 404
    User.objects.filter(username="owner").update(is_staff=False)
    assert signed_in(client, "owner", "view_contract").get(address).status_code == 302


@pytest.mark.parametrize(
    "name", ["", "contracts/", "none.pdf", "../recourse.sqlite3", "/etc/passwd", "%00", "contracts/../x"]
)
def test_a_file_that_no_record_holds_is_not_found(client: Client, contract: Contract, name: str) -> None:
    assert signed_in(client, "owner", "view_contract").get(f"/uploads/{name}").status_code == 404


def test_a_paper_that_was_lost_is_not_found(client: Client, contract: Contract) -> None:
    Path(contract.document.path).unlink()
    assert signed_in(client, "owner", "view_contract").get(contract.document.url).status_code == 404
