"""The page of the API and its reference."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config.api import router
from tests.api import administrator
from tests.vendors.rows import a_contract, a_vendor, person
from vendors.models import SUBJECTS, subject_of

pytestmark = pytest.mark.django_db

REFERENCE = (Path(settings.BASE_DIR) / "config" / "API.md").read_text(encoding="utf-8")
CURL = re.compile(r"```sh\n(curl .*?)\n```", re.DOTALL)


def test_the_page_asks_for_a_login_and_holds_no_script_or_address_of_others() -> None:
    assert Client().get("/api/v1/docs").headers["Location"] == "/admin/login/?next=/api/v1/docs"
    client = Client()
    client.force_login(person())
    page = client.get("/api/v1/docs")
    text = page.content.decode()

    assert page.status_code == 200
    assert "script-src 'self';" in f"{page.headers['Content-Security-Policy']};"
    assert re.findall(r"<script(?![^>]* src=)[^>]*>|<style|https?://", text) == []
    for name in ("admin:index", "admin:vendors_apitoken_changelist", "admin:vendors_apitoken_add"):
        assert f'href="{reverse(name)}"' in text
    script = client.get(re.findall(r'src="([^"]*script=[^"]*)"', text)[0])
    assert script.headers["Content-Type"].startswith("application/javascript")
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        assert client.get(address).status_code == 200, address


def test_the_menu_leads_to_the_page() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    assert f'href="{reverse("api-docs")}"' in client.get(reverse("admin:index")).content.decode()


def test_the_description_is_for_people_and_programs_that_are_known() -> None:
    assert Client().get("/api/v1/schema").status_code == 401
    assert administrator().get("schema").json()["openapi"] == "3.1.1"


def test_every_address_of_rows_stands_under_one_scope_that_the_reference_names() -> None:
    models = [viewset.model for _, viewset, _ in router.registry if getattr(viewset, "model", None)]
    assert models
    assert [model._meta.label for model in models if not subject_of(model)] == []
    assert {f"`{subject}:…`" for subject in SUBJECTS} <= set(re.findall(r"`[a-z]+:…`", REFERENCE))


def _asked(command: str) -> tuple[str, str, dict[str, str], Any]:
    """Return method, path, headers and body of a command of the reference."""
    told = command.replace("\\\n", " ")
    headers = dict(each.split(": ", 1) for each in re.findall(r'-H "([^"]+)"', told))
    sent = re.search(r"-d '(.*)'", told)
    method = re.search(r"-X ([A-Z]+)", told)
    path = re.search(r'"\$RECOURSE(/[^"]+)"', told)
    assert path is not None
    return (
        (method[1] if method else "POST" if sent else "GET"),
        path[1],
        headers,
        sent and json.loads(sent[1]),
    )


@pytest.mark.parametrize("command", [each for each in CURL.findall(REFERENCE) if " -F " not in each])
def test_every_command_of_the_reference_works(command: str) -> None:
    method, path, headers, body = _asked(command)
    if path != "/api/v1/vendors" or method == "GET":
        a_contract(vendor=a_vendor())
    program = administrator()
    assert headers.pop("Authorization") == "Bearer $TOKEN"
    if "If-Match" in headers:
        headers["If-Match"] = program.get(path.removeprefix("/api/v1/")).headers["ETag"]
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = "one"
    named = {name.lower(): value for name, value in headers.items() if name != "Content-Type"}
    options = {"data": json.dumps(body), "content_type": headers["Content-Type"]} if body else {}
    answer = program.client.generic(method, path, **options, headers=named)

    assert answer.status_code in (200, 201), getattr(answer, "content", answer)
