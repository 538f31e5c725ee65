"""The access review names everybody, what they may do, which records they reach, and what looks wrong."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.reports.tables import render
from sla.reports.tables.about import about_rows
from sla.services.reporting import everything, make_report
from tests.vendors.rows import REASON, a_vendor, an_entity, person
from vendors.models import SCOPES
from vendors.services import make_token, revoke_token, save_record, system_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def someone(name: str, **fields: Any) -> User:
    """Return somebody of the staff who has a password."""
    return person(name, **{"password": "a hash", **fields})


def with_role(name: str, role: str, **fields: Any) -> User:
    user = someone(name, **fields)
    user.groups.add(Group.objects.get(name=role))
    return user


def rows_of(code: str) -> list[dict[str, Any]]:
    report = make_report("access_review", parameters={}, user=everything(), now=NOW)
    table = next(table for table in report.tables if table.code == code)
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows()]


def reviewed(*columns: str) -> dict[str, tuple[Any, ...]]:
    return {str(row["user"]): tuple(row[column] for column in columns) for row in rows_of("access")}


def system_of(role: str, **fields: Any) -> User:
    return with_role("robot", role, **{"is_staff": False, "password": make_password(None), **fields})


def test_each_person_is_told_with_roles_and_what_they_reach() -> None:
    maria = with_role("maria", "Vendor manager", last_login=NOW)
    a_vendor(owner=maria)
    save_record(a_vendor("cable"), by=maria, reason=REASON, links={"deputies": [maria]})
    nina = with_role("nina", "Finance of a company", last_login=NOW)
    save_record(an_entity("acme-nl"), by=maria, reason=REASON, links={"readers": [nina]})
    with_role("otto", "Auditor", last_login=NOW)
    assert reviewed("roles", "sees", "vendors", "companies", "look") == {
        "maria": ("Vendor manager", "those named", "cable, northrack", "", ""),
        "nina": ("Finance of a company", "those named", "", "acme-nl", ""),
        "otto": ("Auditor", "every vendor", "", "", ""),
    }


@pytest.mark.parametrize(
    ("fields", "role", "remark"),
    [
        ({"last_login": NOW, "is_superuser": True}, "", "a superuser passes every rule"),
        ({"last_login": NOW}, "", "has no role"),
        ({"last_login": NOW}, "Vendor manager", "has a role, and sees no vendor"),
        ({}, "Auditor", "never logged in"),
        ({"is_active": False}, "Auditor", ""),
    ],
)
def test_what_a_reviewer_should_look_at_is_said(fields: dict[str, Any], role: str, remark: str) -> None:
    user = someone("otto", **fields)
    user.groups.set(Group.objects.filter(name=role))
    assert reviewed("look")["otto"] == (remark,)


GIVE = "give it, or set the user inactive"
LOGIN: list[tuple[dict[str, Any], str, str]] = [
    ({}, "yes", "never logged in"),
    ({"is_active": False}, "not active", ""),
    ({"is_staff": False}, "not staff", f"cannot log in without staff status: {GIVE}"),
    (
        {"password": "!x"},
        "no password",
        f"cannot log in without a password, a passkey or a linked login: {GIVE}",
    ),
    (
        {"password": ""},
        "no password",
        f"cannot log in without a password, a passkey or a linked login: {GIVE}",
    ),
    ({"is_staff": False, "password": "!x"}, "token only", "a system without a token: nothing uses it"),
]


@pytest.mark.parametrize(("fields", "state", "remark"), LOGIN)
def test_who_may_log_in_is_said_truly(fields: dict[str, Any], state: str, remark: str) -> None:
    with_role("otto", "Auditor", **fields)
    assert reviewed("state", "look")["otto"] == (state, remark)


def test_a_linked_login_or_a_passkey_opens_without_a_password() -> None:
    for name in ("linked", "keyed", "coded"):
        with_role(name, "Auditor", password="!x", last_login=NOW)
    SocialAccount.objects.create(user=User.objects.get(username="linked"), provider="oidc", uid="1")
    for name, kind in (("keyed", "webauthn"), ("coded", "totp")):
        Authenticator.objects.create(user=User.objects.get(username=name), type=kind, data={})
    found = reviewed("state")
    assert (found["linked"], found["keyed"], found["coded"]) == (("yes",), ("yes",), ("no password",))


def test_the_user_that_recourse_acts_as_is_told_as_soon_as_somebody_could_be_it() -> None:
    user = system_user()
    assert reviewed("look")["recourse"] == ("",)
    User.objects.filter(pk=user.pk).update(is_active=True, is_staff=True, password="a hash")
    assert reviewed("look")["recourse"][0].startswith(
        "Recourse itself acts under this name: nobody may log in as it; never logged in"
    )
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert reviewed("look")["recourse"] == ("Recourse itself acts under this name: nobody may log in as it",)


CONFLICTING = [
    (("Vendor manager of all vendors", "Finance"), "may both say what vendors owe and record that it came"),
    (("Auditor", "Service account"), ""),
    (
        ("Administrator",),
        "may both say what vendors owe and record that it came; may both give roles and finalise statements",
    ),
]


@pytest.mark.parametrize(("roles", "remark"), CONFLICTING)
def test_roles_of_two_conflicting_areas_are_told(roles: tuple[str, ...], remark: str) -> None:
    for role in roles:
        with_role("otto", role, last_login=NOW)
    assert reviewed("look")["otto"] == (remark,)


def test_a_password_that_somebody_else_set_is_told_for_a_year(client: Client) -> None:
    otto = with_role("otto", "Auditor", last_login=NOW)
    ada = with_role("ada", "Administrator")
    client.force_login(ada)
    typed = {"password1": "a-new-Secret-9", "password2": "a-new-Secret-9", "usable_password": "true"}
    for user in (otto, ada):
        client.post(reverse("admin:auth_user_password_change", args=[user.pk]), typed)
    LogEntry.objects.update(action_time=NOW - timedelta(days=366))
    assert reviewed("look")["otto"] == ("ada set or took this password on 2025-05-31",)
    assert "password" not in reviewed("look")["ada"][0]
    LogEntry.objects.update(action_time=NOW - timedelta(days=366, seconds=1))
    assert reviewed("look")["otto"] == ("",)


def test_tokens_that_hold_are_told_with_what_they_open_and_when_they_were_used() -> None:
    maria = with_role("maria", "Finance", last_login=NOW)
    scopes = ["statements:read", "register:read", "register:write"]
    bills = make_token(maria, name="bills", scopes=scopes, days=90, by=maria, at=NOW)[0]
    used = make_token(maria, name="books", scopes=["reports:read"], days=1, by=maria, at=NOW)[0]
    type(used).objects.filter(pk=used.pk).update(last_used_at=NOW)
    old = make_token(maria, name="old", scopes=["reports:read"], days=90, by=maria, at=NOW)[0]
    revoke_token(old, by=maria, at=NOW)
    make_token(maria, name="all", scopes=SCOPES, days=9, by=maria, at=NOW)
    assert reviewed("tokens", "look")["maria"] == (3, "")
    assert [
        (row["name"], row["may"], str(row["expires"]), row["last_used"]) for row in rows_of("tokens")
    ] == [
        ("bills", "register:write, statements:read", "2026-08-30", None),
        ("books", "reports:read", "2026-06-02", NOW.date()),
        ("all", "everything:write", "2026-06-10", None),
    ]
    assert rows_of("tokens")[0]["begins_with"] == f"{bills.token_key}…"


def test_a_token_that_somebody_else_made_is_told() -> None:
    ada, robot = with_role("ada", "Administrator", last_login=NOW), system_of("Auditor")
    make_token(robot, name="import", scopes=["register:read"], days=90, by=ada, at=NOW)
    assert reviewed("state", "look")["robot"] == ("token only", "has tokens that ada made")
    assert rows_of("tokens")[0]["made_by"] == "ada"


def test_amounts_are_spoken_of_only_where_there_are_any() -> None:
    about = dict(about_rows(make_report("access_review", parameters={}, user=everything(), now=NOW)))
    assert "Version of the calculation" not in about
    assert "tax" not in str(about)
    asked = {"from": "2026-05", "until": "2026-06"}
    assert "tax" in str(
        about_rows(make_report("credit_register", parameters=asked, user=everything(), now=NOW))
    )


def test_ten_people_fit_on_two_pages(tmp_path: Path) -> None:
    for number in range(10):
        user = with_role(f"person-{number}", "Vendor manager of all vendors", last_login=NOW)
        make_token(user, name="a program", scopes=SCOPES, days=90, by=user, at=NOW)
    report = make_report("access_review", parameters={}, user=everything(), now=NOW)
    path = tmp_path / "review.pdf"
    path.write_bytes(b"".join(render(report, form="pdf")))
    told = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True, text=True).stdout
    pages = re.search(r"Pages:\s+(\d+)", told)
    assert pages is not None
    assert int(pages[1]) <= 2


def test_a_permission_that_no_role_gave_is_named() -> None:
    otto = with_role("otto", "Auditor", last_login=NOW)
    otto.user_permissions.add(Permission.objects.get(codename="change_claim"))
    assert reviewed("beside", "look")["otto"] == ("sla.change_claim", "holds permissions that no role gave")


def test_an_owner_who_left_still_owns_and_that_is_said() -> None:
    a_vendor(owner=person("gone", is_active=False))
    assert reviewed("state", "sees", "look")["gone"] == (
        "not active",
        "those named",
        "owns or deputises for vendors, and can no longer log in",
    )


def test_the_number_of_queries_does_not_grow_with_people() -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reviewed("user")
        return len(queries)

    with_role("first", "Auditor")
    few = asked()
    for number in range(5):
        a_vendor(f"vendor-{number}", owner=with_role(f"person-{number}", "Vendor manager"))
    assert asked() == few


def test_it_comes_as_a_file_in_every_format() -> None:
    with_role("maria", "Finance", email="=cmd()@example.com")
    report = make_report("access_review", parameters={}, user=everything(), now=NOW)
    text = b"".join(render(report, form="csv")).decode("utf-8-sig")
    assert "'=cmd()@example.com" in list(csv.reader(io.StringIO(text)))[2]
    assert b'"maria"' in b"".join(render(report, form="json"))


@pytest.mark.parametrize(("role", "status"), [("Auditor", 200), ("Administrator", 200), ("Finance", 403)])
def test_the_page_is_for_those_who_may_see_people(client: Client, role: str, status: int) -> None:
    client.force_login(with_role("otto", role))
    page = client.get(reverse("admin:sla_report", args=["access_review"]))
    assert page.status_code == status
    offered = "Access review" in client.get(reverse("admin:sla_reports")).content.decode()
    assert offered is (status == 200)


def test_who_may_not_see_people_gets_no_review_from_any_shell() -> None:
    with pytest.raises(PermissionDenied, match=r"Access review is for those who hold auth\.view_user"):
        make_report("access_review", parameters={}, user=with_role("fin", "Finance"), now=NOW)


def test_the_command_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    with_role("maria", "Finance")
    call_command("access_review", "--format", "json")
    assert [row["user"] for row in json.loads(capsys.readouterr().out)["tables"][0]["rows"]] == ["maria"]
