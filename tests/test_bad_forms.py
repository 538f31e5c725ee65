"""Garbage typed into every field of every page of the register: a message, and nothing is saved."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.incidents import test_admin as incident_pages
from tests.vendors import test_admin as vendor_pages
from vendors.models import Tracked

pytestmark = pytest.mark.django_db
NO_FIELDS = {"csrfmiddlewaretoken", "document", "_save", "_continue", "_addanother"}
GARBAGE = [
    "\x00",
    "x" * 5000,
    "-1",
    "1e999999",
    "NaN",
    "999999999999999999999999",
    "0001-01-01",
    "9999-12-31",
    "2019-02-30 25:61",
    "\u202e=1+1<script>alert(1)</script>",
    "[]",
]
# What a field of some kind may well accept; tried alone, everything else being right.
TREACHEROUS = ["\x00", "999999999999999999999999", "0001-01-01"]
PAGES = [
    *(("vendors", name) for name in vendor_pages.PAGES),
    *(("incidents", name) for name in incident_pages.PAGES),
]


def treacherous(number: int) -> list[str]:
    """Return what to try in a field: by turns, and NUL always where the strict database is."""
    turn = TREACHEROUS[number % len(TREACHEROUS)]
    return list(dict.fromkeys([TREACHEROUS[0], turn])) if connection.vendor == "postgresql" else [turn]


class Form(HTMLParser):
    """What a browser would send of a page's form without a touch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}
        self.name = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "")
        if tag in ("select", "textarea"):
            self.name = name
            self.data.setdefault(name, "")
        elif tag == "option" and "selected" in given and self.name:
            self.data[self.name] = given.get("value", "")
        elif tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given):
            self.data[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self.name = ""

    def handle_data(self, data: str) -> None:
        if self.name and self.lasttag == "textarea":
            self.data[self.name] = data


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def form_at(client: Client, address: str) -> dict[str, Any]:
    """Return the fields of a page, without those that hold the page itself together."""
    data = Form(client.get(address).content.decode()).data
    return {name: value for name, value in data.items() if name and name not in NO_FIELDS}


def typed(data: dict[str, Any]) -> list[str]:
    """Return the fields that a person types into."""
    kept = ("_FORMS", "-id", "__prefix__")
    return [name for name in data if not any(part in name for part in kept) and not name.startswith("_")]


def rows() -> dict[str, list[Any]]:
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if issubclass(model, Tracked)
    }


def a_row(app: str, name: str) -> Tracked:
    return {"vendors": vendor_pages, "incidents": incident_pages}[app].a_row(name)


@pytest.mark.parametrize(("app", "name"), PAGES)
def test_garbage_in_all_fields_of_a_new_record_is_refused(boss: Client, app: str, name: str) -> None:
    address = f"/admin/{app}/{name}/add/"
    blank, before = form_at(boss, address), rows()
    for garbage in GARBAGE:
        response = boss.post(address, blank | dict.fromkeys(typed(blank), garbage))
        assert response.status_code == 200, garbage
        assert response.context["errors"], garbage
        assert "<script>alert(1)" not in response.content.decode()
    assert rows() == before


# What a party said is never changed, only followed by what it says later.
@pytest.mark.long
@pytest.mark.parametrize(("app", "name"), [page for page in PAGES if page != ("incidents", "position")])
def test_garbage_in_one_field_is_refused_or_a_value_that_can_be_read_again(
    boss: Client, app: str, name: str
) -> None:
    row = a_row(app, name)
    address = f"/admin/{app}/{name}/{row.pk}/change/"
    data = form_at(boss, address) | {"reason": "garbage"}
    before = rows()
    for number, field in enumerate(typed(data)):
        for garbage in treacherous(number):
            response = boss.post(address, data | {field: garbage})
            said = f"{field}: {garbage[:40]!r}"
            assert response.status_code in (200, 302), said
            if response.status_code == 200:
                assert response.context["errors"], said
                assert rows() == before, said
            else:
                assert boss.get(address).status_code == 200, said
                before = rows()
