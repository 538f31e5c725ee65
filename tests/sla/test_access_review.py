"""The access review names everybody, what they may do, which records they reach, and what looks wrong."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.reports.tables import render
from sla.services.reporting import everything, make_report
from tests.vendors.rows import REASON, a_vendor, an_entity, person
from vendors.services import make_token, revoke_token, save_record

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def with_role(name: str, role: str, **fields: Any) -> User:
    user = person(name, **fields)
    user.groups.add(Group.objects.get(name=role))
    return user


def reviewed(*columns: str) -> dict[str, tuple[Any, ...]]:
    report = make_report("access_review", parameters={}, user=everything(), now=NOW)
    (table,) = report.tables
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows()]
    return {str(row["user"]): tuple(row[column] for column in columns) for row in rows}


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
    user = person("otto", **fields)
    user.groups.set(Group.objects.filter(name=role))
    assert reviewed("look")["otto"] == (remark,)


def test_tokens_that_hold_are_told_with_what_they_open_and_when_they_were_used() -> None:
    maria = with_role("maria", "Finance", last_login=NOW)
    make_token(maria, name="bills", scopes=["statements:read"], days=90, by=maria, at=NOW)
    used = make_token(maria, name="books", scopes=["reports:read"], days=1, by=maria, at=NOW)[0]
    type(used).objects.filter(pk=used.pk).update(last_used_at=NOW)
    old = make_token(maria, name="old", scopes=["reports:read"], days=90, by=maria, at=NOW)[0]
    revoke_token(old, by=maria, at=NOW)
    assert reviewed("tokens")["maria"] == (
        "bills: statements:read until 2026-08-30, never used;"
        " books: reports:read until 2026-06-02, last used 2026-06-01",
    )


def test_a_permission_that_no_role_gave_is_named() -> None:
    otto = with_role("otto", "Auditor", last_login=NOW)
    otto.user_permissions.add(Permission.objects.get(codename="change_claim"))
    assert reviewed("beside", "look")["otto"] == ("sla.change_claim", "holds permissions that no role gave")


def test_an_owner_who_left_still_owns_and_that_is_said() -> None:
    a_vendor(owner=person("gone", is_active=False))
    assert reviewed("state", "sees", "look")["gone"] == (
        "no",
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
    assert "'=cmd()@example.com" in next(iter(csv.reader(io.StringIO(text.split("\n", 1)[1]))))
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
