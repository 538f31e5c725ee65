"""Tokens of programs: made in the admin or by a command, shown once, revoked."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.api import Program, somebody
from tests.vendors.rows import person
from vendors.models import ApiToken
from vendors.services import make_token

pytestmark = pytest.mark.django_db

ADD, ALL = reverse("admin:vendors_apitoken_add"), reverse("admin:vendors_apitoken_changelist")
ASKED = {"name": "nightly", "scopes": ["register:read"], "days": "30"}


def signed_in(name: str = "vera", *, superuser: bool = False) -> Client:
    client = Client()
    client.force_login(person(name, is_superuser=superuser))
    return client


def test_a_person_makes_a_token_of_their_own_and_sees_it_once() -> None:
    client = signed_in()
    answer = client.post(ADD, ASKED)
    secret = re.search(rb"rcs_[0-9a-f]{64}", answer.content)

    token = ApiToken.objects.get()
    assert secret is not None
    assert "no-store" in answer.headers["Cache-Control"]
    assert (token.user, token.created_by, token.scopes) == (person("vera"), person("vera"), ["register:read"])
    assert timedelta(days=29) < token.expiry - timezone.now() < timedelta(days=31)
    assert secret[0] not in client.get(ALL).content
    page = client.get(reverse("admin:vendors_apitoken_change", args=[token.pk]))
    assert (page.status_code, secret[0] in page.content) == (200, False)
    bearer = {"authorization": f"Bearer {secret[0].decode()}"}
    assert Client().get("/api/v1/vendors", headers=bearer).status_code == 403


@pytest.mark.parametrize(
    "wrong", [{"scopes": ["all"]}, {"scopes": []}, {"days": "0"}, {"days": "367"}, {"name": ""}]
)
def test_a_token_that_cannot_be_is_not_made(wrong: dict[str, object]) -> None:
    assert signed_in().post(ADD, ASKED | wrong).status_code == 200
    assert not ApiToken.objects.exists()


def test_only_an_administrator_makes_and_sees_those_of_others() -> None:
    vera = person("vera")
    assert signed_in("otto").post(ADD, ASKED | {"user": vera.pk}).status_code == 200
    assert ApiToken.objects.get().user == person("otto")

    root = signed_in("root", superuser=True)
    root.post(ADD, ASKED | {"name": "for vera", "user": vera.pk})
    token = ApiToken.objects.get(user=vera)
    assert token.created_by == person("root")
    assert b"for vera" in root.get(ALL).content
    assert b"for vera" not in signed_in("otto").get(ALL).content
    assert signed_in("otto").get(reverse("admin:vendors_apitoken_change", args=[token.pk])).status_code == 302


def test_a_token_is_revoked_by_its_owner_and_stays_on_file() -> None:
    program = Program(somebody("vera", "vendors.view_vendor"))
    token = ApiToken.objects.get()
    asked = {"action": "revoke", "_selected_action": [token.pk]}

    signed_in("otto").post(ALL, asked)
    assert program.get("vendors").status_code == 200
    signed_in("vera").post(ALL, asked)
    assert program.get("vendors").status_code == 401
    token.refresh_from_db()
    assert token.revoked_by == person("vera")


def test_a_command_prints_a_token_and_says_apart_when_it_expires() -> None:
    person("importer", is_staff=False)
    out, err = StringIO(), StringIO()
    call_command(
        "make_token",
        "importer",
        "--name",
        "n",
        "--scope",
        "feeds:write",
        "--days",
        "7",
        stdout=out,
        stderr=err,
    )

    assert re.fullmatch(r"rcs_[0-9a-f]{64}\n", out.getvalue())
    assert "Expires" in err.getvalue()
    token = ApiToken.objects.get()
    assert (token.scopes, token.created_by.username) == (["feeds:write"], "recourse")


@pytest.mark.parametrize("arguments", [["nobody"], ["importer", "--days", "367"]])
def test_a_command_that_names_nobody_or_no_end_makes_nothing(arguments: list[str]) -> None:
    person("importer")
    with pytest.raises(CommandError):
        call_command("make_token", *arguments, "--name", "n", "--scope", "feeds:write")
    assert not ApiToken.objects.exists()


def test_a_token_of_a_person_who_left_is_not_made() -> None:
    root = person("root", is_superuser=True)
    with pytest.raises(Exception, match="not active"):
        make_token(
            person("gone", is_active=False),
            name="n",
            scopes=["feeds:read"],
            days=1,
            by=root,
            at=timezone.now(),
        )
