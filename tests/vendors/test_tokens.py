"""Tokens of programs: made in the admin or by a command, shown once, revoked."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.api import Program, somebody
from tests.vendors.rows import person
from vendors.models import ApiToken
from vendors.services import make_token, system_user

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


def page_of(token: ApiToken) -> str:
    return reverse("admin:vendors_apitoken_change", args=[token.pk])


def test_only_a_superuser_makes_those_of_other_people() -> None:
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


def administrator() -> Client:
    user = person("ada")
    user.groups.add(Group.objects.get(name="Administrator"))
    client = Client()
    client.force_login(user)
    return client


def a_system(name: str = "importer", **fields: Any) -> User:
    """Return a user as whom nobody can log in."""
    return person(name, **{"is_staff": False, "password": make_password(None), **fields})


def test_an_administrator_makes_tokens_for_systems_and_for_none_of_the_people() -> None:
    client, system = administrator(), a_system()
    answer = client.post(ADD, ASKED | {"user": system.pk})
    assert re.search(rb"rcs_[0-9a-f]{64}", answer.content)
    token = ApiToken.objects.get()
    assert (token.user, token.created_by) == (system, person("ada"))

    person("otto")
    offered = [user.username for user in client.get(ADD).context["adminform"].form.fields["user"].queryset]
    assert offered == ["ada", "importer"]


@pytest.mark.parametrize(
    "who",
    [
        {"is_staff": True},
        {"is_superuser": True},
        {"is_active": False},
        {"password": make_password("a-Secret-of-otto-9")},
        {"last_login": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_an_administrator_makes_no_token_for_who_is_or_was_a_person(who: dict[str, Any]) -> None:
    client, otto = administrator(), a_system("otto", **who)
    assert client.post(ADD, ASKED | {"user": otto.pk}).status_code == 200
    with pytest.raises(ValidationError, match=r"is a person|not active"):
        make_token(otto, name="n", scopes=["feeds:read"], days=1, by=person("ada"), at=timezone.now())
    assert not ApiToken.objects.exists()


def test_who_logs_in_with_a_provider_has_no_password_and_is_no_system() -> None:
    administrator()
    otto = a_system("otto")
    SocialAccount.objects.create(user=otto, provider="openid_connect", uid="7")
    with pytest.raises(ValidationError, match="otto is a person"):
        make_token(otto, name="n", scopes=["feeds:read"], days=1, by=person("ada"), at=timezone.now())


@pytest.mark.parametrize("by", ["ada", "root", "recourse"])
def test_nobody_makes_a_token_that_acts_as_recourse_itself(by: str) -> None:
    administrator()
    person("root", is_superuser=True)
    system = system_user()
    with pytest.raises(ValidationError, match="Recourse itself acts as recourse"):
        make_token(
            system,
            name="n",
            scopes=["feeds:read"],
            days=1,
            by=User.objects.get(username=by),
            at=timezone.now(),
        )


def test_an_administrator_sees_and_revokes_those_of_others_but_reads_no_secret() -> None:
    program = Program(somebody("vera", "vendors.view_vendor"))
    token, client = ApiToken.objects.get(), administrator()
    shown = client.get(ALL).content + client.get(page_of(token)).content
    assert token.name.encode() in shown
    assert program.secret.encode() not in shown

    client.post(ALL, {"action": "revoke", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.revoked_by == person("ada")
    assert program.get("vendors").status_code == 401


def test_an_auditor_reads_the_list_of_all_and_revokes_none_of_others() -> None:
    Program(somebody("vera", "vendors.view_vendor"))
    token, client = ApiToken.objects.get(), signed_in("otto")
    person("otto").groups.add(Group.objects.get(name="Auditor"))
    assert client.get(page_of(token)).status_code == 200
    page = client.post(ALL, {"action": "revoke", "_selected_action": [token.pk]}, follow=True)
    assert b"is not yours" in page.content
    assert b"revoked." not in page.content
    assert client.post(ADD, ASKED | {"user": a_system().pk}).status_code == 200
    assert not ApiToken.objects.filter(user=a_system()).exists()
    token.refresh_from_db()
    assert token.revoked_at is None


def test_who_sees_only_own_tokens_is_offered_no_list_of_users() -> None:
    person("a-colleague")
    assert b"a-colleague" not in signed_in("otto").get(ALL).content


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
